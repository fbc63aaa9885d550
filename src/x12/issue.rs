//! What is wrong with a file, and where: segment, loop, line, field.
//!
//! Owns the shape of a finding about X12 text, which is `domain::Finding`'s with a place in the file instead of
//! a place in the encounter. Messages name fields and codes, never a person. Pure.

use crate::domain::Severity;
use std::borrow::Cow;

/// Where a finding stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// `2310B`; `ISA`, `GS` and `ST` for the envelope.
    pub lp: &'static str,
    /// `NM1`
    pub segment: Cow<'static, str>,
    /// `NM109`, `CLM05-3`; the segment's id when all of it is meant.
    pub field: String,
    /// LX01 of the service line, where the finding is about one.
    pub line: Option<u32>,
    /// Segment number within the transaction, ST being 1; within the file for the envelope.
    pub number: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Stable id: `x12.required`, `x12.balance`.
    pub rule: &'static str,
    pub severity: Severity,
    pub at: At,
    /// CLM01 of the claim it is about; empty for the envelope.
    pub claim: String,
    pub message: String,
    pub authority: &'static str,
    /// What to do, in a biller's words.
    pub fix: String,
}

impl Issue {
    pub fn stop(rule: &'static str, at: At, message: impl Into<String>, authority: &'static str) -> Issue {
        Issue {
            rule,
            severity: Severity::Stop,
            at,
            claim: String::new(),
            message: message.into(),
            authority,
            fix: String::new(),
        }
    }
    pub fn warn(rule: &'static str, at: At, message: impl Into<String>, authority: &'static str) -> Issue {
        Issue { severity: Severity::Warn, ..Issue::stop(rule, at, message, authority) }
    }
    pub fn fix(mut self, text: impl Into<String>) -> Issue {
        self.fix = text.into();
        self
    }
    /// `2310B NM109`
    pub fn place(&self) -> String {
        let line = self.at.line.map(|l| format!(" line {l}")).unwrap_or_default();
        format!("{}{line} {}", self.at.lp, self.at.field)
    }
}

/// A code or number as a message may show it: short, and nothing that could be a sentence.
pub fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(20).map(|c| if c.is_control() { '?' } else { c }).collect();
    if value.chars().count() > 20 {
        text.push_str("...");
    }
    text
}
