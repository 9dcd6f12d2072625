//! The password of a signing key: from `TARE_KEY_PASSWORD`, or from a person.

use std::path::Path;

use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::CommandError;

const VARIABLE: &str = "TARE_KEY_PASSWORD";

/// The password of the key at `path`, if there is any way to get one.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn of_key(
    path: &Path,
    context: &Context,
) -> Result<Option<Zeroizing<String>>, CommandError> {
    if let Some(password) = from_environment(context) {
        return Ok(Some(password));
    }
    if !context.can_ask() {
        return Ok(None);
    }
    ask(&format!("Password of {}", context.show(path)), context).map(Some)
}

/// The password that `TARE_KEY_PASSWORD` holds.
pub(crate) fn from_environment(context: &Context) -> Option<Zeroizing<String>> {
    context.env.get(VARIABLE).map(|password| Zeroizing::new(password.to_owned()))
}

/// A password for a new key, typed twice.
///
/// # Errors
/// When nobody can be asked, or the two differ.
pub(crate) fn for_new_key(context: &Context) -> Result<Zeroizing<String>, CommandError> {
    if let Some(password) = context.env.get(VARIABLE) {
        return Ok(Zeroizing::new(password.to_owned()));
    }
    if !context.can_ask() {
        let help = format!(
            "set {VARIABLE}, run the command at a terminal to be asked, or leave the key unencrypted with `--no-password`"
        );
        return Err(CommandError::usage("a key needs a password, and nobody can be asked for one")
            .help(help));
    }
    let password = ask("Password for the new key", context)?;
    if password.is_empty() {
        return Err(CommandError::usage("an empty password protects nothing")
            .help("choose one, or leave the key unencrypted with `--no-password`"));
    }
    if *ask("Once more", context)? != *password {
        return Err(CommandError::usage("the two passwords are not the same"));
    }
    Ok(password)
}

fn ask(question: &str, context: &Context) -> Result<Zeroizing<String>, CommandError> {
    let answer = context.terminal.ask_secret(question);
    answer
        .map(Zeroizing::new)
        .map_err(|error| CommandError::io("failed to ask for a password", &error))
}
