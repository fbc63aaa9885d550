//! What a book knows only where a site has loaded official lists, and what is below a code on a day.
//!
//! Owns the POA-exempt answer by date, the lists of the claim (modifiers, revenue codes, …), which
//! systems are loaded in full, and children by date. Never answers from a list of other days
//! without saying so: it says nothing then. Pure; any thread.

use super::book::{Book, Entry, ymd};
use super::format::{Section, U32s};
use super::import::Kind;
use super::{CodeSystem, class, normal_code};
use chrono::NaiveDate;

const POA: usize = 4;
const LIST: usize = 8;
const COMPLETE: usize = 3;

/// A code of a list of the claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub code: String,
    pub text: String,
}

fn holds(day: u32, from: u32, to: u32) -> bool {
    from <= day && (to == 0 || day <= to)
}

impl Book {
    /// Whether a diagnosis is exempt from present-on-admission reporting on a day of discharge.
    /// Nothing when no list is loaded that is for that day, and the last one before it does not
    /// know the code.
    pub fn poa_exempt(&self, code: &str, day: NaiveDate) -> Option<bool> {
        let day = ymd(day);
        let lists = U32s(self.part(Section::PoaLists));
        let docs = U32s(self.part(Section::PoaDocs));
        let doc = self.find(CodeSystem::Icd10cm, &normal_code(code))?;
        // the newest begun by then; of two of the same day the one loaded later
        let list = (0..lists.len() / POA)
            .filter(|i| lists.get(POA * i) <= day)
            .max_by_key(|i| lists.get(POA * i))?;
        let (to, first, end) =
            (lists.get(POA * list + 1), lists.get(POA * list + 2), lists.get(POA * list + 3));
        let part = docs.slice(first as usize..end as usize);
        let exempt = part.get(part.lower_bound(doc)) == doc && !part.is_empty();
        let current = to == 0 || day <= to;
        // an old list says nothing of a code that came after it
        let known_to_it = self.spans_of(doc).any(|(from, _)| current || from <= to);
        (current || exempt || known_to_it).then_some(exempt)
    }

    /// Whether every code of a system that is valid on a day is loaded: one that is not there then
    /// does not exist.
    pub fn complete_on(&self, system: CodeSystem, day: NaiveDate) -> bool {
        let day = ymd(day);
        self.complete(system).any(|(from, to)| holds(day, from, to))
    }

    /// Whether the official list of a system is loaded at all.
    pub fn has_list(&self, system: CodeSystem) -> bool {
        self.complete(system).next().is_some()
    }

    fn complete(&self, system: CodeSystem) -> impl Iterator<Item = (u32, u32)> + '_ {
        let rows = U32s(self.part(Section::Complete));
        let wanted = class::system_index(system) as u32;
        (0..rows.len() / COMPLETE)
            .map(move |i| i * COMPLETE)
            .filter(move |&i| rows.get(i) == wanted)
            .map(move |i| (rows.get(i + 1), rows.get(i + 2)))
    }

    /// The text of a code of a list of the claim on a day.
    pub fn listed_text(&self, kind: Kind, code: &str, day: NaiveDate) -> Option<String> {
        let code = code.trim().to_ascii_uppercase();
        self.list_rows(kind, day).find(|l| l.code == code).map(|l| l.text)
    }

    /// A list of the claim on a day, in the order of its codes; empty when it is not loaded.
    pub fn list_rows(&self, kind: Kind, day: NaiveDate) -> impl Iterator<Item = Listed> + '_ {
        let day = ymd(day);
        let rows = U32s(self.part(Section::ClaimLists));
        (0..rows.len() / LIST).map(move |i| i * LIST).filter_map(move |i| {
            let text = |at: usize| self.text(rows.get(i + at), rows.get(i + at + 1));
            let here = text(0) == kind.key() && holds(day, rows.get(i + 6), rows.get(i + 7));
            here.then(|| Listed { code: text(2).to_string(), text: text(4).to_string() })
        })
    }

    /// The codes one step below a diagnosis code that are valid on a day or lead to one that is.
    pub fn children_on(&self, code: &str, day: NaiveDate) -> Vec<Entry> {
        let mut out = self.children(code);
        out.retain(|e| self.leads_to_valid(e.system, &e.code, day));
        out
    }

    /// Whether a code or one that begins with it is valid on a day.
    pub fn leads_to_valid(&self, system: CodeSystem, code: &str, day: NaiveDate) -> bool {
        let day = ymd(day);
        self.starting(system, code).any(|d| self.spans_of(d).any(|(from, to)| holds(day, from, to)))
    }
}
