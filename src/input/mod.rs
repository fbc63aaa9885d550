//! From bytes to commands: decoding keys, key maps, and routing a key to what it means now.
//!
//! Owns the decoder, the input thread and the key maps. Never changes the app: it makes a `Msg` that the app
//! handles. A held key repeats as keys; coalescing is the event loop's.

mod decode;
mod keymap;
mod thread;

pub use decode::{Decoder, InputEvent, JOIN, LATE, REST};
pub use keymap::{Keymap, KeymapError, Lookup, PRESETS, preset_text};
pub use thread::{FromTerminal, InputThread, spawn, spawn_on};

use crate::app::key::{Key, KeyCode};
use crate::app::{App, Command, Msg};

/// Keys of a sequence so far.
#[derive(Default)]
pub struct Router {
    pending: Vec<Key>,
}

impl Router {
    /// What a key means now; `None` when it means nothing here.
    pub fn route(&mut self, app: &App, keymap: &Keymap, key: Key) -> Option<Msg> {
        // Ctrl-C leaves what is open, like Esc, whatever the key map says: hands know it.
        if key == Key::ctrl('c') {
            self.pending.clear();
            return Some(Msg::Command(if app.overlays.is_empty() { Command::Quit } else { Command::Back }));
        }
        if app.takes_text()
            && let Some(c) = key.text()
        {
            self.pending.clear();
            return Some(Msg::Char(c));
        }
        if app.picks_letters()
            && let Some(c) = key.text().filter(|c| c.is_ascii_alphanumeric())
        {
            self.pending.clear();
            return Some(Msg::Pick(c));
        }
        let contexts: Vec<&str> = app.contexts().iter().map(|c| c.key()).collect();
        let was_pending = !self.pending.is_empty();
        match keymap.feed(&contexts, &mut self.pending, key) {
            Lookup::Command(id) => Command::from_id(&id).map(Msg::Command),
            Lookup::Pending(next) => {
                let named = next.into_iter().map(|(key, id)| {
                    let title = Command::from_id(&id).map_or(id.clone(), |c| c.info().title.to_string());
                    (key.to_string(), title)
                });
                Some(Msg::WhichKey(named.collect()))
            }
            Lookup::None if was_pending => Some(Msg::WhichKey(Vec::new())),
            Lookup::None => match key.code {
                // Enter and Esc work in every map: nobody can lock themselves out.
                KeyCode::Enter => Some(Msg::Command(Command::Open)),
                KeyCode::Esc => Some(Msg::Command(Command::Back)),
                _ => None,
            },
        }
    }
}
