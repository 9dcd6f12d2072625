//! A root document in words, for who is about to sign it.

use tare_tlog::policy::{Group, Policy, Rule, Witness};
use tare_tlog::root::{RootDocument, RootKey};

/// What a document says, one fact a line.
#[must_use]
pub fn describe(document: &RootDocument) -> Vec<String> {
    let mut lines = vec![
        format!("version {} of the root of `{}`", document.version, document.registry),
        format!("expires      {}", document.expires),
        format!(
            "signed by    {} of {} keys, for this version and the next:",
            document.threshold,
            document.root_keys.len()
        ),
    ];
    lines.extend(document.root_keys.iter().map(|root| format!("  {}", key(root))));
    for log in document.policy.logs() {
        let url = log.url.as_deref().map(|url| format!(" at {url}")).unwrap_or_default();
        lines.push(format!("log          {}{url}", log.key));
    }
    for old in &document.old_logs {
        lines.push(format!("ended log    {}, with {} entries", old.key.name(), old.size));
    }
    for each in document.policy.witnesses() {
        lines.push(format!("witness      {}", witness(each)));
    }
    lines.push(format!("quorum       {}", quorum(&document.policy)));
    lines.push(format!(
        "heads        old from {} on, refused from {} on",
        document.fresh_warn, document.fresh_fail
    ));
    lines
}

/// How `next` differs from `before`, one change a line; nothing for no difference but version and expiry.
#[must_use]
pub fn changes(before: &RootDocument, next: &RootDocument) -> Vec<String> {
    let mut lines = Vec::new();
    compare(&mut lines, "root key", &before.root_keys, &next.root_keys, key);
    if before.threshold != next.threshold {
        lines.push(format!("threshold {} instead of {}", next.threshold, before.threshold));
    }
    let logs = |document: &RootDocument| document.policy.logs().to_vec();
    compare(&mut lines, "log", &logs(before), &logs(next), |log| log.key.to_string());
    compare(&mut lines, "ended log", &before.old_logs, &next.old_logs, ToString::to_string);
    compare(&mut lines, "witness", before.policy.witnesses(), next.policy.witnesses(), witness);
    let (was, is) = (quorum(&before.policy), quorum(&next.policy));
    if was != is {
        lines.push(format!("quorum {is} instead of {was}"));
    }
    if (before.fresh_warn, before.fresh_fail) != (next.fresh_warn, next.fresh_fail) {
        lines.push(format!(
            "heads are old from {} on and refused from {} on, instead of {} and {}",
            next.fresh_warn, next.fresh_fail, before.fresh_warn, before.fresh_fail
        ));
    }
    lines
}

fn compare<T: PartialEq>(
    lines: &mut Vec<String>,
    what: &str,
    before: &[T],
    next: &[T],
    text: impl Fn(&T) -> String,
) {
    let gone = before.iter().filter(|one| !next.contains(one));
    lines.extend(gone.map(|one| format!("{what} goes: {}", text(one))));
    let new = next.iter().filter(|one| !before.contains(one));
    lines.extend(new.map(|one| format!("{what} comes: {}", text(one))));
}

fn key(root: &RootKey) -> String {
    format!("{} {}", root.label, root.key)
}

fn witness(witness: &Witness) -> String {
    let url = witness.url.as_deref().map(|url| format!(" at {url}")).unwrap_or_default();
    format!("{} {}{url}", witness.label, witness.key)
}

/// Whose cosignatures are enough.
pub(super) fn quorum(policy: &Policy) -> String {
    let Some(label) = policy.quorum() else {
        return "nobody: the log alone says what is current".to_owned();
    };
    let Some(group) = policy.groups().iter().find(|group| group.label == label) else {
        return label.to_owned();
    };
    enough(policy, group)
}

fn enough(policy: &Policy, group: &Group) -> String {
    let members: Vec<String> = group
        .members
        .iter()
        .map(|member| match policy.groups().iter().find(|other| other.label == *member) {
            Some(inner) => format!("({})", enough(policy, inner)),
            None => member.clone(),
        })
        .collect();
    let count = match group.rule {
        Rule::All => "all of".to_owned(),
        Rule::Any => "any of".to_owned(),
        Rule::AtLeast(count) => format!("{count} of"),
    };
    format!("{count} {}", members.join(", "))
}
