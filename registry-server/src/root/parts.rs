//! The parts of a root document as an operator writes them on the command line.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use tare_tlog::key::{KeyError, VerifierKey};
use tare_tlog::policy::{Group, Rule, Witness};
use tare_tlog::root::{RootKey, Time};

/// The most bytes of a file that holds a public key.
const MAX_KEY_FILE: u64 = 8 << 10;
/// The label of the group that `--quorum 'any W1 W2'` makes.
const GROUP: &str = "enough";

/// Why a part cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// A file of a public key cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds no public key.
    #[error("`{}` holds no public key", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A witness is written in another way.
    #[error("`{found}` is not a witness: expected `LABEL=VKEY` or `LABEL=VKEY=URL`")]
    Witness {
        /// What was given.
        found: String,
    },
    /// The key of a witness cannot be read.
    #[error("the key of the witness `{label}` cannot be read")]
    WitnessKey {
        /// The witness.
        label: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A quorum is written in another way.
    #[error(
        "`{found}` is not a quorum: expected `none`, a label, or `any`, `all` or a number and some labels"
    )]
    Quorum {
        /// What was given.
        found: String,
    },
    /// A time is written in another way, or is not in the future.
    #[error("`{found}` is not an expiry: expected as in `18mo`, `540d`, or `2028-05-22T00:00:00Z`")]
    Expiry {
        /// What was given.
        found: String,
    },
}

/// The files of root keys, as `a.pub,b.pub,c.pub`. A key is labelled by its file's name.
#[derive(Debug, Clone)]
pub struct KeyList(Vec<PathBuf>);

impl FromStr for KeyList {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.split(',').filter(|path| !path.is_empty()).map(PathBuf::from).collect()))
    }
}

impl KeyList {
    /// Reads the files.
    ///
    /// # Errors
    /// At the first that holds no public key.
    pub fn read(&self) -> Result<Vec<RootKey>, PartError> {
        let read = |path: &PathBuf| {
            let label = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok(RootKey { label, key: read_public_key(path)? })
        };
        self.0.iter().map(read).collect()
    }
}

fn read_public_key(path: &Path) -> Result<VerifierKey, PartError> {
    let fail = |source| PartError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(fail)?;
    file.take(MAX_KEY_FILE).read_to_string(&mut text).map_err(fail)?;
    let key = text.strip_suffix('\n').unwrap_or(&text).parse();
    key.map_err(|source| PartError::KeyFile { path: path.to_owned(), source })
}

/// A witness, as `LABEL=VKEY` or `LABEL=VKEY=URL`.
#[derive(Debug, Clone)]
pub struct WitnessSpec(pub Witness);

impl FromStr for WitnessSpec {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let form = || PartError::Witness { found: text.to_owned() };
        let (label, rest) = text.split_once('=').ok_or_else(form)?;
        // A key may end in the `=` of base64, so the URL is found by how it begins.
        let url = ["=https://", "=http://"].iter().find_map(|mark| rest.find(mark));
        let (key, url) = match url.and_then(|at| rest.split_at_checked(at)) {
            Some((key, url)) => (key, url.strip_prefix('=').map(str::to_owned)),
            None => (rest, None),
        };
        let key = key
            .parse()
            .map_err(|source| PartError::WitnessKey { label: label.to_owned(), source })?;
        Ok(Self(Witness { label: label.to_owned(), key, url }))
    }
}

/// Whose cosignatures are enough, as `none`, `W1`, `any W1 W2`, `all W1 W2`, or `2 W1 W2 W3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// The group that it asks for, unless it is nobody or one witness.
    pub group: Option<Group>,
    /// The label of a witness or of the group; `none` for nobody.
    pub label: String,
}

impl Quorum {
    /// Nobody's.
    #[must_use]
    pub fn none() -> Self {
        Self { group: None, label: "none".to_owned() }
    }
}

impl FromStr for Quorum {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let form = || PartError::Quorum { found: text.to_owned() };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (rule, members) = match words.as_slice() {
            ["any" | "all"] => return Err(form()),
            [label] => return Ok(Self { group: None, label: (*label).to_owned() }),
            [rule, members @ ..] if !members.is_empty() => (*rule, members),
            _ => return Err(form()),
        };
        let rule = match rule {
            "any" => Rule::Any,
            "all" => Rule::All,
            number => Rule::AtLeast(number.parse().map_err(|_| form())?),
        };
        let members = members.iter().map(|label| (*label).to_owned()).collect();
        let label = GROUP.to_owned();
        Ok(Self { group: Some(Group { label: label.clone(), rule, members }), label })
    }
}

/// How long a document is to hold, from now on: `18mo`, `540d`, `2y`, or until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry(String);

impl Expiry {
    /// The time at which it ends, when it begins at `now`.
    ///
    /// # Errors
    /// When the text is something else, or the time is not in the future.
    pub fn from(&self, now: Timestamp) -> Result<Time, PartError> {
        let fail = || PartError::Expiry { found: self.0.clone() };
        let time: Time = match self.0.parse() {
            Ok(time) => time,
            Err(_) => {
                let span = span(&self.0).ok_or_else(fail)?;
                let end =
                    now.to_zoned_datetime(TimeZone::UTC).checked_add(span).map_err(|_| fail())?;
                let seconds = u64::try_from(end.timestamp().as_second()).map_err(|_| fail())?;
                Time::from_seconds(seconds).map_err(|_| fail())?
            }
        };
        let is_ahead = i64::try_from(time.seconds()).is_ok_and(|end| end > now.as_second());
        if is_ahead { Ok(time) } else { Err(fail()) }
    }
}

impl FromStr for Expiry {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Default for Expiry {
    /// Long, because the incidents of other roots were about expiry: a year and a half.
    fn default() -> Self {
        Self("18mo".to_owned())
    }
}

fn span(text: &str) -> Option<Span> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: i64 = number.parse().ok()?;
    match unit {
        "d" => Span::new().try_days(number).ok(),
        "mo" => Span::new().try_months(number).ok(),
        "y" => Span::new().try_years(number).ok(),
        _ => None,
    }
}
