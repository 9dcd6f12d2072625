//! The password of a signing key: from `TARE_KEY_PASSWORD`, from the file that `TARE_KEY_PASSWORD_FILE` names, or from a
//! person.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::CommandError;

const VARIABLE: &str = "TARE_KEY_PASSWORD";
const FILE_VARIABLE: &str = "TARE_KEY_PASSWORD_FILE";
/// The most bytes that are read of a file with a password.
const MAX_SIZE: u64 = 4096;

/// The password of the key at `path`, if there is any way to get one.
///
/// # Errors
/// When the terminal or the file cannot be read.
pub(crate) fn of_key(
    path: &Path,
    context: &Context,
) -> Result<Option<Zeroizing<String>>, CommandError> {
    if let Some(password) = from_environment(context)? {
        return Ok(Some(password));
    }
    if !context.can_ask() {
        return Ok(None);
    }
    ask(&format!("Password of {}", context.show(path)), context).map(Some)
}

/// The password that `TARE_KEY_PASSWORD` holds, or the first line of the file that `TARE_KEY_PASSWORD_FILE` names.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn from_environment(
    context: &Context,
) -> Result<Option<Zeroizing<String>>, CommandError> {
    if let Some(password) = context.env.get(VARIABLE) {
        return Ok(Some(Zeroizing::new(password.to_owned())));
    }
    let Some(path) = context.env.get(FILE_VARIABLE) else { return Ok(None) };
    let path = context.resolve(Path::new(path));
    let mut text = Zeroizing::new(String::new());
    let read = File::open(&path).and_then(|file| file.take(MAX_SIZE).read_to_string(&mut text));
    read.map_err(|error| {
        let message = format!("failed to read the password in `{}`", path.display());
        CommandError::io(message, &error)
    })?;
    Ok(Some(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())))
}

/// A password for a new key, typed twice.
///
/// # Errors
/// When nobody can be asked, or the two differ.
pub(crate) fn for_new_key(context: &Context) -> Result<Zeroizing<String>, CommandError> {
    if let Some(password) = from_environment(context)? {
        return Ok(password);
    }
    if !context.can_ask() {
        let help = format!(
            "set {VARIABLE} or {FILE_VARIABLE}, run the command at a terminal to be asked, or leave the key unencrypted with `--no-password`"
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
