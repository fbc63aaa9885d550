//! Puts encounters together once the last resource of a file has been seen.
//!
//! Owns which record belongs to which encounter, the date of service, and the counts of the report. Hands
//! each encounter on and lets it go.
//! Never guesses where a record belongs.
//! The thread that reads the file.

use super::{
    Context, Graph,
    charges::{ClaimNode, ConditionNode, ProcedureNode},
    kinds::Kind,
    links::Link,
    notes::{DocumentNode, Unread, decode},
    visit::EncounterNode,
};
use crate::domain::{Extra, FullDocument, Id, Item, OrderKey, Phi};
use crate::intake::{FileReport, IntakeEncounter, IntakeItem};
use chrono::NaiveDate;
use std::{
    collections::{BTreeMap, HashMap},
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

enum Home {
    At(usize),
    Elsewhere,
    Wrong,
}

/// What the codes of one encounter are made of.
pub(super) struct Work<'w> {
    /// All of the file, as claims may point at any.
    pub conditions: &'w [ConditionNode],
    pub own: Vec<(usize, &'w ConditionNode)>,
    pub performed: Vec<&'w ProcedureNode>,
    pub billed: Vec<&'w ClaimNode>,
    /// Place of the encounter in its list.
    pub me: usize,
    pub from: NaiveDate,
}

/// Adds items in the order they come.
pub(super) struct Shelf<T> {
    pub items: Vec<Item<T>>,
}

impl<T> Shelf<T> {
    pub(super) fn new() -> Shelf<T> {
        Shelf { items: Vec::new() }
    }
    pub(super) fn push(&mut self, id: Id, body: T) {
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
            match self.home(&doc.encounter, &doc.patient, &doc.context, reports) {
                Home::At(at) => {
                    if let Some(s) = shares.get_mut(at) {
                        s.documents.push(doc);
                    }
                }
                Home::Elsewhere => orphans.push(doc),
                Home::Wrong => {}
            }
        }
        let conditions = std::mem::take(&mut self.conditions);
        let procedures = std::mem::take(&mut self.procedures);
        let claims = std::mem::take(&mut self.claims);
        let mut loose_conditions = Vec::new();
        let mut loose_procedures = Vec::new();
        for (n, c) in conditions.iter().enumerate() {
            match self.home(&c.encounter, &c.patient, &c.context, reports) {
                Home::At(at) => shares.get_mut(at).into_iter().for_each(|s| s.conditions.push(n)),
                Home::Elsewhere => loose_conditions.push(n),
                Home::Wrong => {}
            }
        }
        for (n, p) in procedures.iter().enumerate() {
            match self.home(&p.encounter, &p.patient, &p.context, reports) {
                Home::At(at) => shares.get_mut(at).into_iter().for_each(|s| s.procedures.push(n)),
                Home::Elsewhere => loose_procedures.push(n),
                Home::Wrong => {}
            }
        }
        for (n, c) in claims.iter().enumerate() {
            let named: Vec<&Link> = c.lines.iter().map(|l| &l.encounter).filter(|l| !l.is_empty()).collect();
            let homes: Vec<Home> =
                named.iter().map(|l| self.home(l, &c.patient, &c.context, reports)).collect();
            if homes.iter().all(|h| matches!(h, Home::Elsewhere)) {
                c.context
                    .warn(reports, "the claim names no encounter of this file; its charges were left out");
            }
            for home in homes {
                if let Home::At(at) = home
                    && let Some(s) = shares.get_mut(at)
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

    /// Where a record belongs. One that names another patient than its encounter goes nowhere: a note in
    /// the wrong chart is worse than a missing one.
    fn home(&self, encounter: &Link, patient: &Link, cx: &Context, reports: &mut [FileReport]) -> Home {
        let Some(at) = self.encounter_of(encounter) else { return Home::Elsewhere };
        let whose = |link: &Link| self.index.find(link, &[Kind::Patient]).map(|(_, at)| at);
        let theirs = self.encounters.get(at).and_then(|e| whose(&e.patient));
        match (whose(patient), theirs) {
            (Some(a), Some(b)) if a != b => {
                cx.error(reports, "subject", "is another patient than the one of its encounter");
                Home::Wrong
            }
            _ => Home::At(at),
        }
    }

    pub(super) fn encounter_of(&self, link: &Link) -> Option<usize> {
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

        let work = Work { conditions, own, performed, billed, me, from };
        let (diagnoses, claim_codes) = self.diagnoses(&node.ranked, cx, &work, &mut body);
        let mut lines = self.lines(&work, &claim_codes, &diagnoses, &mut body);
        let procedures = self.procedures(&work, &mut lines, &mut body, &mut providers);

        let (coverages, payers) = self.insurance(patient.id, patient_at, &work.billed, from, by_patient);
        body.coverages = coverages.iter().map(|c| c.id).collect();

        let documents = self.documents_once(share.documents, reports);
        if let Some(r) = reports.get_mut(cx.place.file) {
            r.encounters += 1;
            r.diagnoses += diagnoses.len() as u64;
            r.procedures += procedures.len() as u64;
            r.lines += lines.items.len() as u64;
        }
        Some(IntakeEncounter {
            encounter: Item::new(cx.id, OrderKey::default(), body),
            patient,
            coverages,
            payers,
            providers: providers.into_values().collect(),
            documents,
            diagnoses,
            procedures,
            lines: lines.items,
        })
    }

    /// The same text may have come under two spellings of the encounter; the better description stays.
    fn documents_once(&mut self, nodes: Vec<DocumentNode>, reports: &mut [FileReport]) -> Vec<FullDocument> {
        let mut kept: Vec<DocumentNode> = Vec::with_capacity(nodes.len());
        let mut by_hash: HashMap<String, usize> = HashMap::new();
        for d in nodes {
            match by_hash.get(&d.body.hash).and_then(|at| kept.get_mut(*at)) {
                Some(old) if d.reference && !old.reference => *old = d,
                Some(_) => {}
                None => {
                    by_hash.insert(d.body.hash.clone(), kept.len());
                    kept.push(d);
                }
            }
        }
        for d in &kept {
            if let Some(r) = reports.get_mut(d.context.place.file) {
                r.documents += 1;
            }
        }
        kept.into_iter().map(|d| self.full(d)).collect()
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
