//! A tour of Tare on a registry of its own, in a temporary folder and on loopback only.
//!
//! `cargo run --release --example quickstart` trains two tiny models, publishes them with the data that they were trained
//! on, installs one by a version range, and shows that its non-commercial ancestor is found. Each command is printed
//! before its output, so that reading it teaches the tool.

#![expect(clippy::print_stdout, reason = "an example talks")]

mod model;
mod packages;
mod safetensors;

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use registry_server::{Config, Registry, serve};
use tare::{Env, Terminal};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let root = temporary.path();

    say("Two models are trained: a base, and a LoRA adapter on it.");
    for training in packages::write(root)? {
        println!(
            "  {}: {:.2} → {:.2} bits a letter",
            training.what, training.before, training.after
        );
    }

    say("A registry is a folder and one process.");
    let config = Config::new(root.join("tare-registry"));
    Registry::init(&config).await?;
    let registry = Registry::open(config).await?;
    let token = registry.bootstrap().await?.ok_or("a new registry has a first token")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("$ tare-registry serve\n  {url}");
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve(registry, listener, stopped));

    let tour = Tour { root: root.to_owned() };
    tour.publish(&url, token.reveal()).await?;
    tour.consume().await?;
    tour.audit().await?;

    let _ = stop.send(());
    server.await??;
    say("That was all of it: `tare help` lists the commands, README.md has the same tour by hand.");
    Ok(())
}

/// Runs commands in a world of their own.
struct Tour {
    root: PathBuf,
}

impl Tour {
    async fn publish(&self, url: &str, token: &str) -> Result<(), Box<dyn Error>> {
        say(
            "A publisher makes a key and logs in. The key is encrypted; here its passphrase is in TARE_KEY_PASSWORD.",
        );
        self.run(".", "tare keygen", 0).await?;
        self.run_with_input(".", &format!("tare login --registry {url}"), 0, token).await?;

        say(
            "Data sets are packages as well. This one is in the public domain, the other is non-commercial.",
        );
        self.run("proverbs", "tare publish", 0).await?;
        self.run("verses", "tare publish", 0).await?;

        say("What would go into a package, and publishing a base with its adapter in one step.");
        self.run("tiny-speller", "tare package --list", 0).await?;
        self.run(".", "tare publish tiny-speller rhyme", 0).await
    }

    async fn consume(&self) -> Result<(), Box<dyn Error>> {
        say(
            "A project asks for the adapter by a version range. The base comes with it; both are locked.",
        );
        std::fs::create_dir(self.root.join("poet"))?;
        self.run("poet", "tare init", 0).await?;
        self.run("poet", "tare add demo/rhyme@^0.1", 0).await?;
        self.run("poet", "tare install", 0).await?;
        self.run("poet", "tare path demo/rhyme", 0).await?;

        say("Every file and every signature is checked again, without the network.");
        self.run("poet", "tare verify --offline", 0).await?;
        self.run("poet", "tare tree --lineage", 0).await?;
        self.run("poet", "tare why demo/tiny-speller", 0).await
    }

    async fn audit(&self) -> Result<(), Box<dyn Error>> {
        say(
            "Both models say Apache-2.0. The audit finds what the tags do not say: the adapter learned from verses that are\n\
             non-commercial. Whether that reaches the weights is contested, and the report says so.",
        );
        self.run("poet", "tare audit --profile commercial", 0).await?;

        say(
            "Whoever wants to be on the safe side lets training data count. Then the answer is no, and the exit code 10.",
        );
        std::fs::write(
            self.root.join("poet/audit.toml"),
            "[policy]\ntraining-data = \"inherit\"\n",
        )?;
        self.run("poet", "tare audit --profile commercial --policy audit.toml", 10).await
    }

    async fn run(&self, folder: &str, command: &str, expected: u8) -> Result<(), Box<dyn Error>> {
        self.run_with_input(folder, command, expected, "").await
    }

    /// Prints a command, runs it in this process, and insists on its exit code.
    async fn run_with_input(
        &self,
        folder: &str,
        command: &str,
        expected: u8,
        input: &str,
    ) -> Result<(), Box<dyn Error>> {
        let place = if folder == "." { String::new() } else { folder.to_owned() };
        println!("\n{place}$ {command}");
        let env = Env::bare(self.root.join(Path::new(folder)))
            .with("TARE_HOME", self.root.join("home").display().to_string())
            .with("TARE_KEY_PASSWORD", "quickstart");
        let input = Cursor::new(format!("{input}\n").into_bytes());
        let terminal = Terminal::to_writers(io::stdout(), io::stdout(), input);
        let arguments = command.split(' ').skip(1).map(OsString::from);
        let code = tare::run(arguments, env, terminal).await;
        if code != expected {
            return Err(format!("`{command}` ended with {code}, expected {expected}").into());
        }
        if code != 0 {
            println!("(exit code {code})");
        }
        Ok(())
    }
}

fn say(text: &str) {
    println!("\n# {}", text.replace('\n', "\n# "));
}
