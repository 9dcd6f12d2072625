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
    // Of several versions, the one that the project itself asks for is meant.
    let Some(package) = found.iter().find(own).or(found.last()) else {
        let message = format!("the project does not use `{spec}`");
        return Err(CommandError::new(ErrorKind::NotFound, "E-NOT-LOCKED", message)
            .help("`tare tree` shows what it uses"));
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
