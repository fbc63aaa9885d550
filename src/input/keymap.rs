//! Key maps: which key gives which command in which context.
//!
//! Owns the TOML form (`[context]`, `"key or sequence" = "command.id"`), the three presets, and looking keys
//! up. A user's file is a patch over a preset: `""` unbinds. A bad line is reported with file and line and the
//! rest still applies. Which commands exist is told from outside. Never runs a command; never reads a file.
//! Pure; the event loop holds one.

use crate::app::key::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The presets by name, in the order the `keys` command walks through.
pub const PRESETS: [&str; 3] = ["default", "arrows", "fiss"];

const DEFAULT: &str = include_str!("keys/default.toml");
const ARROWS: &str = include_str!("keys/arrows.toml");
const FISS: &str = include_str!("keys/fiss.toml");

pub fn preset_text(name: &str) -> Option<&'static str> {
    match name {
        "default" => Some(DEFAULT),
        "arrows" => Some(ARROWS),
        "fiss" => Some(FISS),
        _ => None,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeymapError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: {}", self.file, self.line, self.message)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Lookup {
    Command(String),
    /// The keys so far begin a sequence; what may follow.
    Pending(Vec<(Key, String)>),
    None,
}

#[derive(Clone, Debug, Default)]
pub struct Keymap {
    contexts: BTreeMap<String, BTreeMap<Vec<Key>, String>>,
    /// Order of the bindings, so that the first key of a command is the one shown.
    order: Vec<(String, Vec<Key>)>,
}

impl Keymap {
    /// A preset, with the user's patch applied.
    pub fn load(
        preset: &str,
        patch: Option<(&str, &str)>,
        known: &dyn Fn(&str, &str) -> bool,
    ) -> (Keymap, Vec<KeymapError>) {
        let mut map = Keymap::default();
        let mut errors = Vec::new();
        map.apply(&format!("{preset}.toml"), preset_text(preset).unwrap_or(DEFAULT), known, &mut errors);
        if let Some((file, text)) = patch {
            map.apply(file, text, known, &mut errors);
        }
        (map, errors)
    }

    /// Reads line by line, so that one bad line costs one line.
    fn apply(
        &mut self,
        file: &str,
        text: &str,
        known: &dyn Fn(&str, &str) -> bool,
        errors: &mut Vec<KeymapError>,
    ) {
        let mut context = String::new();
        let mut seen = BTreeSet::new();
        for (n, raw) in text.lines().enumerate() {
            let mut fail =
                |message: String| errors.push(KeymapError { file: file.into(), line: n + 1, message });
            let line = raw.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let table: toml::Table = match line.parse() {
                Ok(t) => t,
                Err(_) => {
                    fail(format!("cannot be read: {line:?} is neither [context] nor \"key\" = \"command\""));
                    continue;
                }
            };
            for (key, value) in table {
                match value {
                    toml::Value::Table(inner) if inner.is_empty() => context = key,
                    toml::Value::String(id) => {
                        if context.is_empty() {
                            fail("stands before the first [context]".into());
                        } else if let Err(why) = self.bind(&context, &key, &id, known) {
                            fail(why);
                        } else if !seen
                            .insert((context.clone(), Key::parse_sequence(&key).unwrap_or_default()))
                        {
                            fail(format!("{key} stands twice in [{context}]; this line counts"));
                        }
                    }
                    toml::Value::Table(_) => fail("a context is one word, as in [queue]".into()),
                    _ => fail(format!("{key} has to be a command in quotes")),
                }
            }
        }
    }

    fn bind(
        &mut self,
        context: &str,
        key: &str,
        id: &str,
        known: &dyn Fn(&str, &str) -> bool,
    ) -> Result<(), String> {
        let keys = Key::parse_sequence(key)?;
        let map = self.contexts.entry(context.to_string()).or_default();
        self.order.retain(|(c, k)| c != context || *k != keys);
        if id.is_empty() {
            map.remove(&keys);
            return Ok(());
        }
        if !known(context, id) {
            return Err(format!("there is no command {id:?} in [{context}]"));
        }
        let clash = map.keys().find(|k| **k != keys && (k.starts_with(&keys) || keys.starts_with(k)));
        if let Some(other) = clash {
            let other = shown(other);
            return Err(format!(
                "{key} and {other} begin alike, so one could never be typed; unbind {other} first"
            ));
        }
        map.insert(keys.clone(), id.to_string());
        self.order.push((context.to_string(), keys));
        Ok(())
    }

    /// Adds a key to those pending and says what they mean in the innermost context that knows them.
    pub fn feed(&self, contexts: &[&str], pending: &mut Vec<Key>, key: Key) -> Lookup {
        pending.push(key);
        let n = pending.len();
        let mut next: Vec<(Key, String)> = Vec::new();
        for map in contexts.iter().filter_map(|c| self.contexts.get(*c)) {
            // A longer sequence of an inner context goes before a key of an outer one.
            if next.is_empty()
                && let Some(id) = map.get(pending.as_slice())
            {
                pending.clear();
                return Lookup::Command(id.clone());
            }
            let longer = map.range(pending.clone()..).take_while(|(k, _)| k.starts_with(pending.as_slice()));
            for (key, id) in longer.filter_map(|(k, id)| k.get(n).map(|key| (*key, id))) {
                if !next.iter().any(|(k, _)| *k == key) {
                    next.push((key, id.clone()));
                }
            }
        }
        if next.is_empty() {
            pending.clear();
            return Lookup::None;
        }
        Lookup::Pending(next)
    }

    /// Keys that give a command in a context, as people read them, the first bound first.
    pub fn keys_for(&self, context: &str, id: &str) -> Vec<String> {
        let map = self.contexts.get(context);
        self.order
            .iter()
            .filter(|(c, keys)| c == context && map.and_then(|m| m.get(keys)).is_some_and(|x| x == id))
            .map(|(_, keys)| shown(keys))
            .collect()
    }

    /// Every binding: (context, keys, command).
    pub fn bindings(&self) -> impl Iterator<Item = (&str, &[Key], &str)> {
        self.contexts
            .iter()
            .flat_map(|(c, map)| map.iter().map(move |(k, id)| (c.as_str(), k.as_slice(), id.as_str())))
    }
}

fn shown(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::command::{COMMANDS, Context, Danger, known};
    use crate::app::key::KeyCode;

    #[test]
    fn every_preset_reads_cleanly_and_reaches_every_command() {
        for preset in PRESETS {
            let (map, errors) = Keymap::load(preset, None, &known);
            assert_eq!(errors, [], "{preset}");
            for c in COMMANDS {
                let reached = c.contexts.iter().any(|x| !map.keys_for(x.key(), c.id).is_empty());
                assert!(reached, "{preset}: no key for {}", c.id);
            }
        }
    }

    #[test]
    fn nothing_destructive_is_bound_to_the_tail_of_a_split_key() {
        for preset in PRESETS {
            let (map, _) = Keymap::load(preset, None, &known);
            for (context, keys, id) in map.bindings() {
                let KeyCode::Char(c) = keys[0].code else { continue };
                if keys[0].ctrl || context == Context::Text.key() || !"[OABCDFHPQRS~".contains(c) {
                    continue;
                }
                let info = COMMANDS.iter().find(|x| x.id == id).expect("is known");
                assert_eq!(info.danger, Danger::None, "{preset}: {c} gives {id}");
            }
        }
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_applies() {
        let patch = "[encounter]\n\"x\" = \"\"\n\"alt-q\" = \"undo\"\n\"Y\" = \"no.such\"\nnonsense\n\"R\" = \"remove\"\n";
        let (map, errors) = Keymap::load("default", Some(("keys.toml", patch)), &known);
        let lines: Vec<usize> = errors.iter().map(|e| e.line).collect();
        assert_eq!(lines, [3, 4, 5], "{errors:?}");
        assert!(errors[0].to_string().starts_with("keys.toml line 3: alt-q"));
        assert_eq!(map.keys_for("encounter", "remove"), ["R"]);
    }

    #[test]
    fn what_is_bound_twice_or_could_never_be_typed_is_told() {
        let patch = "[encounter]\n\"R\" = \"remove\"\n\"R\" = \"undo\"\n\"g\" = \"undo\"\n[a.b]\n\"PgDn\" = \"find\"\n";
        let (map, errors) = Keymap::load("default", Some(("keys.toml", patch)), &known);
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "keys.toml line 3: R stands twice in [encounter]; this line counts",
                "keys.toml line 4: g and g g begin alike, so one could never be typed; unbind g g first",
                "keys.toml line 5: a context is one word, as in [queue]",
            ]
        );
        assert!(map.keys_for("encounter", "undo").contains(&"R".to_string()));
        assert_eq!(map.keys_for("encounter", "find"), ["f", "PgDn"]);
    }

    /// The keys that hands and scripted sessions count on, whatever else changes.
    #[test]
    fn the_default_keys_are_the_promised_ones() {
        let (map, _) = Keymap::load("default", None, &known);
        let promised = "j nav.down, k nav.up, Down nav.down, Up nav.up, g-g nav.first, G nav.last, Enter open, Esc back, \
            Tab pane.next, BackTab pane.prev, 1 choose.1, 9 choose.9, / search, n next_encounter, . submit, h hold, \
            u undo, U redo, K move_up, J move_down, x remove, m modifiers, p pointers, y poa, e edit.next, o override, \
            v claim.full, Space chart.page_down, b chart.page_up, [ doc.prev, ] doc.next, f find, i notes, \
            Right expand, ? help, : palette, q quit, Ctrl-L redraw";
        for pair in promised.split(", ") {
            let (keys, id) = pair.trim().split_once(' ').unwrap();
            let mut pending = Vec::new();
            let keys = Key::parse_sequence(&keys.replace("g-g", "g g")).unwrap();
            let last = keys.into_iter().map(|k| map.feed(&["encounter", "global"], &mut pending, k)).last();
            assert_eq!(last, Some(Lookup::Command(id.into())), "{pair}");
        }
    }

    #[test]
    fn sequences_of_all_contexts_are_offered_and_the_inner_goes_first() {
        let mut map = Keymap::default();
        let mut errors = Vec::new();
        let text = "[inner]\n\"g g\" = \"first\"\n\"x x\" = \"double\"\n[outer]\n\"g g\" = \"other\"\n\"g t\" = \"top\"\n\"x\" = \"one\"\n";
        map.apply("t", text, &|_, _| true, &mut errors);
        assert_eq!(errors, []);
        let (contexts, mut pending) = (["inner", "outer"], Vec::new());
        let offered = vec![(Key::char('g'), "first".to_string()), (Key::char('t'), "top".to_string())];
        assert_eq!(map.feed(&contexts, &mut pending, Key::char('g')), Lookup::Pending(offered));
        assert_eq!(map.feed(&contexts, &mut pending, Key::char('t')), Lookup::Command("top".into()));
        assert!(matches!(map.feed(&contexts, &mut pending, Key::char('x')), Lookup::Pending(_)));
        assert_eq!(map.feed(&contexts, &mut pending, Key::char('j')), Lookup::None);
        assert!(pending.is_empty());
        assert_eq!(map.feed(&["outer"], &mut pending, Key::char('x')), Lookup::Command("one".into()));
    }

    #[test]
    fn sequences_wait_and_say_what_may_follow() {
        let (map, _) = Keymap::load("default", None, &known);
        let mut pending = Vec::new();
        let first = map.feed(&["queue", "global"], &mut pending, Key::char('g'));
        assert!(matches!(first, Lookup::Pending(next) if next.iter().any(|(k, _)| *k == Key::char('g'))));
        assert_eq!(
            map.feed(&["queue", "global"], &mut pending, Key::char('g')),
            Lookup::Command("nav.first".into())
        );
        assert!(pending.is_empty());
    }
}
