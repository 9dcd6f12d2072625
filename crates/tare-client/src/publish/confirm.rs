//! Looks at what was published as anybody else would, before anybody is told that it is.

use tare_format::api::{Committed, Receipt};
use tare_format::event::{Event, EventBody, Published};

use super::PublishError;
use crate::package::Prepared;
use crate::registry::{Page, RegistryClient};

pub(super) async fn confirm(
    client: &RegistryClient,
    packages: &[Prepared],
    committed: &Committed,
) -> Result<(), PublishError> {
    for package in packages {
        let release = package.release.id();
        let not_shown =
            |reason: String| PublishError::NotShown { release: release.clone(), reason };
        let is_of = |receipt: &&Receipt| receipt.release == package.digest;
        committed
            .receipts
            .iter()
            .find(is_of)
            .ok_or_else(|| not_shown("there is no receipt for it".to_owned()))?;
        let Page::Found { bytes, .. } = client.page(&release.name, None).await? else {
            return Err(not_shown("the package has no page".to_owned()));
        };
        let published = find(&bytes, package)
            .ok_or_else(|| not_shown("its page does not list it".to_owned()))?;
        if published.release != package.digest {
            let reason = format!("its page names {}, not {}", published.release, package.digest);
            return Err(not_shown(reason));
        }
        let (_, document) = client.release(&package.digest).await?;
        if document != package.document {
            return Err(not_shown("its release document is another one".to_owned()));
        }
    }
    Ok(())
}

/// What a page says of the version of `package`.
fn find(page: &[u8], package: &Prepared) -> Option<Published> {
    let text = std::str::from_utf8(page).ok()?;
    text.lines().find_map(|line| match Event::from_line(line).ok()??.body {
        EventBody::Publish(published) if published.version == package.release.version => {
            Some(*published)
        }
        _ => None,
    })
}
