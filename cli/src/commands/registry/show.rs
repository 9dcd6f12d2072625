//! `tare registry show`: whose word a registry hangs from, and what each place that serves it has.

use serde_json::{Value, json};
use tare_client::config::KnownRegistry;
use tare_client::credentials::Tokens;
use tare_client::head::{Answered, Follower, Head};
use tare_client::registry::RegistryClient;
use tare_client::root::TrustedRoot;
use tare_format::Sha256;
use tare_format::registry::{Registry, RegistryId};

use super::{describe_head, head_to_json, home};
use crate::commands::verify::{answer_to_json, show_answers};
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text};

/// What there is to show.
struct Shown<'a> {
    known: &'a KnownRegistry,
    id: RegistryId,
    /// What it says about itself; none without a connection.
    registry: Option<Registry>,
    /// The fingerprint of its first root document; none when it is not known here.
    first: Option<Sha256>,
    /// The newest head.
    head: Option<Head>,
    answers: Vec<Answered>,
}

/// Asks the registry and every place that serves it. Without a connection, shows what is known. A head that cannot be
/// trusted is an error, after everything else was shown.
pub(super) async fn run(known: &KnownRegistry, context: &Context) -> Result<(), CommandError> {
    let client = context.client(known, Tokens::default())?;
    let (shown, error) = look(known, &client, context).await?;
    if context.global.json {
        context.terminal.print_json(&shown.to_json());
    } else {
        shown.print(context);
        show_answers(&shown.answers, context);
    }
    error.map_or(Ok(()), Err)
}

async fn look<'a>(
    known: &'a KnownRegistry,
    client: &RegistryClient,
    context: &Context,
) -> Result<(Shown<'a>, Option<CommandError>), CommandError> {
    let offline = context.is_offline();
    let registry = match offline && known.id.is_some() {
        true => None,
        false => Some(client.descriptor().await?.clone()),
    };
    let id = known.id.clone().or_else(|| registry.as_ref().map(|registry| registry.id.clone()));
    let id = id.ok_or_else(|| CommandError::usage("it is not known which registry this is"))?;
    let follower = Follower::new(client, id.clone(), &home(context), context.now(), offline);
    let kept = follower.kept_head().ok();
    let (head, first, answers, error) = if offline {
        let first = kept.as_ref().map(Head::root_document).filter(|root| root.version() == 1);
        let first = first.map(TrustedRoot::fingerprint);
        (kept, first, Vec::new(), None)
    } else {
        let first = TrustedRoot::first(client, &id).await?.fingerprint();
        match follower.survey().await {
            Ok(survey) => {
                let error = follower.require_unexpired(&survey.head).err();
                (Some((*survey.head).clone()), Some(first), survey.answers, error)
            }
            Err(error) => (kept, Some(first), Vec::new(), Some(error)),
        }
    };
    let shown = Shown { known, id, registry, first, head, answers };
    Ok((shown, error.map(CommandError::from)))
}

impl Shown<'_> {
    fn print(&self, context: &Context) {
        let mut table = Table::new();
        let mut row = |key: &str, value: String| {
            table.row([Text::new().dim(key), Text::from(value)]);
        };
        row("name", self.known.name.clone());
        row("url", self.known.url.to_string());
        self.known.mirror_urls().into_iter().for_each(|url| row("mirror", url.to_string()));
        row("id", self.id.to_string());
        if let Some(first) = &self.first {
            row("first root", first.to_string());
        }
        if let Some(head) = &self.head {
            let (root, document) = (head.root_document(), head.root_document().document());
            let signed = format!("signed by {}", root.signers().join(", "));
            let version = root.version();
            row("root", format!("version {version}, until {}, {signed}", document.expires));
            let quorum = document.policy.quorum_in_words();
            let alone = "none: nobody but the registry says what is newest".to_owned();
            row("quorum", quorum.unwrap_or(alone));
            row("log", describe_head(head, context.now()));
            row("logged", head.logged().to_string());
        }
        if let Some(registry) = &self.registry {
            let api = registry.api.clone();
            row("api", api.unwrap_or_else(|| "none: a read-only copy".to_owned()));
            row("codecs", registry.codecs.join(", "));
        }
        table.print(&context.terminal);
    }

    fn to_json(&self) -> Value {
        let policy = self.head.as_ref().map(|head| &head.root_document().document().policy);
        json!({
            "name": self.known.name,
            "url": self.known.url.as_str(),
            "mirrors": self.known.mirror_urls(),
            "id": self.id,
            "root-sha256": self.first.map(|first| first.hex()),
            "quorum": policy.and_then(|policy| policy.quorum_in_words()),
            "head": self.head.as_ref().map(head_to_json),
            "sources": self.answers.iter().map(answer_to_json).collect::<Vec<_>>(),
            "registry": self.registry,
        })
    }
}
