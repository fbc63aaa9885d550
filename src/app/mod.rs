//! The state of the workstation and how it changes: `App`, `Msg`, `Command`, `Effect`.
//!
//! Owns everything a screen shows. `update` is the only way in; it never blocks, never touches a file, a
//! thread, a terminal or the clock (the time is set from outside before each message), so a whole session
//! can be replayed. What has to happen outside comes back as `Effect`s. Runs on the UI thread.

pub mod command;
pub mod key;
pub mod msg;

mod admission;
mod book;
mod book_keys;
mod book_lines;
mod book_post;
mod builder;
mod choices;
mod coding;
mod encounter;
mod evidence;
mod layers;
pub mod layout;
mod overlay;
mod palette;
mod posting;

mod prompt;
mod queue;
pub mod reading;
mod search;
pub mod stay;
mod typed;
mod undo;
mod update;

pub use book::{BookFocus, BookRow, BookView, Page, Pair, VolumePage};
pub use book_lines::{NoteLine, NoteLineKind, status_words};
pub use builder::Builder;
pub use choices::Choice;
pub use command::{COMMANDS, Command, Context};
pub use encounter::{OpenEncounter, Pane};
pub use msg::{Effect, Generation, Msg, OpenedChart, Reply, SearchAsk, SyncView};
pub use overlay::{
    Evidence, EvidenceFor, FindHit, FindState, HoldMenu, Overlay, PaletteState, Picker, Scroll, WhatIf,
};
pub use prompt::{Prompt, PromptKind, TextLine};
pub use queue::QueueState;
pub use search::{SearchPurpose, SearchState};
pub use typed::pointer_letters;
pub use undo::UndoStacks;

use crate::codes::{Book, volumes::Volumes};
use crate::domain::{IdMint, Role};
use crate::edits::CodeFacts;
use chrono::{DateTime, NaiveDate, Utc};
use std::sync::Arc;

/// Who sits here.
#[derive(Clone, Debug)]
pub struct Me {
    pub login: String,
    pub role: Role,
}

/// What the last thing done says; cleared by the next key, which still acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub level: Level,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    /// Stays until a key is pressed that does nothing else.
    Error,
}

/// How far the changes of this session are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveState {
    /// Changes made in this session; the number of the last one.
    pub made: u64,
    /// The number of the last change that was answered. Equal to `made` when nothing is pending.
    pub answered: u64,
    /// Changes that could not be stored and were taken back.
    pub lost: u64,
    /// The last answer was that a change could not be stored.
    pub failed: bool,
}

impl SaveState {
    /// Changes in the cache, synced to disk.
    pub fn saved(self) -> u64 {
        self.answered - self.lost
    }
}

/// Whether codes can be looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BookState {
    #[default]
    Opening,
    /// What is being done now.
    Building(String),
    Ready,
    Failed(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Queue,
    Encounter,
}

/// Figures of this session, for `me`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub submitted: u32,
    pub held: u32,
}

pub struct App {
    pub size: (u16, u16),
    pub me: Me,
    pub site: String,
    /// The practice's day: ages and filing clocks count from it.
    pub today: NaiveDate,
    /// Set before every message.
    pub now: DateTime<Utc>,
    pub started: DateTime<Utc>,
    pub queue: QueueState,
    pub open: Option<OpenEncounter>,
    /// An encounter is being read: its id.
    pub opening: Option<(Generation, crate::domain::Id)>,
    pub overlays: Vec<Overlay>,
    pub undo: UndoStacks,
    pub notice: Option<Notice>,
    /// Keys of a sequence so far and what may follow.
    pub which_key: Option<Vec<(String, String)>>,
    pub save: SaveState,
    pub sync: SyncView,
    pub book: BookState,
    pub facts: Arc<dyn CodeFacts + Send + Sync>,
    /// DRG tables and the code editor's lists, once they are there.
    pub drg: Option<Arc<crate::drg::Desk>>,
    /// The same book, to be read page by page; nothing until it is open.
    pub pages: Option<Arc<Book>>,
    /// Index and tables that this site has loaded.
    pub volumes: Arc<Volumes>,
    pub mint: IdMint,
    pub theme: String,
    pub themes: Vec<String>,
    pub keys: String,
    pub key_maps: Vec<String>,
    pub tally: Tally,
    pub quitting: bool,
    /// Enter was typed before the answer to this search arrived.
    pending_enter: Option<Generation>,
    /// Open this encounter once that change is stored.
    open_after_save: Option<(u64, crate::domain::Id)>,
    /// A lease that arrived before its chart.
    early_lease: Option<(crate::domain::Id, crate::domain::Lease)>,
    generation: Generation,
}

/// What `App::new` has to be told.
pub struct Start {
    pub me: Me,
    pub site: String,
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
    pub size: (u16, u16),
    pub seed: u64,
    pub theme: String,
    pub themes: Vec<String>,
    pub keys: String,
    pub key_maps: Vec<String>,
}

impl App {
    pub fn new(start: Start) -> App {
        App {
            size: start.size,
            queue: QueueState::default(),
            me: start.me,
            site: start.site,
            today: start.today,
            now: start.now,
            started: start.now,
            open: None,
            opening: None,
            overlays: Vec::new(),
            undo: UndoStacks::default(),
            notice: None,
            which_key: None,
            save: SaveState::default(),
            sync: SyncView::default(),
            book: BookState::default(),
            facts: Arc::new(crate::edits::NoFacts),
            drg: None,
            pages: None,
            volumes: Arc::default(),
            mint: IdMint::new(start.seed),
            theme: start.theme,
            themes: start.themes,
            keys: start.keys,
            key_maps: start.key_maps,
            tally: Tally::default(),
            quitting: false,
            pending_enter: None,
            open_after_save: None,
            early_lease: None,
            generation: 0,
        }
    }

    /// What to ask for when the program starts.
    pub fn start_effects(&mut self) -> Vec<Effect> {
        vec![self.load_queue()]
    }

    pub fn screen(&self) -> Screen {
        if self.open.is_some() { Screen::Encounter } else { Screen::Queue }
    }

    /// Contexts in which a key is looked up, innermost first.
    pub fn contexts(&self) -> Vec<Context> {
        match self.overlays.last() {
            Some(o) if o.takes_text() => vec![Context::Text],
            Some(_) => vec![Context::Overlay],
            None if self.queue.filter_line.is_some() => vec![Context::Text],
            None => match self.screen() {
                Screen::Queue => vec![Context::Queue, Context::Global],
                Screen::Encounter => vec![Context::Encounter, Context::Global],
            },
        }
    }

    /// Whether letters are text now.
    pub fn takes_text(&self) -> bool {
        self.contexts().first() == Some(&Context::Text)
    }

    /// Whether a letter picks from the list on top, whatever the key map binds it to.
    pub fn picks_letters(&self) -> bool {
        matches!(self.overlays.last(), Some(Overlay::Picker(_) | Overlay::Poa { .. } | Overlay::Builder(_)))
    }

    /// Whether an answer is under way that decides what the next key means: an Enter that waits for its
    /// search, a chart being opened. Keys typed ahead are kept until it is there, never sent to the wrong place.
    pub fn is_waiting(&self) -> bool {
        self.pending_enter.is_some() || self.opening.is_some()
    }

    /// Gives up waiting: what was typed ahead is no longer meant.
    pub fn stop_waiting(&mut self) {
        self.pending_enter = None;
        self.opening = None;
    }

    fn next_generation(&mut self) -> Generation {
        self.generation += 1;
        self.generation
    }

    pub(crate) fn new_id(&mut self) -> crate::domain::Id {
        let ms = u64::try_from(self.now.timestamp_millis()).unwrap_or(0);
        self.mint.next(ms)
    }

    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { level: Level::Info, text: text.into() });
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { level: Level::Warn, text: text.into() });
    }

    pub(crate) fn fail(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { level: Level::Error, text: text.into() });
    }
}
