//! `tare path`.

use serde_json::json;
use tare_client::ErrorKind;
use tare_client::install::installed_path;
use tare_format::PackageSpec;
use tare_format::lock::LockedPackage;

use crate::context::Context;
use crate::error::CommandError;
use crate::session::{locked, open_local, open_project};
use crate::ui::Text;

/// Print the folder that a package is installed in
#[derive(Debug, clap::Args)]
pub(crate) struct PathArgs {
    /// Which, as `ns/name` or, where several versions are used, `ns/name@1.2.0`
    package: PackageSpec,
}

pub(super) fn run(args: &PathArgs, context: &Context) -> Result<(), CommandError> {
    let project = open_project(context)?;
    let lock = locked(context, &project)?;
    let spec = &args.package;
    let matches = |package: &&LockedPackage| {
        package.name.key() == spec.name.key()
            && spec.requirement.as_ref().is_none_or(|wanted| wanted.matches(&package.version))
            && spec.variant.as_ref().is_none_or(|wanted| package.variant.as_ref() == Some(wanted))
    };
    let found: Vec<&LockedPackage> = lock.packages.iter().filter(matches).collect();
    let own = |package: &&&LockedPackage| {
        let mut requirements = lock.requirements.iter();
        requirements.any(|own| own.name == package.name && own.version == package.version)
    };
    // Of several versions, the one that is named in full is meant, else the one that the project itself asks for.
    let written = spec.requirement.as_ref().map(ToString::to_string);
    let named = |package: &&&LockedPackage| {
        let version = package.version.to_string();
        written.as_ref().is_some_and(|written| written.trim_start_matches(['^', '=']) == version)
    };
    let meant = found.iter().find(named).or_else(|| found.iter().find(own));
    let package = match (meant, found.as_slice()) {
        (Some(package), _) | (None, [package]) => *package,
        (None, []) => {
            let message = format!("the project does not use `{spec}`");
            return Err(CommandError::new(ErrorKind::NotFound, "E-NOT-LOCKED", message)
                .help("`tare tree` shows what it uses"));
        }
        (None, several) => return Err(ambiguous(spec, several)),
    };
    let local = open_local(context)?;
    let Some(path) = installed_path(local.home(), package) else {
        let message = format!("`{}` is not installed", package.id());
        return Err(CommandError::new(ErrorKind::NotFound, "E-NOT-INSTALLED", message)
            .help("run `tare install`"));
    };
    if context.global.json {
        let (name, version, variant) = (&package.name, &package.version, &package.variant);
        context.terminal.print_json(
            &json!({ "package": name, "version": version, "variant": variant, "path": path }),
        );
    } else {
        context.terminal.print(&Text::from(path.display().to_string()));
    }
    Ok(())
}

fn ambiguous(spec: &PackageSpec, several: &[&LockedPackage]) -> CommandError {
    let ids = several.iter().map(|package| format!("`{}`", package.id())).collect::<Vec<_>>();
    let message = format!("the project uses several versions of `{spec}`: {}", ids.join(", "));
    let choices = several.iter().map(|package| format!("`tare path {}`", package.id()));
    CommandError::new(ErrorKind::Usage, "E-AMBIGUOUS", message)
        .help(format!("name one: {}", choices.collect::<Vec<_>>().join(" or ")))
}
