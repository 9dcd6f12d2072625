//! Is every class that reaches what is used allowed?

use std::collections::HashMap;
use std::sync::Arc;

use crate::audit::survey::{Draft, Survey};
use crate::audit::terms::{Problem, Term};
use crate::audit::{Certainty, Code, Severity, TrainingData};
use crate::{Class, ClassSet};

/// How many different unknown licences are looked up for "did you mean"; each look-up reads the whole catalogue.
const MAX_SUGGESTIONS: usize = 64;

pub(super) fn check(survey: &Survey<'_>, drafts: &mut Vec<Draft>) {
    let mut nearest = HashMap::new();
    for (at, term) in survey.terms.all.iter().enumerate() {
        let Some((_, arrival)) = survey.arrival(term) else { continue };
        let refused = survey.rules.refused(&term.found);
        if refused.contains(Class::Unknown) {
            unknown(survey, at, term, &mut nearest, drafts);
        }
        let named = refused.without(Class::Unknown.into());
        let counts = arrival.certainty > Certainty::Contested
            || survey.rules.training_data == TrainingData::Inherit;
        if counts {
            for class in named.iter() {
                let message = statement(survey, term, class);
                drafts.extend(survey.about(at, code_of(class), Severity::Error, message));
            }
            kept_copyleft(survey, at, term, refused, drafts);
        } else if let Some(worst) = named.worst() {
            let message = format!(
                "{}; whether that reaches what was trained on it or on its output is contested",
                statement(survey, term, worst)
            );
            drafts.extend(survey.about(
                at,
                Code::Contested,
                survey.usual(Code::Contested),
                message,
            ));
        }
    }
}

/// The code under which a class that is not allowed is found.
const fn code_of(class: Class) -> Code {
    match class {
        Class::Unknown => Code::Unknown,
        Class::NonCommercial | Class::ResearchOnly => Code::NonCommercial,
        Class::NoDerivatives => Code::NoDerivatives,
        Class::WeakCopyleft | Class::StrongCopyleft | Class::NetworkCopyleft => Code::Copyleft,
        Class::ShareAlikeData => Code::ShareAlike,
        Class::UseRestricted => Code::Field,
        Class::ScaleRestricted => Code::Scale,
        Class::PublicDomain | Class::Permissive | Class::AttributionData | Class::Proprietary => {
            Code::Class
        }
    }
}

fn statement(survey: &Survey<'_>, term: &Term<'_>, class: Class) -> String {
    let scope = term
        .found
        .entry
        .and_then(|entry| entry.nc_scope.as_deref())
        .filter(|_| class.bars_commercial_use());
    let scope = scope.map_or_else(String::new, |scope| format!(" (its text: {scope})"));
    format!("{}: {class}{scope}", term.sentence(survey.node(term.node)))
}

fn unknown<'a>(
    survey: &Survey<'a>,
    at: usize,
    term: &Term<'a>,
    nearest: &mut HashMap<Arc<str>, Option<String>>,
    drafts: &mut Vec<Draft>,
) {
    let node = survey.node(term.node);
    let (part, license) = (term.part, &term.found.license);
    let who = term.sentence(node);
    let listed = spdx::license_id(license).is_some();
    let message = match (&term.problem, term.found.entry) {
        (Some(Problem::Missing), _) => format!("`{}` declares no licence for its {part}", node.id),
        (Some(Problem::Unreadable(error)), _) => format!("the {part} of `{}`: {error}", node.id),
        (None, Some(entry)) if entry.class == Class::Unknown => {
            let note = entry.note.as_deref().map_or_else(String::new, |note| format!(" ({note})"));
            format!("{who}, which names no one licence{note}")
        }
        (None, Some(_)) => format!("{who}: its exception is not in the SPDX list"),
        (None, None) if listed => format!("{who}, which the catalogue has no class for"),
        (None, None) => format!("{who}, which the catalogue does not know"),
    };
    let Some(mut draft) = survey.about(at, Code::Unknown, Severity::Error, message) else { return };
    if term.found.entry.is_none() && term.problem.is_none() && !listed {
        if nearest.len() < MAX_SUGGESTIONS && !nearest.contains_key(license) {
            let found = survey.catalogue.nearest(license).map(|entry| entry.id.clone());
            nearest.insert(license.clone(), found);
        }
        if let Some(Some(meant)) = nearest.get(license) {
            draft.fix =
                Some(format!("did you mean `{meant}`? Otherwise {}", Code::Unknown.info().fix));
        }
    }
    drafts.push(draft);
}

/// Copyleft that is allowed is still a duty.
fn kept_copyleft(
    survey: &Survey<'_>,
    at: usize,
    term: &Term<'_>,
    refused: ClassSet,
    drafts: &mut Vec<Draft>,
) {
    for class in term.found.classes.without(refused).iter() {
        let code = code_of(class);
        if matches!(code, Code::Copyleft | Code::ShareAlike) {
            let message = statement(survey, term, class);
            drafts.extend(survey.about(at, code, survey.usual(code), message));
        }
    }
}
