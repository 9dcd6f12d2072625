//! `tare audit`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tare_client::ErrorKind;
use tare_client::advisory::seen_at;
use tare_client::audit::license_graph;
use tare_client::error::chain;
use tare_client::local::Local;
use tare_client::pages::last_notices;
use tare_format::lock::Lock;
use tare_format::registry::RegistryId;
use tare_license::audit::{
    Facts, Finding, NodeReport, Policy, PolicyError, Profile, Report, Severity, audit,
};
use tare_license::{Catalogue, ClassSet, Metric, Place};

use super::tree::tone;
use crate::context::Context;
use crate::error::CommandError;
use crate::session::{Session, locked, open_local, open_project};
use crate::ui::{Table, Text, Tone, ago, count};

/// The policy that is read when none is named.
const POLICY_FILE: &str = "audit.toml";
/// The most bytes of a policy.
const MAX_POLICY_SIZE: u64 = 1 << 20;

/// Judge the licences of everything the project uses, and of all that it was made from
///
/// Classes are carried along dependencies and lineage. What the policy does not allow is denied: exit code 10; so is what an
/// advisory forbids. Everything comes from the lock and the local store; the registry is only asked for its notices, and
/// where it does not answer, those that were last seen count. This is not legal advice.
#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    /// What it is used for: commercial, research, internal, redistribute or hosted
    #[arg(long)]
    profile: Option<Profile>,
    /// Where it is used, as two letters; may be given several times
    #[arg(long, value_name = "PLACE")]
    geo: Vec<Place>,
    /// How many users it has in a month
    #[arg(long, value_name = "NUMBER")]
    mau: Option<u64>,
    /// The revenue of a year in US dollars, affiliates included
    #[arg(long, value_name = "NUMBER")]
    annual_revenue_usd: Option<u64>,
    /// The policy; `audit.toml` beside Tare.toml when it is there
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(super) async fn run(args: &AuditArgs, context: &Context) -> Result<(), CommandError> {
    let project = open_project(context)?;
    let lock = locked(context, &project)?;
    let local = open_local(context)?;
    let catalogue = Catalogue::builtin();
    let policy = match &args.policy {
        Some(path) => read_policy(&context.resolve(path), catalogue, context)?,
        None => policy_of(project.root(), context)?,
    };
    refresh(context, lock).await?;
    let graph = license_graph(&local, project.manifest(), lock)?;
    let report = audit(&graph, &facts(args, &policy), &policy, catalogue);
    let notices = notices(&local, lock, context);
    if context.global.json {
        context.terminal.print_json(&Json { report: &report, notices: &notices });
    } else {
        show(&report, context);
        notices.iter().for_each(|notices| show_notices(notices, context));
    }
    match report.denied() {
        true => Err(denied(&report)),
        false => Ok(()),
    }
}

/// The policy beside the manifest, or the one that says nothing.
pub(super) fn policy_of(root: &Path, context: &Context) -> Result<Policy, CommandError> {
    let path = root.join(POLICY_FILE);
    if !path.is_file() {
        return Ok(Policy::default());
    }
    read_policy(&path, Catalogue::builtin(), context)
}

/// Asks for the newest notices. A registry that cannot be asked is no failure: the age of what is here is shown.
async fn refresh(context: &Context, lock: &Lock) -> Result<(), CommandError> {
    if context.is_offline() || lock.packages.is_empty() {
        return Ok(());
    }
    let asked = async {
        let session = Session::open(context, Some(lock)).await?;
        session.source().pages().notices().await.map_err(CommandError::from)
    };
    match asked.await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::Trust => Err(error),
        Err(error) => {
            let why = error.sentence();
            context.terminal.warn(format!("the newest notices are not to be had: {why}"));
            Ok(())
        }
    }
}

/// The report, and how old the notices are that went into it.
#[derive(serde::Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    report: &'a Report,
    notices: &'a [Notices],
}

/// The notices of a registry.
#[derive(serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct Notices {
    registry: RegistryId,
    /// When they were true; none when they never were seen.
    as_of: Option<Timestamp>,
}

fn notices(local: &Local, lock: &Lock, context: &Context) -> Vec<Notices> {
    let registries: BTreeSet<&RegistryId> =
        lock.packages.iter().map(|package| &package.registry).collect();
    let seen = |registry: &RegistryId| Notices {
        as_of: last_notices(local.home(), registry)
            .and_then(|_| seen_at(local.home(), registry, context.now())),
        registry: registry.clone(),
    };
    registries.into_iter().map(seen).collect()
}

fn show_notices(notices: &Notices, context: &Context) {
    let registry = &notices.registry;
    let Some(as_of) = notices.as_of else {
        context.terminal.warn(format!("no advisories of `{registry}` were ever seen here"));
        return;
    };
    let age = context.now().duration_since(as_of).as_secs();
    let age = ago(u64::try_from(age).unwrap_or(0));
    let text = format!("Advisories of {registry} as of {as_of}, {age}.");
    context.terminal.print(&Text::new().dim(text));
}

fn read_policy(
    path: &Path,
    catalogue: &Catalogue,
    context: &Context,
) -> Result<Policy, CommandError> {
    use std::io::Read as _;
    let name = context.show(path);
    let fail = |error| CommandError::io(format!("failed to read `{name}`"), &error);
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(fail)?;
    file.take(MAX_POLICY_SIZE).read_to_string(&mut text).map_err(fail)?;
    Policy::from_toml(&text, catalogue).map_err(|error| match error {
        PolicyError::Syntax(error) => CommandError::in_file(Path::new(&name), &error),
        error => {
            CommandError::usage(format!("`{name}` cannot be used: {}", chain(&error).join(": ")))
        }
    })
}

fn facts(args: &AuditArgs, policy: &Policy) -> Facts {
    let profile = args.profile.or(policy.policy.profile).unwrap_or(Profile::Commercial);
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let mut facts = policy.facts(profile, today);
    facts.geo.extend(&args.geo);
    let scales = [(Metric::Mau, args.mau), (Metric::AnnualRevenueUsd, args.annual_revenue_usd)];
    for (metric, amount) in scales {
        if let Some(amount) = amount {
            facts.scale.insert(metric, amount);
        }
    }
    facts
}

fn show(report: &Report, context: &Context) {
    let verdict = match report.denied() {
        true => Text::new().toned(Tone::Bad, "denied"),
        false => Text::new().toned(Tone::Good, "allowed"),
    };
    let headline = Text::new().toned(Tone::Name, &report.headline).plain(": ");
    let purpose = format!(" for {} use", report.facts.profile);
    context.terminal.print(&headline.join(&verdict).plain(purpose));
    let mut table = Table::new();
    table.row(["package", "declared", "effective"].map(|title| Text::new().dim(title)));
    for node in &report.nodes {
        table.row([Text::from(node.id.as_str()), declared(node), effective(node)]);
    }
    context.terminal.print(&Text::new());
    table.print(&context.terminal);
    for finding in &report.findings {
        context.terminal.print(&Text::new());
        show_finding(finding, context);
    }
    context.terminal.print(&Text::new());
    context.terminal.print(&Text::new().dim(report.notice));
}

fn declared(node: &NodeReport) -> Text {
    let mut text = Text::new();
    for (index, (part, classes)) in node.classes.iter().enumerate() {
        let expression = node.declared.get(part).map_or("", String::as_str);
        let comma = if index == 0 { "" } else { ", " };
        text = text
            .plain(format!("{comma}{part} {expression} "))
            .toned(tone(*classes), format!("[{classes}]"));
    }
    text
}

fn effective(node: &NodeReport) -> Text {
    let classes: ClassSet = node.effective.iter().map(|effective| effective.class).collect();
    let text = Text::new().toned(tone(classes), classes.to_string());
    // Only what would make it worse is worth a doubt.
    let worst = classes.worst();
    let contested = node.effective_contested.iter().map(|effective| effective.class);
    let more: ClassSet = contested.filter(|class| Some(*class) > worst).collect();
    if more.is_empty() { text } else { text.plain(format!(" (contested: {more})")) }
}

fn show_finding(finding: &Finding, context: &Context) {
    let tone = match finding.severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Note => Tone::Help,
    };
    let info = finding.code.info();
    let head = Text::new().toned(tone, finding.severity.to_string());
    let head = head.dim(format!(" [{} {}]", finding.code, info.name));
    context.terminal.print(&head.plain(": ").plain(finding.message.as_str()));
    for path in &finding.paths {
        context.terminal.print(&Text::new().plain("  ").plain(path.to_string()));
    }
    if let Some(waiver) = &finding.waiver {
        let by = waiver.approver.as_ref();
        let by = by.map_or_else(|| "ignored".to_owned(), |name| format!("accepted by {name}"));
        let text = format!("  {by} until {}: {}", waiver.expires, waiver.reason);
        context.terminal.print(&Text::from(text));
    } else if !finding.fix.is_empty() {
        context.terminal.print(
            &Text::new().plain("  ").toned(Tone::Help, "fix").plain(": ").plain(&*finding.fix),
        );
    }
}

fn denied(report: &Report) -> CommandError {
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let standing = errors.filter(|finding| finding.waiver.is_none()).count();
    let message = format!(
        "the audit denies this for {} use: {}",
        report.facts.profile,
        count(standing, "finding")
    );
    CommandError::new(ErrorKind::Denied, "E-AUDIT-DENIED", message).help(
        "use something else, or write into audit.toml an `[[exception]]` with a reason and an approver, or for an advisory an `[[ignore]]` with a reason",
    )
}
