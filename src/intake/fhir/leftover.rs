//! What came without its encounter: orphan records, people nobody visited, problems of a patient.
//!
//! Owns handing them on under the id their encounter has or will have, so that nothing is lost; says so in
//! a warning. Never attaches anything by guess.
//! The thread that reads the file, after the last resource.

use super::{
    Graph,
    build::{Sink, push_word},
    charges::{ConditionNode, ProcedureNode},
    kinds::Kind,
    links::Link,
    notes::DocumentNode,
};
use crate::domain::{Diagnosis, Item, OrderKey, Procedure};
use crate::intake::{Directory, FileReport, IntakeItem, Orphan, OrphanRecord};
use std::ops::ControlFlow;

impl Graph {
    /// Problems that belong to a patient and to no visit.
    pub(super) fn patient_problems(&mut self, conditions: &[ConditionNode], loose: &[usize]) {
        for c in loose.iter().filter_map(|n| conditions.get(*n)).filter(|c| c.encounter.is_empty()) {
            let found = self.index.find(&c.patient, &[Kind::Patient]);
            if let Some(p) = found.and_then(|(_, at)| self.patients.get_mut(at as usize)) {
                push_word(&mut p.item.body.extra, "problems", &c.words);
            }
        }
    }

    pub(super) fn orphan(&self, encounter: &Link, patient: &Link, record: OrphanRecord) -> IntakeItem {
        let found = self.index.find(patient, &[Kind::Patient]);
        let known = found.and_then(|(_, at)| self.patients.get(at as usize)).map(|p| p.item.id);
        IntakeItem::Orphan(Box::new(Orphan {
            encounter: self.naming.linked(encounter, Kind::Encounter),
            patient: known.or_else(|| self.naming.linked(patient, Kind::Patient)),
            record,
        }))
    }

    pub(super) fn orphan_document(
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

    pub(super) fn orphan_condition(
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

    pub(super) fn orphan_procedure(
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
    pub(super) fn directory(&mut self, reports: &mut [FileReport], sink: &mut Sink<'_>) -> ControlFlow<()> {
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
