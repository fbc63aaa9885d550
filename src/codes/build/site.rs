//! What a site's releases add to a book beside codes: POA-exempt lists, lists of the claim, and the
//! days on which a system is loaded in full.
//!
//! Owns laying them down; `codes::loaded` reads them. Pure.

use super::docs::Codes;
use super::{Sections, TextPool};
use crate::codes::class;
use crate::codes::format::{Section, Writer};
use crate::codes::tables::Tables;
use crate::domain::CodeSystem;

pub fn write(tables: &Tables, codes: &Codes, pool: &mut TextPool, out: &mut Sections) {
    let (mut lists, mut docs) = (Writer::default(), Writer::default());
    let mut n = 0u32;
    for list in &tables.site.poa_lists {
        let mut found: Vec<u32> = list
            .codes
            .iter()
            .filter_map(|c| codes.find(CodeSystem::Icd10cm, c))
            .filter_map(|d| u32::try_from(d).ok())
            .collect();
        found.sort_unstable();
        found.dedup();
        for v in [list.from, list.to, n, n + found.len() as u32] {
            lists.u32(v);
        }
        n += found.len() as u32;
        found.into_iter().for_each(|d| docs.u32(d));
    }
    out.put(Section::PoaLists, lists.0);
    out.put(Section::PoaDocs, docs.0);
    let mut rows: Vec<_> = tables.site.lists.iter().collect();
    rows.sort_by(|a, b| (a.kind.key(), &a.code).cmp(&(b.kind.key(), &b.code)));
    let mut w = Writer::default();
    for r in rows {
        for text in [r.kind.key(), &r.code, &r.text] {
            let (at, len) = pool.add(text);
            w.u32(at);
            w.u32(len);
        }
        w.u32(r.from);
        w.u32(r.to);
    }
    out.put(Section::ClaimLists, w.0);
    let mut w = Writer::default();
    for (system, from, to) in &tables.site.complete {
        w.u32(class::system_index(*system) as u32);
        w.u32(*from);
        w.u32(*to);
    }
    out.put(Section::Complete, w.0);
}
