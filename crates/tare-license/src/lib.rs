//! Licences: what they are called, what they ask, and what a graph of packages may therefore be used for.
//!
//! - [`catalogue`]: the facts about each licence, built in and overridable (spec/licenses.md G-1 to G-9).
//! - [`expression`]: SPDX expressions read against the catalogue (spec/licenses.md G-10 to G-18).
//! - [`audit`]: the pure function of graph, facts and policy that says what is allowed, and why (spec/audit.md).
//!
//! Nothing here reads a file or a clock, and nothing prints. No result is legal advice, and every report says so.
//!
//! ```
//! use tare_license::{Catalogue, Class, class_of};
//!
//! let catalogue = Catalogue::builtin();
//! assert_eq!(class_of("MIT OR GPL-3.0-only", catalogue).worst(), Some(Class::Permissive));
//! assert_eq!(class_of("Apache-2.0 AND CC-BY-NC-4.0", catalogue).worst(), Some(Class::NonCommercial));
//! assert_eq!(class_of("LicenseRef-nobody-knows", catalogue).worst(), Some(Class::Unknown));
//! ```

pub mod audit;
pub mod catalogue;
pub mod expression;

mod class;
mod part;
mod scale;

pub use catalogue::Catalogue;
pub use class::{Class, ClassError, ClassSet};
pub use expression::{Expression, class_of};
pub use part::{Part, PartError};
pub use scale::{Metric, Place, PlaceError};
