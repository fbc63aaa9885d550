//! How severe a site wants each rule, by payer and by site, and who may answer it: `edits.toml`.
//!
//! Owns the reading of that file and its use on findings. Read line by line: a bad line is reported with its
//! number and the rest applies. A payer's line counts before the site's, the site's before the general one.
//! What a code set or a form makes impossible cannot be lowered. Pure; the text comes from outside.
//!
//! ```toml
//! [severity]                          # everywhere
//! "dx.laterality" = "info"            # stop, warn, info or off
//! [severity.site."clinic"]            # by the scope of the encounter
//! "claim.filing" = "stop"
//! [severity.payer."Blue Harbor"]      # by name, payer id or class (medicare, medicaid, commercial, workers_comp)
//! "dx.excludes1" = "stop"
//! [override]                          # who may answer: coder, supervisor or nobody
//! "ncci.ptp" = "supervisor"
//! ```

use super::RULES;
use crate::domain::{Chart, Finding, Override, OverridePolicy, PayerClass, Role, Severity};
use std::collections::BTreeMap;
use std::fmt;

/// Stops that no payer or site can lower: without them there is no claim, or not one that can be read.
pub const FIRM: &[&str] = &[
    "dx.valid",
    "dx.specific",
    "dx.seventh",
    "dx.form",
    "px.valid",
    "px.form",
    "px.outpatient",
    "line.code",
    "line.charge",
    "line.units",
    "line.form",
    "line.pointer",
    "line.pointer_gone",
    "line.pointer_many",
    "line.pointer_repeat",
    "mod.form",
    "mod.many",
    "mod.repeat",
    "npi.check",
    "claim.form",
    "claim.required",
    "claim.dates",
    "claim.revenue",
    "hold.open",
];

/// What is wrong with a line of `edits.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for PolicyError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Off,
    At(Severity),
}

/// Who may answer a finding of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answerer {
    Coder,
    Supervisor,
    Nobody,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Payer(String),
    Site(String),
    Everybody,
}

#[derive(Clone, Debug, Default)]
pub struct EditPolicy {
    levels: BTreeMap<(Who, String), Level>,
    answerers: BTreeMap<String, Answerer>,
}

static NONE: EditPolicy = EditPolicy { levels: BTreeMap::new(), answerers: BTreeMap::new() };

enum Section {
    None,
    Severity(Who),
    Override,
}

impl EditPolicy {
    /// Every rule at its own level.
    pub fn none() -> &'static EditPolicy {
        &NONE
    }

    pub fn read(file: &str, text: &str) -> (EditPolicy, Vec<PolicyError>) {
        let mut policy = EditPolicy::default();
        let mut errors = Vec::new();
        let mut section = Section::None;
        for (n, raw) in text.lines().enumerate() {
            let line = raw.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let result = match line.parse::<toml::Table>() {
                Err(_) => Err("it is neither [section] nor \"rule\" = \"level\"".to_string()),
                Ok(table) if line.starts_with('[') => {
                    let read = heading(table);
                    // The lines below a heading that cannot be read must not fall to the one above.
                    section = Section::None;
                    read.map(|s| section = s)
                }
                Ok(table) => {
                    table.into_iter().try_for_each(|(rule, value)| policy.take(&section, &rule, &value))
                }
            };
            if let Err(message) = result {
                errors.push(PolicyError { file: file.into(), line: n + 1, message });
            }
        }
        (policy, errors)
    }

    fn take(&mut self, section: &Section, rule: &str, value: &toml::Value) -> Result<(), String> {
        let value = value.as_str().ok_or_else(|| format!("{rule} has to be a word in quotes"))?;
        if !RULES.contains(&rule) {
            let near = RULES.iter().max_by_key(|r| common(r, rule)).filter(|r| common(r, rule) >= 4);
            let hint = near.map(|r| format!("; did you mean {r}?")).unwrap_or_default();
            return Err(format!("there is no rule {rule:?}{hint}"));
        }
        match section {
            Section::None => Err("it stands under no section that could be read".into()),
            Section::Override => {
                let who = match value {
                    "coder" => Answerer::Coder,
                    "supervisor" => Answerer::Supervisor,
                    "nobody" => Answerer::Nobody,
                    _ => return Err(format!("{value:?} is not coder, supervisor or nobody")),
                };
                self.answerers.insert(rule.to_string(), who);
                Ok(())
            }
            Section::Severity(who) => {
                let level = match value {
                    "stop" => Level::At(Severity::Stop),
                    "warn" => Level::At(Severity::Warn),
                    "info" => Level::At(Severity::Info),
                    "off" => Level::Off,
                    _ => return Err(format!("{value:?} is not stop, warn, info or off")),
                };
                if level != Level::At(Severity::Stop) && FIRM.contains(&rule) {
                    return Err(format!("{rule} cannot be lowered: no payer takes such a claim"));
                }
                self.levels.insert((who.clone(), rule.to_string()), level);
                Ok(())
            }
        }
    }

    fn level(&self, chart: &Chart, rule: &str) -> Option<Level> {
        if self.levels.is_empty() {
            return None;
        }
        let at = |who: Who| self.levels.get(&(who, rule.to_string())).copied();
        let payer = chart.primary_payer();
        let names =
            payer.map(|p| [p.name.to_lowercase(), p.payer_id.to_lowercase(), class(p.class).to_string()]);
        names
            .into_iter()
            .flatten()
            .find_map(|n| at(Who::Payer(n)))
            .or_else(|| at(Who::Site(chart.scope.0.to_lowercase())))
            .or_else(|| at(Who::Everybody))
    }

    /// Sets the severity of what was found, and takes away what this site does not want to see.
    pub(super) fn apply(&self, chart: &Chart, findings: &mut Vec<Finding>) {
        findings.retain_mut(|f| {
            if self.answerer(f.rule) == Answerer::Nobody {
                f.policy = OverridePolicy::None;
            }
            match self.level(chart, f.rule) {
                None => {}
                Some(Level::Off) => return false,
                Some(Level::At(level)) => {
                    // A stop that became a question has to have an answer.
                    if level == Severity::Warn && f.policy == OverridePolicy::None {
                        f.policy = OverridePolicy::Reason;
                    }
                    f.severity = level;
                }
            }
            true
        });
    }

    fn answerer(&self, rule: &str) -> Answerer {
        self.answerers.get(rule).copied().unwrap_or(Answerer::Coder)
    }

    /// Whether a person of this role may answer the finding; the reason when not.
    pub fn may_answer(&self, finding: &Finding, role: Role) -> Result<(), String> {
        let supervisor = matches!(role, Role::Supervisor | Role::Admin);
        match (finding.policy, self.answerer(finding.rule)) {
            (OverridePolicy::None, _) | (_, Answerer::Nobody) => {
                Err(format!("this edit cannot be overridden: {} ({})", finding.message, finding.authority))
            }
            (_, Answerer::Supervisor) if !supervisor => {
                Err(format!("{} is a supervisor's to answer on this site", finding.rule))
            }
            (OverridePolicy::Evidence, _) if role == Role::Trainee => {
                Err(format!("a {} hands this one to a coder", role.label()))
            }
            _ if role.may_code() => Ok(()),
            _ => Err(format!("a {} may look but not code", role.label())),
        }
    }

    /// Whether an answer on the record counts: the role it was given in may answer the rule.
    pub(super) fn counts(&self, finding: &Finding, answer: &Override) -> bool {
        // Answers from before roles were kept are a coder's.
        self.may_answer(finding, answer.role.unwrap_or(Role::Coder)).is_ok()
    }
}

fn class(class: PayerClass) -> &'static str {
    match class {
        PayerClass::Medicare => "medicare",
        PayerClass::Medicaid => "medicaid",
        PayerClass::Commercial => "commercial",
        PayerClass::WorkersComp => "workers_comp",
        PayerClass::SelfPay => "self_pay",
    }
}

/// Letters two names begin with alike.
fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count()
}

/// `[severity]`, `[severity.payer."…"]`, `[severity.site."…"]`, `[override]`.
fn heading(table: toml::Table) -> Result<Section, String> {
    let mut path = Vec::new();
    let mut at = table;
    while let Some((key, toml::Value::Table(inner))) = at.into_iter().next() {
        path.push(key);
        at = inner;
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["severity"] => Ok(Section::Severity(Who::Everybody)),
        ["severity", "payer", name] => Ok(Section::Severity(Who::Payer(name.to_lowercase()))),
        ["severity", "site", name] => Ok(Section::Severity(Who::Site(name.to_lowercase()))),
        ["override"] => Ok(Section::Override),
        _ => {
            Err("a section is [severity], [severity.payer.\"NAME\"], [severity.site.\"NAME\"] or [override]"
                .into())
        }
    }
}
