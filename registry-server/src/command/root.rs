//! `tare-registry root`: which keys speak for the registry.

mod show;
mod sign;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use registry_server::root::{
    self, Changes, Expiry, First, KeyList, Quorum, RootFile, WitnessSpec, Witnessing,
};
use registry_server::{Config, Registry, key_file};
use serde_json::json;
use tare_tlog::key::{Algorithm, KeyName, SigningKey};
use tare_tlog::policy::Policy;

use super::{Common, output};

/// What is done with root documents.
#[derive(Subcommand)]
pub(super) enum RootVerb {
    /// Make a root key; needs no registry
    Keygen {
        /// The name of the key, as in `alice.example/root`
        name: KeyName,
        /// Where to write it: OUT.key, to be kept, and OUT.pub, to be given to the registry's operator
        #[arg(long)]
        out: PathBuf,
    },
    /// Draft the first root document of a registry
    Init(InitArgs),
    /// Sign a draft; needs no registry
    ///
    /// Run it where the key is. Compare what it prints with what was agreed on.
    Sign {
        /// The file of the key
        #[arg(long)]
        key: PathBuf,
        /// The version before, whose keys have to agree too; needed for a key that is leaving
        #[arg(long)]
        previous: Option<PathBuf>,
        /// The draft
        file: PathBuf,
    },
    /// Draft the next root document
    Next(NextArgs),
    /// Publish a draft that enough keys have signed
    Publish {
        /// The draft; the next version's in the registry's folder if not given
        file: Option<PathBuf>,
    },
    /// Say in words what a root document says, and who has signed it
    Show {
        /// The draft or document; the newest published one if not given
        file: Option<PathBuf>,
        /// The version before: says what is different, and which of its keys have signed
        #[arg(long)]
        previous: Option<PathBuf>,
    },
}

/// What `root init` takes.
#[derive(Args)]
pub(super) struct InitArgs {
    /// The name of the registry, as in `hub.example.org`; its log is called after it
    #[arg(long)]
    name: String,
    /// How many of the keys have to sign
    #[arg(long, default_value = "1")]
    threshold: usize,
    /// The files of the public keys, as in `a.pub,b.pub,c.pub`
    #[arg(long)]
    keys: KeyList,
    /// How long the document holds: `18mo`, `540d`, or until a time
    #[arg(long, default_value = "18mo")]
    expires: Expiry,
    /// Where the registry is, for people and tools that have only the document
    #[arg(long)]
    url: Option<String>,
    /// Who cosigns, as `LABEL=VKEY` or `LABEL=VKEY=URL`; may be repeated
    #[arg(long = "witness")]
    witnesses: Vec<WitnessSpec>,
    /// Whose cosignatures are enough: `none`, `W1`, `any W1 W2`, `all W1 W2`, `2 W1 W2 W3`
    #[arg(long)]
    quorum: Option<Quorum>,
    /// A file with witnesses, groups and a quorum in the syntax of C2SP's tlog-policy
    #[arg(long, conflicts_with_all = ["witnesses", "quorum"])]
    policy: Option<PathBuf>,
}

/// What `root next` takes. What is not given stays as it is.
#[derive(Args)]
pub(super) struct NextArgs {
    /// The files of all public keys from now on
    #[arg(long)]
    keys: Option<KeyList>,
    /// How many of the keys have to sign
    #[arg(long)]
    threshold: Option<usize>,
    /// How long the document holds: `18mo`, `540d`, or until a time
    #[arg(long, default_value = "18mo")]
    expires: Expiry,
    /// A witness that comes, as `LABEL=VKEY` or `LABEL=VKEY=URL`; may be repeated, and needs `--quorum`
    #[arg(long = "add-witness", requires = "quorum")]
    add_witnesses: Vec<WitnessSpec>,
    /// The label of a witness that goes; may be repeated
    #[arg(long = "remove-witness")]
    remove_witnesses: Vec<String>,
    /// Whose cosignatures are enough
    #[arg(long)]
    quorum: Option<Quorum>,
    /// A file with all witnesses, groups and the quorum
    #[arg(long, conflicts_with_all = ["add_witnesses", "remove_witnesses", "quorum"])]
    policy: Option<PathBuf>,
    /// Give the log a new key and name; under the old one it ends where it is now
    #[arg(long)]
    rotate_log: bool,
}

pub(super) async fn run(verb: RootVerb, common: &Common) -> anyhow::Result<()> {
    match verb {
        RootVerb::Keygen { name, out } => keygen(name, &out, &common.config()),
        RootVerb::Init(args) => init(args, common),
        RootVerb::Sign { key, previous, file } => {
            sign::run(&key, previous.as_deref(), &file, common).await
        }
        RootVerb::Next(args) => next(args, common).await,
        RootVerb::Publish { file } => publish(file, common).await,
        RootVerb::Show { file, previous } => show::run(file, previous.as_deref(), common).await,
    }
}

fn keygen(name: KeyName, out: &Path, config: &Config) -> anyhow::Result<()> {
    let seed = registry_server::entropy::random(config.entropy.as_ref())?;
    let key = SigningKey::from_seed(name, Algorithm::Ed25519, &seed)?;
    let (secret, public) = (with_extension(out, "key"), with_extension(out, "pub"));
    key_file::create(&secret, &key)?;
    tare_store::durable::write(&public, format!("{}\n", key.verifier()).as_bytes())?;
    output::data(key.verifier());
    output::talk(format!(
        "keep `{}` off the registry's machine, and a copy of it",
        secret.display()
    ));
    output::talk(format!("give `{}` to the registry's operator", public.display()));
    Ok(())
}

/// `a.b` becomes `a.b.key`: a name is never cut.
fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn init(args: InitArgs, common: &Common) -> anyhow::Result<()> {
    let config = common.config();
    if config.is_initialised() {
        bail!(
            "there is a registry in `{}` already: `tare-registry root next` drafts its next root",
            config.path.display()
        );
    }
    let path = free_draft(&config, 1)?;
    let witnessing = match &args.policy {
        Some(path) => Witnessing::Policy(read_policy(path)?),
        None => Witnessing::Listed {
            witnesses: args.witnesses.into_iter().map(|WitnessSpec(witness)| witness).collect(),
            quorum: args.quorum.unwrap_or_else(Quorum::none),
        },
    };
    let name: KeyName = args.name.parse()?;
    let origin = format!("{name}/log1").parse()?;
    let first = First {
        name,
        threshold: args.threshold,
        keys: args.keys.read()?,
        expires: args.expires,
        log: root::prepare_log_key(&config, "log.key", &origin)?,
        url: args.url,
        witnessing,
    };
    let document = first.document(config.clock.now())?;
    keep_draft(&RootFile::draft(document)?, &path, common)
}

async fn next(args: NextArgs, common: &Common) -> anyhow::Result<()> {
    let registry = common.attach().await?;
    let done = draft_next(args, common, &registry).await;
    registry.close().await;
    done
}

async fn draft_next(args: NextArgs, common: &Common, registry: &Registry) -> anyhow::Result<()> {
    let config = common.config();
    let current = root::newest(registry).await?;
    let current = current.document();
    let path = free_draft(&config, current.version.saturating_add(1))?;
    let changes = Changes {
        keys: args.keys.map(|keys| keys.read()).transpose()?,
        threshold: args.threshold,
        expires: args.expires,
        add_witnesses: args.add_witnesses.into_iter().map(|WitnessSpec(one)| one).collect(),
        remove_witnesses: args.remove_witnesses,
        quorum: args.quorum,
        policy: args.policy.as_deref().map(read_policy).transpose()?,
        rotate: match args.rotate_log {
            true => Some(root::rotation(registry).await?),
            false => None,
        },
    };
    let next = changes
        .apply(current, config.clock.now())
        .context("the next root document could not be drafted")?;
    for line in root::changes(current, &next) {
        output::talk(line);
    }
    keep_draft(&RootFile::draft(next)?, &path, common)
}

/// Where a draft goes. One that is there may have signatures, which somebody went to a safe for.
fn free_draft(config: &Config, version: u64) -> anyhow::Result<PathBuf> {
    let path = root::draft_path(&config.path, version);
    if path.exists() {
        bail!("there is a draft `{}` already: publish it or remove it first", path.display());
    }
    Ok(path)
}

fn keep_draft(file: &RootFile, path: &Path, common: &Common) -> anyhow::Result<()> {
    file.write(path)?;
    if common.json {
        let mut shown = show::shown(file, common);
        shown["file"] = json!(path);
        return output::json(&shown);
    }
    output::data(path.display());
    output::talk(format!("fingerprint  {}", file.fingerprint().hex()));
    output::talk(format!("next: {}", sign::next_step(file, path)));
    Ok(())
}

fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    text.parse().with_context(|| format!("`{}` is no policy", path.display()))
}

async fn publish(file: Option<PathBuf>, common: &Common) -> anyhow::Result<()> {
    let config = common.config();
    let path = match file {
        Some(path) => path,
        None => root::draft_path(&config.path, newest_version(common).await?.saturating_add(1)),
    };
    let published = root::publish(&config, &path).await?;
    let fingerprint = published.fingerprint.hex();
    if common.json {
        output::json(&json!({
            "id": published.id, "version": published.version, "fingerprint": fingerprint,
        }))?;
    } else {
        output::talk(format!(
            "published version {} of the root of {}, {fingerprint}",
            published.version, published.id
        ));
        output::talk(match published.version {
            1 => {
                "next: `tare-registry serve`, which shows a token of the user `admin` at its first start"
            }
            _ => "a running server shows it within a second, any other when it starts",
        });
    }
    // Its text is in the registry now; a draft that stays would stand in the way of nothing, but confuse.
    let draft = root::draft_path(&config.path, published.version);
    if draft.exists() {
        std::fs::remove_file(&draft)
            .with_context(|| format!("failed to remove the draft `{}`", draft.display()))?;
    }
    Ok(())
}

/// The version that is published; 0 where there is no registry.
async fn newest_version(common: &Common) -> anyhow::Result<u64> {
    if !common.config().is_initialised() {
        return Ok(0);
    }
    Ok(newest(common).await?.document().version)
}

async fn newest(common: &Common) -> anyhow::Result<RootFile> {
    let registry = common.attach().await?;
    let newest = root::newest(&registry).await;
    registry.close().await;
    Ok(newest?)
}
