//! `tare-registry root sign`: one more signature on a draft, where the key is.

use std::path::Path;

use registry_server::key_file;
use registry_server::root::{self, RootFile};

use super::{Common, newest, output, show};

pub(super) async fn run(
    key: &Path,
    previous: Option<&Path>,
    path: &Path,
    common: &Common,
) -> anyhow::Result<()> {
    let key = key_file::read(key)?;
    let previous = previous.map(RootFile::read).transpose()?;
    let mut file = RootFile::read(path)?;
    for line in root::describe(file.document()) {
        output::talk(line);
    }
    let before = match &previous {
        Some(previous) => Some(previous.clone()),
        None => published_before(&file, common).await?,
    };
    if let Some(before) = &before {
        for line in root::changes(before.document(), file.document()) {
            output::talk(format!("change       {line}"));
        }
    }
    output::talk(format!("fingerprint  {}", file.fingerprint().hex()));
    let name = key.verifier().name();
    if file.sign(&key, previous.as_ref().map(RootFile::document))? {
        file.write(path)?;
        output::talk(format!("signed by `{name}`"));
    } else {
        output::talk(format!("`{name}` has signed it already"));
    }
    if common.json {
        return output::json(&show::shown(&file, common));
    }
    output::talk(format!("next: {}", next_step(&file, path)));
    Ok(())
}

/// What is to be done with a draft. Whether enough keys of the version before have signed is for publishing to say.
pub(super) fn next_step(file: &RootFile, path: &Path) -> String {
    let (path, document) = (path.display(), file.document());
    let signed = file.signers(document).filter(|(_, signed)| *signed).count();
    match document.threshold.saturating_sub(signed) {
        0 => format!("`tare-registry root publish {path}` on the registry's machine"),
        1 => format!("one more key signs with `tare-registry root sign --key KEY {path}`"),
        more => format!("{more} more keys sign with `tare-registry root sign --key KEY {path}`"),
    }
}

/// The version before a draft, when the folder has the registry that it is of.
async fn published_before(file: &RootFile, common: &Common) -> anyhow::Result<Option<RootFile>> {
    if !common.config().is_initialised() {
        return Ok(None);
    }
    let (newest, next) = (newest(common).await?, file.document());
    let of = newest.document();
    let is_before = of.registry == next.registry && of.version.checked_add(1) == Some(next.version);
    Ok(is_before.then_some(newest))
}
