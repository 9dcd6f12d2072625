//! Which variant is chosen, and who decides.

use super::registry::Registry;
use crate::resolve::{Obstacle, Options};

fn registry() -> Registry {
    Registry::of(&[
        "m 1.0.0 [bf16* q4]",
        "a 1.0.0 > m 1 :q4",
        "b 1.0.0 > m 1 :bf16",
        "c 1.0.0 > m 1 :onnx",
        "one 1.0.0 [gguf]",
        "two 1.0.0 [gguf onnx]",
        "none 1.0.0",
    ])
}

fn chosen(wanted: &str, name: &str) -> Option<String> {
    let resolution = registry().resolve(wanted, &Options::default()).unwrap();
    let package =
        resolution.packages.into_iter().find(|package| package.name.name() == name).unwrap();
    package.variant.map(|variant| variant.to_string())
}

#[test]
fn the_project_decides_before_dependents_and_dependents_before_the_default() {
    assert_eq!(chosen("m 1", "m").as_deref(), Some("bf16"));
    assert_eq!(chosen("m 1, a 1", "m").as_deref(), Some("q4"));
    assert_eq!(chosen("m 1 :bf16, a 1", "m").as_deref(), Some("bf16"));
}

#[test]
fn without_a_default_the_only_variant_is_it() {
    assert_eq!(chosen("one 1", "one").as_deref(), Some("gguf"));
    assert_eq!(chosen("none 1", "none"), None);
    let failure = registry().fail("two 1");
    assert_eq!(failure.title, "`t/two` 1.0.0 has several variants and no default");
    assert_eq!(failure.help, ["ask for one of them: `gguf`, `onnx`"]);
}

#[test]
fn a_variant_that_does_not_exist_is_an_error_that_lists_those_that_do() {
    let failure = registry().fail("c 1");
    assert_eq!(failure.obstacle, Obstacle::Variant);
    assert_eq!(failure.to_string(), "`t/m` 1.0.0 has no variant `onnx`\n  `t/c` 1.0.0 asks for it");
    assert_eq!(failure.help, ["the variants that exist: `bf16`, `q4`"]);
    assert_eq!(registry().fail("none 1 :q4").help, ["it has no variants: leave the variant out"]);
}

#[test]
fn dependents_that_disagree_leave_it_to_the_project() {
    let failure = registry().fail("a 1, b 1");
    assert_eq!(failure.obstacle, Obstacle::Variant);
    assert_eq!(failure.details, ["`t/a` 1.0.0 asks for `q4`", "`t/b` 1.0.0 asks for `bf16`"]);
    assert_eq!(failure.help, ["decide in the project: give its requirement of `t/m` a `variant`"]);
    assert_eq!(chosen("m 1 :q4, a 1, b 1", "m").as_deref(), Some("q4"));
}
