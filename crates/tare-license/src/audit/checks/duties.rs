//! What the licences ask to be done (AU-24). A duty that reaches what is used through what it was made from counts too.

use crate::audit::survey::{Draft, Survey};
use crate::audit::terms::Term;
use crate::audit::{Certainty, Code};
use crate::catalogue::{Effect, Entry};

pub(super) fn check(survey: &Survey<'_>, drafts: &mut Vec<Draft>) {
    for (at, term) in survey.terms.all.iter().enumerate() {
        let Some(entry) = term.found.entry else { continue };
        let reaches = survey
            .arrival(term)
            .is_some_and(|(_, arrival)| arrival.certainty > Certainty::Contested);
        if !reaches {
            continue;
        }
        for (code, duty) in duties(survey, term, entry).into_iter().flatten() {
            let message = format!("{}: {duty}", term.sentence(survey.node(term.node)));
            drafts.extend(survey.about(at, code, survey.usual(code), message));
        }
    }
}

fn duties(survey: &Survey<'_>, term: &Term<'_>, entry: &Entry) -> [Option<(Code, String)>; 9] {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let is_allowed = survey.rules.refused(&term.found).is_empty();
    let name = entry.name_prefix.as_deref().map(|prefix| format!("names begin with \"{prefix}\""));
    let shown = entry
        .display_text
        .as_deref()
        .filter(|_| entry.threshold_effect != Some(Effect::Attribution));
    let notice = entry.notice_text.as_deref().map_or_else(
        || "pass its notices on".to_owned(),
        |notice| format!("pass on the notice \"{notice}\""),
    );
    let policy = entry.aup_url.as_deref().unwrap_or("its use policy");
    [
        entry.use_restrictions_flow_down.then(|| {
            (Code::FlowDown, "its use restrictions must stand in your terms to others".to_owned())
        }),
        name.map(|name| (Code::Naming, name)),
        shown.map(|shown| (Code::Display, format!("show \"{shown}\""))),
        (entry.notice_file && entry.knows("notice_file")).then_some((Code::Notice, notice)),
        (entry.attribution && entry.knows("attribution"))
            .then(|| (Code::Attribution, "name the source and the licence".to_owned())),
        entry.deployer_obligation.clone().map(|duty| (Code::Deployer, duty)),
        // A class that is not allowed was found already, under the same code.
        text(&entry.field_of_use).filter(|_| is_allowed).map(|field| (Code::Field, field)),
        (entry.revocable && entry.knows("revocable"))
            .then(|| (Code::Revocable, "the licensor may end it".to_owned())),
        entry.aup_mutable.then(|| (Code::MutablePolicy, format!("{policy} may change"))),
    ]
}
