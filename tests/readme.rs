//! The README's key table is the command table: they are held together here.
//!
//! `UPDATE_README=1 cargo test --test readme` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use codesk::app::command::{COMMANDS, Context, known};
use codesk::input::Keymap;

const BEGIN: &str = "<!-- keys: written by `UPDATE_README=1 cargo test --test readme` -->\n";
const END: &str = "<!-- end of keys -->";

fn table() -> String {
    let maps: Vec<Keymap> =
        ["default", "arrows", "fiss"].iter().map(|p| Keymap::load(p, None, &known).0).collect();
    let mut out = String::new();
    for (context, title) in [
        (Context::Queue, "In the queue"),
        (Context::Encounter, "On an open encounter"),
        (Context::Overlay, "In a list or text laid over the screen"),
        (Context::Text, "While typing"),
        (Context::Global, "Everywhere but while typing"),
    ] {
        out.push_str(&format!("\n**{title}**\n\n| default | arrows | fiss | does |\n|---|---|---|---|\n"));
        for c in COMMANDS.iter().filter(|c| c.contexts.contains(&context)) {
            let keys: Vec<String> = maps
                .iter()
                .map(|m| {
                    let keys = m.keys_for(context.key(), c.id);
                    keys.iter().map(|k| format!("`{}`", k.replace('|', "\\|"))).collect::<Vec<_>>().join(" ")
                })
                .collect();
            out.push_str(&format!("| {} | {} | {} | {} |\n", keys[0], keys[1], keys[2], c.doc));
        }
    }
    out.push('\n');
    out
}

#[test]
fn the_key_table_is_the_command_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(path).expect("README.md can be read");
    let (before, rest) = text.split_once(BEGIN).expect("README.md has a place for the keys");
    let (now, after) = rest.split_once(END).expect("README.md ends the keys");
    let wanted = table();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{wanted}{END}{after}"))
            .expect("README.md can be written");
        return;
    }
    assert!(now == wanted, "README.md is behind the command table: UPDATE_README=1 cargo test --test readme");
}
