//! The whole in one line: never a slogan, always a class, and what contested terms would add.

use std::collections::BTreeSet;

use super::survey::Survey;
use super::{Certainty, Relation, TrainingData};
use crate::{Class, ClassSet};

/// What reaches what is used, taken together.
pub(super) struct Whole {
    pub(super) effective: ClassSet,
    pub(super) effective_contested: ClassSet,
    pub(super) headline: String,
}

pub(super) fn of(survey: &Survey<'_>) -> Whole {
    let (mut effective, mut contested) = (ClassSet::EMPTY, ClassSet::EMPTY);
    for term in survey.terms.all.iter().filter(|term| term.is_inherited()) {
        match survey.arrival(term) {
            Some((_, arrival)) if arrival.certainty == Certainty::Contested => {
                contested = contested.union(term.found.classes);
            }
            Some(_) => effective = effective.union(term.found.classes),
            None => {}
        }
    }
    let shown = if survey.rules.training_data == TrainingData::Ignore {
        ClassSet::EMPTY
    } else {
        contested
    };
    Whole {
        effective,
        effective_contested: effective.union(contested),
        headline: headline(survey, effective, shown),
    }
}

fn headline(survey: &Survey<'_>, effective: ClassSet, contested: ClassSet) -> String {
    let certain = effective.worst();
    let words = certain.map_or_else(|| "no licence applies".to_owned(), |class| class.to_string());
    let added = contested.worst().filter(|class| Some(*class) > certain);
    let Some(class) = added else { return words };
    let verb = if survey.rules.training_data == TrainingData::Inherit {
        "inherited by policy"
    } else {
        "contested"
    };
    format!("{words} ({verb}: {class} via {})", sources(survey, class))
}

/// How many things bring a contested class in, and what they are.
fn sources(survey: &Survey<'_>, class: Class) -> String {
    let mut nodes = BTreeSet::new();
    let mut all_data = true;
    for term in survey
        .terms
        .all
        .iter()
        .filter(|term| term.is_inherited() && term.found.classes.contains(class))
    {
        let contested = survey
            .arrival(term)
            .is_some_and(|(_, arrival)| arrival.certainty == Certainty::Contested);
        if contested && nodes.insert(term.node) {
            all_data &= survey.way_back(term).any(|(_, link)| link.relation == Relation::TrainedOn);
        }
    }
    let what = if all_data { "training set" } else { "source" };
    format!("{} {what}{}", nodes.len(), if nodes.len() == 1 { "" } else { "s" })
}
