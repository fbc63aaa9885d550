//! The field's words: patient, coverage, encounter, document, diagnosis, service line, states, money.
//!
//! Owns the types every other module speaks in and the typed edits that change them.
//! Never does I/O, never reads the clock, imports nothing of ours. Pure; any thread.

pub mod code;

pub use code::{CodeSystem, display_code, normal_code};
