//! Makes a book out of tables.
//!
//! Owns the order of the work: codes and their hierarchy (`docs`), notes (`tabular`), then the
//! search sections (`index`), sealed into one run of bytes.
//! Never touches a file; whoever calls writes the bytes and shows the progress.
//! Takes a few seconds; called on a worker thread.

mod docs;
mod index;
mod site;
mod tabular;

use super::BookError;
use super::format::{SECTIONS, Section, Writer, seal};
use super::tables::{Tables, field, records};
use std::collections::HashMap;

/// One text for all strings; a string that comes again is kept once.
#[derive(Default)]
pub(super) struct TextPool {
    bytes: Vec<u8>,
    seen: HashMap<String, (u32, u32)>,
}

impl TextPool {
    fn add(&mut self, text: &str) -> (u32, u32) {
        if let Some(&at) = self.seen.get(text) {
            return at;
        }
        let at = (self.bytes.len() as u32, text.len() as u32);
        self.bytes.extend_from_slice(text.as_bytes());
        self.seen.insert(text.to_string(), at);
        at
    }
}

/// Sections being filled.
pub(super) struct Sections(Box<[Vec<u8>; SECTIONS]>);

impl Sections {
    fn put(&mut self, section: Section, bytes: Vec<u8>) {
        self.0[section as usize] = bytes;
    }
}

/// Builds a book. `progress` gets a word for the step and its share of the whole, 0 to 100.
pub fn build(tables: &Tables, progress: &mut dyn FnMut(&str, u8)) -> Result<Vec<u8>, BookError> {
    let mut sections = Sections(Box::new(std::array::from_fn(|_| Vec::new())));
    let mut pool = TextPool::default();
    progress("reading the Tabular List", 0);
    let tree = match &tables.site.tabular {
        Some(text) => tabular::read(text),
        None => tabular::read(&tables.text("icd10cm_tabular.txt.gz")?),
    };
    progress("listing codes", 10);
    let codes = docs::collect(tables, &tree)?;
    progress("writing codes and notes", 25);
    docs::write(&codes, &tree, &mut pool, &mut sections)?;
    write_shorthand(tables, &mut pool, &mut sections)?;
    write_places(tables, &mut pool, &mut sections)?;
    site::write(tables, &codes, &mut pool, &mut sections);
    progress("indexing words", 40);
    index::write(tables, &tree, &codes, &mut sections, progress)?;
    sections.put(Section::Text, pool.bytes);
    progress("sealing", 95);
    let bytes = seal(&tables.hash(), &sections.0);
    progress("done", 100);
    Ok(bytes)
}

/// A query's abbreviation is a key without blanks at its ends; several lines of one key add up.
fn write_shorthand(tables: &Tables, pool: &mut TextPool, sections: &mut Sections) -> Result<(), BookError> {
    let text = tables.text("shorthand.txt")?;
    let mut list: std::collections::BTreeMap<String, String> = Default::default();
    for r in records(&text) {
        for key in field(&r, 0).split(';').map(|k| k.trim().to_lowercase()).filter(|k| !k.is_empty()) {
            let value = list.entry(key).or_default();
            if !value.is_empty() {
                value.push('|');
            }
            value.push_str(field(&r, 1).trim());
        }
    }
    let mut w = Writer::default();
    for (key, value) in &list {
        for (at, len) in [pool.add(key), pool.add(value)] {
            w.u32(at);
            w.u32(len);
        }
    }
    sections.put(Section::Shorthand, w.0);
    Ok(())
}

fn write_places(tables: &Tables, pool: &mut TextPool, sections: &mut Sections) -> Result<(), BookError> {
    let text = tables.text("place_of_service.txt.gz")?;
    let mut w = Writer::default();
    for r in records(&text) {
        for (at, len) in [pool.add(field(&r, 0)), pool.add(field(&r, 1))] {
            w.u32(at);
            w.u32(len);
        }
    }
    sections.put(Section::Places, w.0);
    Ok(())
}
