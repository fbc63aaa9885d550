//! An encounter with everything on it, as the screen, the edits and the claim see it.
//!
//! Owns putting records together and applying an `EditSet`, all or nothing. Never stores or renders.

use super::*;
use std::{collections::BTreeMap, sync::Arc};

/// Patients, payers and providers the encounter refers to. Shared: a chart is cloned at every edit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    pub patient: Option<Item<Patient>>,
    pub coverages: BTreeMap<Id, Item<Coverage>>,
    pub payers: BTreeMap<Id, Item<Payer>>,
    pub providers: BTreeMap<Id, Item<Provider>>,
    pub site: Option<Item<Site>>,
    pub fees: Arc<FeeTable>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub scope: Scope,
    pub encounter: Item<Encounter>,
    pub documents: Vec<Item<Document>>,
    pub diagnoses: Vec<Item<Diagnosis>>,
    pub procedures: Vec<Item<Procedure>>,
    pub lines: Vec<Item<ServiceLine>>,
    pub holds: Vec<Item<Hold>>,
    pub overrides: Vec<Item<Override>>,
    pub claims: Vec<Item<Claim>>,
    pub directory: Arc<Directory>,
    /// The patient's services of other encounters around this one.
    pub history: Arc<Vec<PastService>>,
    pub lease: Lease,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    #[error("the encounter record is missing")]
    NoEncounter,
    #[error("record {0} is not on this encounter")]
    NotHere(Id),
    #[error("record {0} is already on this encounter")]
    AlreadyHere(Id),
    #[error("record {id} ({kind}) cannot be read: {why}")]
    Unreadable { id: Id, kind: &'static str, why: String },
}

/// Where the records of one kind live in a chart.
trait Shelf: Body {
    fn shelf(chart: &mut Chart) -> &mut Vec<Item<Self>>;
}

macro_rules! shelves {
    ($($type:ty => $field:ident),+ $(,)?) => {
        $(impl Shelf for $type {
            fn shelf(chart: &mut Chart) -> &mut Vec<Item<Self>> { &mut chart.$field }
        })+
    };
}
shelves! {
    Document => documents, Diagnosis => diagnoses, Procedure => procedures, ServiceLine => lines,
    Hold => holds, Override => overrides, Claim => claims,
}

fn sort<T>(items: &mut [Item<T>]) {
    items.sort_by(|a, b| a.order.cmp(&b.order).then(a.id.cmp(&b.id)));
}

fn apply_change<T: Shelf>(chart: &mut Chart, change: &Change<T>) -> Result<(), ChartError> {
    let shelf = T::shelf(chart);
    let at = shelf.iter().position(|i| i.id == change.id());
    match (change, at) {
        (Change::Add(item), None) => shelf.push(item.clone()),
        (Change::Add(item), Some(_)) => return Err(ChartError::AlreadyHere(item.id)),
        (Change::Remove(_), Some(at)) => {
            shelf.remove(at);
        }
        (Change::Set { after, .. }, Some(at)) => shelf[at].body = after.clone(),
        (Change::Move { to, .. }, Some(at)) => shelf[at].order = to.clone(),
        (_, None) => return Err(ChartError::NotHere(change.id())),
    }
    sort(shelf);
    Ok(())
}

impl Chart {
    pub fn new(scope: Scope, encounter: Item<Encounter>, directory: Arc<Directory>) -> Chart {
        Chart {
            scope,
            encounter,
            documents: Vec::new(),
            diagnoses: Vec::new(),
            procedures: Vec::new(),
            lines: Vec::new(),
            holds: Vec::new(),
            overrides: Vec::new(),
            claims: Vec::new(),
            directory,
            history: Arc::default(),
            lease: Lease::default(),
        }
    }

    /// Puts an encounter's live records together. Deleted records are passed over.
    pub fn from_records(records: &[Record], directory: Arc<Directory>) -> Result<Chart, ChartError> {
        let root = records
            .iter()
            .find(|r| r.kind == RecordKind::Encounter && !r.deleted)
            .ok_or(ChartError::NoEncounter)?;
        let mut chart = Chart::new(root.scope.clone(), read(root)?, directory);
        for r in records.iter().filter(|r| !r.deleted) {
            match r.kind {
                RecordKind::Document => chart.documents.push(read(r)?),
                RecordKind::Diagnosis => chart.diagnoses.push(read(r)?),
                RecordKind::Procedure => chart.procedures.push(read(r)?),
                RecordKind::Line => chart.lines.push(read(r)?),
                RecordKind::Hold => chart.holds.push(read(r)?),
                RecordKind::Override => chart.overrides.push(read(r)?),
                RecordKind::Claim => chart.claims.push(read(r)?),
                _ => {}
            }
        }
        sort(&mut chart.documents);
        sort(&mut chart.diagnoses);
        sort(&mut chart.procedures);
        sort(&mut chart.lines);
        sort(&mut chart.holds);
        sort(&mut chart.overrides);
        sort(&mut chart.claims);
        Ok(chart)
    }

    pub fn id(&self) -> Id {
        self.encounter.id
    }

    /// The encounter header.
    pub fn header(&self) -> &Encounter {
        &self.encounter.body
    }

    /// Applies every edit or none.
    pub fn apply(&mut self, set: &EditSet) -> Result<(), ChartError> {
        let mut next = self.clone();
        for edit in &set.edits {
            next.apply_one(edit)?;
        }
        *self = next;
        Ok(())
    }

    fn apply_one(&mut self, edit: &Edit) -> Result<(), ChartError> {
        match edit {
            Edit::Encounter(Change::Set { id, after, .. }) if *id == self.encounter.id => {
                self.encounter.body = after.clone();
                Ok(())
            }
            Edit::Encounter(c) => Err(ChartError::NotHere(c.id())),
            Edit::Document(c) => apply_change(self, c),
            Edit::Diagnosis(c) => apply_change(self, c),
            Edit::Procedure(c) => apply_change(self, c),
            Edit::Line(c) => apply_change(self, c),
            Edit::Hold(c) => apply_change(self, c),
            Edit::Override(c) => apply_change(self, c),
            Edit::Claim(c) => apply_change(self, c),
            Edit::Patient(c) => self.directory_change(|d| set_one(&mut d.patient, c)),
            Edit::Site(c) => self.directory_change(|d| set_one(&mut d.site, c)),
            Edit::Coverage(c) => self.directory_change(|d| set_in(&mut d.coverages, c)),
            Edit::Payer(c) => self.directory_change(|d| set_in(&mut d.payers, c)),
            Edit::Provider(c) => self.directory_change(|d| set_in(&mut d.providers, c)),
            Edit::Fees(c) => Err(ChartError::NotHere(c.id())),
            Edit::Batch(c) => Err(ChartError::NotHere(c.id())),
        }
    }

    fn directory_change(&mut self, f: impl FnOnce(&mut Directory)) -> Result<(), ChartError> {
        f(Arc::make_mut(&mut self.directory));
        Ok(())
    }

    /// Place of a diagnosis, from 0.
    pub fn position(&self, diagnosis: Id) -> Option<usize> {
        self.diagnoses.iter().position(|d| d.id == diagnosis)
    }

    /// The position a pointer names now, from 1; `None` when its diagnosis is gone.
    pub fn pointer_position(&self, pointer: Pointer) -> Option<usize> {
        match pointer {
            Pointer::Diagnosis(id) => self.position(id).map(|p| p + 1),
            Pointer::Position(p) => Some(usize::from(p)),
        }
    }

    /// A typed position to a pointer that follows its diagnosis, if there is one at that place.
    pub fn pointer_at(&self, position: u8) -> Pointer {
        usize::from(position)
            .checked_sub(1)
            .and_then(|i| self.diagnoses.get(i))
            .map_or(Pointer::Position(position), |d| Pointer::Diagnosis(d.id))
    }

    pub fn open_holds(&self) -> impl Iterator<Item = &Item<Hold>> {
        self.holds.iter().filter(|h| h.body.is_open())
    }

    pub fn patient(&self) -> Option<&Patient> {
        self.directory.patient.as_ref().map(|p| &p.body)
    }

    pub fn provider(&self, id: Option<Id>) -> Option<&Provider> {
        self.directory.providers.get(&id?).map(|p| &p.body)
    }

    /// Coverages in the order they pay, with their payers.
    pub fn coverages(&self) -> Vec<(&Item<Coverage>, Option<&Payer>)> {
        self.header()
            .coverages
            .iter()
            .filter_map(|id| self.directory.coverages.get(id))
            .map(|c| (c, self.directory.payers.get(&c.body.payer).map(|p| &p.body)))
            .collect()
    }

    pub fn primary_payer(&self) -> Option<&Payer> {
        self.coverages().first().and_then(|(_, p)| *p)
    }

    /// Charges of the lines of one form.
    pub fn total(&self, form: Form) -> Cents {
        self.lines_of(form).filter_map(|l| l.body.charge).sum()
    }

    pub fn lines_of(&self, form: Form) -> impl Iterator<Item = &Item<ServiceLine>> {
        self.lines.iter().filter(move |l| l.body.is_institutional() == (form == Form::Ub04))
    }

    /// What is at stake, for lists: charges entered, or what the sender expected.
    pub fn dollars(&self) -> Cents {
        let total: Cents = self.lines.iter().filter_map(|l| l.body.charge).sum();
        if total == Cents::ZERO { self.header().expected } else { total }
    }

    /// A change of the header, as an edit.
    pub fn set_header(&self, f: impl FnOnce(&mut Encounter)) -> Edit {
        let mut after = self.encounter.body.clone();
        f(&mut after);
        Edit::Encounter(Change::Set { id: self.encounter.id, before: self.encounter.body.clone(), after })
    }
}

fn set_one<T: Clone>(slot: &mut Option<Item<T>>, change: &Change<T>) {
    match change {
        Change::Add(item) => *slot = Some(item.clone()),
        Change::Remove(_) => *slot = None,
        Change::Set { after, .. } => {
            if let Some(item) = slot {
                item.body = after.clone();
            }
        }
        Change::Move { .. } => {}
    }
}

fn set_in<T: Clone>(map: &mut BTreeMap<Id, Item<T>>, change: &Change<T>) {
    match change {
        Change::Add(item) => {
            map.insert(item.id, item.clone());
        }
        Change::Remove(item) => {
            map.remove(&item.id);
        }
        Change::Set { id, after, .. } => {
            if let Some(item) = map.get_mut(id) {
                item.body = after.clone();
            }
        }
        Change::Move { .. } => {}
    }
}

fn read<T: Body>(r: &Record) -> Result<Item<T>, ChartError> {
    item_of(r).map_err(|e| ChartError::Unreadable { id: r.id, kind: r.kind.key(), why: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn chart() -> Chart {
        let encounter = Encounter {
            account: "10023".into(),
            patient: Id::from_sender(&["p"]),
            kind: VisitKind::Office,
            forms: vec![Form::Cms1500],
            from: "2026-11-03".parse().unwrap(),
            through: "2026-11-03".parse().unwrap(),
            place: Some("11".into()),
            bill_type: None,
            admission: None,
            admitting: None,
            roles: Roles::default(),
            coverages: Vec::new(),
            state: CodingState::New,
            assigned: None,
            why: String::new(),
            priority: 0,
            sender: Vec::new(),
            reason_text: String::new(),
            expected: Cents::ZERO,
            extra: Extra::new(),
        };
        let item = Item::new(Id::from_sender(&["e"]), OrderKey::default(), encounter);
        Chart::new(Scope("clinic".into()), item, Arc::default())
    }

    fn dx(name: &str, order: &OrderKey) -> Item<Diagnosis> {
        let body = Diagnosis { code: name.into(), ..Diagnosis::default() };
        Item::new(Id::from_sender(&[name]), order.clone(), body)
    }

    fn set(chart: &Chart, edits: Vec<Edit>) -> EditSet {
        EditSet {
            scope: chart.scope.clone(),
            root: chart.id(),
            label: "t".into(),
            edits,
            whole: false,
            fence: None,
        }
    }

    /// Applies to records what the edit writes, the way cache and hub do.
    fn store(records: &mut Vec<Record>, set: &EditSet) {
        for w in set.writes().unwrap() {
            let at = match records.iter().position(|r| r.id == w.record) {
                Some(at) => at,
                None => {
                    records.push(Record::vacant(&set.scope, set.root, &w));
                    records.len() - 1
                }
            };
            assert_eq!(records[at].conflict(&w), None);
            records[at].apply(&w);
            records[at].version += 1;
        }
    }

    #[test]
    fn edits_and_their_inverses_keep_chart_and_records_the_same() {
        let mut chart = chart();
        let mut records = Vec::new();
        store(&mut records, &set(&chart, vec![Edit::Encounter(Change::Add(chart.encounter.clone()))]));
        let (a, b) = (OrderKey::after(None), OrderKey::between(Some(&OrderKey::after(None)), None));
        let first = dx("E1122", &a);
        let steps = vec![
            vec![Edit::Diagnosis(Change::Add(first.clone()))],
            vec![Edit::Diagnosis(Change::Add(dx("I10", &b)))],
            vec![Edit::Diagnosis(Change::Set {
                id: first.id,
                before: first.body.clone(),
                after: Diagnosis { poa: Some(Poa::Y), ..first.body.clone() },
            })],
            vec![Edit::Diagnosis(Change::Move { id: first.id, from: a.clone(), to: OrderKey("9".into()) })],
            vec![chart.set_header(|e| e.state = CodingState::Coding)],
        ];
        let mut past = Vec::new();
        for edits in steps {
            let s = set(&chart, edits);
            past.push((chart.clone(), s.clone()));
            chart.apply(&s).unwrap();
            store(&mut records, &s);
            let again = Chart::from_records(&records, chart.directory.clone()).unwrap();
            assert_eq!(strip(&again), strip(&chart));
        }
        assert_eq!(chart.diagnoses[0].body.code, "I10");
        for (before, s) in past.into_iter().rev() {
            chart.apply(&s.inverse()).unwrap();
            store(&mut records, &s.inverse());
            assert_eq!(chart, before);
            let again = Chart::from_records(&records, chart.directory.clone()).unwrap();
            assert_eq!(strip(&again), strip(&before));
        }
    }

    fn strip(chart: &Chart) -> Chart {
        let mut c = chart.clone();
        c.encounter.version = 0;
        c.diagnoses.iter_mut().for_each(|d| d.version = 0);
        c
    }

    #[test]
    fn a_step_that_cannot_apply_whole_changes_nothing() {
        let mut chart = chart();
        let good = Edit::Diagnosis(Change::Add(dx("I10", &OrderKey::after(None))));
        let bad = Edit::Diagnosis(Change::Remove(dx("E1122", &OrderKey::after(None))));
        let before = chart.clone();
        assert!(chart.apply(&set(&before, vec![good, bad])).is_err());
        assert_eq!(chart, before);
    }
}
