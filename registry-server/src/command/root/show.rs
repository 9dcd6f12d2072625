//! `tare-registry root show`: what a root document says, and who has signed it.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use registry_server::root::{self, RootFile};
use serde_json::json;
use tare_format::Sha256;
use tare_format::registry::RegistryId;

use super::sign::next_step;
use super::{Common, newest, output};

pub(super) async fn run(
    file: Option<PathBuf>,
    previous: Option<&Path>,
    common: &Common,
) -> anyhow::Result<()> {
    let (path, file) = match file {
        Some(path) => (Some(path.clone()), RootFile::read(&path)?),
        None => (None, newest(common).await?),
    };
    let previous = previous.map(RootFile::read).transpose()?;
    let documents = previous.iter().chain([&file]).map(RootFile::document);
    let mut spoilt =
        documents.flat_map(|of| &of.root_keys).filter(|one| file.is_spoilt_by(&one.key));
    let verdict = match spoilt.next() {
        Some(one) => {
            Err(anyhow!("the signature of `{}` is invalid: nobody takes the file", one.label))
        }
        None => Ok(()),
    };
    if common.json {
        output::json(&shown(&file, common))?;
        return verdict;
    }
    root::describe(file.document()).iter().for_each(output::data);
    output::data(format!("fingerprint  {}", file.fingerprint().hex()));
    if let Some(previous) = &previous {
        for line in root::changes(previous.document(), file.document()) {
            output::data(format!("change       {line}"));
        }
        print_signers(&file, previous, " of the version before");
    }
    print_signers(&file, &file, "");
    if let Some(path) = path.filter(|_| verdict.is_ok()) {
        output::talk(format!("next: {}", next_step(&file, &path)));
    }
    verdict
}

fn print_signers(file: &RootFile, of: &RootFile, which: &str) {
    for (root, signed) in file.signers(of.document()) {
        let state = match (file.is_spoilt_by(&root.key), signed) {
            (true, _) => "has an INVALID signature",
            (false, true) => "signed",
            (false, false) => "has not signed",
        };
        output::data(format!("{} {}{which}", root.label, state));
    }
}

/// The same as one document.
pub(super) fn shown(file: &RootFile, common: &Common) -> serde_json::Value {
    let document = file.document();
    let now = u64::try_from(common.config().clock.now().as_second()).unwrap_or_default();
    let keys: Vec<_> = file
        .signers(document)
        .map(|(root, signed)| {
            let invalid = file.is_spoilt_by(&root.key);
            json!({ "label": root.label, "key": root.key.to_string(), "signed": signed, "invalid": invalid })
        })
        .collect();
    let policy = &document.policy;
    let witnesses: Vec<_> = policy
        .witnesses()
        .iter()
        .map(|one| json!({ "label": one.label, "key": one.key.to_string(), "url": one.url }))
        .collect();
    let id = (document.version == 1)
        .then(|| RegistryId::of_root(&Sha256::from_bytes(file.fingerprint().0)));
    json!({
        "registry": document.registry.as_str(),
        "version": document.version,
        "id": id,
        "fingerprint": file.fingerprint().hex(),
        "expires": document.expires.to_string(),
        "expired": document.is_expired(now),
        "threshold": document.threshold,
        "keys": keys,
        "log": document.log().map(|log| log.key.to_string()),
        "old-logs": document.old_logs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "witnesses": witnesses,
        "quorum": policy.quorum(),
    })
}
