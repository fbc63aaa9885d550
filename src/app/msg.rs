//! What comes into the app and what it asks for.
//!
//! Owns `Msg`, `Effect` and `Reply`, plain data that cross the channels. A reply carries the generation of
//! its request; `update` drops an old one.

use super::command::Command;
use crate::codes::{Book, volumes::Volumes};
use crate::domain::{
    Chart, CodeRange, CodeSystem, EditSet, FeeTable, Id, Lease, WorkItem, WorkQuery, WorkView,
};
use crate::edits::CodeFacts;
use crate::search::Results;
use chrono::NaiveDate;
use std::sync::Arc;

pub enum Msg {
    Command(Command),
    /// A letter for the line being typed.
    Char(char),
    /// A letter that picks from a list: a 7th character.
    Pick(char),
    /// Bracketed paste: text only, never commands.
    Paste(String),
    /// Keys of a sequence so far, with what may follow: (key, command title).
    WhichKey(Vec<(String, String)>),
    Resize(u16, u16),
    Reply(Reply),
}

/// Names a request so that its late answer can be told from a newer one's.
pub type Generation = u64;

/// What the app wants done outside itself. Done in order after `update` returns.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    LoadQueue {
        generation: Generation,
        query: WorkQuery,
    },
    OpenChart {
        generation: Generation,
        id: Id,
    },
    /// Store one edit, in order; answered by `Saved` or `NotSaved` with the same ticket.
    Commit {
        ticket: u64,
        set: EditSet,
    },
    Search {
        generation: Generation,
        ask: SearchAsk,
    },
    Lease {
        id: Id,
    },
    Release {
        id: Id,
    },
    /// The next free encounter after this one in the list of `view`.
    GetNext {
        generation: Generation,
        view: WorkView,
        after: Option<Id>,
    },
    /// Kept for the next start: theme, key map, list.
    Setting {
        key: &'static str,
        value: String,
    },
    SetTheme(String),
    SetKeys(String),
    Redraw,
    Quit,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchAsk {
    pub text: String,
    pub systems: Vec<CodeSystem>,
    pub prefer: CodeSystem,
    pub date: NaiveDate,
    pub within: Vec<CodeRange>,
    /// The site's own procedure codes, by number.
    pub fees: Arc<FeeTable>,
    pub limit: usize,
}

/// The whole of a chart as the reader hands it over: with the text of every document.
#[derive(Debug)]
pub struct OpenedChart {
    pub chart: Chart,
    /// In the order of `chart.documents`.
    pub texts: Vec<Arc<str>>,
}

pub enum Reply {
    Queue {
        generation: Generation,
        items: Vec<WorkItem>,
        total: u64,
        counts: Vec<(WorkView, u64)>,
    },
    Chart {
        generation: Generation,
        opened: Box<Result<OpenedChart, String>>,
    },
    Saved {
        ticket: u64,
        version: u64,
    },
    /// The change could not be stored; `why` is a sentence with its remedy.
    NotSaved {
        ticket: u64,
        why: String,
    },
    Search {
        generation: Generation,
        results: Results,
    },
    Lease {
        id: Id,
        lease: Result<Lease, String>,
    },
    Next {
        generation: Generation,
        id: Result<Option<Id>, String>,
    },
    /// The code book is open: for the edits, and to be read page by page.
    Book {
        facts: Arc<dyn CodeFacts + Send + Sync>,
        pages: Arc<Book>,
    },
    /// Index and tables were loaded or exchanged.
    Volumes(Arc<Volumes>),
    VolumesFailed(String),
    /// The code book is being made: what is being done now.
    BookProgress(String),
    BookFailed(String),
    /// DRG tables are there, or more of them are.
    Drg(Arc<crate::drg::Desk>),
    DrgFailed(String),
    Sync(SyncView),
    /// Rows arrived from the hub: the list may have changed.
    Arrived {
        rows: u64,
    },
}

/// The state of exchange with the hub, for the corner of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncView {
    /// `synced 14:02` or `offline since 13:40`.
    pub words: String,
    pub offline: bool,
    pub pending: u64,
}

impl Effect {
    /// Answered from the cache or the book, in a millisecond or two.
    pub fn is_quick(&self) -> bool {
        matches!(
            self,
            Effect::LoadQueue { .. }
                | Effect::OpenChart { .. }
                | Effect::GetNext { .. }
                | Effect::Search { .. }
        )
    }
}

impl Reply {
    /// The answer to a quick question.
    pub fn is_quick(&self) -> bool {
        matches!(self, Reply::Queue { .. } | Reply::Chart { .. } | Reply::Next { .. } | Reply::Search { .. })
    }
}
