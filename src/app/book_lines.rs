//! The notes beside the book, line by line: status, sides, and what the list prints from the code to its chapter.
//!
//! Owns their order, indent, links and digits. Never breaks a line to a width: that is the painter's. Pure.

use crate::codes::browse::{Link, Node};
use crate::codes::notes::NoteKind;
use crate::codes::{Book, CodeStatus};
use crate::domain::{CodeSystem, display_code};
use chrono::NaiveDate;

const CM: CodeSystem = CodeSystem::Icd10cm;

/// What a line of the notes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteLineKind {
    /// Whether the code can be billed, and why not.
    Status,
    /// The other sides of the same condition.
    Sides,
    /// The place whose notes follow.
    Level,
    Label(NoteKind),
    Note(NoteKind),
}

/// A line of the notes beside the list, before it is broken to the width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteLine {
    pub kind: NoteLineKind,
    /// Steps from the left edge.
    pub indent: u8,
    pub text: String,
    pub links: Vec<Link>,
    /// The digit that follows its first link.
    pub digit: Option<u8>,
}

/// Status, sides and every note of a node and of what is above it.
pub(super) fn notes_of(book: &Book, node: Node, date: NaiveDate) -> Vec<NoteLine> {
    let line = |kind, indent, text: String| {
        let links = book.links(&text);
        NoteLine { kind, indent, text, links, digit: None }
    };
    let mut out = Vec::new();
    if let Some(code) = book.node_code(node) {
        out.push(line(NoteLineKind::Status, 0, status_words(book, node, date)));
        let sides = book.sides(code);
        if !sides.is_empty() {
            let mut text = String::new();
            let mut links = Vec::new();
            for (side, other) in sides {
                if !text.is_empty() {
                    text.push_str("   ");
                }
                let shown = display_code(CM, &other);
                let start = text.len() + side.label().len() + 1;
                text.push_str(&format!("{} {shown}", side.label()));
                if let Some(node) = book.node(&other) {
                    links.push(Link { start, end: start + shown.len(), node });
                }
            }
            out.push(NoteLine { kind: NoteLineKind::Sides, indent: 0, text, links, digit: None });
        }
        if book.is_manifestation(code) {
            out.push(line(NoteLineKind::Status, 0, "manifestation: its cause is coded before it".into()));
        }
    }
    let (mut level, mut label) = (String::new(), None);
    for note in book.panel(node) {
        if note.level != level {
            let shown = match note.level.strip_prefix("chapter ") {
                Some(n) => format!("Chapter {n}"),
                None if note.level.contains('-') => note.level.clone(),
                None => display_code(CM, &note.level),
            };
            out.push(line(NoteLineKind::Level, 0, shown));
            (level, label) = (note.level.clone(), None);
        }
        if label != Some(note.kind) {
            label = Some(note.kind);
            out.push(line(NoteLineKind::Label(note.kind), 0, note.kind.label().to_string()));
        }
        let indent = if note.under_heading { 2 } else { 1 };
        out.push(line(NoteLineKind::Note(note.kind), indent, note.text));
    }
    let mut digit = 1;
    for l in out.iter_mut().filter(|l| !l.links.is_empty() && l.kind != NoteLineKind::Sides) {
        l.digit = (digit <= 9).then_some(digit);
        digit = digit.saturating_add(1);
    }
    out
}

/// Whether a code can be billed on the date, in words.
pub fn status_words(book: &Book, node: Node, date: NaiveDate) -> String {
    match book.node_status(node, date) {
        CodeStatus::Valid => format!("billable on {date}"),
        CodeStatus::Header => match book.billable_below(node, date).len() {
            0 => format!("not billable, nothing below it is on {date}"),
            1 => "not billable: 1 code below it is".into(),
            n => format!("not billable: {n} codes below it are"),
        },
        CodeStatus::NeedsSeventh => {
            let code = book.node_code(node).unwrap_or_default();
            let letters: Vec<String> =
                book.seventh_on(code, date).iter().map(|(c, _)| c.to_string()).collect();
            format!("needs a 7th character: {}", letters.join(" "))
        }
        CodeStatus::NotYet { from } => format!("not valid on {date}: begins on {from}"),
        CodeStatus::Expired { last_day } => format!("not valid on {date}: its last day was {last_day}"),
        CodeStatus::Unknown => "in no loaded table".into(),
    }
}
