//! The licence expressions of a manifest, checked before anything is read or sent.

use tare_format::manifest::{LicenseExpression, LicenseParts, Manifest, ManifestError};
use tare_license::{Catalogue, Expression};

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
        let help = match catalogue.resolve(&license.id).or_else(|| catalogue.nearest(&license.id)) {
            Some(near) => format!("did you mean `{}`?", near.id),
            None => format!("a licence of your own is written `LicenseRef-{}`", license.id),
        };
        return Err(mistake(format!("`{}` is no licence that SPDX lists", license.id), help));
    }
    Ok(())
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
        assert!(error.help.unwrap().contains("did you mean"));
        assert_eq!(error.position.unwrap().line, 6);
    }

    #[test]
    fn what_is_no_expression_says_where() {
        let error = checked("MIT AND").unwrap_err();
        assert!(error.message.contains("column"), "{error}");
    }
}
