//! What the commands of a consumer share: the project, the registry that its lock is for, and the local store.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use tare_client::config::KnownRegistry;
use tare_client::credentials::Tokens;
use tare_client::event::Progress;
use tare_client::head::expired_root;
use tare_client::home::Home;
use tare_client::local::Local;
use tare_client::project::{Project, ProjectError};
use tare_client::registry::RegistryClient;
use tare_client::source::Source;
use tare_client::standing;
use tare_format::lock::Lock;
use tare_format::registry::RegistryId;

use crate::context::Context;
use crate::error::CommandError;

/// A registry and the local store, ready to be asked.
pub(crate) struct Session {
    client: RegistryClient,
    id: RegistryId,
    local: Local,
    now: Timestamp,
    offline: bool,
    progress: Progress,
}

impl Session {
    /// The registry that is meant: by a flag, else the one that `lock` is for, else the default. It is asked for its id
    /// only where neither the configuration nor the lock knows it, so that a project that has everything asks nobody.
    ///
    /// # Errors
    /// When no registry is meant, or it is not known which one it is and it does not answer.
    pub(crate) async fn open(context: &Context, lock: Option<&Lock>) -> Result<Self, CommandError> {
        let locked = lock.and_then(|lock| lock.packages.first()).map(|package| &package.registry);
        let known = choose(context, locked)?;
        // Reading needs no token, so none is there that could leak.
        let client = context.client(&known, Tokens::default())?;
        let id = match known.id.as_ref().or(locked) {
            Some(id) => id.clone(),
            None => client.descriptor().await?.id.clone(),
        };
        Ok(Self {
            client,
            id,
            local: open_local(context)?,
            now: context.now(),
            offline: context.is_offline(),
            progress: context.progress(),
        })
    }

    /// The source that operations work with.
    pub(crate) fn source(&self) -> Source<'_> {
        let (id, local) = (self.id.clone(), self.local.clone());
        Source::new(&self.client, id, local, self.now, self.offline, self.progress.clone())
    }

    /// The registry, and which one it is.
    pub(crate) fn registry(&self) -> (&RegistryClient, &RegistryId) {
        (&self.client, &self.id)
    }

    /// The registry alone.
    pub(crate) fn into_client(self) -> RegistryClient {
        self.client
    }

    /// The local store.
    pub(crate) fn local(&self) -> &Local {
        &self.local
    }
}

/// The local store alone, for commands that never ask a registry.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open_local(context: &Context) -> Result<Local, CommandError> {
    Ok(Local::open(Home::new(context.home()))?)
}

/// The project that the command runs in.
///
/// # Errors
/// When there is none, or its files have a mistake.
pub(crate) fn open_project(context: &Context) -> Result<Project, CommandError> {
    Project::find(context.cwd()).map_err(|error| project_error(context, error))
}

/// The lock of a project that must have one.
///
/// # Errors
/// When it has none.
pub(crate) fn locked<'p>(
    context: &Context,
    project: &'p Project,
) -> Result<&'p Lock, CommandError> {
    project.lock().ok_or_else(|| {
        let folder = context.show(project.root());
        let message = format!("the project in `{folder}` has no `Tare.lock`");
        CommandError::new(tare_client::ErrorKind::NotFound, "E-NO-LOCK", message)
            .help("run `tare install`, or `tare lock` to make only the lock")
    })
}

/// Says which locked releases were yanked or withdrawn since, by what was last seen of them, and whether the keys of their
/// registry still count.
pub(crate) fn warn_of_standings(context: &Context, local: &Local, lock: &Lock) {
    let registries: BTreeSet<&RegistryId> =
        lock.packages.iter().map(|package| &package.registry).collect();
    for registry in registries {
        if let Some(warning) = expired_root(local.home(), registry, context.now()) {
            context.terminal.warn(warning);
        }
    }
    for warning in standing::warnings(local, lock) {
        context.terminal.warn(&warning);
    }
}

/// An error of a project, with the place in the file where there is one.
pub(crate) fn project_error(context: &Context, error: ProjectError) -> CommandError {
    match error {
        ProjectError::Document { path, source } => {
            CommandError::in_file(Path::new(&context.show(&path)), &source)
        }
        error => error.into(),
    }
}

/// A registry that only the lock names: its id is enough to verify what mirrors have, and what is here already.
fn known_by_its_lock(
    context: &Context,
    locked: &RegistryId,
) -> Result<Option<KnownRegistry>, CommandError> {
    let mirrors = context.env.mirrors();
    let mirrors = mirrors.map_err(|error| CommandError::usage(error.to_string()))?;
    let url = match mirrors.into_iter().next() {
        Some(mirror) => mirror,
        None if context.is_offline() => {
            let nowhere = format!("offline://{locked}/");
            nowhere.parse().map_err(|_| CommandError::usage(format!("`{nowhere}` is no URL")))?
        }
        None => return Ok(None),
    };
    let (name, id) = (locked.to_string(), Some(locked.clone()));
    Ok(Some(KnownRegistry { name, url, id, mirrors: Vec::new() }))
}

fn choose(context: &Context, locked: Option<&RegistryId>) -> Result<KnownRegistry, CommandError> {
    let is_chosen = context.global.registry.is_some() || context.env.get("TARE_REGISTRY").is_some();
    if !is_chosen && let Some(locked) = locked {
        let config = context.config()?;
        let same = config.registries().find(|known| known.id.as_ref() == Some(locked));
        if let Some(known) = same {
            return Ok(known.clone());
        }
        if let Some(place) = known_by_its_lock(context, locked)? {
            return Ok(place);
        }
    }
    context.chosen()
}
