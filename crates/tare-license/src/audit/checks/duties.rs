//! What the licences ask to be done. A duty that reaches what is used through what it was made from counts too.

use std::borrow::Cow;

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

fn duties<'c>(
    survey: &Survey<'_>,
    term: &Term<'_>,
    entry: &'c Entry,
) -> [Option<(Code, Cow<'c, str>)>; 9] {
    let is_allowed = survey.rules.refused(&term.found).is_empty();
    let when = |asked: bool, code, duty: &'static str| asked.then_some((code, Cow::Borrowed(duty)));
    let in_words = |code, duty: &'c str| (!duty.is_empty()).then_some((code, Cow::Borrowed(duty)));
    let quoting = |code, text: &Option<String>, say: fn(&str) -> String| {
        text.as_deref().map(|text| (code, Cow::Owned(say(text))))
    };
    let notice = quoting(Code::Notice, &entry.notice_text, |notice| {
        format!("pass on the notice \"{notice}\"")
    });
    let display = quoting(Code::Display, &entry.display_text, |text| format!("show \"{text}\""));
    let is_only_above_a_size = entry.threshold_effect == Some(Effect::Attribution);
    let attribution = entry.attribution && entry.knows("attribution");
    let policy = entry.aup_url.as_deref().unwrap_or("its use policy");
    [
        when(
            entry.use_restrictions_flow_down,
            Code::FlowDown,
            "its use restrictions must stand in your terms to others",
        ),
        quoting(Code::Naming, &entry.name_prefix, |prefix| {
            format!("names begin with \"{prefix}\"")
        }),
        display.filter(|_| !is_only_above_a_size),
        notice
            .or_else(|| when(entry.notice_file, Code::Notice, "pass its notices on"))
            .filter(|_| entry.notice_file && entry.knows("notice_file")),
        when(attribution, Code::Attribution, "name the source and the licence"),
        in_words(Code::Deployer, entry.deployer_obligation.as_deref().unwrap_or_default()),
        // A class that is not allowed was found already, under the same code.
        in_words(Code::Field, &entry.field_of_use).filter(|_| is_allowed),
        when(
            entry.revocable && entry.knows("revocable"),
            Code::Revocable,
            "the licensor may end it",
        ),
        entry
            .aup_mutable
            .then(|| (Code::MutablePolicy, Cow::Owned(format!("{policy} may change")))),
    ]
}
