//! `tare-registry serve`.

use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use registry_server::accounts::DEFAULT_LIFETIME;
use registry_server::{HttpCosigners, Registry, TokenText, serve};
use serde_json::json;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::{Common, DEFAULT_PATH, output};

/// How the lines about requests and jobs are written.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum LogFormat {
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
    /// A mirror that clients are told of, as often as there are mirrors
    #[arg(long, value_name = "URL", value_parser = web_address)]
    mirror: Vec<String>,
    /// How the lines about requests and jobs are written to standard error; `RUST_LOG` chooses which
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    start_log(args.log);
    let stopped = stopped().context("failed to listen for signals")?;
    let mut config = args.common.config();
    config.mirrors = Some(args.mirror);
    config.cosigners = Arc::new(HttpCosigners::new()?);
    let registry = Registry::open_or_init(config.clone()).await?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("failed to listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    let token = registry.bootstrap().await?;
    let users = registry.users().await?;
    let admin = users.into_iter().find(|user| user.admin && !user.disabled);
    let welcome = Welcome {
        path: &config.path,
        address,
        token: token.as_ref().map(TokenText::reveal),
        admin: admin.map(|user| user.login),
    };
    greet(&args.common, &welcome)?;
    serve(Arc::clone(&registry), listener, stopped).await?;
    registry.close().await;
    output::talk("stopped");
    Ok(())
}

/// What is to be said when the registry starts.
struct Welcome<'w> {
    path: &'w Path,
    address: SocketAddr,
    token: Option<&'w str>,
    /// Somebody who may make tokens for everything.
    admin: Option<String>,
}

/// Says where the registry is, and the first token, this once.
fn greet(common: &Common, welcome: &Welcome<'_>) -> anyhow::Result<()> {
    let (url, path, token) = (url_of(welcome.address), welcome.path, welcome.token);
    if common.json {
        // One line, so that who reads it need not know where it ends.
        output::data(serde_json::to_string(&json!({ "url": url, "path": path, "token": token }))?);
        return Ok(());
    }
    output::data(&url);
    for line in greeting(welcome) {
        output::talk(line);
    }
    Ok(())
}

/// What a person is told when the registry starts.
fn greeting(welcome: &Welcome<'_>) -> Vec<String> {
    let Welcome { path, address, token, ref admin } = *welcome;
    let url = url_of(address);
    let mut lines = vec![format!("serving `{}` at {url}", path.display())];
    if address.ip().is_unspecified() {
        lines.push(format!("it listens on every address of this machine, port {}", address.port()));
    }
    if let Some(token) = token {
        let days = DEFAULT_LIFETIME.as_hours() / 24;
        lines.push(format!("a token of the user `admin`, shown this once, valid for {days} days:"));
        lines.push(format!("  {token}"));
        lines.push("to use it, paste it after:".to_owned());
        lines.push(format!("  tare login --registry {url}"));
    } else {
        lines.push(format!(
            "for another token: tare-registry token create{} --user {} --scope 'publish:*'",
            path_option(path),
            admin.as_deref().unwrap_or("LOGIN")
        ));
    }
    lines
}

/// Where to reach a registry that listens on `address`: one that listens everywhere has no one address, but is here too.
pub(super) fn url_of(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

/// A URL that a client can read from.
fn web_address(text: &str) -> Result<String, String> {
    let is_web =
        reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web { Ok(text.to_owned()) } else { Err("a mirror is an http or https URL".to_owned()) }
}

/// `--path` as a shell takes it; nothing for the folder that is taken without.
fn path_option(path: &Path) -> String {
    if path == Path::new(DEFAULT_PATH) {
        return String::new();
    }
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    match path.chars().all(plain) {
        true => format!(" --path {path}"),
        false => format!(" --path '{}'", path.replace('\'', r"'\''")),
    }
}

pub(super) fn start_log(format: LogFormat) {
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

/// Ready when somebody asks the process to stop. It listens from now on and not from when it is first waited for: a
/// signal in between would end the process where it stands.
#[cfg(unix)]
pub(super) fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when somebody asks the process to stop.
#[cfg(not(unix))]
pub(super) fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let interrupt = tokio::signal::ctrl_c();
    Ok(async {
        let _ = interrupt.await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_start_names_the_folder_as_a_shell_takes_it() {
        let last = |path| {
            let (path, address) = (Path::new(path), ([127, 0, 0, 1], 8273).into());
            let admin = Some("ada".to_owned());
            greeting(&Welcome { path, address, token: None, admin }).pop().unwrap()
        };
        assert!(last(DEFAULT_PATH).contains("token create --user ada "));
        assert!(last("/srv/tare").contains("token create --path /srv/tare --user"));
        assert!(last("it's").contains(r"--path 'it'\''s' --user"));
    }

    #[test]
    fn the_url_can_be_reached_although_it_listens_everywhere() {
        let (path, address) = (Path::new("r"), ([0, 0, 0, 0], 8273).into());
        let lines = greeting(&Welcome { path, address, token: Some("tare_x"), admin: None });
        assert!(lines[0].ends_with("at http://127.0.0.1:8273"), "{lines:?}");
        assert!(lines[1].contains("every address"), "{lines:?}");
        assert!(lines[2].contains("30 days"), "{lines:?}");
        let everywhere = "[::]:1".parse().unwrap();
        assert_eq!(url_of(everywhere), "http://[::1]:1");
    }
}
