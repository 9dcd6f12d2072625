//! Which variant of each release is installed, chosen once the versions stand (V-13).

use tare_format::VariantName;

use super::index::{IndexError, Variants};
use super::provider::Provider;
use super::resolution::{Obstacle, ResolveError, Unsolvable};
use super::settle::Place;

/// Someone asks for a variant: a release, or the project itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) from: Option<Place>,
    pub(super) variant: &'a VariantName,
}

/// What the project asks for, else what the dependents agree on, else the default.
pub(super) fn choose(
    provider: &Provider<'_>,
    place: Place,
    wishes: &[Wish<'_>],
) -> Result<Option<VariantName>, ResolveError> {
    let entry = provider.catalog.entry(place.0);
    let found = entry.package.as_ref().zip(entry.release(place.1));
    let Some((package, release)) = found else { return Ok(None) };
    let variants = package
        .variants(release)
        .map_err(|source| IndexError { name: entry.name.clone(), source: Box::new(source) })?;
    let of_project = wishes.iter().any(|wish| wish.from.is_none());
    let deciding: Vec<Wish<'_>> =
        wishes.iter().filter(|wish| wish.from.is_none() == of_project).copied().collect();
    let object = format!("`{}` {}", entry.name, release.version);
    let Some(wish) = deciding.first() else { return Ok(by_default(&object, &variants)?) };
    if deciding.iter().any(|other| other.variant != wish.variant) {
        return Err(disagreement(provider, &object, &entry.name.to_string(), &deciding).into());
    }
    if !variants.names.contains(wish.variant) {
        return Err(missing(provider, &object, *wish, &variants).into());
    }
    Ok(Some(wish.variant.clone()))
}

fn by_default(object: &str, variants: &Variants) -> Result<Option<VariantName>, Unsolvable> {
    match (&variants.default, variants.names.as_slice()) {
        (Some(default), _) => Ok(Some(default.clone())),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, names) => {
            let mut unsolvable = Unsolvable::new(
                Obstacle::Variant,
                format!("{object} has several variants and no default"),
            );
            unsolvable.help.push(format!("ask for one of them: {}", listed(names)));
            Err(unsolvable)
        }
    }
}

fn missing(
    provider: &Provider<'_>,
    object: &str,
    wish: Wish<'_>,
    variants: &Variants,
) -> Unsolvable {
    let mut unsolvable =
        Unsolvable::new(Obstacle::Variant, format!("{object} has no variant `{}`", wish.variant));
    unsolvable.details.push(format!("{} asks for it", who(provider, wish)));
    unsolvable.help.push(match variants.names.as_slice() {
        [] => "it has no variants: leave the variant out".to_owned(),
        names => format!("the variants that exist: {}", listed(names)),
    });
    unsolvable
}

fn disagreement(
    provider: &Provider<'_>,
    object: &str,
    name: &str,
    wishes: &[Wish<'_>],
) -> Unsolvable {
    let mut unsolvable = Unsolvable::new(
        Obstacle::Variant,
        format!("{object} is asked for in several variants, of which only one can be installed"),
    );
    for wish in wishes {
        unsolvable.details.push(format!("{} asks for `{}`", who(provider, *wish), wish.variant));
    }
    unsolvable
        .help
        .push(format!("decide in the project: give its requirement of `{name}` a `variant`"));
    unsolvable
}

fn who(provider: &Provider<'_>, wish: Wish<'_>) -> String {
    let Some((package, position)) = wish.from else { return "this project".to_owned() };
    let entry = provider.catalog.entry(package);
    let version = entry.version(position).map(ToString::to_string).unwrap_or_default();
    format!("`{}` {version}", entry.name)
}

fn listed(names: &[VariantName]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
