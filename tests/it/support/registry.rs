//! A registry in this process, on a port of its own.

use std::path::{Path, PathBuf};

use registry_server::accounts::TokenRequest;
use registry_server::{App, Config, OpenError, Registry as Server, serve};
use tare_tlog::key::SigningKey;
use tare_tlog::note::Note;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::Project;

/// A registry that runs until it is dropped.
pub(crate) struct Registry {
    runtime: Option<Runtime>,
    app: App,
    folder: TempDir,
    url: String,
    stop: Option<oneshot::Sender<()>>,
}

impl Registry {
    /// Starts a new registry.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts a new registry that is configured in another way.
    pub(crate) fn start_with(configure: impl FnOnce(&mut Config)) -> Self {
        Self::made(configure, |config| async move { Server::init(&config).await })
    }

    /// Starts a new registry with a first root document that was signed elsewhere, and the key of its log.
    pub(crate) fn start_with_root(
        root: Note,
        log: &SigningKey,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        Self::made(
            configure,
            |config| async move { Server::init_with_root(&config, root, log).await },
        )
    }

    fn made<F>(configure: impl FnOnce(&mut Config), make: impl FnOnce(Config) -> F) -> Self
    where
        F: Future<Output = Result<(), OpenError>>,
    {
        let folder = TempDir::new().unwrap();
        let mut config = Config::new(folder.path().join("registry"));
        configure(&mut config);
        let runtime = Runtime::new().unwrap();
        let (app, listener) = runtime.block_on(async {
            make(config.clone()).await.unwrap();
            let app = Server::open(config).await.unwrap();
            (app, TcpListener::bind("127.0.0.1:0").await.unwrap())
        });
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        runtime.spawn(serve(App::clone(&app), listener, shutdown));
        Self { runtime: Some(runtime), app, folder, url, stop: Some(stop) }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The registry itself.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// A path among its public files.
    pub(crate) fn public(&self, path: &str) -> PathBuf {
        self.folder.path().join("registry/public").join(path)
    }

    /// Runs something that needs the registry's own world.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(work)
    }

    /// A token of `login`, who is made if there is nobody of that name, with these scopes.
    pub(crate) fn token(&self, login: &str, scopes: &[&str]) -> String {
        self.wait(async {
            if self.app.users().await.unwrap().iter().all(|user| user.login != login) {
                self.app.add_user(login, false).await.unwrap();
            }
            let request = TokenRequest {
                login: login.to_owned(),
                name: "test".to_owned(),
                scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
                lifetime: Some(jiff::SignedDuration::from_hours(1)),
            };
            self.app.create_token(&request).await.unwrap().reveal().to_owned()
        })
    }

    /// Somebody who can do everything with their own packages: with a key, logged in.
    pub(crate) fn publisher(&self, login: &str) -> Project {
        let project = Project::new();
        // Unencrypted, because a password is made to be slow.
        project.tare("keygen --no-password").succeeds();
        self.log_in(&project, &self.token(login, &["publish:*", "yank:*", "owner:*"]));
        project
    }

    /// Logs somebody in with a token.
    pub(crate) fn log_in(&self, project: &Project, token: &str) {
        project.tare_with(&["login", "--registry", &self.url], &format!("{token}\n")).succeeds();
    }

    /// How many bytes its packs have.
    pub(crate) fn stored_bytes(&self) -> u64 {
        fn size(folder: &Path) -> u64 {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            entries
                .map(|entry| {
                    let entry = entry.unwrap();
                    // A file may be moved away between the two calls.
                    let Ok(metadata) = entry.metadata() else { return 0 };
                    if metadata.is_dir() { size(&entry.path()) } else { metadata.len() }
                })
                .sum()
        }
        size(&self.public("packs"))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
