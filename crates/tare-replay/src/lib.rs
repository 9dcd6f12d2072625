//! What a registry's events mean: the rules that every event is judged by, in one place that server, mirror and client share.
//!
//! Does no I/O and reads no clock.
