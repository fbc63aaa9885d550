//! Puts encounters together once the last resource of a file has been seen.
//!
//! Owns following the references, the order of diagnoses, pointers and line dates, which coverage pays, and
//! what becomes of records whose encounter is not in the file. Hands each encounter on and lets it go.
//! The thread that reads the file.

use super::{
    Graph,
    charges::{ClaimNode, ConditionNode, ProcedureNode},
    kinds::Kind,
    links::Link,
    notes::{DocumentNode, Unread, decode},
    visit::EncounterNode,
};
use crate::domain::{
    Diagnosis, Extra, FullDocument, Id, Item, OrderKey, Phi, Pointer, Procedure, ServiceLine,
};
use crate::intake::{FileReport, IntakeEncounter, IntakeItem};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::ControlFlow,
};

/// What belongs to one encounter.
#[derive(Default)]
struct Share {
    documents: Vec<DocumentNode>,
    conditions: Vec<usize>,
    procedures: Vec<usize>,
    claims: Vec<usize>,
}

pub(super) type Sink<'s> = dyn FnMut(IntakeItem) -> ControlFlow<()> + 's;

/// Adds items in the order they come.
struct Shelf<T> {
    items: Vec<Item<T>>,
}

impl<T> Shelf<T> {
    fn new() -> Shelf<T> {
        Shelf { items: Vec::new() }
    }
    fn push(&mut self, id: Id, body: T) {
        let order = OrderKey::after(self.items.last().map(|i| &i.order));
        self.items.push(Item::new(id, order, body));
    }
}

impl Graph {
    /// Hands on everything that was read.
    pub(crate) fn finish(mut self, reports: &mut [FileReport], sink: &mut Sink<'_>) -> ControlFlow<()> {
        self.settle_binaries(reports);
        let mut shares: Vec<Share> = self.encounters.iter().map(|_| Share::default()).collect();
        let mut orphans = Vec::new();
        for doc in std::mem::take(&mut self.documents) {
            let at = self.encounter_of(&doc.encounter);
            match at.and_then(|at| shares.get_mut(at)) {
                Some(s) => s.documents.push(doc),
                None => orphans.push(doc),
            }
        }
        let conditions = std::mem::take(&mut self.conditions);
        let procedures = std::mem::take(&mut self.procedures);
        let claims = std::mem::take(&mut self.claims);
        let mut loose_conditions = Vec::new();
        let mut loose_procedures = Vec::new();
        for (n, c) in conditions.iter().enumerate() {
            match self.encounter_of(&c.encounter).and_then(|at| shares.get_mut(at)) {
                Some(s) => s.conditions.push(n),
                None => loose_conditions.push(n),
            }
        }
        for (n, p) in procedures.iter().enumerate() {
            match self.encounter_of(&p.encounter).and_then(|at| shares.get_mut(at)) {
                Some(s) => s.procedures.push(n),
                None => loose_procedures.push(n),
            }
        }
        for (n, c) in claims.iter().enumerate() {
            let mut all: Vec<usize> =
                c.lines.iter().filter_map(|l| self.encounter_of(&l.encounter)).collect();
            all.dedup();
            if all.is_empty() {
                c.context
                    .warn(reports, "the claim names no encounter of this file; its charges were left out");
            }
            for at in all {
                if let Some(s) = shares.get_mut(at)
                    && s.claims.last() != Some(&n)
                {
                    s.claims.push(n);
                }
            }
        }
        self.patient_problems(&conditions, &loose_conditions);
        let by_patient = self.coverages_by_patient();
        for (at, (node, share)) in std::mem::take(&mut self.encounters).into_iter().zip(shares).enumerate() {
            let made =
                self.encounter(at, node, share, &conditions, &procedures, &claims, &by_patient, reports);
            if let Some(e) = made {
                sink(IntakeItem::Encounter(Box::new(e)))?;
            }
        }
        for doc in orphans {
            self.orphan_document(doc, reports, sink)?;
        }
        for n in loose_conditions {
            if let Some(c) = conditions.get(n) {
                self.orphan_condition(c, reports, sink)?;
            }
        }
        for n in loose_procedures {
            if let Some(p) = procedures.get(n) {
                self.orphan_procedure(p, reports, sink)?;
            }
        }
        self.directory(reports, sink)
    }

    fn encounter_of(&self, link: &Link) -> Option<usize> {
        self.index.find(link, &[Kind::Encounter]).map(|(_, at)| at as usize)
    }

    /// Texts that stood in a `Binary`.
    fn settle_binaries(&mut self, reports: &mut [FileReport]) {
        for mut w in std::mem::take(&mut self.waiting) {
            let found = self.index.find(&w.binary, &[Kind::Binary]);
            let Some((media, data)) = found.and_then(|(_, at)| self.binaries.get(at as usize)) else {
                w.node
                    .context
                    .warn(reports, &format!("{} points outside the file; the text is not here", w.field));
                continue;
            };
            match decode(media, data) {
                Ok(text) => {
                    w.node.text = text;
                    self.put_document(w.node);
                }
                Err(Unread::Type(_)) => {
                    w.node.context.warn(reports, "an attachment is of a type that is not read");
                }
                Err(Unread::Broken(why)) => w.node.context.error(reports, &w.field, why),
            }
        }
        self.binaries.clear();
    }

    #[allow(clippy::too_many_arguments)] // the lists of one file, borrowed apart from the graph
    fn encounter(
        &mut self,
        me: usize,
        node: EncounterNode,
        share: Share,
        conditions: &[ConditionNode],
        procedures: &[ProcedureNode],
        claims: &[ClaimNode],
        by_patient: &HashMap<u32, Vec<usize>>,
        reports: &mut [FileReport],
    ) -> Option<IntakeEncounter> {
        let cx = &node.context;
        let mut body = node.body;
        let own: Vec<(usize, &ConditionNode)> =
            share.conditions.iter().filter_map(|n| Some((*n, conditions.get(*n)?))).collect();
        let performed: Vec<&ProcedureNode> =
            share.procedures.iter().filter_map(|n| procedures.get(*n)).collect();
        let billed: Vec<&ClaimNode> = share.claims.iter().filter_map(|n| claims.get(*n)).collect();

        // Without a period the day follows from what hangs on the visit.
        let known = node.from.or_else(|| {
            let days = billed.iter().filter_map(|c| c.day);
            let days = days.chain(performed.iter().filter_map(|p| p.day));
            let days = days.chain(share.documents.iter().filter_map(|d| d.day));
            let day = days.min().or_else(|| own.iter().filter_map(|(_, c)| c.day).min()).or(node.updated);
            if day.is_some() {
                cx.warn(
                    reports,
                    "period is missing; the date of service was taken from what belongs to the visit",
                );
            }
            day
        });
        let Some(from) = known else {
            cx.error(reports, "period", "is missing, and nothing on the visit gives a date of service");
            return None;
        };
        body.from = from;
        body.through = node.through.unwrap_or(from);

        let (patient_at, patient) = self.patient(&node.patient);
        let Some(patient) = patient else {
            cx.error(reports, "subject", "names a patient that cannot be found");
            return None;
        };
        if patient_at.is_none() {
            cx.warn(reports, "the patient is not in the file; only what the reference says is known");
        }
        body.patient = patient.id;

        let mut providers = BTreeMap::new();
        self.roles_of(&mut body, &node.parts, &mut providers);
        self.facility(&mut body, &node.facility);

        // Diagnoses: the claim's order first, then the encounter's ranks, then the file's order.
        let mut found: Vec<(u32, Id, Diagnosis)> = Vec::new();
        let rank_of: HashMap<u32, (u32, bool)> = node
            .ranked
            .iter()
            .filter_map(|r| {
                Some((self.index.find(&r.condition, &[Kind::Condition])?.1, (r.rank, r.admitting)))
            })
            .collect();
        let mut claim_codes: HashMap<(usize, u32), String> = HashMap::new();
        for (k, claim) in billed.iter().enumerate() {
            for d in &claim.diagnoses {
                let condition = self.index.find(&d.condition, &[Kind::Condition]).map(|(_, at)| at as usize);
                let coded = condition.and_then(|at| conditions.get(at));
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
        for (n, c) in &own {
            let rank = u32::try_from(*n).ok().and_then(|n| rank_of.get(&n));
            match (&c.code, rank) {
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
        let mut diagnoses = Shelf::new();
        for (_, id, d) in found {
            if seen.insert(d.code.clone()) {
                diagnoses.push(id, d);
            }
        }
        let by_code: HashMap<&str, Id> =
            diagnoses.items.iter().map(|d| (d.body.code.as_str(), d.id)).collect();

        let mut lines: Shelf<ServiceLine> = Shelf::new();
        let mut ids = HashSet::new();
        for (k, claim) in billed.iter().enumerate() {
            let here = claim.lines.iter().any(|l| self.encounter_of(&l.encounter).is_some());
            let first = claim.lines.iter().find_map(|l| self.encounter_of(&l.encounter));
            for l in &claim.lines {
                // An item that names no encounter goes where its claim's first item goes.
                let target = self.encounter_of(&l.encounter).or(first);
                if here && target != Some(me) {
                    continue;
                }
                match &l.line {
                    Some(line) => {
                        let mut line = line.clone();
                        line.date = l.day.or(claim.day).unwrap_or(from);
                        line.pointers = l
                            .diagnoses
                            .iter()
                            .filter_map(|s| {
                                let id = claim_codes.get(&(k, *s)).and_then(|c| by_code.get(c.as_str()));
                                match id {
                                    Some(id) => Some(Pointer::Diagnosis(*id)),
                                    None => u8::try_from(*s).ok().map(Pointer::Position),
                                }
                            })
                            .take(4)
                            .collect();
                        if ids.insert(l.id) {
                            lines.push(l.id, line);
                        }
                    }
                    None => push_word(&mut body.extra, "uncoded_charges", &l.words),
                }
            }
            if first == Some(me)
                && let Some(t) = claim.total
            {
                body.expected += t;
            }
        }
        let mut done: Shelf<Procedure> = Shelf::new();
        for p in performed {
            let provider = self.provider(&p.performer, &mut providers);
            if let Some(code) = &p.pcs {
                let date = p.day.or(Some(from));
                done.push(
                    p.context.id,
                    Procedure { code: code.clone(), date, provider, ..Procedure::default() },
                );
            } else if let Some(code) = &p.service {
                let date = p.day.unwrap_or(from);
                if !lines.items.iter().any(|l| l.body.code == *code && l.body.date == date) {
                    let line = ServiceLine { provider, ..ServiceLine::new(code, date) };
                    lines.push(p.context.id, line);
                }
            } else {
                push_word(&mut body.extra, "performed", &p.words);
            }
        }

        let (coverages, payers) = self.insurance(patient.id, patient_at, &billed, from, by_patient);
        body.coverages = coverages.iter().map(|c| c.id).collect();

        let mut hashes = HashSet::new();
        let mut documents = Vec::with_capacity(share.documents.len());
        // The same text may have come under two spellings of the encounter.
        for d in share.documents.into_iter().filter(|d| hashes.insert(d.body.hash.clone())) {
            if let Some(r) = reports.get_mut(d.context.place.file) {
                r.documents += 1;
            }
            documents.push(self.full(d));
        }
        if let Some(r) = reports.get_mut(cx.place.file) {
            r.encounters += 1;
            r.diagnoses += diagnoses.items.len() as u64;
            r.procedures += done.items.len() as u64;
            r.lines += lines.items.len() as u64;
        }
        Some(IntakeEncounter {
            encounter: Item::new(cx.id, OrderKey::default(), body),
            patient,
            coverages,
            payers,
            providers: providers.into_values().collect(),
            documents,
            diagnoses: diagnoses.items,
            procedures: done.items,
            lines: lines.items,
        })
    }

    pub(super) fn full(&mut self, d: DocumentNode) -> FullDocument {
        let mut document = d.body;
        if document.author.is_empty() {
            let mut found = BTreeMap::new();
            if let Some(id) = self.provider(&d.author, &mut found) {
                document.author = found.get(&id).map(|p| p.body.short()).unwrap_or_default();
            }
        }
        FullDocument { id: d.id, document, text: Phi::new(d.text) }
    }
}

/// Adds words to a list of an `extra`, once.
pub(super) fn push_word(extra: &mut Extra, key: &str, words: &str) {
    if words.is_empty() {
        return;
    }
    let list = extra.entry(key.to_string()).or_insert_with(|| serde_json::Value::Array(Vec::new()));
    if let serde_json::Value::Array(list) = list
        && !list.iter().any(|w| w.as_str() == Some(words))
    {
        list.push(words.into());
    }
}
