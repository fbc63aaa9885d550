//! The code book on the screen: where the reader stands, what is around it, what was looked at before.
//!
//! Owns the pages (the Tabular List, the loaded volumes), their rows and notes, back and forward. Works
//! them out when the reader moves, so that painting only reads. What keys do is `book_keys`; posting is
//! `book_post`. Its notes are `book_lines`. Never changes the encounter.
//! UI thread.

use super::book_lines::{NoteLine, notes_of};
use super::{App, Scroll, SearchPurpose, TextLine};
use crate::codes::browse::{Level, Link, Node};
use crate::codes::volumes::{VolumeKind, Volumes};
use crate::codes::{Book, CodeStatus, normal_code};
use crate::domain::{CodeSystem, Id, display_code};
use chrono::NaiveDate;
use std::sync::Arc;

/// What the list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The Tabular List; the cursor stands on this node, its siblings around it.
    Tabular(Node),
    Volume(VolumePage),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumePage {
    pub kind: VolumeKind,
    /// The entry whose rows are listed; nothing for the main terms.
    pub entry: Option<usize>,
    /// The row under the cursor.
    pub row: usize,
    /// Of a table read by columns.
    pub column: usize,
    pub filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookFocus {
    List,
    /// The links of the notes.
    Notes,
}

/// A row of the Tabular List.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRow {
    pub node: Node,
    pub level: Level,
    /// As printed: `E11.22`, `E11.-`, `E08-E13`, `4`.
    pub name: String,
    pub title: String,
    /// The end of the title, where the heading above has its beginning.
    pub short: Option<String>,
    pub status: CodeStatus,
    /// Codes below it that can be billed on the date.
    pub below: usize,
}

/// Codes of one index entry that are posted together, cause first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// As the index prints them.
    pub wanted: Vec<String>,
    /// What has been taken so far.
    pub taken: Vec<String>,
}

pub struct BookView {
    pub book: Arc<Book>,
    pub volumes: Arc<Volumes>,
    /// What Enter does with a code.
    pub purpose: SearchPurpose,
    /// The posted code it was opened from, which `replace` exchanges.
    pub replaces: Option<Id>,
    /// Validity is shown for this day.
    pub date: NaiveDate,
    pub page: Page,
    past: Vec<Page>,
    future: Vec<Page>,
    pub focus: BookFocus,
    /// What stands above the list, the chapter first.
    pub path: Vec<BookRow>,
    /// Rows of the Tabular List, or their places in the volume.
    pub rows: Vec<BookRow>,
    pub listed: Vec<usize>,
    pub cursor: usize,
    pub notes: Vec<NoteLine>,
    /// The highlighted link, counted over all notes.
    pub link: usize,
    pub notes_scroll: Scroll,
    /// A filter or a code to go to, being typed.
    pub line: Option<TextLine>,
    pub pair: Option<Pair>,
}

/// Pages remembered; nobody goes further back.
const MOST_PAGES: usize = 200;

const CM: CodeSystem = CodeSystem::Icd10cm;

impl BookView {
    pub fn new(book: Arc<Book>, volumes: Arc<Volumes>, date: NaiveDate, node: Option<Node>) -> BookView {
        let node = node.or_else(|| book.chapters().first().copied()).unwrap_or(Node::FIRST);
        let mut state = BookView {
            book,
            volumes,
            purpose: SearchPurpose::AddDiagnosis { before: None },
            replaces: None,
            date,
            page: Page::Tabular(node),
            past: Vec::new(),
            future: Vec::new(),
            focus: BookFocus::List,
            path: Vec::new(),
            rows: Vec::new(),
            listed: Vec::new(),
            cursor: 0,
            notes: Vec::new(),
            link: 0,
            notes_scroll: Scroll::default(),
            line: None,
            pair: None,
        };
        state.refresh();
        state
    }

    /// Turns to a page; the one left can be gone back to.
    pub fn go(&mut self, page: Page) {
        if page == self.page {
            return;
        }
        let left = std::mem::replace(&mut self.page, page);
        self.past.push(left);
        if self.past.len() > MOST_PAGES {
            self.past.remove(0);
        }
        self.future.clear();
        self.focus = BookFocus::List;
        self.line = None;
        self.refresh();
    }

    /// Moves on the page: nothing to go back to.
    pub fn move_on(&mut self, page: Page) {
        self.page = page;
        self.refresh();
    }

    /// Back in what was looked at; false at its beginning.
    pub fn back(&mut self) -> bool {
        let Some(page) = self.past.pop() else { return false };
        self.future.push(std::mem::replace(&mut self.page, page));
        self.refresh();
        true
    }

    pub fn forward(&mut self) -> bool {
        let Some(page) = self.future.pop() else { return false };
        self.past.push(std::mem::replace(&mut self.page, page));
        self.refresh();
        true
    }

    /// How far one can go back and forward.
    pub fn history(&self) -> (usize, usize) {
        (self.past.len(), self.future.len())
    }

    /// The node under the cursor, on a page of the Tabular List.
    pub fn node(&self) -> Option<Node> {
        match self.page {
            Page::Tabular(node) => Some(node),
            Page::Volume(_) => None,
        }
    }

    pub fn row(&self) -> Option<&BookRow> {
        self.rows.get(self.cursor)
    }

    /// The code (as printed) that the cursor of a volume stands on, and its manifestation.
    pub fn volume_code(&self) -> Option<(String, Option<String>)> {
        let Page::Volume(p) = &self.page else { return None };
        let row = self.volumes.get(p.kind)?.row(p.row);
        let column = if p.kind.has_columns() { p.column } else { 0 };
        let code = row.cell(column);
        let paired = (!p.kind.has_columns()).then(|| row.cell(1)).filter(|m| !m.is_empty());
        let sound = code.chars().any(|c| c.is_ascii_alphanumeric());
        sound.then(|| (code.to_string(), paired.map(str::to_string)))
    }

    /// The place whose notes are shown; nothing where the row of a volume names no code.
    pub fn notes_node(&self) -> Option<Node> {
        match self.page {
            Page::Tabular(node) => Some(node),
            Page::Volume(_) => self.volume_code().and_then(|(code, _)| self.book.nearest_node(&code)),
        }
    }

    /// Is this page of a volume that the site has not loaded?
    pub fn is_missing(&self) -> bool {
        matches!(&self.page, Page::Volume(p) if self.volumes.get(p.kind).is_none())
    }

    /// All links of the notes, in order, with the line they stand on.
    pub fn all_links(&self) -> Vec<(usize, Link)> {
        let lines = self.notes.iter().enumerate();
        lines.flat_map(|(i, l)| l.links.iter().map(move |link| (i, link.clone()))).collect()
    }

    /// Works out path, rows and notes of the page again.
    pub fn refresh(&mut self) {
        self.link = 0;
        self.notes_scroll.top.set(0);
        (self.path, self.rows, self.listed) = Default::default();
        let book = self.book.clone();
        let shown = match self.page.clone() {
            Page::Tabular(node) => {
                self.path = book.path_to(node).into_iter().map(|n| self.row_of(n)).collect();
                let siblings = siblings(&book, node);
                self.cursor = siblings.iter().position(|n| *n == node).unwrap_or(0);
                self.rows = siblings.into_iter().map(|n| self.row_of(n)).collect();
                self.shorten_titles();
                Some(node)
            }
            Page::Volume(mut p) => {
                // a pair is walked in the Tabular List; back in the index it is chosen anew
                self.pair = None;
                let volumes = self.volumes.clone();
                if let Some(v) = volumes.get(p.kind) {
                    self.listed = v.listed(p.entry, &p.filter);
                    if !self.listed.contains(&p.row) {
                        p.row = v.best(&self.listed, &p.filter).unwrap_or(0);
                    }
                }
                self.cursor = self.listed.iter().position(|i| *i == p.row).unwrap_or(0);
                p.row = self.listed.get(self.cursor).copied().unwrap_or(0);
                self.page = Page::Volume(p);
                self.volume_code().and_then(|(code, _)| book.nearest_node(&code))
            }
        };
        self.notes = shown.map(|n| notes_of(&book, n, self.date)).unwrap_or_default();
    }

    /// Rows need not say again what the heading above them says: `… with diabetic nephropathy`.
    fn shorten_titles(&mut self) {
        let Some(heading) = self.path.last().map(|r| r.title.clone()) else { return };
        for row in &mut self.rows {
            row.short = shortened(&row.title, &heading);
        }
    }

    fn row_of(&self, node: Node) -> BookRow {
        let book = &self.book;
        let status = book.node_status(node, self.date);
        let below = match status {
            CodeStatus::Header | CodeStatus::NeedsSeventh => book.billable_below(node, self.date).len(),
            _ => 0,
        };
        BookRow {
            node,
            level: book.node_level(node),
            name: printed(book, node, &status),
            title: book.node_title(node).map(|t| plain_title(&t)).unwrap_or_default(),
            short: None,
            status,
            below,
        }
    }
}

/// A title without the words it begins with as its heading does, three at least.
fn shortened(title: &str, heading: &str) -> Option<String> {
    let mut at = 0;
    let mut words = 0;
    for word in title.split_inclusive(' ') {
        let shared = heading.get(at..at + word.len()) == Some(word)
            || heading.get(at..) == Some(word.trim_end_matches([' ', ',']));
        if !shared {
            break;
        }
        at += word.len();
        words += 1;
    }
    let rest = title.get(at..).filter(|r| words >= 3 && !r.is_empty())?;
    Some(format!("… {rest}"))
}

/// A section's title without its range, which stands before it.
fn plain_title(title: &str) -> String {
    match title.rsplit_once(" (") {
        Some((head, range)) if range.ends_with(')') && range.contains('-') && !range.contains(' ') => {
            head.to_string()
        }
        _ => title.to_string(),
    }
}

/// `E11.22`, `E11.-` for a heading, `E08-E13`, `4`.
fn printed(book: &Book, node: Node, status: &CodeStatus) -> String {
    let name = book.node_name(node);
    match book.node_level(node) {
        Level::Chapter => name.trim_start_matches("chapter ").to_string(),
        Level::Section => name.to_string(),
        Level::Category if *status == CodeStatus::Header => format!("{name}.-"),
        Level::Code if *status == CodeStatus::Header => format!("{}-", display_code(CM, name)),
        _ => display_code(CM, name),
    }
}

/// What stands beside a node, itself among it.
fn siblings(book: &Book, node: Node) -> Vec<Node> {
    match book.node_above(node) {
        Some(up) => book.node_below(up),
        None if book.node_level(node) == Level::Chapter => book.chapters(),
        // a code younger than the loaded list has no place in it
        None => vec![node],
    }
}

impl App {
    /// Opens the book at a code or a name of the list, else at its beginning.
    pub(crate) fn open_book(&mut self, at: Option<&str>, purpose: SearchPurpose, replaces: Option<Id>) {
        let Some(book) = self.pages.clone() else {
            let why = match &self.book {
                super::BookState::Failed(why) => why.clone(),
                _ => "the code book is still being opened".into(),
            };
            self.say(why);
            return;
        };
        let date = self.code_date();
        let node = at.and_then(|c| book.nearest_node(&normal_code(c)).or_else(|| book.node(c)));
        let mut state = BookView::new(book, self.volumes.clone(), date, node);
        (state.purpose, state.replaces) = (purpose, replaces);
        self.overlays.push(super::Overlay::Book(Box::new(state)));
    }

    /// The day codes have to be valid on: the encounter's, else today.
    pub(crate) fn code_date(&self) -> NaiveDate {
        self.open.as_ref().map_or(self.today, |o| o.chart.header().code_date())
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn titles_leave_out_what_the_heading_says() {
        let s = |title: &str, heading: &str| shortened(title, heading).unwrap_or_default();
        let t2 = "Type 2 diabetes mellitus";
        assert_eq!(s("Type 2 diabetes mellitus without complications", t2), "… without complications");
        let kidney = "Type 2 diabetes mellitus with kidney complications";
        assert_eq!(s("Type 2 diabetes mellitus with diabetic nephropathy", kidney), "… diabetic nephropathy");
        let cut = "Laceration without foreign body of right forearm";
        let seventh = format!("{cut}, initial encounter");
        assert_eq!(shortened(&seventh, cut).as_deref(), Some("… initial encounter"));
        assert_eq!(s("Other disease", "Other disorder"), "");
        assert_eq!(s(t2, t2), "");
    }
}
