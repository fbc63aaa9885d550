//! The one table of commands.
//!
//! Owns every command's id, title, help text, contexts and danger, and why it is not to be had now.
//! Key maps, the hint line, `?` help, the `:` palette, the which-key box and the README's key table all read
//! it, and a test holds them together. Never runs a command: that is `update`.

use super::{App, Pane, Screen};

/// Where a command can be given. A key is looked up in the innermost context first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// The list of work.
    Queue,
    /// An open encounter, any pane.
    Encounter,
    /// A list or text laid over the screen: help, notes, menus, the full claim.
    Overlay,
    /// A line of text is being typed: letters go to it.
    Text,
    /// Everywhere but where text is typed.
    Global,
}

impl Context {
    pub const ALL: [Context; 5] =
        [Context::Queue, Context::Encounter, Context::Overlay, Context::Text, Context::Global];
    pub fn key(self) -> &'static str {
        match self {
            Context::Queue => "queue",
            Context::Encounter => "encounter",
            Context::Overlay => "overlay",
            Context::Text => "text",
            Context::Global => "global",
        }
    }
}

/// How much a command can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    /// Looks and moves.
    None,
    /// Changes the record; undo takes it back.
    Edits,
    /// Leaves this person's hands.
    Commits,
}

pub struct CommandInfo {
    pub command: Command,
    pub id: &'static str,
    /// Two or three words, for hints and the palette.
    pub title: &'static str,
    /// A sentence, for help.
    pub doc: &'static str,
    pub contexts: &'static [Context],
    pub danger: Danger,
}

macro_rules! commands {
    ($($variant:ident $id:literal $title:literal [$($ctx:ident)*] $danger:ident $doc:literal;)+) => {
        /// What a user can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Command { $($variant),+ }
        pub static COMMANDS: &[CommandInfo] = &[$(CommandInfo {
            command: Command::$variant, id: $id, title: $title, doc: $doc,
            contexts: &[$(Context::$ctx),*], danger: Danger::$danger,
        }),+];
    };
}

commands! {
    Down "nav.down" "down" [Queue Encounter Overlay Text] None "Move down one row or line.";
    Up "nav.up" "up" [Queue Encounter Overlay Text] None "Move up one row or line.";
    First "nav.first" "first" [Queue Encounter Overlay] None "Go to the first row.";
    Last "nav.last" "last" [Queue Encounter Overlay] None "Go to the last row.";
    PageDown "nav.page_down" "page down" [Queue Encounter Overlay Text] None "Move down one page of the list.";
    PageUp "nav.page_up" "page up" [Queue Encounter Overlay Text] None "Move up one page of the list.";
    Open "open" "open" [Queue Encounter Overlay Text] None "Open the row, post the highlighted code, follow, or accept what is typed.";
    Back "back" "back" [Queue Encounter Overlay Text] None "Go back one layer. What was typed is kept.";
    PaneNext "pane.next" "next pane" [Encounter Overlay Text] None "Go to the next pane; in search, post and stay.";
    PanePrev "pane.prev" "previous pane" [Encounter Overlay Text] None "Go to the previous pane.";
    Left "nav.left" "left" [Encounter Overlay Text] None "Move left in the text, or up in the hierarchy.";
    Expand "expand" "below" [Encounter Overlay Text] None "Show the codes below this one, or its 7th characters.";
    Choose1 "choose.1" "choice 1" [Encounter Overlay] Edits "Take a numbered choice: an answer to an edit, a code that a note asks for, a reason.";
    Choose2 "choose.2" "choice 2" [Encounter Overlay] Edits "Take the choice numbered 2.";
    Choose3 "choose.3" "choice 3" [Encounter Overlay] Edits "Take the choice numbered 3.";
    Choose4 "choose.4" "choice 4" [Encounter Overlay] Edits "Take the choice numbered 4.";
    Choose5 "choose.5" "choice 5" [Encounter Overlay] Edits "Take the choice numbered 5.";
    Choose6 "choose.6" "choice 6" [Encounter Overlay] Edits "Take the choice numbered 6.";
    Choose7 "choose.7" "choice 7" [Encounter Overlay] Edits "Take the choice numbered 7.";
    Choose8 "choose.8" "choice 8" [Encounter Overlay] Edits "Take the choice numbered 8.";
    Choose9 "choose.9" "choice 9" [Encounter Overlay] Edits "Take the choice numbered 9.";
    Search "search" "find code" [Queue Encounter Overlay] None "Find a code in the system of this pane; in the queue, find an account or a name; in the book, go to a code or filter the entry.";
    Book "book" "code book" [Queue Encounter Overlay Text] None "Open the code book at this code: hierarchy, notes, index and tables.";
    BookBack "book.back" "back in the book" [Overlay] None "Go back to the page looked at before; while a procedure code is built, take back a character.";
    BookForward "book.forward" "forward in the book" [Overlay] None "Go forward again in the pages of the book.";
    BookReplace "book.replace" "replace" [Overlay] Edits "Put the highlighted code of the book in place of the posted one it was opened from.";
    Lines "lines" "add lines" [Encounter] Edits "Find and post service lines (on a stay: procedures), one after another; Enter on an empty line ends.";
    Submit "submit" "submit and next" [Encounter] Commits "Submit this encounter and open the next one; says why when it cannot.";
    Next "next_encounter" "next" [Queue Encounter] None "Get the next encounter in the manager's order.";
    Hold "hold" "hold" [Encounter] Edits "Put the encounter on hold with a reason, or release it.";
    Undo "undo" "undo" [Queue Encounter] Edits "Take back the last change, on whatever encounter it was.";
    Redo "redo" "redo" [Queue Encounter] Edits "Make the change again that was taken back.";
    MoveUp "move_up" "move up" [Encounter] Edits "Move the code or the line up one place.";
    MoveDown "move_down" "move down" [Encounter] Edits "Move the code or the line down one place.";
    Remove "remove" "remove" [Encounter] Edits "Remove the code or the line.";
    Modifiers "modifiers" "modifiers" [Encounter] Edits "Type the modifiers of the line.";
    Pointers "pointers" "pointers" [Encounter] Edits "Type the diagnosis letters of the line, then of the next line that has none.";
    Units "units" "units" [Encounter] Edits "Type the units of the line; the charge follows the fee table.";
    Charge "charge" "charge" [Encounter] Edits "Type the charge of the line.";
    Poa "poa" "POA" [Encounter] Edits "Present on admission, down the column: one key a code, Y, N, U or W; exempt codes are skipped.";
    WhatIf "what_if" "what-if" [Encounter] None "Show the DRG of each diagnosis as principal, and of what the record could say more exactly. Advisory: it changes nothing.";
    EditNext "edit.next" "next edit" [Encounter] None "Go to the field of the next edit.";
    Scrub "scrub" "check" [Encounter] None "Say whether this encounter can be submitted, and what is in the way; of a visit with two claims, each apart.";
    Override "override" "override" [Encounter] Edits "Answer the edit with a reason, and with evidence where it asks for it; on an answered edit, take the answer back.";
    ClaimFull "claim.full" "claim" [Encounter] None "Show the claim form full screen.";
    FormNext "form.next" "other form" [Encounter Overlay] None "Show the other form of this visit.";
    ChartDown "chart.page_down" "page" [Encounter] None "Page the chart down.";
    ChartUp "chart.page_up" "page up" [Encounter] None "Page the chart up.";
    DocPrev "doc.prev" "previous document" [Encounter] None "Show the previous document.";
    DocNext "doc.next" "next document" [Encounter] None "Show the next document.";
    Documents "documents" "documents" [Encounter] None "List the documents of the chart.";
    Find "find" "find in chart" [Encounter] None "Find a word in all documents of the chart.";
    Notes "notes" "notes" [Encounter Text] None "Show all instructional notes of the code.";
    Why "why" "why" [Text Queue] None "Say why this code was found, or why this row is in the list.";
    SearchAll "search.all" "show all" [Text] None "List every code that answers, not the first page alone.";
    SystemNext "search.system" "other systems" [Text] None "Look for what is typed in the next code system, then in all of them.";
    ListNext "list.next" "next list" [Queue Overlay] None "Show the next list of work, or the next volume of the book.";
    ListPrev "list.prev" "previous list" [Queue Overlay] None "Show the previous list of work, or the volume before.";
    TextStart "text.start" "start of line" [Text] None "Go to the start of what is typed.";
    TextEnd "text.end" "end of line" [Text] None "Go to the end of what is typed.";
    TextBackspace "text.backspace" "delete back" [Text] None "Delete the letter before the cursor.";
    TextDelete "text.delete" "delete" [Text] None "Delete the letter under the cursor.";
    TextKillWord "text.kill_word" "delete word" [Text] None "Delete the word before the cursor.";
    TextClear "text.clear" "clear line" [Text] None "Delete all that is typed.";
    Help "help" "all keys" [Global Overlay] None "Show every command that can be given here, with its key.";
    Palette "palette" "command" [Global Overlay] None "Find a command by name and run it.";
    Redraw "redraw" "redraw" [Global Overlay Text] None "Draw the whole screen again.";
    ThemeNext "theme.next" "next theme" [Global] None "Change to the next colour theme.";
    Me "me" "my figures" [Global] None "Show what I have done in this session.";
    Keys "keys.next" "next key map" [Global] None "Change to the next key map.";
    Quit "quit" "leave" [Queue Encounter Overlay] None "Leave this screen; in the queue, leave the program.";
}

impl Command {
    pub fn info(self) -> &'static CommandInfo {
        // The table is in the order of the variants: both come from one macro line.
        &COMMANDS[self as usize]
    }
    pub fn id(self) -> &'static str {
        self.info().id
    }
    pub fn from_id(id: &str) -> Option<Command> {
        COMMANDS.iter().find(|c| c.id == id).map(|c| c.command)
    }
    /// Moves about and changes nothing: fingers know these, so lists of commands name them last.
    pub fn is_motion(self) -> bool {
        self <= Command::Expand
    }
    /// `Choose3` is 3.
    pub fn choice(self) -> Option<usize> {
        let n = (self as usize).checked_sub(Command::Choose1 as usize)? + 1;
        (n <= 9).then_some(n)
    }
}

/// Whether a key map may bind this id in this context.
pub fn known(context: &str, id: &str) -> bool {
    COMMANDS.iter().any(|c| c.id == id && c.contexts.iter().any(|x| x.key() == context))
}

/// Why a command cannot be given now; `None` when it can.
pub fn refusal(app: &App, command: Command) -> Option<String> {
    let open = app.open.as_ref();
    let no_encounter = || Some("open an encounter first".to_string());
    match command {
        Command::Undo if app.undo.past.is_empty() => Some("nothing to undo".into()),
        Command::Redo if app.undo.future.is_empty() => Some("nothing to redo".into()),
        Command::Next | Command::ListNext | Command::ListPrev => None,
        _ if command.info().contexts == [Context::Encounter] && open.is_none() => no_encounter(),
        Command::Modifiers | Command::Pointers | Command::Units | Command::Charge => {
            let open = open?;
            if open.chart.lines.is_empty() {
                Some("there is no service line yet".into())
            } else {
                edit_refusal(app)
            }
        }
        Command::Poa => {
            let open = open?;
            if !open.chart.header().is_inpatient() {
                Some("present on admission is reported for inpatient stays only".into())
            } else if open.chart.diagnoses.is_empty() {
                Some("there is no diagnosis yet".into())
            } else {
                edit_refusal(app)
            }
        }
        Command::WhatIf => match open?.stay.as_ref() {
            Ok(_) => None,
            Err(why) => Some(why.sentence().to_string()),
        },
        Command::Remove | Command::MoveUp | Command::MoveDown => {
            let open = open?;
            match open.pane {
                Pane::Codes | Pane::Lines => edit_refusal(app),
                _ if app.screen() == Screen::Encounter => {
                    Some("go to the codes or the lines first (Tab)".into())
                }
                _ => no_encounter(),
            }
        }
        Command::Override if open?.findings.is_empty() => Some("there is no edit to answer".to_string()),
        Command::EditNext => open?.findings.is_empty().then(|| "no edit is in the way".to_string()),
        Command::Submit | Command::Hold | Command::Lines | Command::Override => edit_refusal(app),
        _ => None,
    }
}

/// Why this person cannot change the open encounter now.
pub fn edit_refusal(app: &App) -> Option<String> {
    let open = app.open.as_ref()?;
    if !app.me.role.may_code() {
        return Some(format!("a {} may look but not code", app.me.role.label()));
    }
    if let Some(holder) = open.chart.lease.held_by_other(&app.me.login, app.now) {
        return Some(format!("{holder} is working on it"));
    }
    match open.chart.header().state {
        s if s.is_open() => None,
        s => s.can(crate::domain::CodingStep::Start).err().map(|r| r.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_whole() {
        let mut ids = HashSet::new();
        for (i, c) in COMMANDS.iter().enumerate() {
            assert_eq!(c.command as usize, i);
            assert!(ids.insert(c.id), "{} twice", c.id);
            assert!(c.doc.ends_with('.'), "{}: help is a sentence", c.id);
            assert!(!c.contexts.is_empty());
            assert_eq!(Command::from_id(c.id), Some(c.command));
        }
        assert_eq!(Command::Choose3.choice(), Some(3));
        assert_eq!(Command::Search.choice(), None);
        assert_eq!(Command::Down.choice(), None);
    }
}
