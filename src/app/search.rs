//! The code search overlay: what is typed, what for, and the newest answer.
//!
//! Owns the state of the overlay, which systems are looked in and how many hits are listed, and asks for a
//! search on every keystroke; an answer of an older query is dropped. The search itself runs on its own thread.

use super::{App, Effect, Generation, Overlay, SearchAsk, TextLine, choices};
use crate::domain::{CodeRange, CodeSystem, Id};
use crate::search::{Hit, Results};

/// What the code found is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchPurpose {
    AddDiagnosis {
        before: Option<Id>,
    },
    ReplaceDiagnosis {
        id: Id,
    },
    /// Stays open for the next line.
    AddLine,
    AddProcedure,
}

const DIAGNOSES: &[CodeSystem] = &[CodeSystem::Icd10cm];
const PROCEDURES: &[CodeSystem] = &[CodeSystem::Icd10pcs];
const SERVICES: &[CodeSystem] = &[CodeSystem::Cpt, CodeSystem::Hcpcs];

pub struct SearchState {
    pub purpose: SearchPurpose,
    pub line: TextLine,
    /// Only these codes, when a note or an edit asked for them.
    pub within: Vec<CodeRange>,
    pub results: Results,
    /// The text `results` answers; differs from `line` while an answer is under way.
    pub answered: Option<String>,
    pub cursor: usize,
    pub show_why: bool,
    /// Which of `choices` is looked in; 0 is what the field takes.
    looking_in: usize,
    /// Every hit was asked for, not the first page alone.
    all: bool,
    /// The builder was left: what is typed is words, whatever table it might begin.
    pub as_words: bool,
    /// Posted so far without leaving.
    pub posted: Vec<String>,
    generation: Generation,
}

/// More than a screen shows; "show all" brings the rest.
const PAGE: usize = 60;
/// Nobody reads further.
const MOST: usize = 2000;

impl SearchState {
    pub fn current(&self) -> Option<&Hit> {
        self.results.hits.get(self.cursor)
    }

    /// The systems this field takes, the likeliest first.
    fn field(&self) -> &'static [CodeSystem] {
        match self.purpose {
            SearchPurpose::AddDiagnosis { .. } | SearchPurpose::ReplaceDiagnosis { .. } => DIAGNOSES,
            SearchPurpose::AddLine => SERVICES,
            SearchPurpose::AddProcedure => PROCEDURES,
        }
    }

    /// What can be looked in, one after another: the field's own systems, the others, all together. A
    /// diagnosis is replaced by a diagnosis, and a note's codes are looked for in the note alone.
    fn choices(&self) -> Vec<&'static [CodeSystem]> {
        let own = self.field();
        if matches!(self.purpose, SearchPurpose::ReplaceDiagnosis { .. }) || !self.within.is_empty() {
            return vec![own];
        }
        let others = [DIAGNOSES, PROCEDURES, SERVICES].into_iter().filter(|s| *s != own);
        std::iter::once(own).chain(others).chain([CodeSystem::ALL.as_slice()]).collect()
    }

    /// The systems looked in now; the first is the one this field expects.
    pub fn systems(&self) -> &'static [CodeSystem] {
        self.choices().get(self.looking_in).copied().unwrap_or(self.field())
    }

    /// Their name, while they are not the field's own.
    fn elsewhere(&self) -> Option<&'static str> {
        let systems = self.systems();
        (systems != self.field()).then_some(match systems {
            DIAGNOSES => "diagnoses",
            PROCEDURES => "ICD-10-PCS",
            SERVICES => "CPT and HCPCS",
            _ => "all systems",
        })
    }

    /// Whether hits of several systems stand in the list, so that each has to say its own.
    pub fn is_mixed(&self) -> bool {
        self.systems().len() == CodeSystem::ALL.len()
    }

    /// After a post: the next code is looked for, in the field's own system.
    pub(super) fn begin_again(&mut self, posted: String) {
        self.posted.push(posted);
        self.line.clear();
        self.within.clear();
        self.results = Results::default();
        self.answered = Some(String::new());
        (self.cursor, self.looking_in, self.all) = (0, 0, false);
    }

    pub fn title(&self) -> String {
        let what = match self.purpose {
            SearchPurpose::AddDiagnosis { .. } => "Find diagnosis",
            SearchPurpose::ReplaceDiagnosis { .. } => "Replace diagnosis",
            SearchPurpose::AddLine => "Find service",
            SearchPurpose::AddProcedure => "Find procedure",
        };
        match (self.within.is_empty(), self.elsewhere()) {
            (true, None) => what.to_string(),
            (true, Some(where_)) => format!("{what} in {where_}"),
            (false, _) => format!("{what} in {}", choices::ranges(&self.within)),
        }
    }
}

impl App {
    pub(crate) fn open_search(
        &mut self,
        purpose: SearchPurpose,
        within: Vec<CodeRange>,
        text: &str,
    ) -> Vec<Effect> {
        self.overlays.push(Overlay::Search(Box::new(SearchState {
            purpose,
            line: TextLine::new(text),
            within,
            results: Results::default(),
            answered: None,
            cursor: 0,
            show_why: false,
            looking_in: 0,
            all: false,
            as_words: false,
            posted: Vec::new(),
            generation: 0,
        })));
        self.ask_search()
    }

    /// Asks for what is typed now. Nothing typed and nothing to choose from: an empty list, no question.
    pub(crate) fn ask_search(&mut self) -> Vec<Effect> {
        if let Some(Overlay::Search(s)) = self.overlays.last_mut() {
            s.all = false;
            s.cursor = 0;
        }
        self.ask_again()
    }

    /// The key that looks in the next system, or in all of them.
    pub(crate) fn search_elsewhere(&mut self) -> Vec<Effect> {
        let Some(Overlay::Search(s)) = self.overlays.last_mut() else { return Vec::new() };
        let n = s.choices().len();
        if n == 1 {
            self.say("only this system answers here");
            return Vec::new();
        }
        s.looking_in = (s.looking_in + 1) % n;
        self.ask_search()
    }

    /// The key that lists every hit. The cursor stays where it is.
    pub(crate) fn search_all(&mut self) -> Vec<Effect> {
        let Some(Overlay::Search(s)) = self.overlays.last_mut() else { return Vec::new() };
        if s.answered.as_deref() != Some(s.line.text.as_str()) {
            return Vec::new();
        }
        if s.results.hits.len() >= s.results.total.min(MOST) {
            let n = s.results.hits.len();
            self.say(if n == 1 { "this is the only hit".to_string() } else { format!("all {n} are listed") });
            return Vec::new();
        }
        s.all = true;
        self.ask_again()
    }

    fn ask_again(&mut self) -> Vec<Effect> {
        let generation = self.next_generation();
        let Some(open) = &self.open else { return Vec::new() };
        let (date, fees) = (open.chart.header().code_date(), open.chart.directory.fees.clone());
        let Some(Overlay::Search(s)) = self.overlays.last_mut() else { return Vec::new() };
        s.generation = generation;
        s.as_words &= !s.line.text.trim().is_empty();
        if s.line.text.trim().is_empty() && s.within.is_empty() {
            s.results = Results::default();
            s.answered = Some(String::new());
            return Vec::new();
        }
        let systems = s.systems();
        let expected = s.field().iter().chain(systems).find(|p| systems.contains(p)).copied();
        vec![Effect::Search {
            generation,
            ask: SearchAsk {
                text: s.line.text.clone(),
                prefer: expected.unwrap_or(CodeSystem::Icd10cm),
                systems: systems.to_vec(),
                date,
                within: s.within.clone(),
                fees,
                limit: if s.all { s.results.total.clamp(PAGE, MOST) } else { PAGE },
            },
        }]
    }

    pub(crate) fn search_answered(&mut self, generation: Generation, results: Results) -> Vec<Effect> {
        let newest = self.overlays.iter_mut().rev().find_map(|o| match o {
            Overlay::Search(s) => Some(s),
            _ => None,
        });
        let Some(s) = newest else { return Vec::new() };
        if s.generation != generation {
            return Vec::new();
        }
        s.answered = Some(s.line.text.clone());
        s.cursor = if s.all { s.cursor.min(results.hits.len().saturating_sub(1)) } else { 0 };
        s.results = results;
        // Enter was typed ahead of the answer: it meant the best hit of exactly this text.
        if self.pending_enter.take() == Some(generation) { self.post_hit(false) } else { Vec::new() }
    }

    /// Enter in the search overlay. An answer still under way is waited for, never posted stale.
    pub(crate) fn search_enter(&mut self, stay: bool) -> Vec<Effect> {
        let Some(Overlay::Search(s)) = self.overlays.last() else { return Vec::new() };
        if s.answered.as_deref() != Some(s.line.text.as_str()) {
            self.pending_enter = Some(s.generation);
            return Vec::new();
        }
        if s.line.text.trim().is_empty() && s.purpose == SearchPurpose::AddLine {
            self.overlays.pop();
            return self.walk_pointers(None);
        }
        self.post_hit(stay)
    }
}
