//! `openapi.json`: the route table and the schemas of its bodies, as OpenAPI 3.1.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use tare_format::problem::Problems;

use crate::routes::{Endpoint, Needs, Shape, table};

/// The document as text, with two blanks of indent and a line feed at the end: the bytes of `schemas/openapi.json`.
///
/// # Errors
/// Only when a schema cannot be JSON, which none can.
pub fn text() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document())?;
    text.push('\n');
    Ok(text)
}

fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let problems = generator.subschema_for::<Problems>();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in table() {
        let operation = operation(&endpoint, &mut generator);
        // OpenAPI has no mark for a parameter that takes the rest of the path.
        let path = endpoint.path.replace("{*", "{");
        let path = paths.entry(path).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_lowercase()] = operation;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Tare registry",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every path outside `/api` is a static file. See spec/api.md and spec/registry.md.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": { "problem": {
                "description": "What went wrong.",
                "content": { "application/json": { "schema": problems } },
            } },
        },
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    for name in endpoint.path_parameters() {
        let schema = json!({ "type": "string" });
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    for (name, kind, description) in endpoint.query {
        let schema = json!({ "type": kind });
        parameters.push(
            json!({ "name": name, "in": "query", "description": description, "schema": schema }),
        );
    }
    let mut given = json!({ "description": endpoint.summary });
    if let Some(content) = content(&endpoint.gives, generator) {
        given["content"] = content;
    }
    let mut operation = json!({
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": {
            endpoint.status.to_string(): given,
            "default": { "$ref": "#/components/responses/problem" },
        },
    });
    if let Some(content) = content(&endpoint.takes, generator) {
        operation["requestBody"] = json!({ "content": content });
    }
    match endpoint.needs {
        Needs::Nothing => {}
        Needs::Token => operation["security"] = json!([{ "token": [] }]),
        Needs::Scope(action) => operation["security"] = json!([{ "token": [action.as_str()] }]),
    }
    operation
}

fn content(shape: &Shape, generator: &mut SchemaGenerator) -> Option<Value> {
    match shape {
        Shape::Empty => None,
        Shape::Json(schema) => Some(json!({ "application/json": { "schema": schema(generator) } })),
        Shape::Bytes(media_type) => Some(json!({ *media_type: {} })),
        Shape::Lines => Some(json!({ "application/x-ndjson": {} })),
    }
}
