//! Edits of a manifest's text that leave alone what they are not about.

use tare_format::manifest::DependencyRelation;
use tare_format::{PackageName, VariantName};
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use crate::error::ErrorKind;
use crate::suggest::nearest;

const DEPENDENCIES: &str = "dependencies";

/// A dependency to write into a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The package.
    pub name: PackageName,
    /// The requirement, as it is to be written.
    pub requirement: String,
    /// The relation; the one that is there, or the default one, when absent.
    pub relation: Option<DependencyRelation>,
    /// The variant; the one that is there, or none, when absent.
    pub variant: Option<VariantName>,
}

/// Why a manifest was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("it is not TOML")]
    Syntax(#[from] toml_edit::TomlError),
    /// `dependencies` is something else than a table.
    #[error("`dependencies` is not a table")]
    NoTable,
    /// There is no such dependency.
    #[error("it has no dependency `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: PackageName,
        /// The nearest name that is there.
        near: Option<String>,
    },
}

impl EditError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Syntax(_) | Self::NoTable => ErrorKind::Usage,
            Self::Unknown { .. } => ErrorKind::NotFound,
        }
    }

    pub(super) fn help(&self) -> Option<String> {
        match self {
            Self::Unknown { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            _ => None,
        }
    }
}

pub(super) fn add(text: &str, addition: &Addition) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse()?;
    let item = document.entry(DEPENDENCIES).or_insert_with(|| Item::Table(Table::new()));
    let table = item.as_table_like_mut().ok_or(EditError::NoTable)?;
    let was_sorted = is_sorted(table);
    let name = addition.name.as_str();
    match table.get_mut(name).and_then(Item::as_table_like_mut) {
        Some(entry) => change(entry, addition),
        None => {
            put(table, name, new_entry(addition));
        }
    }
    if was_sorted {
        table.sort_values();
    }
    Ok(document.to_string())
}

pub(super) fn remove(text: &str, name: &PackageName) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse()?;
    let unknown = |near| EditError::Unknown { name: name.clone(), near };
    let item = document.get_mut(DEPENDENCIES).ok_or_else(|| unknown(None))?;
    let table = item.as_table_like_mut().ok_or(EditError::NoTable)?;
    if table.remove(name.as_str()).is_none() {
        let near = nearest(name.as_str(), table.iter().map(|(known, _)| known));
        return Err(unknown(near.map(str::to_owned)));
    }
    Ok(document.to_string())
}

/// Changes what is asked for and keeps the rest of the entry.
fn change(entry: &mut dyn TableLike, addition: &Addition) {
    put(entry, "version", addition.requirement.as_str().into());
    if let Some(relation) = addition.relation {
        put(entry, "relation", relation.as_str().into());
    }
    if let Some(variant) = &addition.variant {
        put(entry, "variant", variant.as_str().into());
    }
}

/// Sets a value; the comments around an old one stay.
fn put(table: &mut dyn TableLike, key: &str, mut new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

fn new_entry(addition: &Addition) -> Value {
    if addition.relation.is_none() && addition.variant.is_none() {
        return addition.requirement.as_str().into();
    }
    let mut entry = InlineTable::new();
    change(&mut entry, addition);
    entry.into()
}

fn is_sorted(table: &dyn TableLike) -> bool {
    table.iter().map(|(key, _)| key).is_sorted()
}
