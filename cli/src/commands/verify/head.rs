//! `tare verify --head`: what every place that serves the registry says is current.

use serde_json::{Value, json};
use tare_client::head::{Answered, Follower, Outcome};
use tare_client::home::Home;

use crate::commands::registry::{describe_head, head_to_json};
use crate::context::Context;
use crate::error::CommandError;
use crate::session::Session;
use crate::ui::{Table, Text, Tone};

/// Asks every place for its head and compares them with each other and with what was seen here.
pub(super) async fn run(context: &Context) -> Result<(), CommandError> {
    let session = Session::open(context, None).await?;
    let home = Home::new(context.home());
    let (client, id) = session.registry();
    let follower = Follower::new(client, id.clone(), &home, context.now(), context.is_offline());
    let survey = follower.survey().await?;
    if context.global.json {
        let sources: Vec<Value> = survey.answers.iter().map(to_json).collect();
        let document = json!({ "head": head_to_json(&survey.head), "sources": sources });
        context.terminal.print_json(&document);
        return Ok(follower.require_sound(&survey)?);
    }
    show_sources(&survey.answers, context);
    follower.require_sound(&survey)?;
    context.terminal.status("Verified", describe_head(&survey.head, context.now()));
    context.terminal.status("Root hash", survey.head.tree_root().to_string());
    let behind = survey.answers.iter().filter_map(|answered| answered.warning(&survey.head));
    behind.for_each(|warning| context.terminal.warn(warning));
    Ok(())
}

/// What each place has, a line each.
pub(crate) fn show_sources(answers: &[Answered], context: &Context) {
    let mut table = Table::new();
    for answered in answers {
        let (tone, word, detail) = words(&answered.outcome);
        table.row([
            Text::from(answered.from.as_str()),
            Text::new().toned(tone, word),
            Text::new().dim(detail),
        ]);
    }
    table.print(&context.terminal);
}

fn words(outcome: &Outcome) -> (Tone, &'static str, String) {
    match outcome {
        Outcome::Newest => (Tone::Good, "newest", String::new()),
        Outcome::Stale { tip, time: None } => (Tone::Warn, "stale", format!("{} events", tip.size)),
        Outcome::Stale { tip, time: Some(time) } => {
            (Tone::Warn, "stale", format!("{} events, the newest until {time}", tip.size))
        }
        Outcome::Refused(reason) => (Tone::Bad, "refused", reason.clone()),
        Outcome::Silent(reason) => (Tone::Warn, "no answer", reason.clone()),
        Outcome::Missing => (Tone::Warn, "no head", String::new()),
    }
}

/// What `--json` prints of a place.
pub(crate) fn to_json(answered: &Answered) -> Value {
    let (_, word, _) = words(&answered.outcome);
    let mut json = json!({ "source": answered.from, "outcome": word });
    match &answered.outcome {
        Outcome::Stale { tip, time } => {
            json["size"] = json!(tip.size);
            json["root"] = json!(tip.root);
            json["witnessed"] = json!(time.map(|time| time.to_string()));
        }
        Outcome::Refused(reason) | Outcome::Silent(reason) => json["reason"] = json!(reason),
        Outcome::Newest | Outcome::Missing => {}
    }
    json
}
