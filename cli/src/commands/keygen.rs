//! `tare keygen`: a key to sign releases with.

use std::path::PathBuf;

use serde_json::json;
use tare_client::keys;

use crate::context::Context;
use crate::error::CommandError;
use crate::password;
use crate::ui::Text;

/// Make a key to sign releases with
///
/// The key is for ECDSA on prime256v1 and is encrypted with a password, from TARE_KEY_PASSWORD or asked for. A key that is
/// there is never overwritten: what was signed with it needs it.
#[derive(Debug, clap::Args)]
pub(crate) struct KeygenArgs {
    /// Where to save the key, instead of keys/default.pem in tare's home
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave the key unencrypted: whoever reads the file can sign with it
    #[arg(long)]
    no_password: bool,
}

pub(super) fn run(args: &KeygenArgs, context: &Context) -> Result<(), CommandError> {
    let path = match &args.output {
        Some(path) => context.resolve(path),
        None => keys::default_path(context.home()),
    };
    if path.symlink_metadata().is_ok() {
        return Err(keys::KeyFileError::Exists { path }.into());
    }
    let password = if args.no_password { None } else { Some(password::for_new_key(context)?) };
    let public = keys::create(&path, password.as_ref().map(|password| password.as_str()))?;
    if context.global.json {
        context.terminal.print_json(&json!({
            "id": public.id().to_string(),
            "key": path,
            "public-key": keys::public_path(&path),
            "encrypted": !args.no_password,
        }));
        return Ok(());
    }
    context.terminal.status("Created", format!("key {}", path.display()));
    context.terminal.print(&Text::from(public.id().to_string()));
    if args.no_password {
        context
            .terminal
            .warn("the key is not encrypted: whoever can read the file can sign with it");
    }
    Ok(())
}
