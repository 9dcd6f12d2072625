//! The licence expressions of a manifest, checked before anything is read or sent.

use std::collections::BTreeSet;

use tare_format::manifest::{LicenseExpression, LicenseParts, Manifest, ManifestError};
use tare_license::{Catalogue, Expression};

use crate::suggest::nearest;

/// How many ids a mistake is answered with at most.
const MOST_SUGGESTIONS: usize = 2;

/// Checks every expression of `manifest`, whose text is `text`.
///
/// # Errors
/// At the first one that is no expression, or that names a licence nobody knows.
pub(super) fn check(text: &str, manifest: &Manifest) -> Result<(), ManifestError> {
    let own = manifest.license.parts();
    check_parts(text, &["license"], &own)?;
    for (source, entry) in &manifest.lineage.entries {
        let source = source.to_string();
        check_parts(text, &["lineage", &source, "license"], &entry.license)?;
    }
    Ok(())
}

fn check_parts(text: &str, path: &[&str], parts: &LicenseParts) -> Result<(), ManifestError> {
    for (part, expression) in parts.iter() {
        let path = [path, &[part.as_str()]].concat();
        check_expression(expression).map_err(|error| error.at_path(text, &path))?;
    }
    Ok(())
}

fn check_expression(expression: &LicenseExpression) -> Result<(), ManifestError> {
    let parsed: Expression = expression.as_str().parse().map_err(
        |error: tare_license::expression::ExpressionError| {
            mistake(
                error.to_string(),
                "write an SPDX expression, as `MIT OR Apache-2.0`".to_owned(),
            )
        },
    )?;
    let catalogue = Catalogue::builtin();
    for license in parsed.licenses() {
        if is_known(&license.id, catalogue) {
            continue;
        }
        let own = format!("a licence that is not listed is written `LicenseRef-{}`", license.id);
        let help = match suggestions(&license.id, catalogue).join("` or `") {
            near if near.is_empty() => own,
            near => format!("did you mean `{near}`? {own}"),
        };
        return Err(mistake(format!("`{}` is no licence that SPDX lists", license.id), help));
    }
    Ok(())
}

/// The ids that `id` may stand for: those of its newest version when it names a family, else the one most like it.
fn suggestions(id: &str, catalogue: &Catalogue) -> Vec<String> {
    let family = newest_of_family(id);
    if !family.is_empty() {
        return family.into_iter().map(str::to_owned).collect();
    }
    // The catalogue first: of ids that are equally near, one that it knows more about is the likelier.
    let mut known: Vec<&str> = catalogue.entries().iter().map(|entry| entry.id.as_str()).collect();
    known.extend(listed());
    let near = nearest(id, known.into_iter()).map(str::to_owned);
    let meant = || catalogue.resolve(id).or_else(|| catalogue.nearest(id));
    near.or_else(|| meant().map(|entry| entry.id.clone())).into_iter().collect()
}

/// `GPL` and `GPL-3` are no licences, `GPL-3.0-only` and `GPL-3.0-or-later` are.
fn newest_of_family(id: &str) -> Vec<&'static str> {
    let version = |listed: &'static str| {
        let rest = listed.get(id.len()..)?;
        let is_of_family = listed.get(..id.len())?.eq_ignore_ascii_case(id);
        // A name goes on with its version; a number goes on with its minor one.
        let of_name = rest.strip_prefix('-').filter(|rest| rest.starts_with(char::is_numeric));
        let of_number = id.ends_with(char::is_numeric) && rest.starts_with('.');
        let version = of_name.or(of_number.then_some(rest))?;
        is_of_family.then(|| version.split('-').next().unwrap_or_default())
    };
    let Some(newest) = listed().filter_map(version).max() else { return Vec::new() };
    let of_newest = listed().filter(|listed| version(listed) == Some(newest));
    let mut family: Vec<_> = of_newest.collect();
    // Ports of a licence to one country have its version too, and are longer.
    family.sort_by_key(|listed| listed.len());
    family.truncate(MOST_SUGGESTIONS);
    family
}

/// Every id of the SPDX list that is not deprecated.
fn listed<'a>() -> impl Iterator<Item = &'a str> {
    let current = |license: &&spdx::License| {
        spdx::license_id(license.name).is_some_and(|id| !id.is_deprecated())
    };
    spdx::identifiers::LICENSES.iter().filter(current).map(|license| license.name)
}

/// A line for each licence of the package's own that nobody can read: unknown, and without a text in the package.
pub(super) fn unreadable(manifest: &Manifest) -> Vec<String> {
    if !manifest.license.files.is_empty() {
        return Vec::new();
    }
    let parts = manifest.license.parts();
    let expressions = parts.iter().filter_map(|(_, text)| text.as_str().parse().ok());
    let licenses = expressions.flat_map(|expression: Expression| {
        expression.licenses().into_iter().map(|license| license.id.to_string()).collect::<Vec<_>>()
    });
    let unknown: BTreeSet<String> = licenses
        .filter(|id| id.starts_with("LicenseRef-") && Catalogue::builtin().get(id).is_none())
        .collect();
    let line = |id| {
        format!(
            "nobody can tell what `{id}` allows: ship its text and list it as `files` under `[license]`"
        )
    };
    unknown.into_iter().map(line).collect()
}

/// What SPDX does not list may still be named, openly as such. An audit will call it unknown.
fn is_known(id: &str, catalogue: &Catalogue) -> bool {
    let own = id.starts_with("LicenseRef-") || id.starts_with("DocumentRef-");
    let none = matches!(id, "NOASSERTION" | "NONE");
    own || none || catalogue.get(id).is_some() || spdx::license_id(id).is_some()
}

fn mistake(message: String, help: String) -> ManifestError {
    ManifestError { message, help: Some(help), position: None, source_line: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(weights: &str) -> Result<(), ManifestError> {
        let text = format!(
            "[package]\nname = 'a/b'\nversion = '1.0.0'\nkind = 'model'\n[license]\nweights = '{weights}'\n"
        );
        check(&text, &Manifest::parse(&text).unwrap())
    }

    #[test]
    fn what_is_listed_or_openly_not_listed_is_fine() {
        for good in ["Apache-2.0", "MIT OR Apache-2.0", "LicenseRef-mine", "NOASSERTION", "Zlib"] {
            assert_eq!(checked(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_licence_that_nobody_knows_comes_with_the_nearest() {
        let error = checked("Apache-2").unwrap_err();
        assert!(error.message.contains("`Apache-2`"), "{error}");
        assert!(error.help.unwrap().starts_with("did you mean `Apache-2.0`?"));
        assert_eq!(error.position.unwrap().line, 6);
    }

    #[test]
    fn slips_and_families_come_with_ids_that_exist() {
        let help = |id| checked(id).unwrap_err().help.unwrap();
        assert!(help("MTI").starts_with("did you mean `MIT`? a licence that is not listed"));
        assert!(help("GPL").starts_with("did you mean `GPL-3.0-only` or `GPL-3.0-or-later`?"));
        assert!(help("CC-BY").starts_with("did you mean `CC-BY-4.0`?"));
        assert!(help("Entirely-My-Own-Terms-9").starts_with("a licence that is not listed"));
    }

    #[test]
    fn an_unknown_licence_without_a_text_is_warned_about() {
        let warned = |license: &str| {
            let text = format!(
                "[package]\nname = 'a/b'\nversion = '1.0.0'\nkind = 'model'\n[license]\n{license}"
            );
            unreadable(&Manifest::parse(&text).unwrap()).len()
        };
        assert_eq!(warned("weights = 'LicenseRef-Foo'\ncode = 'LicenseRef-Foo'"), 1);
        assert_eq!(warned("weights = 'LicenseRef-Foo'\nfiles = ['LICENSES/*']"), 0);
        assert_eq!(warned("weights = 'MIT'"), 0);
    }

    #[test]
    fn what_is_no_expression_says_where() {
        let error = checked("MIT AND").unwrap_err();
        assert!(error.message.contains("column"), "{error}");
    }
}
