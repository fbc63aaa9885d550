//! The codes of one encounter: diagnoses in order, service lines with pointers, procedures.
//!
//! Owns the order (the claim's first, then the encounter's ranks, then the file's), which diagnosis a line
//! points to, and what stays words for the coder. Never codes anything by itself. The thread that reads the
//! file, after the last resource.

use super::{
    Context, Graph,
    build::{Shelf, Work, push_word},
    kinds::Kind,
    visit::Ranked,
};
use crate::domain::{Diagnosis, Encounter, Id, Item, Pointer, Procedure, Provider, ServiceLine};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Which code a claim (by its place) means by a diagnosis sequence.
type ClaimCodes = HashMap<(usize, u32), String>;

impl Graph {
    pub(super) fn diagnoses(
        &self,
        ranked: &[Ranked],
        cx: &Context,
        work: &Work<'_>,
        body: &mut Encounter,
    ) -> (Vec<Item<Diagnosis>>, ClaimCodes) {
        let mut found: Vec<(u32, Id, Diagnosis)> = Vec::new();
        let mut claim_codes = ClaimCodes::new();
        for (k, claim) in work.billed.iter().enumerate() {
            for d in &claim.diagnoses {
                let at = self.index.find(&d.condition, &[Kind::Condition]).map(|(_, at)| at as usize);
                let coded = at.and_then(|at| work.conditions.get(at));
                let Some(code) = d.code.clone().or_else(|| coded.and_then(|c| c.code.clone())) else {
                    continue;
                };
                if d.admitting {
                    body.admitting.get_or_insert(code);
                    continue;
                }
                claim_codes.insert((k, d.sequence), code.clone());
                let id = match coded {
                    Some(c) if c.code.as_ref() == Some(&code) => c.context.id,
                    _ => Id::from_sender(&[&cx.id.to_string(), "diagnosis", &code]),
                };
                found.push((d.sequence, id, Diagnosis { code, poa: d.poa, ..Diagnosis::default() }));
            }
        }
        let rank = |r: &Ranked| {
            let (_, at) = self.index.find(&r.condition, &[Kind::Condition])?;
            Some((at as usize, (r.rank, r.admitting)))
        };
        let ranks: HashMap<usize, (u32, bool)> = ranked.iter().filter_map(rank).collect();
        for (n, c) in &work.own {
            match (&c.code, ranks.get(n)) {
                (Some(code), Some((_, true))) => {
                    body.admitting.get_or_insert_with(|| code.clone());
                }
                (Some(code), rank) => {
                    let place = rank.map_or(u32::MAX, |(r, _)| *r);
                    let mut d = Diagnosis { code: code.clone(), ..Diagnosis::default() };
                    if !c.words.is_empty() {
                        d.extra.insert("text".into(), c.words.clone().into());
                    }
                    found.push((place, c.context.id, d));
                }
                (None, _) => push_word(&mut body.extra, "problems", &c.words),
            }
        }
        found.sort_by_key(|(place, _, _)| *place);
        let mut seen = HashSet::new();
        let mut shelf = Shelf::new();
        for (_, id, d) in found {
            if seen.insert(d.code.clone()) {
                shelf.push(id, d);
            }
        }
        (shelf.items, claim_codes)
    }

    /// Lines of the claims that name this encounter, and what they expect in dollars.
    pub(super) fn lines(
        &self,
        work: &Work<'_>,
        claim_codes: &ClaimCodes,
        diagnoses: &[Item<Diagnosis>],
        body: &mut Encounter,
    ) -> Shelf<ServiceLine> {
        let by_code: HashMap<&str, Id> = diagnoses.iter().map(|d| (d.body.code.as_str(), d.id)).collect();
        let mut lines: Shelf<ServiceLine> = Shelf::new();
        let mut ids = HashSet::new();
        for (k, claim) in work.billed.iter().enumerate() {
            let first = claim.lines.iter().find_map(|l| self.encounter_of(&l.encounter));
            let pointer = |s: &u32| {
                let id = claim_codes.get(&(k, *s)).and_then(|c| by_code.get(c.as_str()));
                match id {
                    Some(id) => Some(Pointer::Diagnosis(*id)),
                    None => u8::try_from(*s).ok().map(Pointer::Position),
                }
            };
            for l in &claim.lines {
                // An item that names no encounter goes where its claim's first item goes.
                if self.encounter_of(&l.encounter).or(first) != Some(work.me) {
                    continue;
                }
                let Some(line) = &l.line else {
                    push_word(&mut body.extra, "uncoded_charges", &l.words);
                    continue;
                };
                let mut line = line.clone();
                line.date = l.day.or(claim.day).unwrap_or(work.from);
                line.pointers = l.diagnoses.iter().filter_map(pointer).take(4).collect();
                if ids.insert(l.id) {
                    lines.push(l.id, line);
                }
            }
            if first == Some(work.me) {
                body.expected += claim.total.unwrap_or_default();
            }
        }
        lines
    }

    /// ICD-10-PCS procedures; a CPT or HCPCS one that no claim charges becomes a line without a charge.
    pub(super) fn procedures(
        &mut self,
        work: &Work<'_>,
        lines: &mut Shelf<ServiceLine>,
        body: &mut Encounter,
        providers: &mut BTreeMap<Id, Item<Provider>>,
    ) -> Vec<Item<Procedure>> {
        let mut done: Shelf<Procedure> = Shelf::new();
        for p in &work.performed {
            let provider = self.provider(&p.performer, providers);
            if let Some(code) = &p.pcs {
                let date = p.day.or(Some(work.from));
                let body = Procedure { code: code.clone(), date, provider, ..Procedure::default() };
                done.push(p.context.id, body);
            } else if let Some(code) = &p.service {
                let date = p.day.unwrap_or(work.from);
                if !lines.items.iter().any(|l| l.body.code == *code && l.body.date == date) {
                    lines.push(p.context.id, ServiceLine { provider, ..ServiceLine::new(code, date) });
                }
            } else {
                push_word(&mut body.extra, "performed", &p.words);
            }
        }
        done.items
    }
}
