//! The code search overlay: what is typed, what for, and the newest answer.
//!
//! Owns the state of the overlay and asks for a search on every keystroke; an answer of an older query is
//! dropped. The search itself runs on its own thread.

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
    /// The builder was left: what is typed is words, whatever table it might begin.
    pub as_words: bool,
    /// Posted so far without leaving.
    pub posted: Vec<String>,
    generation: Generation,
}

/// More than a screen shows; "show all" pages on.
const LIMIT: usize = 100;

impl SearchState {
    pub fn current(&self) -> Option<&Hit> {
        self.results.hits.get(self.cursor)
    }

    /// The systems this field can take, the likeliest first.
    pub fn systems(&self) -> Vec<CodeSystem> {
        match self.purpose {
            SearchPurpose::AddDiagnosis { .. } | SearchPurpose::ReplaceDiagnosis { .. } => {
                vec![CodeSystem::Icd10cm]
            }
            SearchPurpose::AddLine => vec![CodeSystem::Cpt, CodeSystem::Hcpcs],
            SearchPurpose::AddProcedure => vec![CodeSystem::Icd10pcs],
        }
    }

    pub fn title(&self) -> String {
        let what = match self.purpose {
            SearchPurpose::AddDiagnosis { .. } => "Find diagnosis",
            SearchPurpose::ReplaceDiagnosis { .. } => "Replace diagnosis",
            SearchPurpose::AddLine => "Find service",
            SearchPurpose::AddProcedure => "Find procedure",
        };
        match self.within.is_empty() {
            true => what.to_string(),
            false => format!("{what} in {}", choices::ranges(&self.within)),
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
            as_words: false,
            posted: Vec::new(),
            generation: 0,
        })));
        self.ask_search()
    }

    /// Asks for what is typed now. Nothing typed and nothing to choose from: an empty list, no question.
    pub(crate) fn ask_search(&mut self) -> Vec<Effect> {
        let generation = self.next_generation();
        let Some(open) = &self.open else { return Vec::new() };
        let (date, fees) = (open.chart.header().code_date(), open.chart.directory.fees.clone());
        let Some(Overlay::Search(s)) = self.overlays.last_mut() else { return Vec::new() };
        s.generation = generation;
        s.cursor = 0;
        s.as_words &= !s.line.text.trim().is_empty();
        if s.line.text.trim().is_empty() && s.within.is_empty() {
            s.results = Results::default();
            s.answered = Some(String::new());
            return Vec::new();
        }
        let systems = s.systems();
        vec![Effect::Search {
            generation,
            ask: SearchAsk {
                text: s.line.text.clone(),
                prefer: systems.first().copied().unwrap_or(CodeSystem::Icd10cm),
                systems,
                date,
                within: s.within.clone(),
                fees,
                limit: LIMIT,
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
        s.results = results;
        s.cursor = 0;
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
