//! `tare-registry serve`.

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use registry_server::{Config, Registry, TokenText, serve};
use serde_json::json;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::{Common, output};

/// How the log is written.
#[derive(Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON document a line.
    Json,
}

/// What `serve` takes.
#[derive(clap::Args)]
pub(super) struct ServeArgs {
    /// The address to listen on; port 0 chooses a free one
    #[arg(long, default_value = "127.0.0.1:8273")]
    listen: SocketAddr,
    /// How the log is written
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    start_log(args.log);
    let config = args.common.config();
    if !config.is_initialised() {
        Registry::init(&config).await?;
    }
    let registry = Registry::open(config.clone()).await?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("failed to listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    let token = registry.bootstrap().await?;
    greet(&args.common, &config, address, token.as_ref())?;
    serve(std::sync::Arc::clone(&registry), listener, stopped()).await?;
    registry.close().await;
    output::talk("stopped");
    Ok(())
}

/// Says where the registry is, and the first token, this once.
fn greet(
    common: &Common,
    config: &Config,
    address: SocketAddr,
    token: Option<&TokenText>,
) -> anyhow::Result<()> {
    let url = format!("http://{address}");
    if common.json {
        // One line, so that who reads it need not know where it ends.
        let token = token.map(TokenText::reveal);
        output::data(serde_json::to_string(
            &json!({ "url": url, "path": config.path, "token": token }),
        )?);
        return Ok(());
    }
    output::data(&url);
    output::talk(format!("serving `{}` at {url}", config.path.display()));
    match token {
        Some(token) => {
            output::talk("a token of the user `admin`, shown this once:");
            output::talk(format!("  {}", token.reveal()));
            output::talk("to use it, paste it after:");
            output::talk(format!("  tare login --registry {url}"));
        }
        None => output::talk(
            "for another token: tare-registry token create --user admin --scope 'publish:*'",
        ),
    }
    Ok(())
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Ready when somebody asks the process to stop.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
