//! What stories are told with: a [`Registry`], the [`Project`]s of people, what a command said, and small models.

mod evil;
mod operator;
mod outcome;
mod project;
mod registry;
pub(crate) mod safetensors;

pub(crate) use evil::{Answer, Evil};
pub(crate) use operator::{Operator, Service};
pub(crate) use outcome::Outcome;
pub(crate) use project::Project;
pub(crate) use registry::Registry;

/// The manifest of a model, MIT, with nothing special.
pub(crate) fn model(name: &str, version: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nkind = \"model\"\ndescription = \"A small model.\"\n\n\
         [license]\nweights = \"MIT\"\n"
    )
}
