//! Expressions parse as SPDX says, and come to the classes they should.

use proptest::prelude::*;

use super::*;
use crate::{Catalogue, Class, ClassSet};

fn resolve(text: &str) -> Resolved<'static> {
    text.parse::<Expression>().unwrap().resolve(Catalogue::builtin(), |_| true)
}

#[test]
fn and_asks_for_everything() {
    let resolved = resolve("Apache-2.0 AND CC-BY-NC-SA-4.0 AND Apache-2.0");
    assert_eq!(resolved.terms.len(), 2, "a licence counts once");
    assert_eq!(resolved.classes(), ClassSet::of(&[Class::Permissive, Class::NonCommercial]));
}

#[test]
fn or_takes_what_is_allowed_and_records_what_was_left() {
    let expression: Expression = "GPL-3.0-only OR (MIT AND BSD-3-Clause)".parse().unwrap();
    let resolved = expression.resolve(Catalogue::builtin(), |_| true);
    assert_eq!(resolved.classes(), Class::Permissive.into());
    let [choice] = resolved.choices.as_slice() else { panic!("{:?}", resolved.choices) };
    assert_eq!((choice.chosen.as_str(), choice.at), ("MIT AND BSD-3-Clause", 0));
    assert_eq!(choice.left, ["GPL-3.0-only"]);

    let gpl = expression.resolve(Catalogue::builtin(), |term| term.license.starts_with("GPL"));
    assert_eq!(gpl.classes(), Class::StrongCopyleft.into(), "policy beats the order of classes");
}

#[test]
fn and_binds_closer_than_or() {
    assert_eq!(resolve("MIT OR Apache-2.0 AND CC-BY-NC-4.0").classes(), Class::Permissive.into());
    assert!(
        resolve("(MIT OR Apache-2.0) AND CC-BY-NC-4.0").classes().contains(Class::NonCommercial)
    );
}

#[test]
fn nothing_that_is_not_known_passes() {
    for text in [
        "LicenseRef-foo",
        "NONE",
        "NOASSERTION",
        "",
        "  ",
        "gpl",
        "openrail",
        "other",
        "curl",
        "((",
        "€",
    ] {
        assert_eq!(class_of(text, Catalogue::builtin()).worst(), Some(Class::Unknown), "{text:?}");
    }
    let with = class_of("MIT WITH Commons-Clause", Catalogue::builtin());
    assert_eq!(
        with.worst(),
        Some(Class::Unknown),
        "what is no exception may well be a restriction"
    );
}

#[test]
fn later_versions_and_exceptions_keep_the_class() {
    for (text, license, class) in [
        ("GPL-2.0+", "GPL-2.0-or-later", Class::StrongCopyleft),
        ("apache-2.0+", "Apache-2.0+", Class::Permissive),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception", Class::Permissive),
        ("llama3.1", "LicenseRef-llama-3.1", Class::ScaleRestricted),
    ] {
        let resolved = resolve(text);
        assert_eq!(
            (&*resolved.terms[0].license, resolved.classes().worst()),
            (license, Some(class))
        );
    }
}

#[test]
fn mistakes_are_placed() {
    for (text, at, problem) in [
        ("", 0, "expected a licence id, found the end"),
        ("MIT AND", 7, "expected a licence id, found the end"),
        ("MIT Apache-2.0", 4, "expected AND, OR or the end, found `Apache-2.0`"),
        ("(MIT", 4, "expected `)`, found the end"),
        ("MIT/Apache-2.0", 3, "write AND or OR"),
        ("MIT WITH OR", 9, "expected an exception id, found `OR`"),
        ("AND MIT", 0, "expected a licence id, found `AND`"),
    ] {
        let error = text.parse::<Expression>().unwrap_err();
        assert_eq!(error.at(), at, "{text}");
        assert!(error.to_string().contains(problem), "{error}");
    }
    let deep = format!("{}MIT{}", "(".repeat(1000), ")".repeat(1000));
    assert!(
        deep.parse::<Expression>().unwrap_err().to_string().contains("more than 32 parentheses")
    );
    assert!("MIT ".repeat(2000).parse::<Expression>().is_err());
}

const IDS: &[&str] =
    &["MIT", "Apache-2.0", "GPL-2.0-only", "CC-BY-NC-4.0", "LicenseRef-llama-3.1", "LicenseRef-x"];

fn expressions() -> impl Strategy<Value = String> {
    let id = prop::sample::select(IDS).prop_map(str::to_owned);
    id.prop_recursive(4, 24, 3, |inner| {
        (prop::collection::vec(inner, 1..4), any::<bool>(), any::<bool>()).prop_map(
            |(parts, and, parens)| {
                let joined = parts.join(if and { " AND " } else { " OR " });
                if parens { format!("({joined})") } else { joined }
            },
        )
    })
}

proptest! {
    #[test]
    fn whatever_spdx_accepts_we_accept_with_the_same_licences(text in expressions()) {
        let theirs = spdx::Expression::parse(&text).unwrap();
        let ours: Expression = text.parse().unwrap();
        let theirs: Vec<String> = theirs.requirements().map(|r| r.req.to_string()).collect();
        let ours: Vec<String> = ours.licenses().iter().map(|license| license.to_string()).collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn no_text_panics(text in "[A-Za-z0-9 ()+./:€-]{0,60}") {
        let _ = class_of(&text, Catalogue::builtin());
    }

    #[test]
    fn joining_never_makes_it_better(a in expressions(), b in expressions()) {
        let catalogue = Catalogue::builtin();
        let joined = class_of(&format!("({a}) AND ({b})"), catalogue);
        prop_assert!(joined.worst() >= class_of(&a, catalogue).worst());
        prop_assert!(joined.worst() >= class_of(&b, catalogue).worst());
    }
}
