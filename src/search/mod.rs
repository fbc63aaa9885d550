//! (stub)
use crate::domain::CodeSystem;
#[derive(Clone, Debug, Default)]
pub struct Results { pub total: usize, pub hits: Vec<Hit> }
#[derive(Clone, Debug)]
pub struct Hit { pub system: CodeSystem, pub code: String, pub title: String, pub billable: bool, pub score: f32, pub why: Vec<String>, pub matched: Vec<(usize, usize)> }
