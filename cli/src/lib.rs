//! The `tare` command.
