//! The `tare-registry` server.
