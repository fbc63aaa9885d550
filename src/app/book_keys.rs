//! Commands while the code book is on top: moving, up and down the hierarchy, links, volumes, filters.
//!
//! Owns what each key does to the place in the book. What is posted is `book_post`. UI thread.

use super::book::{BookFocus, BookView, Page, VolumePage};
use super::{App, Command, Effect, Overlay, SearchPurpose, TextLine};
use crate::codes::browse::Node;
use crate::codes::volumes::VolumeKind;
use crate::codes::{CodeStatus, normal_code};
use crate::domain::CodeSystem;

impl BookView {
    /// Moves the cursor of the list by rows.
    fn step(&mut self, by: isize) {
        let n = match self.page {
            Page::Tabular(_) => self.rows.len(),
            Page::Volume(_) => self.listed.len(),
        };
        let to = self.cursor.saturating_add_signed(by).min(n.saturating_sub(1));
        if to == self.cursor {
            return;
        }
        match self.page.clone() {
            Page::Tabular(_) => {
                if let Some(row) = self.rows.get(to) {
                    self.move_on(Page::Tabular(row.node));
                }
            }
            Page::Volume(p) => {
                let row = self.listed.get(to).copied().unwrap_or(p.row);
                self.move_on(Page::Volume(VolumePage { row, ..p }));
            }
        }
    }

    /// Moves from link to link in the notes.
    fn step_link(&mut self, by: isize) {
        let n = self.all_links().len();
        self.link = self.link.saturating_add_signed(by).min(n.saturating_sub(1));
    }

    /// Into what is below the cursor; false when nothing is.
    fn go_below(&mut self) -> bool {
        match self.page.clone() {
            Page::Tabular(node) => {
                let below = self.book.node_below(node);
                let first = below.first().copied();
                if let Some(first) = first {
                    self.go(Page::Tabular(first));
                }
                first.is_some()
            }
            Page::Volume(p) => {
                let Some(v) = self.volumes.get(p.kind) else { return false };
                let below = v.below(p.row);
                if p.kind.has_columns() || below.is_empty() || p.entry == Some(p.row) {
                    return false;
                }
                let (entry, row) = (Some(p.row), below.start);
                self.go(Page::Volume(VolumePage { entry, row, filter: String::new(), ..p }));
                true
            }
        }
    }

    /// To what is above the list; false at the top.
    fn go_above(&mut self) -> bool {
        match self.page.clone() {
            Page::Tabular(node) => {
                let up = self.book.node_above(node);
                if let Some(up) = up {
                    self.go(Page::Tabular(up));
                }
                up.is_some()
            }
            Page::Volume(p) => {
                let Some(row) = p.entry else { return false };
                let entry = self.volumes.get(p.kind).and_then(|v| v.above(row));
                self.go(Page::Volume(VolumePage { entry, row, filter: String::new(), ..p }));
                true
            }
        }
    }

    fn column(&mut self, by: isize) {
        let Page::Volume(p) = self.page.clone() else { return };
        let n = self.volumes.get(p.kind).map_or(1, |v| v.heads.len().max(1));
        let column = p.column.saturating_add_signed(by).min(n - 1);
        self.move_on(Page::Volume(VolumePage { column, ..p }));
    }

    /// The next volume in the ring: Tabular List, Index, external causes, neoplasms, drugs.
    fn turn_volume(&mut self, by: isize) {
        let here = match &self.page {
            Page::Tabular(_) => 0,
            Page::Volume(p) => 1 + VolumeKind::ALL.iter().position(|k| *k == p.kind).unwrap_or(0) as isize,
        };
        let n = VolumeKind::ALL.len() as isize + 1;
        match (here + by).rem_euclid(n) {
            0 => {
                let top = self.book.chapters().first().copied();
                let node = self.notes_node().or(top).unwrap_or(Node::FIRST);
                self.go(Page::Tabular(node));
            }
            at => self.go(Page::Volume(VolumePage {
                kind: VolumeKind::ALL[(at - 1) as usize],
                entry: None,
                row: 0,
                column: 0,
                filter: String::new(),
            })),
        }
    }

    /// Ends the line being typed; what a filter left stays when it is kept.
    pub(super) fn end_line(&mut self, keep: bool) {
        self.line = None;
        if let Page::Volume(p) = self.page.clone()
            && !keep
            && !p.filter.is_empty()
        {
            self.move_on(Page::Volume(VolumePage { filter: String::new(), ..p }));
        }
    }

    /// Goes to the node a link names: its own row, or for `E11.-` and sections the place itself.
    pub(super) fn follow(&mut self, node: Node) {
        self.go(Page::Tabular(node));
    }

    /// Enter or Right on a row of a volume: its code, what it says to see, or what is below it.
    fn open_row(&mut self) -> Option<&'static str> {
        let Page::Volume(p) = self.page.clone() else { return None };
        let Some(v) = self.volumes.get(p.kind) else { return Some("this volume is not loaded") };
        let row = v.row(p.row);
        if let Some((code, pair)) = self.volume_code() {
            let Some(node) = self.book.nearest_node(&code) else {
                return Some("the Tabular List has no such code");
            };
            self.pair = pair.map(|second| super::Pair { wanted: vec![code, second], taken: Vec::new() });
            self.follow(node);
            return None;
        }
        let see = if row.see().is_empty() { row.see_also() } else { row.see() };
        if let Some(to) = v.see(see).filter(|_| !see.is_empty()) {
            let entry = v.above(to);
            let place = VolumePage { entry, row: to, column: p.column, filter: String::new(), kind: p.kind };
            self.go(Page::Volume(place));
            return None;
        }
        if self.go_below() { None } else { Some("no code stands here") }
    }
}

impl App {
    /// Opens the book where the reader is: at the hit, the posted code, the code of the notes.
    pub(crate) fn book_here(&mut self) -> Vec<Effect> {
        let add = SearchPurpose::AddDiagnosis { before: None };
        match self.overlays.last() {
            Some(Overlay::Search(s)) => {
                let hit = s.current().map(|h| (h.system, h.code.clone()));
                let typed = normal_code(&s.line.text);
                let purpose = s.purpose.clone();
                return match (hit, &purpose) {
                    (Some((CodeSystem::Icd10pcs, code)), _) => self.open_builder(code.get(..3).unwrap_or("")),
                    (None, SearchPurpose::AddProcedure) => self.open_builder(""),
                    (_, SearchPurpose::AddLine) => {
                        self.say("the book holds ICD-10 codes: CPT and HCPCS have no tabular list here");
                        Vec::new()
                    }
                    (Some((_, code)), _) => self.shown_book(Some(&code), purpose, None),
                    (None, _) => self.shown_book(Some(&typed), purpose, None),
                };
            }
            Some(Overlay::Notes { code, .. }) => {
                let code = code.clone();
                return self.shown_book(Some(&code), add, None);
            }
            // already there, or in the middle of something that must not be lost
            Some(Overlay::Book(_) | Overlay::Builder(_) | Overlay::Picker(_)) => return Vec::new(),
            _ => {}
        }
        let Some(open) = &self.open else { return self.shown_book(None, add, None) };
        if open.current_procedure().is_some() && open.pane == super::Pane::Codes {
            let table: String = open.current_procedure().map(|p| p.body.code.clone()).unwrap_or_default();
            return self.open_builder(table.get(..3).unwrap_or(""));
        }
        let here = open.current_diagnosis().map(|d| (d.body.code.clone(), d.id));
        match here {
            Some((code, id)) => self.shown_book(Some(&code), add, Some(id)),
            None => self.shown_book(None, add, None),
        }
    }

    fn shown_book(
        &mut self,
        at: Option<&str>,
        purpose: SearchPurpose,
        replaces: Option<crate::domain::Id>,
    ) -> Vec<Effect> {
        self.open_book(at, purpose, replaces);
        Vec::new()
    }

    fn view(&mut self) -> Option<&mut BookView> {
        match self.overlays.last_mut() {
            Some(Overlay::Book(b)) => Some(b),
            _ => None,
        }
    }

    pub(super) fn book_command(&mut self, command: Command) -> Vec<Effect> {
        let page = isize::try_from(self.size.1 / 2).unwrap_or(10).max(1);
        let Some(b) = self.view() else { return Vec::new() };
        let step = match command {
            Command::Down => 1,
            Command::Up => -1,
            Command::PageDown => page,
            Command::PageUp => -page,
            Command::First => isize::MIN / 2,
            Command::Last => isize::MAX / 2,
            _ => 0,
        };
        if b.line.is_some() && step == 0 {
            return match command {
                Command::Open => {
                    b.end_line(true);
                    Vec::new()
                }
                other => self.text_command(other),
            };
        }
        match command {
            _ if step != 0 && b.focus == BookFocus::Notes => b.step_link(step),
            _ if step != 0 => b.step(step),
            Command::PaneNext | Command::PanePrev => {
                b.focus = match b.focus {
                    BookFocus::List if !b.all_links().is_empty() => BookFocus::Notes,
                    _ => BookFocus::List,
                }
            }
            Command::Open if b.focus == BookFocus::Notes => {
                if let Some((_, link)) = b.all_links().get(b.link).cloned() {
                    b.follow(link.node);
                }
            }
            Command::Open => return self.book_enter(),
            Command::Expand => return self.book_expand(),
            Command::Left => match &b.page {
                Page::Volume(p) if p.kind.has_columns() => b.column(-1),
                _ if b.focus == BookFocus::Notes => b.focus = BookFocus::List,
                _ => {
                    if !b.go_above() {
                        self.say("this is the top of the book");
                    }
                }
            },
            Command::BookBack | Command::BookForward => {
                let (moved, why) = match command {
                    Command::BookBack => (b.back(), "nothing was looked at before"),
                    _ => (b.forward(), "this is the last page looked at"),
                };
                if !moved {
                    self.say(why);
                }
            }
            Command::ListNext => b.turn_volume(1),
            Command::ListPrev => b.turn_volume(-1),
            Command::Search => {
                let text = match &b.page {
                    Page::Volume(p) => p.filter.clone(),
                    Page::Tabular(_) => String::new(),
                };
                b.line = Some(TextLine::new(&text));
            }
            Command::BookReplace => return self.book_replace(),
            _ => {}
        }
        Vec::new()
    }

    /// Right: the 7th characters of a code that needs one, what is below a heading, the next column.
    fn book_expand(&mut self) -> Vec<Effect> {
        let Some(b) = self.view() else { return Vec::new() };
        if let Page::Volume(p) = &b.page {
            if p.kind.has_columns() {
                b.column(1);
            } else if !b.go_below()
                && let Some(why) = b.open_row()
            {
                self.say(why);
            }
            return Vec::new();
        }
        let Some(row) = b.row() else { return Vec::new() };
        if row.status == CodeStatus::NeedsSeventh {
            let code = b.book.node_code(row.node).unwrap_or_default().to_string();
            return self.book_seventh(&code);
        }
        if !b.go_below() {
            self.say("nothing is below this code");
        }
        Vec::new()
    }

    /// Enter in the list: opens a heading or a row of a volume, posts a code.
    fn book_enter(&mut self) -> Vec<Effect> {
        let Some(b) = self.view() else { return Vec::new() };
        if let Page::Volume(_) = b.page {
            if let Some(why) = b.open_row() {
                self.say(why);
            }
            return Vec::new();
        }
        match b.row().map(|r| r.status) {
            Some(CodeStatus::Header) => self.book_expand(),
            Some(_) => self.book_post(),
            None => Vec::new(),
        }
    }

    /// A digit follows the first link of the note that bears it.
    pub(super) fn book_digit(&mut self, n: usize) -> Vec<Effect> {
        let Some(b) = self.view() else { return Vec::new() };
        let line = b.notes.iter().find(|l| l.digit.map(usize::from) == Some(n));
        match line.and_then(|l| l.links.first()).map(|l| l.node) {
            Some(node) => b.follow(node),
            None => self.say(format!("no note bears the number {n}")),
        }
        Vec::new()
    }

    /// What is typed in the book: a code to go to, or the filter of an entry.
    pub(super) fn book_typed(&mut self) {
        let Some(b) = self.view() else { return };
        let Some(text) = b.line.as_ref().map(|l| l.text.clone()) else { return };
        match b.page.clone() {
            // the row is chosen anew: the best of what the filter leaves
            Page::Volume(p) => b.move_on(Page::Volume(VolumePage { filter: text, row: usize::MAX, ..p })),
            Page::Tabular(_) => {
                if let Some(node) = b.book.nearest_node(&text) {
                    let line = b.line.take();
                    b.go(Page::Tabular(node));
                    b.line = line;
                }
            }
        }
    }
}
