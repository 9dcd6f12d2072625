//! One row of the route table.

use axum::routing::MethodRouter;
use http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use tare_format::scope::Action;

use crate::App;

/// What a caller must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Nothing,
    /// A valid token.
    Token,
    /// A valid token with a scope for this action that covers what it is done to.
    Scope(Action),
}

/// What a body is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// There is none.
    Empty,
    /// JSON of a type that has a schema.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Bytes of a media type.
    Bytes(&'static str),
    /// One JSON document a line.
    Lines,
}

impl Shape {
    /// JSON of the type `T`.
    pub(crate) fn json<T: JsonSchema>() -> Self {
        Self::Json(|generator| generator.subschema_for::<T>())
    }
}

/// A parameter of a query: its name, its JSON type, what it means.
pub(crate) type Parameter = (&'static str, &'static str, &'static str);

/// One route.
pub(crate) struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    pub needs: Needs,
    pub summary: &'static str,
    pub query: &'static [Parameter],
    pub takes: Shape,
    pub status: u16,
    pub gives: Shape,
    pub handler: MethodRouter<App>,
}

impl Endpoint {
    fn new(
        method: Method,
        path: &'static str,
        needs: Needs,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Self {
        let (takes, gives) = (Shape::Empty, Shape::Empty);
        Self { method, path, needs, summary, query: &[], takes, status: 200, gives, handler }
    }

    pub(super) fn get(
        path: &'static str,
        needs: Needs,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Self {
        Self::new(Method::GET, path, needs, summary, handler)
    }

    pub(super) fn post(
        path: &'static str,
        needs: Needs,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Self {
        Self::new(Method::POST, path, needs, summary, handler)
    }

    /// Answers nothing but that it worked.
    pub(super) fn put(
        path: &'static str,
        needs: Needs,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Self {
        Self::new(Method::PUT, path, needs, summary, handler).status(204)
    }

    /// Answers nothing but that it worked.
    pub(super) fn delete(
        path: &'static str,
        needs: Needs,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Self {
        Self::new(Method::DELETE, path, needs, summary, handler).status(204)
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn queries(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    pub(super) fn takes(self, takes: Shape) -> Self {
        Self { takes, ..self }
    }

    pub(super) fn gives(self, gives: Shape) -> Self {
        Self { gives, ..self }
    }

    /// The names of the parameters in the path.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> + use<> {
        let inner = |part: &'static str| part.strip_prefix('{')?.strip_suffix('}');
        self.path.split('/').filter_map(inner).map(|name| name.trim_start_matches('*'))
    }
}
