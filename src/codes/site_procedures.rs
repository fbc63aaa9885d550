//! A site's own procedure numbers: bare CPT or HCPCS codes its charge list uses.
//!
//! Owns a small sorted list of them, with a title only where the site's licensed file gave one.
//! Never invents a word for a number. In memory only; passed beside the book. Pure; any thread.

use super::{CodeSystem, normal_code};
use std::collections::BTreeMap;

/// Codes known at this site, beside the book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    codes: BTreeMap<String, (CodeSystem, Option<String>)>,
}

impl Overlay {
    pub fn new() -> Overlay {
        Overlay::default()
    }

    /// Adds a code as a charge list writes it; false when it is not a procedure code.
    pub fn add(&mut self, code: &str, licensed_title: Option<&str>) -> bool {
        let code = normal_code(code);
        let Some(system) = CodeSystem::of_procedure(&code) else { return false };
        let title = licensed_title.map(str::trim).filter(|t| !t.is_empty()).map(str::to_string);
        let entry = self.codes.entry(code).or_insert((system, None));
        if title.is_some() {
            entry.1 = title;
        }
        true
    }

    pub fn len(&self) -> usize {
        self.codes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    pub fn title(&self, code: &str) -> Option<&str> {
        self.codes.get(code)?.1.as_deref()
    }

    pub fn contains(&self, system: CodeSystem, code: &str) -> bool {
        self.codes.get(code).is_some_and(|(s, _)| *s == system)
    }

    /// Codes that begin with `prefix`, in order.
    pub fn starting<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (CodeSystem, &'a str, Option<&'a str>)> {
        self.codes
            .range(prefix.to_string()..)
            .take_while(move |(c, _)| c.starts_with(prefix))
            .map(|(c, (s, t))| (*s, c.as_str(), t.as_deref()))
    }
}
