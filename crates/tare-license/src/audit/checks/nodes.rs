//! What is wrong with a node by itself.

use std::collections::BTreeMap;

use crate::audit::survey::{Draft, Survey};
use crate::audit::terms::Term;
use crate::audit::{Certainty, Code, Flag, Node, NodeKind, Path, Severity};
use crate::{Class, ClassSet, Part};

pub(super) fn check(survey: &Survey<'_>, drafts: &mut Vec<Draft>) {
    for (node, at) in survey.graph.nodes.iter().zip(0..) {
        let Some(path) = survey.path_to_node(at) else { continue };
        drafts.extend(facts_of(survey, node).into_iter().map(|(code, severity, message)| Draft {
            code,
            severity,
            certainty: Certainty::Certain,
            node: at,
            term: None,
            path: Some(path.clone()),
            message,
            fix: None,
        }));
        if survey.is_used(at) {
            drafts.extend(split(survey, node, at, &path));
            texts(survey, node, at, drafts);
        }
    }
}

fn facts_of(survey: &Survey<'_>, node: &Node) -> Vec<(Code, Severity, String)> {
    let id = &node.id;
    let mut found = Vec::new();
    let mut say = |code: Code, message| found.push((code, survey.usual(code), message));
    if node.undisclosed > 0 {
        let entries = if node.undisclosed == 1 { "entry" } else { "entries" };
        say(
            Code::Undisclosed,
            format!("`{id}` declares {} {entries} of its lineage as undisclosed", node.undisclosed),
        );
    }
    if node.kind == NodeKind::Foreign && !node.is_pinned() {
        say(Code::RevisionPin, format!("`{id}` is not in a registry and names no commit"));
    }
    if node.flags.contains(&Flag::Withdrawn) {
        say(Code::Withdrawn, format!("`{id}` was withdrawn from its registry"));
    }
    if let Some(reason) = &node.yanked {
        say(Code::Yanked, format!("`{id}` was yanked: {reason}"));
    }
    if node.flags.contains(&Flag::Gated) {
        say(Code::Register, format!("`{id}` is given only to people who agreed to something more"));
    }
    found
}

/// Classes that leave every use free, if not free of duties.
const FREE: ClassSet = ClassSet::of(&[
    Class::PublicDomain,
    Class::Permissive,
    Class::AttributionData,
    Class::WeakCopyleft,
    Class::ShareAlikeData,
    Class::StrongCopyleft,
    Class::NetworkCopyleft,
]);

/// one part is free to use and another is not.
fn split(survey: &Survey<'_>, node: &Node, at: u32, path: &Path) -> Option<Draft> {
    let mut parts: BTreeMap<Part, ClassSet> = BTreeMap::new();
    for (_, term) in survey.terms.of(at).filter(|(_, term)| term.problem.is_none()) {
        let classes = parts.entry(term.part).or_default();
        *classes = classes.union(term.found.classes);
    }
    let is_free = |classes: &ClassSet| classes.without(FREE).is_empty();
    if parts.values().all(is_free) || !parts.values().any(is_free) {
        return None;
    }
    let words: Vec<String> =
        parts.iter().map(|(part, classes)| format!("{part} {classes}")).collect();
    Some(Draft {
        code: Code::Split,
        severity: survey.usual(Code::Split),
        certainty: Certainty::Certain,
        node: at,
        term: None,
        path: Some(path.clone()),
        message: format!("the parts of `{}` differ: {}", node.id, words.join("; ")),
        fix: None,
    })
}

/// a licence is declared and its text is not shipped.
fn texts(survey: &Survey<'_>, node: &Node, at: u32, drafts: &mut Vec<Draft>) {
    let ships_files = node.kind != NodeKind::Foreign && !node.flags.contains(&Flag::CardOnly);
    // A text of which nobody said what it is may be the right one: text matching decides, not its name.
    if !ships_files || node.texts.iter().any(|text| text.license.is_none()) {
        return;
    }
    let needs_text = |term: &Term<'_>| {
        term.found
            .entry
            .is_some_and(|entry| !matches!(entry.class, Class::PublicDomain | Class::Unknown))
    };
    let mut said: Vec<&str> = Vec::new();
    for (place, term) in survey.terms.of(at).filter(|(_, term)| needs_text(term)) {
        let (license, Some(entry)) = (&*term.found.license, term.found.entry) else {
            continue;
        };
        let shipped =
            node.texts.iter().filter_map(|text| survey.catalogue.resolve(text.license.as_deref()?));
        if said.contains(&license) || shipped.into_iter().any(|shipped| shipped.id == entry.id) {
            continue;
        }
        said.push(license);
        let code = Code::PayloadMissing;
        let message = format!("{}, but its text is not shipped", term.sentence(node));
        drafts.extend(survey.about(place, code, survey.usual(code), message));
    }
}
