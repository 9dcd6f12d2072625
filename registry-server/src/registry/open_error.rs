//! Why a registry does not open, or is not made.

use std::io;
use std::path::PathBuf;

use tare_format::registry::REGISTRY_FORMAT;
use tare_store::StoreError;
use tare_tlog::hash::Hash;

use crate::error::ApiError;
use crate::key_file::KeyFileError;
use crate::log_key::LogKeyError;

/// Why a registry did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server has it.
    #[error("the registry in `{}` is served by another process", path.display())]
    Locked {
        /// The registry's folder.
        path: PathBuf,
    },
    /// There is no registry.
    #[error("there is no registry in `{}`", path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// There was a registry, and its database is gone.
    #[error(
        "the registry in `{}` has lost its database: `{}` is there, and `{}` is missing or empty. Put the database back from \
         a backup; another one would fork the log. To make a new registry, give another folder with `--path`",
        path.display(),
        found.display(),
        database.display()
    )]
    Lost {
        /// The folder.
        path: PathBuf,
        /// The database.
        database: PathBuf,
        /// What is there of the registry.
        found: PathBuf,
    },
    /// There is no registry yet, and its first root document is being signed.
    #[error(
        "there is no registry in `{}` yet: `{}` is the draft of its first root document. Have enough keys sign it and run \
         `tare-registry root publish`, or remove it to make a registry with a root of one key",
        path.display(),
        draft.display()
    )]
    Drafted {
        /// The folder.
        path: PathBuf,
        /// The draft.
        draft: PathBuf,
    },
    /// There is one already.
    #[error("there is a registry in `{}` already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be used.
    #[error("failed to {action} `{}`", path.display())]
    Folder {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot be used.
    #[error("failed to open the store of the registry")]
    Store(#[from] StoreError),
    /// The database cannot be used, or was written by a newer version.
    #[error("failed to open the database of the registry")]
    Database(#[from] sqlx::Error),
    /// The database is not that of a registry of this format.
    #[error("the database is of format `{found}`, this version reads `{REGISTRY_FORMAT}`")]
    Format {
        /// What the database says.
        found: String,
    },
    /// The registry could not be begun.
    #[error("failed to make the registry")]
    Found(#[source] ApiError),
    /// The log cannot be signed.
    #[error("the registry cannot add to its log")]
    LogKey(#[from] LogKeyError),
    /// The log's key could not be kept.
    #[error("failed to keep the key of the log")]
    Key(#[from] KeyFileError),
    /// The database is older than what was said in public.
    #[error(
        "the database has {own} events, and {by} has {size}: it was put back from a backup, and going on would fork the \
         log. Put back a newer backup, or replace the log by a root document (`tare-registry root --help`)"
    )]
    RolledBack {
        /// How many events the database has.
        own: u64,
        /// Who has more.
        by: String,
        /// How many they have.
        size: u64,
    },
    /// The database has another history than what was said in public.
    #[error(
        "{by} has the root {root} for {size} events, and the database has {found}: they are two histories of one log. Put back \
         the database that it was made from, or replace the log by a root document (`tare-registry root --help`)"
    )]
    Forked {
        /// Who has another one.
        by: String,
        /// Of how many events.
        size: u64,
        /// The root that they have.
        root: Hash,
        /// The root in the database.
        found: String,
    },
    /// What a crash had left undone could not be done.
    #[error("failed to bring the public files up to date")]
    Recover(#[source] ApiError),
}
