//! Loaded releases as the volumes the book screens page through.
//!
//! Owns turning indexes, tables and definitions into `Volumes`: main terms, columns, legal rows,
//! what a value means. Never decides which release is in force: the caller gives one a kind. Pure.

use super::index::IndexTable;
use super::kind::Kind;
use super::pcs::{PcsAxis, PcsDefinitions, PcsTables, PcsTerm};
use super::release::{Content, Meta, Release};
use crate::codes::volumes::{PcsRow, PcsTable, PcsVolume, RowParts, Volume, VolumeKind, Volumes};

/// Puts one release where the book screens find it; kinds that are no volume change nothing.
pub fn shelve(release: &Release, volumes: &mut Volumes) {
    let kind = match release.meta.kind {
        Kind::CmIndex => Some(VolumeKind::Index),
        Kind::CmExternalCause => Some(VolumeKind::External),
        Kind::CmNeoplasm => Some(VolumeKind::Neoplasms),
        Kind::CmDrugs => Some(VolumeKind::Drugs),
        _ => None,
    };
    match (&release.content, kind) {
        (Content::Index(table), Some(kind)) => volumes.load(kind, volume(&release.meta, table)),
        (Content::PcsTables(tables), _) => {
            let pcs = volumes.pcs.get_or_insert_with(PcsVolume::default);
            pcs.source = source(&release.meta);
            add_tables(tables, pcs);
        }
        (Content::PcsDefinitions(d), _) => {
            add_definitions(d, volumes.pcs.get_or_insert_with(PcsVolume::default));
        }
        _ => {}
    }
}

/// `ICD-10-CM Alphabetic Index FY2025, 2024-10-01 to 2025-09-30, NCHS (CDC) and CMS`.
fn source(meta: &Meta) -> String {
    let to = meta.to.map_or_else(String::new, |to| format!(" to {to}"));
    format!("{} {}, {}{to}, {}", meta.kind.label(), meta.release, meta.from, meta.kind.authority())
}

fn volume(meta: &Meta, table: &IndexTable) -> Volume {
    let heads: Vec<&str> = table.columns.iter().map(String::as_str).collect();
    let mut out = Volume::new(&source(meta), &heads);
    for e in table.entries() {
        let (see, see_also) = (e.see.join("; "), e.see_also.join("; "));
        let pair = [e.codes.first(), e.manifestations.first()].map(|c| c.map_or("", String::as_str));
        let cells: Vec<&str> = match table.columns.is_empty() {
            true if pair.iter().all(|c| c.is_empty()) => Vec::new(),
            true => pair.to_vec(),
            false => e.cells.iter().map(String::as_str).collect(),
        };
        out.push(RowParts {
            level: e.level,
            title: &e.term,
            modifiers: &e.modifiers,
            see: &see,
            see_also: &see_also,
            cells: &cells,
        });
    }
    out
}

fn values(axis: &PcsAxis) -> Vec<(char, String)> {
    axis.values.iter().map(|v| (v.code, v.label.clone())).collect()
}

fn add_tables(tables: &PcsTables, pcs: &mut PcsVolume) {
    for t in tables.tables() {
        let name = |a: &PcsAxis| a.values.first().map_or_else(String::new, |v| v.label.clone());
        let [a, b, c] = &t.head;
        let rows = t.rows.iter().map(|r| PcsRow { columns: r.axes.each_ref().map(values) });
        let table = PcsTable {
            names: [name(a), name(b), name(c)],
            definition: t.definition.clone(),
            rows: rows.collect(),
        };
        pcs.tables.insert(t.prefix(), table);
    }
}

/// What a value means: its definition, what explains it, what it includes.
fn meaning(t: &PcsTerm) -> String {
    let includes = match t.includes.is_empty() {
        true => String::new(),
        false => format!("Includes: {}", t.includes.join(", ")),
    };
    let parts = [t.definition.as_str(), t.explanation.as_str(), includes.as_str()];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(". ")
}

fn add_definitions(d: &PcsDefinitions, pcs: &mut PcsVolume) {
    for axis in &d.axes {
        for t in &axis.terms {
            for title in &t.titles {
                let key = (axis.section, usize::from(axis.position), title.clone());
                pcs.definitions.insert(key, meaning(t));
            }
        }
    }
}
