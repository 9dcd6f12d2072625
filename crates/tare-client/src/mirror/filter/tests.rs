use super::*;
use crate::mirror::candidate::samples::candidate;

fn filters(change: impl FnOnce(&mut Filters)) -> Filters {
    let mut filters = Filters::default();
    change(&mut filters);
    filters
}

fn judge(filters: &Filters, change: impl FnOnce(&mut Candidate)) -> Result<(), Reason> {
    let mut candidate = candidate("commons/tiny", "1.0.0");
    change(&mut candidate);
    filters.judge(&candidate, "2026-11-25T00:00:00Z".parse().unwrap())
}

fn licensed(weights: &str) -> impl FnOnce(&mut Candidate) {
    move |candidate| {
        candidate.license =
            LicenseParts { weights: Some(weights.parse().unwrap()), ..LicenseParts::default() };
    }
}

#[test]
fn without_filters_everything_is_held_but_what_is_gone() {
    let all = Filters::default();
    assert_eq!(judge(&all, |_| {}), Ok(()));
    assert_eq!(judge(&all, |c| c.standing = Standing::TakenDown), Err(Reason::TakenDown));
    assert_eq!(judge(&all, |c| c.standing = Standing::Withdrawn), Err(Reason::Withdrawn));
}

#[test]
fn names_are_included_and_excluded_by_pattern() {
    let some = filters(|f| {
        f.include = vec!["commons/*".parse().unwrap(), "Lab/t?".parse().unwrap()];
        f.exclude = vec!["*/secret-*".parse().unwrap()];
    });
    let named = |name: &str| judge(&some, |c| c.id.name = name.parse().unwrap());
    assert_eq!((named("commons/a"), named("LAB/T1")), (Ok(()), Ok(())));
    assert_eq!(named("lab/t12"), Err(Reason::NotIncluded));
    assert_eq!(named("commons/secret-1"), Err(Reason::Excluded));
    for bad in ["", "commons", "a,b/c", "a/[", "a/ b", &"a/".repeat(101)] {
        assert!(bad.parse::<Pattern>().is_err(), "{bad}");
    }
}

#[test]
fn every_part_must_be_of_an_allowed_class_and_a_choice_counts_as_its_best() {
    let free = filters(|f| f.license_class = vec![Class::PublicDomain, Class::Permissive]);
    assert_eq!(judge(&free, licensed("MIT")), Ok(()));
    assert_eq!(judge(&free, licensed("GPL-3.0-only OR Apache-2.0")), Ok(()));
    assert_eq!(judge(&free, licensed("MIT AND CC-BY-NC-4.0")), Err(Reason::LicenseClass));
    assert_eq!(judge(&free, licensed("LicenseRef-mine")), Err(Reason::LicenseClass));
    assert_eq!(judge(&free, |c| c.license = LicenseParts::default()), Err(Reason::LicenseClass));
    let copyleft = filters(|f| f.license_class = vec![Class::StrongCopyleft]);
    assert_eq!(judge(&copyleft, licensed("GPL-3.0-only OR Apache-2.0")), Ok(()));
}

#[test]
fn kind_size_and_age_are_judged_by_what_the_log_says() {
    let some = filters(|f| {
        f.kind = vec![Kind::Dataset, Kind::Model];
        f.max_file_size = Some(ByteSize(1_000));
        f.max_age = Some("10d".parse().unwrap());
    });
    assert_eq!(judge(&some, |c| c.kind = Kind::Adapter), Err(Reason::Kind));
    assert_eq!(judge(&some, |c| c.largest_file = 1_000), Ok(()));
    assert_eq!(judge(&some, |c| c.largest_file = 1_001), Err(Reason::FileSize));
    let at = |text: &str| judge(&some, |c| c.at = text.parse().unwrap());
    assert_eq!(at("2026-11-15T00:00:00Z"), Ok(()));
    assert_eq!(at("2026-11-14T23:59:59Z"), Err(Reason::Age));
}

#[test]
fn equal_filters_have_one_canonical_text() {
    let one = filters(|f| {
        f.include = vec!["b/*".parse().unwrap(), "a/*".parse().unwrap()];
        f.max_size = Some("2TB".parse().unwrap());
    });
    let other = filters(|f| {
        f.include = vec!["a/*".parse().unwrap(), "b/*".parse().unwrap()];
        f.max_size = Some("2000GB".parse().unwrap());
    });
    assert_eq!(one.canonical(), other.canonical());
    assert_eq!(one.canonical(), "include a/*,b/*\nmax-size 2000000000000\nlineage documents\n");
    assert_eq!(
        one.words(),
        "releases named a/* or b/*, as many of the newest as fit in 2TB; with what they need"
    );
    assert_eq!(Filters::default().words(), "all releases, with what they need");
}

#[test]
fn filters_are_written_and_read_back() {
    let some = filters(|f| {
        f.include = vec!["commons/*".parse().unwrap()];
        f.kind = vec![Kind::Model];
        f.license_class = vec![Class::Permissive];
        f.latest = NonZeroU32::new(3);
        f.max_age = Some("1d".parse().unwrap());
        f.with_lineage = true;
    });
    let text = toml::to_string(&some).unwrap();
    assert_eq!(toml::from_str::<Filters>(&text).unwrap(), some);
    assert!(toml::from_str::<Filters>("includes = []\n").is_err());
    assert!(toml::from_str::<Filters>("latest = 0\n").is_err());
}
