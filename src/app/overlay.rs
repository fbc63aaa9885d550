//! What is laid over the screen: a stack, never booleans. The topmost takes the keys.
//!
//! Owns the state of each overlay and opening and closing them. Never decides what a choice does to the
//! encounter: that is `posting` and `coding`.

use super::{App, BookView, Builder, Command, Effect, Prompt, SearchState, TextLine, reading};
use crate::domain::{HoldReason, Id};
use crate::drg::whatif::{Alternative, AsPrincipal};
use std::cell::Cell;

/// A place in a text longer than its window. The view clamps it to what there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    pub top: Cell<usize>,
    pub cursor: usize,
}

/// 7th characters of a code.
pub struct Picker {
    /// The code without its 7th character.
    pub code: String,
    pub choices: Vec<(char, String)>,
    pub cursor: usize,
}

pub struct HoldMenu {
    pub cursor: usize,
    /// Set once a reason is picked; then a note may be typed.
    pub reason: Option<HoldReason>,
    pub note: TextLine,
    /// The provider who owes something: the author of the first unsigned document, else the visit's.
    pub owner: Option<(Id, String)>,
}

/// What a line of the chart is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceFor {
    Line(Id),
    Override { rule: &'static str, place: String, reason: String },
}

pub struct Evidence {
    pub purpose: EvidenceFor,
    pub document: usize,
    pub line: u32,
    /// What it should show.
    pub ask: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindHit {
    pub document: usize,
    pub line: u32,
    /// The words around the hit.
    pub snippet: String,
}

#[derive(Default)]
pub struct FindState {
    pub line: TextLine,
    pub hits: Vec<FindHit>,
    pub cursor: usize,
}

pub struct PaletteState {
    pub line: TextLine,
    /// Commands that fit what is typed, best first, with why they are not to be had.
    pub found: Vec<(Command, Option<String>)>,
    pub cursor: usize,
}

/// The two lists of the what-if; worked out once, when it is opened.
pub struct WhatIf {
    pub principals: Vec<AsPrincipal>,
    pub alternatives: Vec<Alternative>,
    /// The second list is shown.
    pub second: bool,
    /// Diagnoses at the top that stay where they are; 0 tries all.
    pub kept: usize,
    pub cursor: usize,
}

impl WhatIf {
    /// Rows of the list that is shown.
    pub fn len(&self) -> usize {
        if self.second { self.alternatives.len() } else { self.principals.len() }
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

pub enum Overlay {
    Search(Box<SearchState>),
    Picker(Picker),
    /// The code book, page by page.
    Book(Box<BookView>),
    /// A procedure code, character by character.
    Builder(Box<Builder>),
    Prompt(Prompt),
    Hold(HoldMenu),
    Evidence(Evidence),
    Find(FindState),
    /// Notes of this code.
    Notes {
        code: String,
        scroll: Scroll,
    },
    Claim(Scroll),
    /// What stands in the way of each of the two claims of a visit.
    Sides(Scroll),
    Documents {
        cursor: usize,
    },
    Help(Scroll),
    Palette(PaletteState),
    /// Present on admission, down the column from this diagnosis.
    Poa {
        at: Id,
    },
    WhatIf(Box<WhatIf>),
    Me,
}

impl Overlay {
    pub fn takes_text(&self) -> bool {
        match self {
            Overlay::Search(_) | Overlay::Prompt(_) | Overlay::Find(_) | Overlay::Palette(_) => true,
            Overlay::Hold(h) => h.reason.is_some(),
            Overlay::Book(b) => b.line.is_some(),
            _ => false,
        }
    }

    pub fn text_line(&mut self) -> Option<&mut TextLine> {
        match self {
            Overlay::Search(s) => Some(&mut s.line),
            Overlay::Prompt(p) => Some(&mut p.line),
            Overlay::Find(f) => Some(&mut f.line),
            Overlay::Palette(p) => Some(&mut p.line),
            Overlay::Hold(h) => h.reason.is_some().then_some(&mut h.note),
            Overlay::Book(b) => b.line.as_mut(),
            _ => None,
        }
    }
}

/// Columns of a snippet.
const SNIPPET: usize = 60;
/// Hits listed; more are counted by what is typed next.
const MOST_HITS: usize = 500;

impl App {
    /// Works out again what depends on the typed text of the topmost overlay.
    pub(crate) fn text_changed(&mut self) -> Vec<Effect> {
        match self.overlays.last_mut() {
            Some(Overlay::Search(_)) => return self.search_typed(),
            Some(Overlay::Book(_)) => self.book_typed(),
            Some(Overlay::Find(_)) => self.find_again(),
            Some(Overlay::Palette(_)) => self.palette_again(),
            Some(Overlay::Prompt(p)) => p.error = None,
            _ => {}
        }
        Vec::new()
    }

    fn find_again(&mut self) {
        let Some(open) = &self.open else { return };
        let Some(Overlay::Find(f)) = self.overlays.last_mut() else { return };
        f.cursor = 0;
        f.hits.clear();
        for (document, text) in open.texts.iter().enumerate() {
            let lines: Vec<&str> = text.split('\n').collect();
            for (line, at) in reading::find(text, &f.line.text) {
                let Some(source) = lines.get(line as usize) else { continue };
                f.hits.push(FindHit { document, line, snippet: snippet(source, at) });
            }
            if f.hits.len() >= MOST_HITS {
                break;
            }
        }
        self.find_show();
    }

    /// Shows the current hit in the chart behind the list.
    pub(crate) fn find_show(&mut self) {
        let (w, h) = self.chart_view();
        let Some(Overlay::Find(f)) = self.overlays.last() else { return };
        let Some(open) = &mut self.open else { return };
        open.found = f.line.text.clone();
        if let Some(hit) = f.hits.get(f.cursor) {
            open.show_line(hit.document, hit.line, w, h);
        }
    }

    pub(crate) fn palette_again(&mut self) {
        let Some(Overlay::Palette(p)) = self.overlays.last() else { return };
        let typed = p.line.text.trim().to_string();
        let found = super::palette::palette_matches(self, &typed);
        if let Some(Overlay::Palette(p)) = self.overlays.last_mut() {
            p.found = found;
            p.cursor = 0;
        }
    }
}

/// The words around byte `at`, whole at their beginning, at most `SNIPPET` characters.
fn snippet(line: &str, at: usize) -> String {
    let before = line.char_indices().take_while(|(i, _)| *i < at).count();
    let cut = before.saturating_sub(SNIPPET / 3);
    let skip = match cut {
        0 => 0,
        // The rest of a cut word says nothing; a single long word stays.
        _ => line
            .chars()
            .skip(cut - 1)
            .take(before + 1 - cut)
            .position(char::is_whitespace)
            .map_or(cut, |n| cut + n),
    };
    let words: String = line.chars().skip(skip).take(SNIPPET).collect();
    words.trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::snippet;

    #[test]
    fn a_snippet_begins_with_a_whole_word() {
        let line = "Type 2 diabetes with diabetic chronic kidney disease, stage 3a. A1c 7.4 on metformin,";
        let at = line.find("metformin").unwrap_or_default();
        assert_eq!(snippet(line, at), "3a. A1c 7.4 on metformin,");
        assert_eq!(snippet("metformin 1000 mg", 0), "metformin 1000 mg");
        let long = format!("{}metformin", "x".repeat(80));
        assert!(snippet(&long, 80).ends_with("metformin"));
    }
}
