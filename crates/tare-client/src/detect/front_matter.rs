//! The front matter of a README: the few shapes of YAML that model and data cards use.
//!
//! Not a YAML reader. It reads top-level `key: value`, lists in both notations, and quoted texts; whatever is nested
//! deeper is passed over. What it gets wrong costs a line in a draft that a person reads.

use std::collections::BTreeMap;

/// The most lines that are looked at.
const MAX_LINES: usize = 2_000;

/// The values by key; a single value is a list of one.
pub(super) fn read(readme: &str) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut lines = readme.trim_start_matches('\u{feff}').lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return values;
    }
    let mut key: Option<String> = None;
    for line in lines.take(MAX_LINES) {
        let content = line.trim();
        if line.trim_end() == "---" {
            return values;
        }
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let item = content.strip_prefix("- ").map(str::trim);
        let indented = line.starts_with([' ', '\t']);
        match (item, &key) {
            (Some(item), Some(key)) if !item.contains(": ") => add(&mut values, key, item),
            (None, _) if !indented => {
                let Some((name, value)) = content.split_once(':') else { continue };
                let name = name.trim().to_owned();
                flow(value.trim()).iter().for_each(|value| add(&mut values, &name, value));
                key = Some(name);
            }
            _ => {}
        }
    }
    // Without its end it is not front matter.
    BTreeMap::new()
}

fn add(values: &mut BTreeMap<String, Vec<String>>, key: &str, value: &str) {
    let value = unquote(value);
    if !value.is_empty() {
        values.entry(key.to_owned()).or_default().push(value);
    }
}

/// `[a, b]` as two values, anything else as one.
fn flow(value: &str) -> Vec<&str> {
    match value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(list) => list.split(',').map(str::trim).collect(),
        // A text over several lines, or nothing: the items may follow.
        None if matches!(value, "" | ">" | "|" | ">-" | "|-" | "null" | "~") => Vec::new(),
        None => vec![value],
    }
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    // A comment begins with a blank and a `#`.
    value.split(" #").next().unwrap_or(value).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_of_lists_are_read() {
        let values = read(
            "---\nlicense: apache-2.0 # ok\ntags: [a, 'b c']\ndatasets:\n- x/y\n  - \"z\"\nn:\n  m: 1\n---\n# T",
        );
        assert_eq!(values["license"], ["apache-2.0"]);
        assert_eq!(values["tags"], ["a", "b c"]);
        assert_eq!(values["datasets"], ["x/y", "z"]);
        assert!(!values.contains_key("m"));
    }

    #[test]
    fn without_a_beginning_or_an_end_there_is_none() {
        assert!(read("# A model\nlicense: mit\n").is_empty());
        assert!(read("---\nlicense: mit\n").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,400}") {
            read(&text);
            read(&format!("---\n{text}\n---\n"));
        }
    }
}
