//! Building a procedure code: one key a character, only what leads to a valid code.
//!
//! Owns the characters so far and what may follow on the date of the encounter. Opens by itself when three
//! typed characters begin a table, at the fourth. Never posts what is not valid: that is `posting`. UI thread.

use super::{App, Command, Effect, Overlay, SearchPurpose, TextLine};
use crate::codes::pcs::{self, Continuation, LENGTH, PcsLabels};
use crate::codes::volumes::Volumes;
use crate::codes::{Book, CodeSystem};
use chrono::NaiveDate;
use std::sync::Arc;

pub struct Builder {
    book: Arc<Book>,
    volumes: Arc<Volumes>,
    pub date: NaiveDate,
    /// Characters so far.
    pub code: String,
    /// The words of each of them.
    pub chosen: Vec<Continuation>,
    /// What may come next; empty when the code is complete.
    pub choices: Vec<Continuation>,
    pub cursor: usize,
    /// The whole title, once the code is complete.
    pub title: Option<String>,
    labels: (String, PcsLabels),
}

impl Builder {
    /// Starts behind as many characters of `code` as lead to a valid one.
    pub fn new(book: Arc<Book>, volumes: Arc<Volumes>, date: NaiveDate, code: &str) -> Builder {
        let mut b = Builder {
            book,
            volumes,
            date,
            code: String::new(),
            chosen: Vec::new(),
            choices: Vec::new(),
            cursor: 0,
            title: None,
            labels: Default::default(),
        };
        b.refresh();
        for c in code.chars() {
            if !b.push(c) {
                break;
            }
        }
        b
    }

    /// Takes a character; false when no valid code has it here.
    pub fn push(&mut self, c: char) -> bool {
        let Some(c) = pcs::character(c) else { return false };
        let Some(choice) = self.choices.iter().find(|x| x.character == c).cloned() else { return false };
        self.code.push(c);
        self.chosen.push(choice);
        self.refresh();
        true
    }

    /// Takes the last character back, if there is one.
    pub fn pop(&mut self) {
        let (Some(c), Some(_)) = (self.code.pop(), self.chosen.pop()) else { return };
        self.refresh();
        self.cursor = self.choices.iter().position(|x| x.character == c).unwrap_or(0);
    }

    pub fn is_complete(&self) -> bool {
        self.code.len() == LENGTH
    }

    /// What the next character stands for: `Approach`.
    pub fn axis(&self, position: usize) -> &'static str {
        pcs::axis(&self.code, position)
    }

    fn refresh(&mut self) {
        self.cursor = 0;
        let table: String = self.code.chars().take(3).collect();
        if self.labels.0 != table {
            self.labels = (table.clone(), self.book.pcs_labels(&table));
        }
        let official = self.volumes.pcs.as_ref();
        self.choices = self.book.pcs_continuations(&self.code, self.date, &self.labels.1, official);
        self.title = match self.is_complete() {
            true => self.book.title(CodeSystem::Icd10pcs, &self.code),
            false => None,
        };
    }
}

impl App {
    /// Opens the builder behind these characters.
    pub(crate) fn open_builder(&mut self, code: &str) -> Vec<Effect> {
        let Some(book) = self.pages.clone() else {
            self.say("the code book is still being opened");
            return Vec::new();
        };
        let builder = Builder::new(book, self.volumes.clone(), self.code_date(), code);
        self.overlays.push(Overlay::Builder(Box::new(builder)));
        Vec::new()
    }

    /// What is typed in the search: words to look for, or the beginning of a procedure code to build.
    pub(super) fn search_typed(&mut self) -> Vec<Effect> {
        if self.starts_building() { Vec::new() } else { self.ask_search() }
    }

    /// Does what is typed in a search for a procedure begin a table? Then the builder opens, at column 4.
    fn starts_building(&mut self) -> bool {
        let date = self.code_date();
        let Some(Overlay::Search(s)) = self.overlays.last() else { return false };
        let Some(book) = self.pages.clone() else { return false };
        if s.purpose != SearchPurpose::AddProcedure || s.as_words || !s.within.is_empty() {
            return false;
        }
        let Some(code) = pcs::typed(&s.line.text).filter(|c| c.len() >= 3 && book.pcs_exists(c, date)) else {
            return false;
        };
        self.open_builder(&code);
        true
    }

    /// A letter or digit typed in the builder.
    pub(super) fn build_on(&mut self, c: char) -> Vec<Effect> {
        let Some(Overlay::Builder(b)) = self.overlays.last_mut() else { return Vec::new() };
        if b.is_complete() {
            self.say("the code is complete: Enter posts it, Backspace takes a character back");
        } else if !b.push(c) {
            let at = b.code.len() + 1;
            let why = format!("no valid code has {} as character {at} here", c.to_ascii_uppercase());
            self.warn(why);
        }
        Vec::new()
    }

    pub(super) fn builder_command(&mut self, command: Command) -> Vec<Effect> {
        let Some(Overlay::Builder(b)) = self.overlays.last_mut() else { return Vec::new() };
        let n = b.choices.len();
        let step = |at: usize, by: isize| at.saturating_add_signed(by).min(n.saturating_sub(1));
        match command {
            Command::Down => b.cursor = step(b.cursor, 1),
            Command::Up => b.cursor = step(b.cursor, -1),
            Command::PageDown => b.cursor = step(b.cursor, 10),
            Command::PageUp => b.cursor = step(b.cursor, -10),
            Command::First => b.cursor = 0,
            Command::Last => b.cursor = n.saturating_sub(1),
            Command::BookBack | Command::Left if b.code.is_empty() => return self.leave_builder(),
            Command::BookBack | Command::Left => b.pop(),
            Command::Open if b.is_complete() => return self.post_built(),
            Command::Open | Command::Expand => {
                if let Some(c) = b.choices.get(b.cursor).map(|c| c.character) {
                    b.push(c);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn post_built(&mut self) -> Vec<Effect> {
        if let Some(why) = super::command::edit_refusal(self) {
            self.warn(why);
            return Vec::new();
        }
        if self.open.is_none() {
            self.say("open an encounter to post a code");
            return Vec::new();
        }
        let Some(Overlay::Builder(b)) = self.overlays.pop() else { return Vec::new() };
        let out = self.post_procedure(b.code.clone(), false);
        if out.is_empty() {
            // refused: what was built is kept
            self.overlays.push(Overlay::Builder(b));
        }
        out
    }

    /// Closes the builder. The search below it, if there is one, looks for words from now on.
    pub(super) fn leave_builder(&mut self) -> Vec<Effect> {
        self.overlays.pop();
        let Some(Overlay::Search(s)) = self.overlays.last_mut() else { return Vec::new() };
        s.as_words = true;
        s.line = TextLine::new(&s.line.text.clone());
        self.ask_search()
    }
}
