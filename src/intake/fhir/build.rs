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
    people,
    visit::{EncounterNode, Part},
};
use crate::domain::{
    Coverage, Diagnosis, FullDocument, Id, Item, OrderKey, Patient, Payer, Phi, Pointer, Procedure, Provider,
    ServiceLine,
};
use crate::intake::{Directory, FileReport, IntakeEncounter, IntakeItem, Orphan, OrphanRecord};
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

type Sink<'s> = dyn FnMut(IntakeItem) -> ControlFlow<()> + 's;

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

    /// Problems that belong to a patient and to no visit.
    fn patient_problems(&mut self, conditions: &[ConditionNode], loose: &[usize]) {
        for c in loose.iter().filter_map(|n| conditions.get(*n)).filter(|c| c.encounter.is_empty()) {
            let found = self.index.find(&c.patient, &[Kind::Patient]);
            if let Some(p) = found.and_then(|(_, at)| self.patients.get_mut(at as usize)) {
                push_word(&mut p.item.body.extra, "problems", &c.words);
            }
        }
    }

    fn coverages_by_patient(&self) -> HashMap<u32, Vec<usize>> {
        let mut map: HashMap<u32, Vec<usize>> = HashMap::new();
        for (n, c) in self.coverages.iter().enumerate() {
            if let Some((_, p)) = self.index.find(&c.patient, &[Kind::Patient]) {
                map.entry(p).or_default().push(n);
            }
        }
        map
    }

    /// A provider by whatever names it, and its id.
    fn provider(&mut self, link: &Link, into: &mut BTreeMap<Id, Item<Provider>>) -> Option<Id> {
        let kinds = [Kind::Practitioner, Kind::PractitionerRole];
        match self.index.find(link, &kinds) {
            Some((Kind::PractitionerRole, at)) => {
                let role = self.roles.get(at as usize)?;
                let (link, specialty) = (role.practitioner.clone(), role.specialty.clone());
                let id = self.provider(&link, into)?;
                if let Some(p) = into.get_mut(&id)
                    && p.body.specialty.is_empty()
                {
                    p.body.specialty = specialty;
                }
                Some(id)
            }
            Some((_, at)) => {
                let node = self.providers.get_mut(at as usize)?;
                node.used = true;
                into.entry(node.item.id).or_insert_with(|| node.item.clone());
                Some(node.item.id)
            }
            None => {
                let kind = if link.key.contains("PractitionerRole") {
                    Kind::PractitionerRole
                } else {
                    Kind::Practitioner
                };
                // An organization or the patient may stand where a person is wanted: no provider then.
                if ["Organization", "Patient", "RelatedPerson", "Device", "CareTeam", "HealthcareService"]
                    .iter()
                    .any(|k| link.key.contains(k))
                    || self.index.find(link, &[Kind::Organization, Kind::Patient]).is_some()
                {
                    return None;
                }
                let id = self.naming.linked(link, kind)?;
                into.entry(id).or_insert_with(|| people::provider_stub(id, link));
                Some(id)
            }
        }
    }

    fn patient(&mut self, link: &Link) -> (Option<u32>, Option<Item<Patient>>) {
        if let Some((_, at)) = self.index.find(link, &[Kind::Patient])
            && let Some(p) = self.patients.get_mut(at as usize)
        {
            p.used = true;
            return (Some(at), Some(p.item.clone()));
        }
        (None, self.naming.linked(link, Kind::Patient).map(|id| people::patient_stub(id, link)))
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

    fn full(&mut self, d: DocumentNode) -> FullDocument {
        let mut document = d.body;
        if document.author.is_empty() {
            let mut found = BTreeMap::new();
            if let Some(id) = self.provider(&d.author, &mut found) {
                document.author = found.get(&id).map(|p| p.body.short()).unwrap_or_default();
            }
        }
        FullDocument { id: d.id, document, text: Phi::new(d.text) }
    }

    fn roles_of(
        &mut self,
        body: &mut crate::domain::Encounter,
        parts: &[(Part, Link)],
        providers: &mut BTreeMap<Id, Item<Provider>>,
    ) {
        for (part, link) in parts {
            let Some(id) = self.provider(link, providers) else { continue };
            let slot = match part {
                Part::Performer => &mut body.roles.rendering,
                Part::Attending => &mut body.roles.attending,
                Part::Operating => &mut body.roles.operating,
                Part::Referring => &mut body.roles.referring,
                Part::Other => continue,
            };
            slot.get_or_insert(id);
        }
        let has_ub = body.has_form(crate::domain::Form::Ub04);
        let roles = &mut body.roles;
        if roles.attending.is_none() && has_ub {
            roles.attending = roles.rendering;
        }
        if roles.rendering.is_none() {
            roles.rendering = roles.attending;
        }
    }

    fn facility(&self, body: &mut crate::domain::Encounter, link: &Link) {
        let found = self.index.find(link, &[Kind::Organization]);
        let org = found.and_then(|(_, at)| self.organizations.get(at as usize));
        let (name, npi) = match org {
            Some(o) => (o.name.as_str(), o.npi.as_str()),
            None => (link.display.as_str(), ""),
        };
        if !name.is_empty() {
            body.extra.insert("facility".into(), name.into());
        }
        if !npi.is_empty() {
            body.extra.insert("facility_npi".into(), npi.into());
        }
    }

    /// The coverages that pay: those the claims name, else the patient's that were in force.
    fn insurance(
        &mut self,
        patient: Id,
        patient_at: Option<u32>,
        billed: &[&ClaimNode],
        on: chrono::NaiveDate,
        by_patient: &HashMap<u32, Vec<usize>>,
    ) -> (Vec<Item<Coverage>>, Vec<Item<Payer>>) {
        let (mut coverages, mut payers): (Vec<Item<Coverage>>, Vec<Item<Payer>>) = (Vec::new(), Vec::new());
        let mut keep = |c: Item<Coverage>, p: Item<Payer>| {
            if !coverages.iter().any(|x| x.id == c.id) {
                coverages.push(c);
            }
            if !payers.iter().any(|x| x.id == p.id) {
                payers.push(p);
            }
        };
        for link in billed.iter().flat_map(|c| &c.insurance) {
            if let Some((_, at)) = self.index.find(link, &[Kind::Coverage]) {
                if let Some((c, p)) = self.coverage(at as usize) {
                    keep(c, p);
                }
            } else if !link.display.is_empty() {
                let payer = people::payer(None, &link.display, "");
                let id = Id::from_sender(&[&patient.to_string(), "coverage", &payer.id.to_string()]);
                let body = Coverage { payer: payer.id, relationship: "18".into(), ..Coverage::default() };
                keep(Item::new(id, OrderKey::default(), body), payer);
            }
        }
        if coverages.is_empty() {
            let all = patient_at.and_then(|p| by_patient.get(&p)).cloned().unwrap_or_default();
            for at in all {
                let valid = self
                    .coverages
                    .get(at)
                    .is_some_and(|c| c.from.is_none_or(|f| f <= on) && c.through.is_none_or(|t| t >= on));
                if let Some((c, p)) = valid.then(|| self.coverage(at)).flatten() {
                    let mut keep = |c: Item<Coverage>, p: Item<Payer>| {
                        coverages.push(c);
                        if !payers.iter().any(|x| x.id == p.id) {
                            payers.push(p);
                        }
                    };
                    keep(c, p);
                }
            }
        }
        (coverages, payers)
    }

    /// A coverage with its payer.
    fn coverage(&mut self, at: usize) -> Option<(Item<Coverage>, Item<Payer>)> {
        let found = self.coverages.get(at).map(|c| self.index.find(&c.payor, &[Kind::Organization]))?;
        let org = found.and_then(|(_, at)| self.organizations.get(at as usize));
        let node = self.coverages.get_mut(at)?;
        node.used = true;
        let payer = match org {
            Some(o) => {
                let mut p = people::payer(Some(o.id), &o.name, &node.words);
                p.body.payer_id = o.payer_id.clone();
                p.body.address = o.address.clone();
                p
            }
            None => {
                let id = self.naming.linked(&node.payor, Kind::Organization);
                people::payer(id, &node.payor.display, &node.words)
            }
        };
        let mut item = node.item.clone();
        item.body.payer = payer.id;
        Some((item, payer))
    }

    fn orphan(&self, encounter: &Link, patient: &Link, record: OrphanRecord) -> IntakeItem {
        let found = self.index.find(patient, &[Kind::Patient]);
        let known = found.and_then(|(_, at)| self.patients.get(at as usize)).map(|p| p.item.id);
        IntakeItem::Orphan(Box::new(Orphan {
            encounter: self.naming.linked(encounter, Kind::Encounter),
            patient: known.or_else(|| self.naming.linked(patient, Kind::Patient)),
            record,
        }))
    }

    fn orphan_document(
        &mut self,
        d: DocumentNode,
        reports: &mut [FileReport],
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let missing = if d.encounter.key.is_empty() {
            "names no encounter"
        } else {
            "is of an encounter that is not in the file"
        };
        d.context.warn(reports, &format!("the document {missing}"));
        if let Some(r) = reports.get_mut(d.context.place.file) {
            r.documents += 1;
        }
        let (encounter, patient) = (d.encounter.clone(), d.patient.clone());
        let full = self.full(d);
        sink(self.orphan(&encounter, &patient, OrphanRecord::Document(full)))
    }

    fn orphan_condition(
        &mut self,
        c: &ConditionNode,
        reports: &mut [FileReport],
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let Some(code) = c.code.clone().filter(|_| !c.encounter.key.is_empty()) else {
            return ControlFlow::Continue(());
        };
        c.context.warn(reports, "the condition is of an encounter that is not in the file");
        let d = Diagnosis { code, ..Diagnosis::default() };
        let record = OrphanRecord::Diagnosis(Item::new(c.context.id, OrderKey::default(), d));
        sink(self.orphan(&c.encounter, &c.patient, record))
    }

    fn orphan_procedure(
        &mut self,
        p: &ProcedureNode,
        reports: &mut [FileReport],
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let Some(code) = p.pcs.clone().filter(|_| !p.encounter.key.is_empty()) else {
            return ControlFlow::Continue(());
        };
        p.context.warn(reports, "the procedure is of an encounter that is not in the file");
        let body = Procedure { code, date: p.day, ..Procedure::default() };
        let record = OrphanRecord::Procedure(Item::new(p.context.id, OrderKey::default(), body));
        sink(self.orphan(&p.encounter, &p.patient, record))
    }

    /// People and coverages that came with no encounter.
    fn directory(&mut self, reports: &mut [FileReport], sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut out = Directory::default();
        for p in &self.patients {
            if let Some(r) = reports.get_mut(p.file) {
                r.patients += 1;
            }
        }
        for at in 0..self.coverages.len() {
            if self.coverages.get(at).is_some_and(|c| !c.used)
                && let Some((mut c, p)) = self.coverage(at)
            {
                let node = self.coverages.get(at);
                let link = node.map(|n| n.patient.clone()).unwrap_or_default();
                if let (_, Some(patient)) = self.patient(&link) {
                    c.body.extra.insert("patient".into(), patient.id.to_string().into());
                    out.patients.push(patient);
                }
                out.coverages.push(c);
                out.payers.push(p);
            }
        }
        out.patients.extend(self.patients.iter().filter(|p| !p.used).map(|p| p.item.clone()));
        out.patients.sort_by_key(|p| p.id);
        out.patients.dedup_by_key(|p| p.id);
        out.payers.sort_by_key(|p| p.id);
        out.payers.dedup_by_key(|p| p.id);
        out.providers.extend(self.providers.iter().filter(|p| !p.used).map(|p| p.item.clone()));
        if out.is_empty() { ControlFlow::Continue(()) } else { sink(IntakeItem::Directory(Box::new(out))) }
    }
}

/// Adds words to a list of an `extra`, once.
fn push_word(extra: &mut crate::domain::Extra, key: &str, words: &str) {
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
