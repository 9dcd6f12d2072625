//! `tare owner` and `tare signer`: who may publish, and with which key.

use crate::support::{Registry, model};

#[test]
fn an_owner_lets_another_in_and_out() {
    let registry = Registry::start();
    let (ada, bob) = (registry.publisher("ada"), registry.publisher("bob"));
    ada.write("Tare.toml", model("lab/tiny", "1.0.0"));
    ada.tare("publish").succeeds();
    bob.write("Tare.toml", model("lab/other", "1.0.0"));
    bob.tare("publish").ends_with(4).says(&["[E-NOT-OWNER]", "help: "]);
    ada.tare("owner add lab bob").succeeds();
    assert_eq!(ada.tare("owner list lab").succeeds().stdout, "ada\nbob\n");
    bob.tare("publish").succeeds();
    ada.tare("owner remove lab bob").succeeds();
    assert_eq!(
        ada.tare("owner list lab --json").succeeds().json()["owners"],
        serde_json::json!(["ada"])
    );
}

#[test]
fn nobody_unknown_becomes_an_owner_and_the_last_one_stays() {
    let registry = Registry::start();
    let ada = registry.publisher("ada");
    ada.write("Tare.toml", model("lab/tiny", "1.0.0"));
    ada.tare("publish").succeeds();
    ada.tare("owner add lab nobody").ends_with(5);
    ada.tare("owner remove lab ada").ends_with(1);
    assert_eq!(ada.tare("owner list lab").succeeds().stdout, "ada\n");
}

#[test]
fn a_second_key_signs_once_an_owner_added_it() {
    let registry = Registry::start();
    let ada = registry.publisher("ada");
    ada.write("Tare.toml", model("lab/tiny", "1.0.0"));
    ada.tare("publish").succeeds();
    let first = ada.tare("signer list lab/tiny").succeeds().stdout;
    let second = ada.tare("keygen --output ../second.pem").succeeds().stdout;
    ada.write("Tare.toml", model("lab/tiny", "1.1.0"));
    let refused = ada.tare("publish --key ../second.pem").ends_with(7);
    refused.says(&[
        "is not one of those that may sign `lab/tiny@1.1.0`",
        first.trim(),
        "tare signer add",
    ]);
    ada.tare("signer add lab/tiny ../second.pub").succeeds();
    ada.tare("publish --key ../second.pem").succeeds();
    ada.tare(&format!("signer remove lab/tiny {}", first.trim())).succeeds();
    assert_eq!(ada.tare("signer list lab/tiny").succeeds().stdout, second);
    ada.write("Tare.toml", model("lab/tiny", "1.2.0"));
    ada.tare("publish").ends_with(7);
}
