//! Attacks on what people are shown of a registry, row by row, with the real programs against real registries.

mod backup;
mod bodies;
mod forge;
mod forks;
mod freshness;
mod keys;
mod origin;
mod redaction;
mod roots;
mod scenario;
mod stage;
