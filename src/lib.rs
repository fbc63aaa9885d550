//! codesk: a keyboard-only terminal workstation for US medical coding and billing.
//!
//! The house, from the ground up; imports run downward only (`tests/layers.rs` proves it).
//!
//! | floor | modules |
//! |---|---|
//! | ground: pure | `domain` `codes` `search` `edits` `claims` |
//! | first: storage and exchange | `intake` `store` `hub` `sync` `demo` |
//! | top: the terminal | `jobs` `app` `input` `ui` `theme` `term` |
//! | roof: sees everything | `run` `cli` |

pub mod codes;
pub mod codes_file;
pub mod domain;
pub mod input;
pub mod search;
pub mod term;
pub mod theme;
