//! Looks at what was published as anybody else would, before anybody is told that it is (spec/log.md W-56).
//!
//! A registry may have committed a release that nobody can see yet: its head waits for witnesses. And it may say that it
//! has committed one and show others something else. So the event has to be in the log of a head with its quorum, under
//! the number of the receipt, and on the page that this head proves.

use tare_format::api::{Committed, Receipt};
use tare_format::event::{Event, EventBody, Published};
use tare_format::lock::LockedHead;
use tare_tlog::hash::leaf_hash;

use super::{Options, PublishError};
use crate::head::{Follower, Head, prove_entry, wait_for};
use crate::package::Prepared;
use crate::pages::Pages;
use crate::registry::RegistryClient;

/// Confirms all of `packages`. The head that proves them.
pub(super) async fn confirm(
    client: &RegistryClient,
    follower: Follower<'_>,
    packages: &[Prepared],
    committed: &Committed,
    options: &Options<'_>,
) -> Result<LockedHead, PublishError> {
    let receipts: Vec<(&Prepared, u64)> = packages
        .iter()
        .map(|package| Ok((package, event_of(package, committed)?)))
        .collect::<Result<_, PublishError>>()?;
    let last = receipts.iter().map(|(_, event)| *event).max().unwrap_or_default();
    wait_for(client, &follower, last).await?;
    let pages = Pages::new(client, follower, options.home, false);
    let head = pages.head().await?;
    for (package, event) in receipts {
        confirm_one(client, &pages, &head, package, event).await?;
    }
    Ok(head.locked())
}

/// The number of the event that published a package, as its receipt has it.
fn event_of(package: &Prepared, committed: &Committed) -> Result<u64, PublishError> {
    let is_of = |receipt: &&Receipt| receipt.release == package.digest;
    let receipt = committed.receipts.iter().find(is_of);
    let event = receipt.and_then(|receipt| receipt.event);
    event.ok_or_else(|| not_shown(package, "there is no receipt with its event"))
}

async fn confirm_one(
    client: &RegistryClient,
    pages: &Pages<'_>,
    head: &Head,
    package: &Prepared,
    event: u64,
) -> Result<(), PublishError> {
    let page = pages.page(&package.release.name).await?;
    let page = page.ok_or_else(|| not_shown(package, "the package has no page"))?;
    let found = find(&page, package);
    let (line, published) = found.ok_or_else(|| not_shown(package, "its page does not list it"))?;
    if published.release != package.digest {
        let reason = format!("its page names {}, not {}", published.release, package.digest);
        return Err(not_shown(package, &reason));
    }
    let leaf = leaf_hash(&Event::leaf_entry("publish", line));
    prove_entry(client, &leaf, event, head.checkpoint()).await?;
    let (_, document) = client.release(&package.digest).await?;
    if document != package.document {
        return Err(not_shown(package, "its release document is another one"));
    }
    Ok(())
}

/// The line of a page that publishes the version of `package`, and what it says.
fn find<'p>(page: &'p [u8], package: &Prepared) -> Option<(&'p str, Published)> {
    let text = std::str::from_utf8(page).ok()?;
    text.lines().find_map(|line| match Event::from_line(line).ok()??.body {
        EventBody::Publish(published) if published.version == package.release.version => {
            Some((line, *published))
        }
        _ => None,
    })
}

fn not_shown(package: &Prepared, reason: &str) -> PublishError {
    PublishError::NotShown { release: package.release.id(), reason: reason.to_owned() }
}
