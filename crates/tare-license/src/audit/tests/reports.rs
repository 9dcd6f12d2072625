//! The shape and the wording of reports, and graphs that are none.

use super::*;

#[test]
fn json_carries_format_catalogue_and_the_disclaimer() {
    let graph = graph(
        &["me/lora@1.0.0 adapter weights=Apache-2.0", "lab/base@2.0.0 model weights=CC-BY-NC-4.0"],
        &["me/lora@1.0.0 base lab/base@2.0.0"],
    );
    let report = serde_json::to_value(commercial(&graph)).unwrap();
    assert_eq!(report["format"], "tare-audit/1");
    assert_eq!(report["catalogue"], Catalogue::builtin().digest().to_string());
    assert!(report["notice"].as_str().unwrap().contains("not legal advice"));
    assert_eq!(report["facts"]["today"], TODAY);
    assert_eq!(report["rules"]["training-data"], "report");
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["name"]), (&"LIC010".into(), &"NC".into()));
    assert_eq!((&finding["severity"], &finding["certainty"]), (&"error".into(), &"certain".into()));
    assert_eq!(finding["paths"][0]["steps"][1]["relation"], "base");
    let node = &report["nodes"][1];
    assert_eq!(node["declared"]["weights"], "Apache-2.0");
    assert_eq!(node["effective"][1]["class"], "non-commercial");
    assert_eq!(node["effective-contested"], node["effective"]);
}

#[test]
fn messages_judge_in_classes_and_never_in_slogans() {
    let nodes: Vec<String> = Catalogue::builtin()
        .entries()
        .iter()
        .enumerate()
        .map(|(at, entry)| format!("n/n{at}@1.0.0 model weights={}", entry.id))
        .collect();
    let nodes: Vec<&str> = nodes.iter().map(String::as_str).collect();
    for profile in Profile::ALL {
        let report =
            audit(&graph(&nodes, &[]), &facts(profile), &Policy::default(), Catalogue::builtin());
        assert!(!report.headline.contains("open"));
        for finding in &report.findings {
            // Fields of use are in the words of the catalogue, which may name what a licence forbids.
            let ours =
                finding.code == Code::Field || !finding.message.to_lowercase().contains("violat");
            assert!(ours, "{}", finding.message);
            assert!(!finding.message.ends_with("is open"), "{}", finding.message);
            assert!(!finding.fix.is_empty() && !finding.paths.is_empty());
        }
    }
}

#[test]
fn very_long_ways_are_shortened_and_keep_both_ends() {
    let id = |at: usize| format!("n/n{at:04}@1.0.0");
    let license = |at| if at == 999 { "CC-BY-NC-4.0" } else { "MIT" };
    let nodes =
        (0..1000).map(|at| node(&format!("{} model weights={}", id(at), license(at)))).collect();
    let edges: Vec<Edge> =
        (0..999).map(|at| Edge::new(id(at), Relation::FinetunedFrom, id(at + 1))).collect();
    let report = commercial(&Graph::new(&[], nodes, &edges).unwrap());
    let down = &report.with_code(Code::NonCommercial).next().unwrap().paths[0];
    let up = &report.node("n/n0000@1.0.0").unwrap().effective.last().unwrap().path;
    for path in [down, up] {
        let omitted: u32 = path.steps.iter().map(|step| step.omitted).sum();
        assert_eq!((path.steps.len(), omitted as usize), (16, 1000 - 16), "{path}");
        assert_eq!(path.steps.first().unwrap().node.as_str(), "n/n0000@1.0.0");
        assert_eq!(path.steps.last().unwrap().node.as_str(), "n/n0999@1.0.0");
    }
}

#[test]
fn bad_graphs_say_what_is_wrong() {
    for (text, expected) in [
        ("[[node]]\nid = \"a@1\"\nkind = \"toy\"", "unknown variant `toy`"),
        ("[[node]]\nid = \"a@1\"\nkind = \"model\"\nlicence = {}", "unknown field `licence`"),
        (
            "[[edge]]\nfrom = \"a@1\"\nto = \"b@1\"\nrelation = \"base\"",
            "no node `a@1`, which `a@1 base b@1` names",
        ),
        ("roots = [\"a@1\"]", "no node `a@1`, which the list of roots names"),
        (
            "[[node]]\nid = \"a@1\"\nkind = \"model\"\n[[node]]\nid = \"a@1\"\nkind = \"model\"",
            "in the graph twice",
        ),
    ] {
        let error = Graph::from_toml(text).unwrap_err();
        let source =
            std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
        let all = format!("{error}\n{source}");
        assert!(all.contains(expected), "{text}: {all}");
    }
    let empty = commercial(&Graph::from_toml("").unwrap());
    assert_eq!((empty.denied(), empty.headline.as_str()), (false, "no licence applies"));
}

#[test]
fn words_of_relations_and_profiles_round_trip() {
    for relation in Relation::ALL {
        assert_eq!(relation.to_string().parse(), Ok(relation));
        assert_eq!(serde_json::to_value(relation).unwrap(), relation.as_str());
    }
    assert!("copied-from".parse::<Relation>().unwrap_err().to_string().contains("merged-from"));
    for profile in Profile::ALL {
        assert_eq!(profile.to_string().parse(), Ok(profile));
    }
}

/// The manifest's types are the originals; a word that is new there must be known here.
#[test]
fn the_words_are_those_of_the_manifest() {
    use tare_format::manifest::{Kind, LicensePart};
    for part in LicensePart::ALL {
        assert_eq!(part.as_str().parse::<crate::Part>().unwrap().as_str(), part.as_str());
    }
    for kind in Kind::ALL {
        let line = format!("a/a@1.0.0 {kind}");
        assert_eq!(serde_json::to_value(node(&line).kind).unwrap(), kind.as_str());
    }
    for relation in Relation::ALL {
        let word = toml::Value::String(relation.to_string());
        let known = if relation.is_dependency() {
            word.try_into::<tare_format::manifest::DependencyRelation>().is_ok()
        } else {
            word.try_into::<tare_format::manifest::LineageRelation>().is_ok()
        };
        assert!(known, "{relation}");
    }
}
