//! Paths of files inside a package (spec/paths.md).
//!
//! A path is written once by a publisher and becomes a file on every system the package is installed on, so the rules
//! are those of the strictest one: what Windows, macOS or git would read differently is refused everywhere, at publish
//! and again at install. A [`FilePath`] that exists obeys the rules; nothing has to check it again.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use caseless::Caseless as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::name::is_device_name;

/// The most bytes of a path (F-2).
pub const MAX_PATH_SIZE: usize = 1024;
/// The most bytes of one component of a path (F-2).
pub const MAX_COMPONENT_SIZE: usize = 255;
/// The most components of a path (F-2).
pub const MAX_DEPTH: usize = 64;
/// The file that the local store writes last into an installed tree; no package may bring its own (F-5).
pub const MARKER: &str = ".tare-ok";

/// Why a text is not the path of a file in a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a package path: {reason}", quote(found))]
pub struct FilePathError {
    found: String,
    rule: u8,
    reason: &'static str,
}

impl FilePathError {
    /// The rule of the archive profile that the path breaks: 12, 13, 14 or 15.
    #[must_use]
    pub const fn rule(&self) -> u8 {
        self.rule
    }
}

/// The path of a file, relative to the root of its package, with `/` between components.
///
/// The order is that of the bytes, which is the order of files in a release and in a meta archive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components from the root down; the last is the file's name.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The key under which the path is unique in a package: full case folding, then NFC (F-6).
    #[must_use]
    pub fn fold(&self) -> String {
        fold(&self.0)
    }

    /// Reads a path from bytes, as they stand in an archive.
    ///
    /// # Errors
    /// With the first rule of F-2 to F-5 that the bytes break.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FilePathError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.parse(),
            Err(_) => {
                let found = String::from_utf8_lossy(bytes);
                Err(FilePathError { found: shorten(&found), rule: 12, reason: "it is not UTF-8" })
            }
        }
    }
}

impl FromStr for FilePath {
    type Err = FilePathError;

    fn from_str(text: &str) -> Result<Self, FilePathError> {
        match check(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err((rule, reason)) => Err(FilePathError { found: shorten(text), rule, reason }),
        }
    }
}

impl AsRef<str> for FilePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for FilePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl Serialize for FilePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for FilePath {
    fn schema_name() -> Cow<'static, str> {
        "FilePath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The path of a file, relative to the root of its package, with `/` between components",
            "minLength": 1,
            "maxLength": MAX_PATH_SIZE,
            "pattern": "^[^/\\\\]+(/[^/\\\\]+)*$"
        })
    }
}

/// Two paths that cannot stand in one package (F-6, F-7; rule 16 of the archive profile).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathConflict {
    /// The same path twice, or two that a file system without case would take for one.
    #[error("`{path}` and `{other}` are the same file where upper and lower case are one")]
    Same {
        /// The path that came second.
        path: FilePath,
        /// The path that was there.
        other: String,
    },
    /// One path names a file that the other needs as a folder.
    #[error("`{path}` cannot be beside `{other}`: one is a file where the other needs a folder")]
    FileAndFolder {
        /// The path that came second.
        path: FilePath,
        /// The file or folder that was there.
        other: String,
    },
    /// Two paths write one folder differently.
    #[error("`{path}` is in a folder that another file writes as `{other}`")]
    FolderSpelling {
        /// The path that came second.
        path: FilePath,
        /// The folder as it was first written.
        other: String,
    },
}

/// The paths of one package, held so that no two of them can be mistaken for each other on any system.
///
/// Files of the meta archive and files that travel as chunks go into the same set.
#[derive(Debug, Clone, Default)]
pub struct PathSet {
    taken: HashMap<String, Taken>,
    files: usize,
}

#[derive(Debug, Clone)]
enum Taken {
    File(String),
    Folder(String),
}

impl PathSet {
    /// A set without paths.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many files are in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.files
    }

    /// Whether no file is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// Adds a path.
    ///
    /// # Errors
    /// With the path that is in the way. The package is then to be refused; the set may hold folders of the new path.
    pub fn insert(&mut self, path: &FilePath) -> Result<(), PathConflict> {
        let key = path.fold();
        if let Some(taken) = self.taken.get(&key) {
            let path = path.clone();
            return Err(match taken.clone() {
                Taken::File(other) => PathConflict::Same { path, other },
                Taken::Folder(other) => PathConflict::FileAndFolder { path, other },
            });
        }
        self.insert_folders(path)?;
        self.taken.insert(key, Taken::File(path.0.clone()));
        self.files += 1;
        Ok(())
    }

    /// Climbs from the nearest folder to the root, and stops at the first that is known: its parents are known too.
    fn insert_folders(&mut self, path: &FilePath) -> Result<(), PathConflict> {
        let mut rest = path.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            let key = fold(folder);
            let path = path.clone();
            match self.taken.get(&key).cloned() {
                None => self.taken.insert(key, Taken::Folder(folder.to_owned())),
                Some(Taken::Folder(other)) if other == folder => return Ok(()),
                Some(Taken::Folder(other)) => {
                    return Err(PathConflict::FolderSpelling { path, other });
                }
                Some(Taken::File(other)) => {
                    return Err(PathConflict::FileAndFolder { path, other });
                }
            };
            rest = folder;
        }
        Ok(())
    }
}

type Broken = (u8, &'static str);

fn check(text: &str) -> Result<(), Broken> {
    if text.len() > MAX_PATH_SIZE {
        return Err((12, "it is longer than 1024 bytes"));
    }
    if text.starts_with('/') {
        return Err((13, "it is absolute"));
    }
    if text.contains('\\') {
        return Err((14, "components are separated by `/`, and `\\` is not allowed"));
    }
    if text.split('/').count() > MAX_DEPTH {
        return Err((12, "it has more than 64 components"));
    }
    text.split('/').try_for_each(check_component)?;
    // Last, so that the tables are only asked about texts of bounded size without control characters.
    if is_nfc(text) { Ok(()) } else { Err((12, "it is not in Unicode normal form C")) }
}

fn check_component(component: &str) -> Result<(), Broken> {
    if matches!(component, "" | "." | "..") {
        return Err((13, "a component is empty, `.` or `..`"));
    }
    if component.len() > MAX_COMPONENT_SIZE {
        return Err((12, "a component is longer than 255 bytes"));
    }
    if component.chars().any(is_control) {
        return Err((14, "a control character is not allowed"));
    }
    if component.contains([':', '<', '>', '"', '|', '?', '*']) {
        return Err((14, "none of `: < > \" | ? *` is allowed"));
    }
    if component.chars().any(is_invisible) {
        return Err((14, "an invisible, bidirectional or private-use character is not allowed"));
    }
    // Windows drops a blank or a dot at the end, so two names would become one.
    if component.starts_with(char::is_whitespace) || component.ends_with(char::is_whitespace) {
        return Err((13, "a component starts or ends with a blank"));
    }
    if component.ends_with('.') {
        return Err((13, "a component ends with a dot"));
    }
    if is_device_name(component) {
        return Err((15, "it is a device name on Windows"));
    }
    let folded = fold(component);
    let digits = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    let short = folded.strip_prefix("git~").is_some_and(digits);
    if folded == ".git" || short {
        return Err((15, "a folder of git is not part of a package"));
    }
    if folded == MARKER {
        return Err((15, "`.tare-ok` is the mark of an installed package"));
    }
    Ok(())
}

fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Canonical caseless matching (Unicode 3.13, D145) folds the decomposed text.
    text.nfd().default_case_fold().nfc().collect()
}

const fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

/// What a person cannot see, or what has no agreed meaning: the default-ignorable, interlinear and private-use
/// characters and the noncharacters of Unicode 16. Two names that differ only in these look the same.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Keeps an error message readable when the text was hostile.
fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A refused path may hold what would move the cursor or reverse the line, so it is printed escaped.
fn quote(text: &str) -> String {
    let plain = |c: char| !is_control(c) && !is_invisible(c);
    let shown: String = text
        .chars()
        .map(|c| if plain(c) { c.to_string() } else { c.escape_unicode().to_string() })
        .collect();
    format!("`{shown}`")
}

#[cfg(test)]
mod tests;
