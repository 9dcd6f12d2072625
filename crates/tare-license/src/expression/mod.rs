//! Licence expressions: `Apache-2.0 OR (MIT AND LicenseRef-acme)` (spec/licenses.md G-10 to G-18).
//!
//! The grammar is that of the SPDX specification. The parser is our own, because the `spdx` crate's refuses an id that
//! it does not list, while here such an id is a finding, not a syntax error: it must survive with its class, unknown.
//! A test holds the two against each other on everything both accept.

mod evaluate;
mod parse;

#[cfg(test)]
mod tests;

pub use evaluate::{Choice, Resolved, Term, class_of};
pub use parse::{Expression, ExpressionError, License};
