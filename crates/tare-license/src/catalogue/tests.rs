//! The data is what its sources say, and layers do what they promise.

use super::*;
use crate::{Class, Metric};

const LAYER: &str = r#"
schema_version = 1
[[license]]
id = "LicenseRef-acme"
name = "Acme model terms"
aliases = ["acme", "Llama3"]
class = "proprietary"
commercial_use = false
modification = false
redistribution = false
derivative_must_same_license = false
attribution = true
notice_file = false
use_restrictions_flow_down = false
revocable = true
patent_grant = false
confidence = "high"
"#;

#[test]
fn every_spdx_id_and_flag_agrees_with_the_spdx_list() {
    let mut checked = 0;
    for entry in Catalogue::builtin().entries() {
        let listed = spdx::license_id(&entry.id).filter(|id| id.name == entry.id);
        if matches!(entry.id.as_str(), "NONE" | "NOASSERTION") {
            continue;
        }
        assert_eq!(entry.spdx, listed.is_some(), "{}", entry.id);
        let Some(listed) = listed else { continue };
        assert_eq!(entry.osi_approved, listed.is_osi_approved(), "{}", entry.id);
        assert_eq!(entry.fsf_libre, listed.is_fsf_free_libre(), "{}", entry.id);
        checked += 1;
    }
    assert!(checked >= 85, "{checked}");
}

#[test]
fn ids_that_spdx_does_not_list_are_license_refs() {
    for entry in
        Catalogue::builtin().entries().iter().filter(|entry| !entry.spdx && entry.id != "NONE")
    {
        assert!(entry.id.starts_with("LicenseRef-"), "{}", entry.id);
    }
}

#[test]
fn unknown_fields_name_fields_that_exist() {
    let source = include_str!("entry.rs");
    for entry in Catalogue::builtin().entries() {
        for field in &entry.unknown_fields {
            assert!(source.contains(&format!("pub {field}:")), "{}: {field}", entry.id);
        }
    }
}

#[test]
fn hub_tags_resolve_and_families_are_unknown() {
    let catalogue = Catalogue::builtin();
    for (tag, id, class) in [
        ("llama3.1", "LicenseRef-llama-3.1", Class::ScaleRestricted),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0", Class::NonCommercial),
        ("bsl-1.0", "BSL-1.0", Class::Permissive),
        ("bsl-1.1", "BUSL-1.1", Class::Proprietary),
        ("GPL-3.0", "GPL-3.0-only", Class::StrongCopyleft),
        ("mit license", "MIT", Class::Permissive),
        ("gpl", "LicenseRef-gpl-family", Class::Unknown),
        ("cc", "LicenseRef-cc-family", Class::Unknown),
        ("bsd", "LicenseRef-bsd-family", Class::Unknown),
        ("openrail", "LicenseRef-openrail-family", Class::Unknown),
        ("modified-mit", "LicenseRef-modified-mit-family", Class::Unknown),
        ("other", "LicenseRef-other", Class::Unknown),
        ("unknown", "NOASSERTION", Class::Unknown),
    ] {
        let entry = catalogue.resolve(tag).unwrap();
        assert_eq!((entry.id.as_str(), entry.class), (id, class), "{tag}");
    }
    assert!(catalogue.resolve("nobody-knows").is_none());
}

#[test]
fn a_tag_that_a_layer_takes_is_gone_from_its_old_entry() {
    let kimi = Catalogue::builtin().get("LicenseRef-moonshot-modified-mit-kimi-k2").unwrap();
    assert!(!kimi.aliases.iter().any(|alias| alias == "modified-mit"), "{:?}", kimi.aliases);
}

#[test]
fn fields_arrive_as_types() {
    let catalogue = Catalogue::builtin();
    let kimi = catalogue.get("licenseref-moonshot-MODIFIED-mit-kimi-k2").unwrap();
    let thresholds: Vec<_> = kimi.thresholds().map(|t| (t.metric, t.value)).collect();
    assert_eq!(thresholds, [(Metric::Mau, 100_000_000), (Metric::MonthlyRevenueUsd, 20_000_000)]);
    assert_eq!(kimi.threshold_effect, Some(Effect::Attribution));
    let llama = catalogue.get("LicenseRef-llama-3.2").unwrap();
    assert_eq!(llama.threshold_at, Some("2024-09-25".parse().unwrap()));
    assert_eq!(llama.geographic_exclusion[0].place.as_str(), "EU");
    assert!(llama.geographic_exclusion[0].only.as_deref().unwrap().contains("multimodal"));
    assert!(catalogue.get("LicenseRef-flux-1-dev-nc").unwrap().nc_scope.is_some());
}

#[test]
fn the_exact_amount_passes_only_where_the_text_says_so() {
    let catalogue = Catalogue::builtin();
    let passed = |id: &str, amount| {
        let threshold = catalogue.get(id).unwrap().thresholds().next().unwrap();
        threshold.is_passed_by(amount)
    };
    assert!(!passed("LicenseRef-stability-community-2024", 1_000_000), "more than");
    assert!(passed("LicenseRef-stability-community-2024", 1_000_001));
    assert!(passed("LicenseRef-krea-2-community", 1_000_000), "meet or exceed");
    assert!(passed("LicenseRef-lfm-1.0", 10_000_000), "unclear texts count the exact amount");
}

#[test]
fn a_layer_adds_entries_takes_tags_and_changes_the_digest() {
    let catalogue = Catalogue::with_overrides(&[LAYER]).unwrap();
    assert_eq!(catalogue.resolve("acme").unwrap().class, Class::Proprietary);
    assert_eq!(catalogue.resolve("llama3").unwrap().id, "LicenseRef-acme");
    assert_eq!(catalogue.resolve("LicenseRef-llama-3").unwrap().class, Class::ScaleRestricted);
    assert_ne!(catalogue.digest(), Catalogue::builtin().digest());
    assert_eq!(catalogue.digest(), Catalogue::with_overrides(&[LAYER]).unwrap().digest());
}

#[test]
fn bad_layers_say_what_is_wrong() {
    let twice = format!("{LAYER}\n{}", LAYER.trim_start().trim_start_matches("schema_version = 1"));
    for (layer, expected) in [
        (LAYER.replace("class = ", "klass = "), "not a list of licences"),
        (LAYER.replace("schema_version = 1", "schema_version = 9"), "schema version 9"),
        (LAYER.replace("LicenseRef-acme\"", "Acme terms\""), "`Acme terms` cannot be a licence id"),
        (
            LAYER.replace("class =", "threshold_metric = \"mau\"\nclass ="),
            "1 threshold metrics and 0",
        ),
        (twice, "names both `LicenseRef-acme`"),
    ] {
        let error = Catalogue::with_overrides(&[&layer]).unwrap_err().to_string();
        assert!(error.contains("layer 1") && error.contains(expected), "{error}");
    }
}

#[test]
fn nearly_right_ids_are_recognised_and_nonsense_is_not() {
    let catalogue = Catalogue::builtin();
    assert_eq!(catalogue.nearest("Apache-2").unwrap().id, "Apache-2.0");
    assert_eq!(catalogue.nearest("LicenseRef-lama-3.1").unwrap().id, "LicenseRef-llama-3.1");
    assert!(catalogue.nearest("qqqqqqqqqqqqqqqqq").is_none());
    assert!(catalogue.nearest("").is_none());
}

#[test]
fn search_needs_every_word() {
    let found: Vec<_> = Catalogue::builtin()
        .search("llama community")
        .iter()
        .map(|entry| entry.id.as_str())
        .collect();
    assert!(found.contains(&"LicenseRef-llama-3.1") && !found.contains(&"MIT"), "{found:?}");
}
