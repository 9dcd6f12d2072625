//! The JSON Schemas in `schemas/`, generated from the types.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use crate::{advisory, api, bundle, card, event, lock, manifest, problem, registry, release};

/// Every document that is JSON or TOML: the file's name in `schemas/`, and its schema (draft 2020-12).
#[must_use]
pub fn documents() -> Vec<(&'static str, Schema)> {
    vec![
        ("manifest", schema::<manifest::Manifest>()),
        ("card", schema::<card::Card>()),
        ("lock", schema::<lock::Lock>()),
        ("release", schema::<release::Release>()),
        ("advisory", schema::<advisory::Advisory>()),
        ("event", schema::<event::Event>()),
        ("registry", schema::<registry::Registry>()),
        ("bundle", schema::<bundle::Bundle>()),
        ("open-session", schema::<api::OpenSession>()),
        ("session", schema::<api::Session>()),
        ("committed", schema::<api::Committed>()),
        ("problems", schema::<problem::Problems>()),
    ]
}

/// The schema of one type.
#[must_use]
pub fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}
