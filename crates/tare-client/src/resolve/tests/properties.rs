//! Random small registries: the resolver finds a solution exactly when brute force does, and its answer has the
//! properties that spec/resolution.md promises.

mod brute;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tare_format::ReleaseId;

use super::registry::{Registry, needs};
use crate::resolve::{
    Chosen, Dependency, Obstacle, Options, Resolution, ResolveError, Update, resolve,
};
use brute::{bucket, satisfiable};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "1.2.0", "2.0.0", "2.1.0-rc.1"];
const REQUIREMENTS: [&str; 11] = [
    "^1",
    "^1.1",
    "<1.2",
    "=1.0.0",
    "^2",
    ">=1 <3",
    "*",
    "^2.1.0-rc.1",
    "^3",
    "=1.0.0 base",
    "=1.1.0 base",
];

/// Lines of [`Registry::of`].
fn any_release() -> impl Strategy<Value = String> {
    let needed = (0..NAMES.len(), 0..REQUIREMENTS.len())
        .prop_map(|(name, requirement)| format!("{} {}", NAMES[name], REQUIREMENTS[requirement]));
    (0..NAMES.len(), 0..VERSIONS.len(), proptest::collection::vec(needed, 0..3)).prop_map(
        |(name, version, needed)| {
            format!("{} {} > {}", NAMES[name], VERSIONS[version], needed.join(", "))
        },
    )
}

fn any_registry() -> impl Strategy<Value = Registry> {
    proptest::collection::vec(any_release(), 3..18).prop_map(|lines| {
        let distinct: BTreeMap<&str, &str> = lines
            .iter()
            .filter_map(|line| Some((line.split(" >").next()?, line.as_str())))
            .collect();
        Registry::of(&distinct.into_values().collect::<Vec<_>>())
    })
}

fn any_requirements() -> impl Strategy<Value = Vec<Dependency>> {
    let ranges = REQUIREMENTS.len() - 2;
    proptest::collection::vec((0..NAMES.len(), 0..ranges), 1..4).prop_map(|wanted| {
        wanted
            .into_iter()
            .flat_map(|(name, range)| needs(&format!("{} {}", NAMES[name], REQUIREMENTS[range])))
            .collect()
    })
}

fn fresh(registry: &Registry, requirements: &[Dependency]) -> Option<Resolution> {
    resolve(requirements, registry, &Options::default()).ok()
}

fn ids(resolution: &Resolution) -> Vec<ReleaseId> {
    let id = |package: &crate::resolve::Resolved| ReleaseId {
        name: package.name.clone(),
        version: package.version.clone(),
    };
    resolution.packages.iter().map(id).collect()
}

fn all_edges(resolution: &Resolution) -> impl Iterator<Item = &Chosen> {
    resolution
        .requirements
        .iter()
        .chain(resolution.packages.iter().flat_map(|package| &package.dependencies))
}

/// What makes an answer right, whoever found it.
fn assert_valid(
    registry: &Registry,
    requirements: &[Dependency],
    resolution: &Resolution,
) -> Result<(), TestCaseError> {
    let there: BTreeSet<ReleaseId> = ids(resolution).into_iter().collect();
    prop_assert_eq!(resolution.requirements.len(), requirements.len());
    let mut needed = BTreeSet::new();
    let mut pinned = BTreeSet::new();
    for Chosen { dependency, version } in all_edges(resolution) {
        prop_assert!(dependency.requirement.matches(version));
        let id = ReleaseId { name: dependency.name.clone(), version: version.clone() };
        prop_assert!(there.contains(&id), "{} is missing", id);
        if dependency.is_pin() {
            pinned.insert(id.clone());
        }
        needed.insert(id);
    }
    prop_assert_eq!(&needed, &there, "nothing is there without need");
    let mut taken = BTreeSet::new();
    for id in there.difference(&pinned) {
        prop_assert!(taken.insert((id.name.clone(), bucket(&id.version))), "{} is there twice", id);
    }
    for package in &resolution.packages {
        let record = registry.packages[&package.name]
            .iter()
            .find(|record| record.version == package.version)
            .unwrap();
        prop_assert_eq!(record.dependencies.len(), package.dependencies.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn there_is_an_answer_exactly_when_brute_force_finds_one(registry in any_registry(), wanted in any_requirements()) {
        let expected = satisfiable(&registry, &wanted);
        match resolve(&wanted, &registry, &Options::default()) {
            Ok(resolution) => {
                prop_assert!(expected);
                assert_valid(&registry, &wanted, &resolution)?;
            }
            Err(ResolveError::Unsolvable(failure)) => {
                prop_assert_eq!(failure.obstacle == Obstacle::Cycle, expected, "{}", failure);
                prop_assert!(!failure.help.is_empty(), "{}", failure);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(registry in any_registry(), wanted in any_requirements()) {
        let mut shuffled = registry.clone();
        for releases in shuffled.packages.values_mut() {
            releases.reverse();
            releases.iter_mut().for_each(|release| release.dependencies.reverse());
        }
        let reversed: Vec<_> = wanted.iter().rev().cloned().collect();
        let (one, other) = (
            resolve(&wanted, &registry, &Options::default()),
            resolve(&reversed, &shuffled, &Options::default()),
        );
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn an_unrelated_package_changes_nothing(registry in any_registry(), wanted in any_requirements()) {
        let mut larger = registry.clone();
        larger.packages.extend(Registry::of(&["zz 1.0.0 > a ^2", "zy 1.0.0"]).packages);
        prop_assert_eq!(
            resolve(&wanted, &registry, &Options::default()).ok(),
            resolve(&wanted, &larger, &Options::default()).ok()
        );
        let with_more: Vec<_> = wanted.iter().cloned().chain(needs("zy 1")).collect();
        let strip = |mut packages: Vec<ReleaseId>| {
            packages.retain(|id| id.name.name() != "zy");
            packages
        };
        prop_assert_eq!(
            fresh(&registry, &wanted).map(|answer| ids(&answer)),
            fresh(&larger, &with_more).map(|answer| strip(ids(&answer)))
        );
    }

    #[test]
    fn resolving_a_lock_again_changes_nothing(registry in any_registry(), wanted in any_requirements()) {
        let Some(first) = fresh(&registry, &wanted) else { return Ok(()) };
        let options = Options { locked: ids(&first), ..Options::default() };
        let second = resolve(&wanted, &registry, &options).unwrap();
        prop_assert_eq!((&first.requirements, &first.packages), (&second.requirements, &second.packages));
    }

    #[test]
    fn a_lock_that_grew_by_a_requirement_is_stable_too(
        registry in any_registry(),
        wanted in any_requirements(),
        added in any_requirements(),
    ) {
        let Some(first) = fresh(&registry, &wanted) else { return Ok(()) };
        let wanted: Vec<_> = wanted.into_iter().chain(added).collect();
        let with = |lock: &Resolution| {
            let options = Options { locked: ids(lock), ..Options::default() };
            resolve(&wanted, &registry, &options)
        };
        let Ok(second) = with(&first) else { return Ok(()) };
        assert_valid(&registry, &wanted, &second)?;
        let third = with(&second).unwrap();
        prop_assert_eq!((&second.requirements, &second.packages), (&third.requirements, &third.packages));
    }

    #[test]
    fn an_update_that_moves_nothing_named_moves_nothing(
        registry in any_registry(),
        wanted in any_requirements(),
        name in 0..NAMES.len(),
    ) {
        let old = Registry { packages: registry.packages.clone(), pending: Vec::new() };
        let Some(first) = fresh(&old, &wanted) else { return Ok(()) };
        let named = needs(NAMES[name]).remove(0).name;
        let update = Update::Only([named.clone()].into());
        let options = Options { locked: ids(&first), update, ..Options::default() };
        let second = resolve(&wanted, &registry, &options).unwrap();
        let of_named = |resolution: &Resolution| {
            ids(resolution).into_iter().filter(|id| id.name == named).collect::<Vec<_>>()
        };
        if of_named(&first) == of_named(&second) {
            prop_assert_eq!(ids(&first), ids(&second));
        }
    }

    /// No release could be replaced by a newer one of its range with all others as they are.
    #[test]
    fn nothing_newer_would_have_done(registry in any_registry(), wanted in any_requirements()) {
        let Some(answer) = fresh(&registry, &wanted) else { return Ok(()) };
        if all_edges(&answer).any(|edge| edge.dependency.is_pin()) {
            return Ok(());
        }
        for package in &answer.packages {
            let edges: Vec<_> = all_edges(&answer)
                .filter(|edge| edge.dependency.name == package.name && edge.version == package.version)
                .collect();
            let newer = registry.packages[&package.name].iter().filter(|record| {
                record.version > package.version && bucket(&record.version) == bucket(&package.version)
            });
            for record in newer {
                let wanted = edges.iter().all(|edge| edge.dependency.requirement.matches(&record.version));
                let met = record.dependencies.iter().all(|needed| {
                    !needed.is_pin()
                        && needed.name != package.name
                        && ids(&answer).iter().any(|id| id.name == needed.name && needed.requirement.matches(&id.version))
                });
                prop_assert!(!wanted || !met, "{} {} would do", package.name, record.version);
            }
        }
    }
}
