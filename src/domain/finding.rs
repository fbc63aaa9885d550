//! What an edit found: its rule, level, place, authority and what answers it.
//!
//! Owns the shape that the edits pane, `codesk check` and the hub share. Which rules exist is `edits`.

use super::{Edit, Id};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    /// Asks before submit; a reason or evidence answers it.
    Warn,
    /// Blocks submit.
    Stop,
}

impl Severity {
    /// The word the screen shows; colour only repeats it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Stop => "stop",
            Severity::Warn => "asks",
            Severity::Info => "info",
        }
    }
    pub fn key(self) -> &'static str {
        match self {
            Severity::Stop => "stop",
            Severity::Warn => "warn",
            Severity::Info => "info",
        }
    }
}

/// Where the finding stands, so that `e` can put the cursor there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Encounter(String),
    Patient(String),
    Coverage(String),
    Provider(String),
    Diagnosis(Id),
    Procedure(Id),
    Line(Id, String),
}

/// How a finding may be answered without changing the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OverridePolicy {
    None,
    Reason,
    Evidence,
}

impl OverridePolicy {
    pub fn key(self) -> &'static str {
        match self {
            OverridePolicy::None => "none",
            OverridePolicy::Reason => "reason",
            OverridePolicy::Evidence => "evidence",
        }
    }
}

/// One numbered way to answer: a change that is offered, never made by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// `use I12.9 instead of I10, before N18.31`
    pub text: String,
    pub action: FixAction,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FixAction {
    /// These edits, as one undo step.
    Apply(Vec<Edit>),
    /// Put a code in place of the diagnosis (same position), or before another one.
    ReplaceDiagnosis { id: Id, code: String, before: Option<Id> },
    /// Add a diagnosis at the end, or before another one.
    AddDiagnosis { code: String, before: Option<Id> },
    /// Look for a code under these prefixes or ranges; the coder chooses.
    Search { within: Vec<CodeRange>, before: Option<Id> },
    /// Add a modifier to the line; asks for evidence when the rule wants it.
    AddModifier { line: Id, modifier: String, evidence: bool },
    /// Put the cursor on the field.
    GoTo(Place),
}

/// Codes from `first` to `last`, both inclusive, with everything below them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRange {
    pub first: String,
    pub last: String,
}

impl CodeRange {
    pub fn one(code: &str) -> CodeRange {
        CodeRange { first: code.to_string(), last: code.to_string() }
    }
    /// Compared by prefix: `N181`..`N186` holds `N1831`. Normal forms on both sides.
    pub fn contains(&self, code: &str) -> bool {
        let cut = |n: usize| code.get(..n.min(code.len())).unwrap_or(code);
        code.len() >= self.first.len().min(self.last.len())
            && cut(self.first.len()) >= self.first.as_str()
            && cut(self.last.len()) <= self.last.as_str()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Stable id: `dx.excludes1`, `ncci.em25`.
    pub rule: &'static str,
    pub severity: Severity,
    pub place: Place,
    /// What it is about besides the place (the codes of a pair), so that an answer to one pair does not
    /// answer the next one; empty for most.
    pub about: String,
    pub message: String,
    /// CMS manual, guideline section or guide that the rule is from.
    pub authority: String,
    /// The imported table it was made with and its release; empty where it came from none.
    pub release: String,
    pub policy: OverridePolicy,
    pub fixes: Vec<Fix>,
    /// Set when the coder has answered it on the record.
    pub answered: Option<String>,
}

impl Finding {
    fn new(
        severity: Severity,
        rule: &'static str,
        place: Place,
        message: String,
        authority: &str,
    ) -> Finding {
        Finding {
            rule,
            severity,
            place,
            about: String::new(),
            message,
            authority: authority.to_string(),
            release: String::new(),
            policy: OverridePolicy::None,
            fixes: Vec::new(),
            answered: None,
        }
    }
    pub fn stop(rule: &'static str, place: Place, message: impl Into<String>, authority: &str) -> Finding {
        Finding::new(Severity::Stop, rule, place, message.into(), authority)
    }
    /// A question a reason answers.
    pub fn warn(rule: &'static str, place: Place, message: impl Into<String>, authority: &str) -> Finding {
        let f = Finding::new(Severity::Warn, rule, place, message.into(), authority);
        f.policy(OverridePolicy::Reason)
    }
    pub fn info(rule: &'static str, place: Place, message: impl Into<String>, authority: &str) -> Finding {
        Finding::new(Severity::Info, rule, place, message.into(), authority)
    }
    pub fn policy(mut self, policy: OverridePolicy) -> Finding {
        self.policy = policy;
        self
    }
    /// The release of the table that made it.
    pub fn release(mut self, release: impl Into<String>) -> Finding {
        self.release = release.into();
        self
    }
    pub fn about(mut self, about: impl Into<String>) -> Finding {
        self.about = about.into();
        self
    }
    /// The next numbered fix.
    pub fn fix(mut self, text: impl Into<String>, action: FixAction) -> Finding {
        self.fixes.push(Fix { text: text.into(), action });
        self
    }

    /// The key an override stores: the place and what it is about, without anything that changes by itself.
    pub fn place_key(&self) -> String {
        let place = self.place.key();
        if self.about.is_empty() { place } else { format!("{place}/{}", self.about) }
    }
    /// Still in the way of a submit.
    pub fn blocks(&self) -> bool {
        match self.severity {
            Severity::Stop => true,
            Severity::Warn => self.answered.is_none(),
            Severity::Info => false,
        }
    }
}

impl Place {
    fn key(&self) -> String {
        match self {
            Place::Encounter(f) => format!("encounter.{f}"),
            Place::Patient(f) => format!("patient.{f}"),
            Place::Coverage(f) => format!("coverage.{f}"),
            Place::Provider(f) => format!("provider.{f}"),
            Place::Diagnosis(id) | Place::Procedure(id) | Place::Line(id, _) => id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_by_prefix() {
        let r = CodeRange { first: "N181".into(), last: "N186".into() };
        for yes in ["N181", "N1831", "N186"] {
            assert!(r.contains(yes), "{yes}");
        }
        for no in ["N18", "N189", "N17", "N19"] {
            assert!(!r.contains(no), "{no}");
        }
        assert!(CodeRange::one("I12").contains("I129"));
        assert!(!CodeRange::one("I12").contains("I13"));
    }
}
