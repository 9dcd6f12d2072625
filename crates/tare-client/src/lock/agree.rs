//! Whether a locked release says of itself what its document says (K-6).

use std::collections::BTreeSet;

use tare_format::lock::LockedPackage;
use tare_format::release::Release;

/// Compares a locked release with its document, which is proven.
///
/// # Errors
/// With the first field of the lock that differs.
pub(crate) fn agree(package: &LockedPackage, document: &Release) -> Result<(), &'static str> {
    if package.name != document.name {
        return Err("name");
    }
    if package.version != document.version {
        return Err("version");
    }
    if package.kind != document.kind {
        return Err("kind");
    }
    let variants = document.variants.as_ref();
    let offered = match (&package.variant, variants) {
        (None, None) => true,
        (Some(chosen), Some(variants)) => variants.names.contains(chosen),
        _ => false,
    };
    if !offered {
        return Err("variant");
    }
    let locked: BTreeSet<_> =
        package.dependencies.iter().map(|needed| &needed.package.name).collect();
    let stated: BTreeSet<_> = document.dependencies.iter().map(|needed| &needed.name).collect();
    let meets = package.dependencies.iter().all(|locked| {
        let stated = document.dependencies.iter().find(|stated| stated.name == locked.package.name);
        stated.is_some_and(|stated| {
            stated.requirement.matches(&locked.package.version)
                && stated.relation == locked.relation
        })
    });
    if locked != stated || !meets {
        return Err("dependencies");
    }
    let locked: BTreeSet<_> =
        package.lineage.iter().map(|edge| (&edge.source, &edge.version, edge.relation)).collect();
    let stated: BTreeSet<_> =
        document.lineage.iter().map(|edge| (&edge.source, &edge.version, edge.relation)).collect();
    if locked == stated { Ok(()) } else { Err("lineage") }
}
