//! The rules between fields of a manifest (spec/manifest.md). A failure carries the path of the key that breaks one.

use std::collections::BTreeSet;

use super::{
    DependencyRelation, Kind, LineageEntry, LineageSource, Manifest, ManifestError, Package,
};
use crate::limits::Limits;

type Failure = (Vec<String>, ManifestError);

impl Manifest {
    pub(super) fn validate(&self) -> Result<(), Failure> {
        let Some(package) = &self.package else { return self.validate_project() };
        self.validate_texts(package)?;
        self.validate_license(package.kind)?;
        self.validate_variants()?;
        self.validate_dependencies(package)?;
        self.validate_lineage(package)?;
        for (index, evaluation) in self.evaluations.iter().enumerate() {
            let path = ["evaluation".to_owned(), index.to_string(), "metric".to_owned()];
            require(!evaluation.metric.is_empty(), &path, "the metric has no name", None)?;
        }
        Ok(())
    }

    /// M-1: a project only says what it uses.
    fn validate_project(&self) -> Result<(), Failure> {
        let extra = [
            ("license", self.license != super::License::default()),
            ("variants", self.variants != super::Variants::default()),
            ("lineage", self.lineage != super::Lineage::default()),
            ("evaluation", !self.evaluations.is_empty()),
        ];
        for (key, present) in extra {
            let message = format!(
                "`[{key}]` needs `[package]`: without it this is a project, which only has `[dependencies]`"
            );
            require(
                !present,
                &[key],
                &message,
                Some("add `[package]` with `name`, `version` and `kind`"),
            )?;
        }
        self.validate_counts()
    }

    /// M-4: texts are short enough for a list and links are links.
    fn validate_texts(&self, package: &Package) -> Result<(), Failure> {
        let path = |key: &str| ["package".to_owned(), key.to_owned()];
        let length = package.description.chars().count();
        let message = format!("the description has {length} characters, at most 1000 are allowed");
        require(
            length <= 1000,
            &path("description"),
            &message,
            Some("put the rest in the readme"),
        )?;
        let control = package.description.chars().any(char::is_control);
        require(!control, &path("description"), "the description has control characters", None)?;
        for (key, list, most) in [
            ("authors", &package.authors, 256),
            ("keywords", &package.keywords, 16),
            ("tasks", &package.tasks, 16),
            ("languages", &package.languages, 1024),
        ] {
            let message = format!("`{key}` has {} entries, at most {most} are allowed", list.len());
            require(list.len() <= most, &path(key), &message, None)?;
            let good = |text: &String| {
                !text.is_empty() && text.len() <= 256 && !text.chars().any(char::is_control)
            };
            let message =
                format!("an entry of `{key}` is empty, too long or has control characters");
            require(list.iter().all(good), &path(key), &message, None)?;
        }
        for (key, link) in [
            ("repository", &package.repository),
            ("homepage", &package.homepage),
            ("documentation", &package.documentation),
        ] {
            let good = |link: &String| {
                (link.starts_with("https://") || link.starts_with("http://"))
                    && link.len() <= 2048
                    && link.bytes().all(|b| b.is_ascii_graphic())
            };
            let message = format!("`{key}` is not a link");
            require(
                link.as_ref().is_none_or(good),
                &path(key),
                &message,
                Some("start it with `https://`"),
            )?;
        }
        Ok(())
    }

    /// M-5: the main part has a licence.
    fn validate_license(&self, kind: Kind) -> Result<(), Failure> {
        let (part, present) = match kind {
            Kind::Model | Kind::Adapter => ("weights", self.license.weights.is_some()),
            Kind::Dataset => ("data", self.license.data.is_some()),
            Kind::Collection => return Ok(()),
        };
        let message = format!("a {kind} needs `[license]` with `{part}`");
        let help = format!(
            "add `{part} = \"…\"` with an SPDX expression, or `{part} = \"NOASSERTION\"` if nobody knows"
        );
        let table = self.license != super::License::default();
        let path: &[&str] = if table { &["license"] } else { &["package", "kind"] };
        require(present, path, &message, Some(&help))
    }

    /// M-6: a choice needs a default.
    fn validate_variants(&self) -> Result<(), Failure> {
        let names = || {
            let names: Vec<_> =
                self.variants.named.keys().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        };
        match &self.variants.default {
            Some(default) if !self.variants.named.contains_key(default) => {
                let message = format!("the default variant `{default}` is not defined");
                let help = format!("the variants are {}", names());
                require(false, &["variants", "default"], &message, Some(&help))
            }
            None if self.variants.named.len() > 1 => {
                let help =
                    format!("add `default = \"…\"` under `[variants]` with one of {}", names());
                require(
                    false,
                    &["variants"],
                    "there are several variants and no default",
                    Some(&help),
                )
            }
            _ => Ok(()),
        }
    }

    /// M-7 and M-9: an adapter has an exact base, and nothing depends on itself.
    fn validate_dependencies(&self, package: &Package) -> Result<(), Failure> {
        self.validate_counts()?;
        let mut keys = BTreeSet::new();
        for (name, dependency) in &self.dependencies {
            let path = ["dependencies", name.as_str()];
            let message =
                format!("`{name}` is another spelling of a package that is there already");
            require(keys.insert(name.key()), &path, &message, Some("remove one of the two"))?;
            let message = format!("`{name}` depends on itself");
            require(name.key() != package.name.key(), &path, &message, None)?;
            if dependency.relation == DependencyRelation::Base && !dependency.compatible {
                let message = format!("the base `{name}` is a range, `{}`", dependency.version);
                let help = "an adapter fits one base: write `version = \"=1.2.3\"`, or add `compatible = true` if it was tested on others";
                require(dependency.is_exact(), &path, &message, Some(help))?;
            }
        }
        let mut relations = self.dependencies.values().map(|dependency| dependency.relation);
        if package.kind == Kind::Adapter {
            let help = "add it to `[dependencies]` with `relation = \"base\"`";
            let has_base = relations.any(|relation| relation == DependencyRelation::Base);
            require(has_base, &["package", "kind"], "an adapter needs a base", Some(help))?;
        }
        Ok(())
    }

    fn validate_counts(&self) -> Result<(), Failure> {
        let limits = Limits::default();
        for (key, count, most) in [
            ("dependencies", self.dependencies.len(), limits.dependencies),
            (
                "lineage",
                self.lineage.entries.len() + self.lineage.undisclosed.len(),
                limits.lineage,
            ),
        ] {
            let message = format!("`[{key}]` has {count} entries, at most {most} are allowed");
            require(count as u64 <= most, &[key], &message, None)?;
        }
        Ok(())
    }

    /// M-8 and M-10: lineage names one version of a package, or a revision outside a registry.
    fn validate_lineage(&self, package: &Package) -> Result<(), Failure> {
        for (source, entry) in &self.lineage.entries {
            let name = source.to_string();
            match source {
                LineageSource::Package(ancestor) => {
                    let message = format!("`{name}` is its own ancestor at the same version");
                    let same = entry.version.as_ref().is_some_and(|v| v.0 == package.version);
                    let itself = ancestor.key() == package.name.key() && same;
                    require(!itself, &["lineage", &name], &message, None)?;
                    validate_package_entry(&name, entry)?;
                }
                LineageSource::Foreign(_) => validate_foreign_entry(&name, entry)?,
            }
            let share = entry.share.is_none_or(|share| (0.0..=1.0).contains(&share.value()));
            require(share, &["lineage", &name, "share"], "a share lies between 0 and 1", None)?;
        }
        for (index, entry) in self.lineage.undisclosed.iter().enumerate() {
            let path = [
                "lineage".to_owned(),
                "undisclosed".to_owned(),
                index.to_string(),
                "description".to_owned(),
            ];
            let good = !entry.description.is_empty() && entry.description.len() <= 4096;
            require(
                good,
                &path,
                "what is not disclosed needs a description of 1 to 4096 bytes",
                None,
            )?;
        }
        Ok(())
    }
}

fn validate_package_entry(name: &str, entry: &LineageEntry) -> Result<(), Failure> {
    let message = format!("`{name}` needs `version`");
    let help = "lineage is history: write the one version, as in `version = \"=1.2.0\"`";
    require(entry.version.is_some(), &["lineage", name], &message, Some(help))?;
    let message = "`revision` is for sources outside a registry; a package has `version`";
    require(entry.revision.is_none(), &["lineage", name, "revision"], message, None)?;
    let message =
        format!("the licence of `{name}` stands in its own release and cannot be restated here");
    require(
        entry.license.is_empty(),
        &["lineage", name, "license"],
        &message,
        Some("remove `license`"),
    )
}

fn validate_foreign_entry(name: &str, entry: &LineageEntry) -> Result<(), Failure> {
    let message = "`version` is for packages; a source outside a registry has `revision`";
    require(entry.version.is_none(), &["lineage", name, "version"], message, None)?;
    let good = |revision: &String| {
        !revision.is_empty()
            && revision.len() <= 256
            && revision.bytes().all(|b| b.is_ascii_graphic())
    };
    let message = "a revision is 1 to 256 printable characters without blanks";
    require(entry.revision.as_ref().is_none_or(good), &["lineage", name, "revision"], message, None)
}

fn require<S: AsRef<str>>(
    holds: bool,
    path: &[S],
    message: &str,
    help: Option<&str>,
) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    let error = ManifestError::new(message);
    let error = match help {
        Some(help) => error.help(help),
        None => error,
    };
    Err((path.iter().map(|step| step.as_ref().to_owned()).collect(), error))
}
