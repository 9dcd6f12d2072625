//! `tare-registry witness`: cosign the logs of others.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use registry_server::witness::{self, Witness};
use serde_json::json;
use tare_tlog::key::{KeyName, VerifierKey};
use tokio::net::TcpListener;

use super::{Common, output, serve};

/// What a witness does.
#[derive(Subcommand)]
pub(super) enum WitnessVerb {
    /// Make the folder of a witness with a new key, and print the key for a root document
    Init {
        /// The name of the witness, as in `w1.example/w`; one name is one key for ever
        #[arg(long)]
        name: KeyName,
    },
    /// Cosign checkpoints over HTTP, as C2SP's tlog-witness says
    Serve {
        /// The address to listen on; port 0 chooses a free one
        #[arg(long, default_value = "127.0.0.1:8274")]
        listen: SocketAddr,
        /// The key of a log to cosign; may be repeated
        #[arg(long = "log", required = true)]
        logs: Vec<VerifierKey>,
        /// How the witness's own log is written
        #[arg(long, value_enum, default_value = "text")]
        log_format: serve::LogFormat,
    },
}

pub(super) async fn run(verb: WitnessVerb, common: &Common) -> anyhow::Result<()> {
    let config = common.config();
    match verb {
        WitnessVerb::Init { name } => {
            let key = Witness::init(&config.path, name, config.entropy.as_ref())?;
            output::data(&key);
            output::talk("give this line to the registries that are to count on the witness");
            output::talk("never put the folder back from a backup: make a new witness instead");
            Ok(())
        }
        WitnessVerb::Serve { listen, logs, log_format } => {
            serve::start_log(log_format);
            let stopped = serve::stopped().context("failed to listen for signals")?;
            let witness = Witness::open(&config.path, logs, Arc::clone(&config.clock))?;
            let witness = Arc::new(witness);
            let listener = TcpListener::bind(listen)
                .await
                .with_context(|| format!("failed to listen on {listen}"))?;
            greet(common, &config.path, &witness, listener.local_addr()?)?;
            witness::serve(witness, &config, listener, stopped).await?;
            output::talk("stopped");
            Ok(())
        }
    }
}

fn greet(
    common: &Common,
    path: &PathBuf,
    witness: &Witness,
    address: SocketAddr,
) -> anyhow::Result<()> {
    let url = serve::url_of(address);
    if common.json {
        let key = witness.verifier().to_string();
        // One line, so that who reads it need not know where it ends.
        let said = json!({ "url": url, "path": path, "key": key });
        output::data(serde_json::to_string(&said)?);
        return Ok(());
    }
    output::data(&url);
    output::talk(format!("the witness `{}` cosigns at {url}", witness.verifier().name()));
    Ok(())
}
