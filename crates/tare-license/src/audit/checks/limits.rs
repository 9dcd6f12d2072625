//! Do the facts of the user pass the limits of the licences: size, place, registration?

use crate::audit::survey::{Draft, Survey};
use crate::audit::terms::Term;
use crate::audit::{Certainty, Code, Facts, Severity};
use crate::catalogue::{Effect, Entry};
use crate::{Class, Metric};

pub(super) fn check(survey: &Survey<'_>, drafts: &mut Vec<Draft>) {
    for (at, term) in survey.terms.all.iter().enumerate() {
        let Some(entry) = term.found.entry else { continue };
        let reaches = survey
            .arrival(term)
            .is_some_and(|(_, arrival)| arrival.certainty > Certainty::Contested);
        if reaches {
            drafts.extend(scale(survey, at, term, entry));
            drafts.extend(place(survey, at, term, entry));
            drafts.extend(registration(survey, at, term, entry));
        }
    }
}

/// Whether the facts pass any threshold of a licence.
enum Size {
    Passed { metric: Metric, amount: u64 },
    Below,
    Undecided(Vec<Metric>),
}

fn size(entry: &Entry, facts: &Facts) -> Size {
    let mut missing = Vec::new();
    let mut any = false;
    for threshold in entry.thresholds() {
        any = true;
        match facts.scale.get(&threshold.metric) {
            Some(&amount) if threshold.is_passed_by(amount) => {
                return Size::Passed { metric: threshold.metric, amount };
            }
            Some(_) => {}
            None => missing.push(threshold.metric),
        }
    }
    if any && missing.is_empty() { Size::Below } else { Size::Undecided(missing) }
}

fn scale(survey: &Survey<'_>, at: usize, term: &Term<'_>, entry: &Entry) -> Option<Draft> {
    let is_scale = term.found.classes.contains(Class::ScaleRestricted);
    if !is_scale && entry.thresholds().next().is_none() {
        return None;
    }
    let refused = survey.rules.refused(&term.found).contains(Class::ScaleRestricted);
    let code = if entry.threshold_effect == Some(Effect::Attribution) {
        Code::Display
    } else {
        Code::Scale
    };
    let who = term.sentence(survey.node(term.node));
    let limit = &entry.user_threshold;
    let on = entry.threshold_at.map_or_else(String::new, |day| format!(" (counted on {day})"));
    let (severity, message, fix) = match size(entry, survey.facts) {
        Size::Passed { metric, amount } => {
            let severity = match entry.threshold_effect {
                Some(Effect::Attribution | Effect::Review) => Severity::Warning,
                _ => survey.usual(code),
            };
            (
                severity,
                format!("{who}, and {metric} = {amount} passes its limit: {limit}{on}"),
                None,
            )
        }
        // A class that is not allowed was found already; that its limit is not passed does not help.
        Size::Below | Size::Undecided(_) if refused => return None,
        Size::Below if code == Code::Display => return None,
        Size::Below => {
            (Severity::Note, format!("{who}, and the facts are below its limit: {limit}{on}"), None)
        }
        Size::Undecided(missing) => {
            let severity = if code == Code::Display { Severity::Note } else { survey.usual(code) };
            let names: Vec<String> = missing.iter().map(|metric| format!("`{metric}`")).collect();
            let fix = if names.is_empty() {
                "read the text: its limit is no single number; record the decision as an exception"
                    .to_owned()
            } else {
                format!("state {} in the facts or in the policy's profile", names.join(" and "))
            };
            (severity, format!("{who}, and nothing decides its limit: {limit}{on}"), Some(fix))
        }
    };
    Some(Draft { fix, ..survey.about(at, code, severity, message)? })
}

fn place(survey: &Survey<'_>, at: usize, term: &Term<'_>, entry: &Entry) -> Option<Draft> {
    let who = term.sentence(survey.node(term.node));
    let scope =
        entry.geographic_scope.as_deref().map_or_else(String::new, |scope| format!(" ({scope})"));
    if survey.facts.geo.is_empty() {
        let places: Vec<&str> =
            entry.geographic_exclusion.iter().map(|excluded| excluded.place.as_str()).collect();
        if places.is_empty() {
            return None;
        }
        let severity = survey.usual(Code::Geo).min(Severity::Warning);
        let message = format!(
            "{who}, which grants nothing in {}{scope}, and no place is known",
            places.join(", ")
        );
        let fix = Some("state where the user and the use are: `geo`".to_owned());
        return Some(Draft { fix, ..survey.about(at, Code::Geo, severity, message)? });
    }
    let hits = entry.geographic_exclusion.iter().filter_map(|excluded| {
        let place = survey.facts.geo.iter().find(|place| place.overlaps(excluded.place))?;
        Some((excluded, place))
    });
    // An exclusion without a condition weighs more than one whose condition a person must check.
    let (excluded, place) = hits.min_by_key(|(excluded, _)| excluded.only.is_some())?;
    let usual = survey.usual(Code::Geo);
    let (severity, only) = match &excluded.only {
        Some(only) => (usual.min(Severity::Warning), format!(" for {only}")),
        None => (usual, String::new()),
    };
    let message = format!(
        "{who}, which grants nothing in {}{only}{scope}; {place} is in the facts",
        excluded.place
    );
    survey.about(at, Code::Geo, severity, message)
}

fn registration(survey: &Survey<'_>, at: usize, term: &Term<'_>, entry: &Entry) -> Option<Draft> {
    let registration = entry.registration.as_deref()?;
    let message = format!("{}: {registration}", term.sentence(survey.node(term.node)));
    survey.about(at, Code::Register, survey.usual(Code::Register), message)
}
