//! The draft of a manifest, with the reasons for what is in it.

use std::fmt::Write as _;

use tare_format::manifest::Kind;
use tare_format::{PackageName, VariantName};
use toml_edit::value;

use super::Detected;

/// Where the schema lies that an editor checks the manifest against: beside it, because not every machine has a way out.
pub(super) const SCHEMA_FILE: &str = ".tare/manifest.schema.json";

/// A manifest of a project: it only says what it uses.
const PROJECT: &str = "
# What this project uses. Add to it with `tare add ns/name@^1.2`, then `tare install`.
[dependencies]
";

/// The manifest of a new project.
#[must_use]
pub fn project_text() -> String {
    format!("{}{PROJECT}", schema_line())
}

/// The manifest of a package of `kind` named `name`, drafted from what was found.
#[must_use]
pub fn manifest_text(name: &PackageName, kind: Kind, found: &Detected) -> String {
    let mut text = schema_line();
    text.push_str("\n[package]\n");
    line(&mut text, "name", &name.to_string());
    line(&mut text, "version", "0.1.0");
    line(&mut text, "kind", kind.as_str());
    line(&mut text, "description", found.description.as_deref().unwrap_or_default());
    list(&mut text, "keywords", &found.keywords);
    list(&mut text, "tasks", &found.tasks);
    list(&mut text, "languages", &found.languages);
    if let Some(readme) = &found.readme {
        line(&mut text, "readme", readme);
    }
    license(&mut text, kind, found);
    variants(&mut text, found);
    dependencies(&mut text, kind);
    lineage(&mut text, kind, found);
    text
}

fn schema_line() -> String {
    format!("#:schema {SCHEMA_FILE}\n")
}

fn license(text: &mut String, kind: Kind, found: &Detected) {
    text.push_str("\n# SPDX expressions, one for each part that the package ships: weights, code, data, documentation.\n");
    let part = if kind == Kind::Dataset { "data" } else { "weights" };
    let expression = match &found.license {
        Some(license) if license.expression == "NOASSERTION" => {
            comment(
                text,
                &format!(
                    "README.md says `{}`, which is no licence that is known here.",
                    license.found
                ),
            );
            "NOASSERTION"
        }
        Some(license) => {
            comment(
                text,
                &format!(
                    "README.md says `{}`. Check that it is right for the {part}.",
                    license.found
                ),
            );
            license.expression.as_str()
        }
        None => {
            comment(
                text,
                "Nothing says which licence this is under. Audits do not let NOASSERTION pass.",
            );
            "NOASSERTION"
        }
    };
    text.push_str("[license]\n");
    line(text, part, expression);
    list(text, "files", &found.license_files);
}

fn variants(text: &mut String, found: &Detected) {
    let named = found.variants.iter().filter(|(name, _)| name.parse::<VariantName>().is_ok());
    let named: Vec<_> = named.collect();
    let Some((default, _)) = named.first() else { return };
    text.push_str("\n# Whoever installs the package gets one of these; files in none of them come with each.\n[variants]\n");
    line(text, "default", default);
    for (name, files) in named {
        let _ = writeln!(text, "[variants.{}]", value(name).to_string().trim());
        list(text, "files", files);
    }
}

fn dependencies(text: &mut String, kind: Kind) {
    // What is commented out stands below the header, so that taking the `#` away is enough.
    text.push_str("\n# What is needed to use it; installed with it.\n[dependencies]\n");
    if kind == Kind::Adapter {
        comment(
            text,
            "An adapter needs its base, or it cannot be packaged. Add the package and the version that it was trained on:",
        );
        comment(text, "\"namespace/base\" = { version = \"=1.0.0\", relation = \"base\" }");
    }
    if kind == Kind::Collection {
        comment(text, "\"namespace/name\" = { version = \"1\", relation = \"member\" }");
    }
}

fn lineage(text: &mut String, kind: Kind, found: &Detected) {
    text.push_str("\n# What it was made from; recorded and audited, not installed.\n[lineage]\n");
    if found.lineage.is_empty() {
        let example = match kind {
            Kind::Dataset => "derived-from",
            _ => "trained-on",
        };
        comment(
            text,
            &format!("\"namespace/name\" = {{ version = \"=1.0.0\", relation = \"{example}\" }}"),
        );
    }
    for ancestor in &found.lineage {
        comment(
            text,
            &format!(
                "Inferred from {}: check the relation, and add the licence if you know it.",
                ancestor.found_in
            ),
        );
        let mut table = toml_edit::InlineTable::new();
        if let Some(revision) = &ancestor.revision {
            table.insert("revision", revision.as_str().into());
        }
        table.insert("relation", ancestor.relation.as_str().into());
        let _ = writeln!(
            text,
            "{} = {}",
            quoted(&ancestor.source),
            toml_edit::Value::from(table).to_string().trim()
        );
    }
}

fn line(text: &mut String, key: &str, content: &str) {
    let _ = writeln!(text, "{key} = {}", quoted(content));
}

fn list(text: &mut String, key: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    let _ = writeln!(text, "{key} = [{}]", items.join(", "));
}

/// A basic string: what a file says may hold quotes, backslashes or line feeds.
fn quoted(content: &str) -> String {
    let mut out = String::from("\"");
    for c in content.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// One line that no text from a file can break out of.
fn comment(text: &mut String, content: &str) {
    let content: String = content.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(text, "# {content}");
}
