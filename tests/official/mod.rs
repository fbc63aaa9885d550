//! Helpers of the tests that hold the book against official files: a small XML reader of its own, and volumes
//! filled from the official index and tables.
//!
//! The files are not part of the project: `CODESK_SHARED` names the folder that holds them. A test that needs
//! one fails without it, and says so.

#![allow(dead_code, clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use codesk::codes::volumes::{PcsRow, PcsTable, PcsVolume, RowParts, Volume, VolumeKind, Volumes};
use std::path::PathBuf;

/// The text of an official file below the shared folder.
pub fn file(name: &str) -> String {
    let root = std::env::var_os("CODESK_SHARED").map(PathBuf::from).unwrap_or_else(|| {
        panic!("\n*** CODESK_SHARED is not set: it names the folder with the official code files ***\n")
    });
    let inner = root.join("data");
    let root = if inner.is_dir() { inner } else { root };
    let path = root.join(name);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("\n*** the official file {} cannot be read: {e} ***\n", path.display()))
}

/// An element: its text is what stands in it outside other elements.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name == name)
    }
    pub fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }
    pub fn text_of(&self, name: &str) -> String {
        self.first(name).map(Element::words).unwrap_or_default()
    }
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
    /// The text with every run of white space as one blank.
    pub fn words(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').map_or(rest.len() - 1, |i| at + i);
        let name = &rest[at + 1..end];
        match name {
            "amp" => out.push('&'),
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "quot" => out.push('"'),
            "apos" => out.push('\''),
            _ => {
                let number = name.strip_prefix("#x").map(|h| u32::from_str_radix(h, 16));
                let number = number.or(name.strip_prefix('#').map(str::parse));
                out.extend(number.and_then(Result::ok).and_then(char::from_u32));
            }
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

/// Reads a document: elements, attributes and text; comments, declarations and processing lines are passed over.
pub fn xml(text: &str) -> Element {
    let mut stack = vec![Element::default()];
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        stack.last_mut().unwrap().text.push_str(&unescape(&rest[..at]));
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = &after[after.find("-->").map_or(after.len(), |i| i + 3)..];
            continue;
        }
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(closing) = tag.strip_prefix('/') {
            let done = stack.pop().unwrap();
            assert_eq!(done.name, closing.trim(), "tags are nested");
            stack.last_mut().expect("a root").children.push(done);
            continue;
        }
        let (body, empty) = match tag.strip_suffix('/') {
            Some(body) => (body, true),
            None => (tag, false),
        };
        let name = body.split_whitespace().next().unwrap_or("").to_string();
        let mut element = Element { name: name.clone(), ..Element::default() };
        let mut pairs = &body[name.len()..];
        while let Some((key, value)) = pairs.split_once('=') {
            let quote = value.trim_start().chars().next().unwrap_or('"');
            let value = &value.trim_start()[1..];
            let close = value.find(quote).expect("a quoted value ends");
            element.attributes.push((key.trim().to_string(), unescape(&value[..close])));
            pairs = &value[close + 1..];
        }
        match empty {
            true => stack.last_mut().unwrap().children.push(element),
            false => stack.push(element),
        }
    }
    stack.pop().expect("a root")
}

/// A title's own words, and its nonessential modifiers.
fn title(of: &Element) -> (String, String) {
    let Some(title) = of.first("title") else { return Default::default() };
    (title.words(), title.text_of("nemod"))
}

fn push_terms(of: &Element, level: u8, heads: usize, volume: &mut Volume) {
    let (words, modifiers) = title(of);
    let (see, see_also) = (of.text_of("see"), of.text_of("seeAlso"));
    let cells: Vec<String> = match heads {
        0 => [of.text_of("code"), of.text_of("manif")].into_iter().collect(),
        n => (0..n)
            .map(|i| {
                let column = (i + 2).to_string();
                of.all("cell").find(|c| c.attribute("col") == column).map(Element::words).unwrap_or_default()
            })
            .collect(),
    };
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    volume.push(RowParts {
        level,
        title: &words,
        modifiers: &modifiers,
        see: &see,
        see_also: &see_also,
        cells: &cells,
    });
    for term in of.all("term") {
        push_terms(term, level + 1, heads, volume);
    }
}

/// A volume from an official index or table in XML.
pub fn volume(name: &str) -> Volume {
    let document = xml(&file(name));
    let root = document.children.first().expect("a root");
    let heads: Vec<String> = root
        .first("indexHeading")
        .map(|h| h.all("head").filter(|h| h.attribute("col") != "1").map(Element::words).collect())
        .unwrap_or_default();
    let names: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut volume = Volume::new(name, &names);
    for letter in root.all("letter") {
        for main in letter.all("mainTerm") {
            push_terms(main, 0, heads.len(), &mut volume);
        }
    }
    volume
}

/// The volumes of an entry with a pair, small enough to read; the official index is as large as it is.
pub fn small_index() -> Volume {
    let mut v = Volume::new("rows written for this test", &[]);
    let mut row = |level, title, modifiers, cells: &[&str], see| {
        v.push(RowParts { level, title, modifiers, cells, see, see_also: "" });
    };
    row(0, "Dementia", "(degenerative) (primary)", &["F03.90"], "");
    row(1, "in", "(due to)", &[], "");
    row(2, "Alzheimer's disease", "", &["G30.9", "F02.80"], "");
    row(2, "Parkinson's disease", "", &["G20.A1", "F02.80"], "");
    row(1, "vascular", "(acute onset)", &["F01.50"], "");
    row(0, "Demineralization, bone", "", &[], "Osteoporosis");
    row(0, "Osteoporosis", "(female) (male)", &["M81.0"], "");
    v
}

/// A few rows of a table by columns, written for the tests.
pub fn small_neoplasms() -> Volume {
    let heads =
        ["Malignant Primary", "Malignant Secondary", "Ca in situ", "Benign", "Uncertain", "Unspecified"];
    let mut v = Volume::new("rows written for this test", &heads);
    let mut row = |level, title, cells: [&str; 6]| {
        v.push(RowParts { level, title, cells: &cells, ..RowParts::default() });
    };
    row(0, "Neoplasm", ["C80.1", "C79.9", "D09.9", "D36.9", "D48.9", "D49.9"]);
    row(1, "breast", ["C50.9-", "C79.81", "D05.9-", "D24.-", "D48.6-", "D49.3"]);
    row(1, "kidney", ["C64.-", "C79.0-", "D09.19", "D30.0-", "D41.0-", "D49.51-"]);
    row(2, "pelvis", ["C65.-", "C79.0-", "D09.19", "D30.1-", "D41.1-", "D49.51-"]);
    row(1, "lung", ["C34.9-", "C78.0-", "D02.2-", "D14.3-", "D38.1", "D49.1"]);
    v
}

pub fn small_volumes() -> Volumes {
    let mut v = Volumes::default();
    v.load(VolumeKind::Index, small_index());
    v.load(VolumeKind::Neoplasms, small_neoplasms());
    v
}

pub fn volumes() -> Volumes {
    let mut v = Volumes::default();
    v.load(VolumeKind::Index, small_index());
    v.load(VolumeKind::External, volume("icd10cm/icd-10-cm-eindex-2025.xml"));
    v.load(VolumeKind::Neoplasms, volume("icd10cm/icd-10-cm-neoplasm-2025.xml"));
    v.load(VolumeKind::Drugs, volume("icd10cm/icd-10-cm-drug-2025.xml"));
    v
}

/// The official ICD-10-PCS tables.
pub fn pcs_tables() -> PcsVolume {
    let document = xml(&file("icd10pcs/icd10pcs_tables_2025.xml"));
    let root = document.children.first().expect("a root");
    let labels = |axis: &Element| -> Vec<(char, String)> {
        axis.all("label").map(|l| (l.attribute("code").chars().next().unwrap(), l.words())).collect()
    };
    let mut volume = PcsVolume { source: "ICD-10-PCS tables FY2025".into(), ..PcsVolume::default() };
    for table in root.all("pcsTable") {
        let mut made = PcsTable::default();
        let mut key = String::new();
        for (i, axis) in table.all("axis").enumerate() {
            let (c, label) = labels(axis).remove(0);
            key.push(c);
            made.names[i] = label;
            made.definition = axis.text_of("definition");
        }
        for row in table.all("pcsRow") {
            let mut columns: [Vec<(char, String)>; 4] = Default::default();
            for (i, axis) in row.all("axis").enumerate() {
                columns[i] = labels(axis);
            }
            made.rows.push(PcsRow { columns });
        }
        volume.tables.insert(key, made);
    }
    volume
}
