//! The official tables and definitions of ICD-10-PCS as a coder builds a code from them.
//!
//! Owns the 900 tables (three fixed characters, rows of legal values for the other four), the
//! legal continuations of what is typed so far, their labels, and the definitions of values.
//! Never reads XML: `pcs_xml` does. Pure; any thread.

use serde::{Deserialize, Serialize};

/// One value of a character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PcsValue {
    pub code: char,
    pub label: String,
}

/// One character of a row: what it means and the values it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcsAxis {
    pub title: String,
    pub values: Vec<PcsValue>,
}

/// Values that go together: every combination of the four axes is a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcsRow {
    /// Characters 4 to 7.
    pub axes: [PcsAxis; 4],
}

/// One official table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcsTable {
    /// Characters 1 to 3: section, body system, operation, with one value each.
    pub head: [PcsAxis; 3],
    /// The official definition of the operation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub definition: String,
    pub rows: Vec<PcsRow>,
}

impl PcsTable {
    /// Its three characters.
    pub fn prefix(&self) -> String {
        self.head.iter().filter_map(|a| a.values.first()).map(|v| v.code).collect()
    }
}

/// What can follow the characters typed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcsStep {
    /// What the next character says: `Body Part`. Rows may differ; the first one's.
    pub title: String,
    /// In the order of their characters, each once.
    pub values: Vec<PcsValue>,
}

/// All tables of a release, sorted by their three characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcsTables {
    tables: Vec<PcsTable>,
}

impl PcsTables {
    pub fn new(mut tables: Vec<PcsTable>) -> PcsTables {
        tables.sort_by_key(PcsTable::prefix);
        PcsTables { tables }
    }

    pub fn tables(&self) -> &[PcsTable] {
        &self.tables
    }

    /// The table of three characters.
    pub fn table(&self, prefix: &str) -> Option<&PcsTable> {
        let i = self.tables.binary_search_by(|t| t.prefix().as_str().cmp(prefix)).ok()?;
        self.tables.get(i)
    }

    /// The legal values of the character after `typed` (0 to 6 characters, upper case); no values
    /// when nothing legal begins so, or the code is complete.
    pub fn next(&self, typed: &str) -> PcsStep {
        let typed: Vec<char> = typed.chars().collect();
        let mut step = PcsStep::default();
        let mut add = |axis: &PcsAxis| {
            if step.title.is_empty() {
                step.title.clone_from(&axis.title);
            }
            for v in &axis.values {
                if !step.values.iter().any(|known| known.code == v.code) {
                    step.values.push(v.clone());
                }
            }
        };
        let fits = |axis: &PcsAxis, c: &char| axis.values.iter().any(|v| v.code == *c);
        for t in &self.tables {
            if !t.head.iter().zip(&typed).all(|(axis, c)| fits(axis, c)) {
                continue;
            }
            if let Some(axis) = t.head.get(typed.len()) {
                add(axis);
                continue;
            }
            for row in &t.rows {
                let rest = typed.get(3..).unwrap_or(&[]);
                if row.axes.iter().zip(rest).all(|(axis, c)| fits(axis, c))
                    && let Some(axis) = row.axes.get(rest.len())
                {
                    add(axis);
                }
            }
        }
        step.values.sort();
        step
    }

    /// The labels of the characters typed, in order, as far as they are legal.
    pub fn labels(&self, typed: &str) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for (i, c) in typed.char_indices() {
            let step = self.next(&typed[..i]);
            let Some(v) = step.values.into_iter().find(|v| v.code == c) else { break };
            out.push((step.title, v.label));
        }
        out
    }

    /// Whether seven characters are a code of these tables.
    pub fn contains(&self, code: &str) -> bool {
        let mut chars = code.chars();
        let head: String = chars.by_ref().take(3).collect();
        let rest: Vec<char> = chars.collect();
        rest.len() == 4
            && self.table(&head).is_some_and(|t| {
                t.rows.iter().any(|r| {
                    r.axes.iter().zip(&rest).all(|(axis, c)| axis.values.iter().any(|v| v.code == *c))
                })
            })
    }

    /// Every code the tables allow, sorted, each once.
    pub fn codes(&self) -> Vec<String> {
        let mut out = Vec::new();
        for t in &self.tables {
            let head = t.prefix();
            for [a, b, c, d] in t.rows.iter().map(|r| &r.axes) {
                for w in &a.values {
                    for x in &b.values {
                        for y in &c.values {
                            for z in &d.values {
                                let tail: String = [w.code, x.code, y.code, z.code].iter().collect();
                                out.push(format!("{head}{tail}"));
                            }
                        }
                    }
                }
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

/// One or more values that share a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcsTerm {
    pub titles: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub definition: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub explanation: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
}

/// The definitions of one character of one section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcsDefinitionAxis {
    pub section: char,
    pub section_title: String,
    /// Which character, 1 to 7.
    pub position: u8,
    pub title: String,
    pub terms: Vec<PcsTerm>,
}

/// A device and the value it is coded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcsDevice {
    pub device: String,
    pub operation: String,
    pub body_systems: Vec<String>,
    pub parent: String,
    pub value: char,
}

/// All definitions of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcsDefinitions {
    pub axes: Vec<PcsDefinitionAxis>,
    pub devices: Vec<PcsDevice>,
}

impl PcsDefinitions {
    /// The definition of a value by its label, in a section at a position.
    pub fn find(&self, section: char, position: u8, label: &str) -> Option<&PcsTerm> {
        let axis = self.axes.iter().find(|a| a.section == section && a.position == position)?;
        axis.terms.iter().find(|t| t.titles.iter().any(|title| title == label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(title: &str, values: &str) -> PcsAxis {
        let values = values.chars().map(|code| PcsValue { code, label: format!("label {code}") }).collect();
        PcsAxis { title: title.into(), values }
    }

    #[test]
    fn only_legal_continuations() {
        let row = |d: &str, q: &str| PcsRow {
            axes: [axis("Body Part", "V"), axis("Approach", "03"), axis("Device", d), axis("Qualifier", q)],
        };
        let t = PcsTables::new(vec![PcsTable {
            head: [axis("Section", "0"), axis("Body System", "2"), axis("Operation", "H")],
            definition: String::new(),
            rows: vec![row("3", "Z"), row("D", "2Z")],
        }]);
        let next = |typed: &str| t.next(typed).values.iter().map(|v| v.code).collect::<String>();
        assert_eq!(next(""), "0");
        assert_eq!(next("02H"), "V");
        assert_eq!(next("02HV3"), "3D");
        assert_eq!(next("02HV33"), "Z");
        assert_eq!(next("02HV3D"), "2Z");
        assert_eq!(next("02HV33Z"), "");
        assert_eq!(next("02HX"), "");
        assert_eq!(t.codes().len(), 6);
        assert!(t.contains("02HV33Z") && !t.contains("02HV332") && !t.contains("02H"));
        assert_eq!(t.labels("02HV9").len(), 4);
    }
}
