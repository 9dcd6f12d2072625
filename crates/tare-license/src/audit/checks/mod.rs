//! What an audit looks for. Each module is one kind of question; each finds drafts, and knows nothing of exceptions.

mod duties;
mod inherited;
mod limits;
mod nodes;
mod permitted;

use super::survey::{Draft, Survey};

/// Runs every check.
pub(super) fn run(survey: &Survey<'_>) -> Vec<Draft> {
    let mut drafts = Vec::with_capacity(4 * survey.terms.all.len());
    permitted::check(survey, &mut drafts);
    inherited::check(survey, &mut drafts);
    limits::check(survey, &mut drafts);
    duties::check(survey, &mut drafts);
    nodes::check(survey, &mut drafts);
    drafts
}
