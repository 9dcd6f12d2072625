//! Do packages declare what they inherit?
//!
//! Asked edge by edge, of the package that stands next to the licence: it is the one that lost the terms, and its
//! publisher is the one who can put them back. Packages further on appear in the paths.

use crate::audit::graph::{Link, NodeKind};
use crate::audit::survey::{Draft, Survey};
use crate::audit::terms::Term;
use crate::audit::{Certainty, Code, Relation, Severity, TrainingData};
use crate::catalogue::Entry;
use crate::{Class, ClassSet};

pub(super) fn check(survey: &Survey<'_>, drafts: &mut Vec<Draft>) {
    for link in &survey.graph.links {
        for (at, term) in survey.terms.of(link.to) {
            drafts.extend(output(survey, link, at, term));
            let Some(certainty) = passes(survey, link, term) else { continue };
            drafts.extend(masked(survey, link, at, term, certainty));
            drafts.extend(adapted(survey, link, at, term, certainty));
            drafts.extend(relicensed(survey, link, at, term, certainty));
        }
    }
    for (at, term) in survey.terms.all.iter().enumerate() {
        drafts.extend(masked_beyond_silence(survey, at, term));
    }
}

/// How surely a term passes over a link and on to what is used.
fn passes(survey: &Survey<'_>, link: &Link, term: &Term<'_>) -> Option<Certainty> {
    let goes_along =
        if link.relation.is_dependency() { term.is_inherited() } else { term.is_of_the_work() };
    let carriage = survey.terms.carriages.get(term.carriage).filter(|_| goes_along)?;
    let certainty = carriage.along(link.relation, link.certainty)?;
    let (_, arrival) = survey.arrival_before(link, term.carriage)?;
    Some(certainty.min(arrival.certainty))
}

/// Whether a node declares terms that are known and do not bar commercial use.
fn is_permissive_in_commerce(survey: &Survey<'_>, node: u32) -> bool {
    let declared = survey.terms.declared(node);
    !declared.is_empty() && !declared.contains(Class::Unknown) && !declared.bars_commercial_use()
}

/// whatever the policy thinks of contested terms, a masked source is at least noted.
fn masked(
    survey: &Survey<'_>,
    link: &Link,
    at: usize,
    term: &Term<'_>,
    certainty: Certainty,
) -> Option<Draft> {
    if !term.found.classes.bars_commercial_use() || !is_permissive_in_commerce(survey, link.from) {
        return None;
    }
    let message = format!(
        "`{}` declares {}, but {} `{}`, whose {} ({})",
        survey.node(link.from).id,
        declaration(survey, link.from),
        link.relation.phrase(),
        survey.node(link.to).id,
        term.clause(),
        term.found.classes
    );
    let path = survey.path_over(link, term);
    Some(Draft { path, ..masking_draft(survey, link.from, at, term, certainty, message) })
}

/// The same across packages that declare nothing, such as collections: they neither mask nor tell.
fn masked_beyond_silence(survey: &Survey<'_>, at: usize, term: &Term<'_>) -> Option<Draft> {
    if !term.found.classes.bars_commercial_use() {
        return None;
    }
    let (_, arrival) = survey.arrival(term)?;
    let silent = |node: u32| {
        let declared = survey.terms.declared(node);
        declared.is_empty() || declared.contains(Class::Unknown)
    };
    let mut way = survey.way_back(term).map(|(node, _)| node);
    let (from, hops) = match way.next() {
        Some(first) if silent(first) => way.zip(2_u32..).find(|(node, _)| !silent(*node))?,
        _ => return None,
    };
    if !is_permissive_in_commerce(survey, from) {
        return None;
    }
    let message = format!(
        "`{}` declares {}, but {hops} steps behind it stands `{}`, whose {} ({})",
        survey.node(from).id,
        declaration(survey, from),
        survey.node(term.node).id,
        term.clause(),
        term.found.classes
    );
    Some(masking_draft(survey, from, at, term, arrival.certainty, message))
}

fn masking_draft(
    survey: &Survey<'_>,
    node: u32,
    term_at: usize,
    term: &Term<'_>,
    certainty: Certainty,
    message: String,
) -> Draft {
    let allowed = survey.rules.refused(&term.found).is_empty();
    let usual = if allowed { Severity::Warning } else { survey.usual(Code::NcMasked) };
    let severity = survey.weight(usual, certainty).unwrap_or(Severity::Note);
    let path = survey.path(term_at);
    Draft {
        code: Code::NcMasked,
        severity,
        certainty,
        node,
        term: Some(term_at),
        path,
        message,
        fix: None,
    }
}

/// something was made from what may not be adapted.
fn adapted(
    survey: &Survey<'_>,
    link: &Link,
    at: usize,
    term: &Term<'_>,
    certainty: Certainty,
) -> Option<Draft> {
    let counts =
        certainty > Certainty::Contested || survey.rules.training_data == TrainingData::Inherit;
    if link.relation.is_dependency()
        || !counts
        || !term.found.classes.contains(Class::NoDerivatives)
    {
        return None;
    }
    let private = term.found.entry.is_some_and(|entry| entry.modification_private);
    let message = format!(
        "`{}` {} `{}`, whose {}: adaptations may not be {}",
        survey.node(link.from).id,
        link.relation.phrase(),
        survey.node(link.to).id,
        term.clause(),
        if private { "shared" } else { "made" }
    );
    let severity = survey.usual(Code::NoDerivatives);
    Some(link_draft(survey, link, at, term, Code::NoDerivatives, (severity, certainty), message))
}

/// the declared terms lack what the licence of the origin asks to be kept.
fn relicensed(
    survey: &Survey<'_>,
    link: &Link,
    at: usize,
    term: &Term<'_>,
    certainty: Certainty,
) -> Option<Draft> {
    let node = survey.node(link.from);
    // Whether an adapter that does not hold its base is made from it is for the base's text to say.
    let certainty = match (link.relation, node.kind) {
        (Relation::Base, NodeKind::Adapter) => certainty.min(Certainty::Stated),
        (relation, _) if relation.is_dependency() => return None,
        _ => certainty,
    };
    if certainty == Certainty::Contested {
        return None;
    }
    let own: Vec<&Term<'_>> =
        survey.terms.of(link.from).map(|(_, own)| own).filter(|own| own.is_of_the_work()).collect();
    let lost = lost(term, &own);
    if lost.is_empty() {
        return None;
    }
    let names: Vec<String> = own.iter().map(|own| format!("`{}`", own.found.license)).collect();
    let message = format!(
        "`{}` {} `{}`, whose {}, but declares {}: {lost} terms are lost",
        node.id,
        link.relation.phrase(),
        survey.node(link.to).id,
        term.clause(),
        names.join(" and "),
    );
    let usual = survey.usual(Code::Relicense);
    let severity =
        if certainty == Certainty::Certain { usual } else { usual.min(Severity::Warning) };
    Some(link_draft(survey, link, at, term, Code::Relicense, (severity, certainty), message))
}

/// the terms of a model reach what is made with its output.
fn output(survey: &Survey<'_>, link: &Link, at: usize, term: &Term<'_>) -> Option<Draft> {
    let entry: &Entry = term.found.entry.filter(|_| term.is_of_the_work())?;
    let made_with_output = matches!(link.relation, Relation::DistilledFrom | Relation::GeneratedBy);
    if !made_with_output
        || (entry.output_restrictions.is_empty() && !entry.outputs_trained_model_named)
    {
        return None;
    }
    let path = survey.path_to_node(link.from)?;
    let terms = match entry.output_restrictions.as_str() {
        "" => entry.naming_requirement.as_str(),
        restrictions => restrictions,
    };
    let (node, code) = (survey.node(link.from), Code::Output);
    let (phrase, license) = (link.relation.phrase(), &term.found.license);
    let message = format!(
        "`{}` {phrase} `{}`, and `{license}` says: {terms}",
        node.id,
        survey.node(link.to).id
    );
    Some(Draft {
        code,
        severity: survey.usual(code),
        certainty: Certainty::Stated,
        node: link.from,
        term: Some(at),
        path: Some(path),
        message,
        fix: None,
    })
}

fn link_draft(
    survey: &Survey<'_>,
    link: &Link,
    term_at: usize,
    term: &Term<'_>,
    code: Code,
    (severity, certainty): (Severity, Certainty),
    message: String,
) -> Draft {
    let path = survey.path_over(link, term);
    Draft {
        code,
        severity,
        certainty,
        node: link.from,
        term: Some(term_at),
        path,
        message,
        fix: None,
    }
}

/// What a node declares, for a sentence.
fn declaration(survey: &Survey<'_>, node: u32) -> String {
    let own = survey.terms.of(node).filter(|(_, own)| own.is_inherited());
    let mut names: Vec<String> = own.map(|(_, own)| format!("`{}`", own.found.license)).collect();
    names.dedup();
    format!("{} ({})", names.join(" and "), survey.terms.declared(node))
}

/// The classes of a term that nothing in the declared terms keeps up; empty when nobody knows what is declared.
fn lost(term: &Term<'_>, own: &[&Term<'_>]) -> ClassSet {
    let declared = own.iter().fold(ClassSet::EMPTY, |set, own| set.union(own.found.classes));
    let same = own.iter().any(|own| own.found.license == term.found.license);
    if declared.is_empty() || declared.contains(Class::Unknown) || same {
        return ClassSet::EMPTY;
    }
    let keeps: fn(Class) -> &'static [Class] = |class| match class {
        Class::NonCommercial => &[Class::NonCommercial, Class::ResearchOnly, Class::Proprietary],
        Class::ResearchOnly => &[Class::ResearchOnly, Class::Proprietary],
        Class::UseRestricted => &[Class::UseRestricted, Class::Proprietary],
        Class::ScaleRestricted => &[Class::ScaleRestricted, Class::Proprietary],
        Class::Proprietary => &[Class::Proprietary],
        // Permissive terms go under any others; copyleft is asked below; no-derivatives has a finding of its own.
        _ => &Class::ALL,
    };
    let dropped = |class: &Class| !keeps(*class).iter().any(|keeper| declared.contains(*keeper));
    let lost: ClassSet = term.found.classes.iter().filter(dropped).collect();
    let Some(entry) = term.found.entry.filter(|entry| entry.derivative_must_same_license) else {
        return lost;
    };
    if own.iter().any(|own| goes_under(entry, own.found.entry)) {
        lost
    } else {
        lost.union(entry.classes())
    }
}

/// Whether what is made from something under a same-licence duty may stand under another licence.
fn goes_under(entry: &Entry, own: Option<&Entry>) -> bool {
    let Some(own) = own else { return false };
    if own.id == entry.id || entry.compatible_outbound.contains(&own.id) {
        return true;
    }
    // Later versions of one licence, unless the older one is held to its version.
    let (Some((stem, version)), Some((own_stem, own_version))) =
        (versioned(&entry.id), versioned(&own.id))
    else {
        return false;
    };
    stem == own_stem && own_version >= version && !entry.id.ends_with("-only")
}

/// A licence id without its version, and the version.
fn versioned(id: &str) -> Option<(&str, (u32, u32))> {
    let id = id.strip_suffix("-only").or_else(|| id.strip_suffix("-or-later")).unwrap_or(id);
    let (stem, version) = id.rsplit_once('-')?;
    let (major, minor) = version.split_once('.')?;
    Some((stem, (major.parse().ok()?, minor.parse().ok()?)))
}
