//! codesk: a keyboard-only terminal workstation for US medical coding and billing.
//!
//! The house, from the ground up; imports run downward only (`tests/layers.rs` proves it).
//!
//! | floor | modules |
//! |---|---|
//! | ground: pure | `domain` `codes` `search` `drg` `edits` `claims` `x12` |
//! | first: storage and exchange | `intake` `sqlite` `store` `hub` `sync` `demo` `codes_file` `table_store` `drg_file` `edit_tables` |
//! | top: the terminal | `jobs` `app` `input` `ui` `theme` `term` |
//! | roof: sees everything | `run` `cli` |
//!
//! Threads: UI (the caller of `run`), input, signals, writer (the one SQLite writer), reader, search, sync.
//! Channels are bounded; each module's first lines say which thread calls it.

pub mod app;
pub mod claims;
pub mod cli;
pub mod codes;
pub mod codes_file;
pub mod config;
pub mod demo;
pub mod domain;
pub mod drg;
pub mod drg_file;
pub mod edit_tables;
pub mod edits;
pub mod facts;
pub mod hub;
pub mod input;
pub mod intake;
pub mod jobs;
pub mod run;
pub mod search;
pub mod sqlite;
pub mod store;
pub mod sync;
pub mod table_store;
pub mod term;
pub mod theme;
pub mod ui;
pub mod x12;
