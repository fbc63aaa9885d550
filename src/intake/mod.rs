//! What senders give us, as the field's records: FHIR R4 bundles, NDJSON and single resources.
//!
//! Owns reading files and folders of any size, telling the formats apart by content, and reporting every
//! fault with its place while the rest goes in. The same file read twice gives equal records with equal ids.
//! Never touches the store: records go to a sink, one encounter at a time. Imports `domain` only.
//! Runs on whichever thread calls it (the command line, or a worker), never on the UI thread.

mod clean;
mod date;
mod fhir;
mod report;
mod scan;
mod source;
mod states;
mod walk;

pub use report::{FileReport, Problem, exit_code};

use crate::domain::{
    Coverage, Diagnosis, Encounter, FullDocument, Id, Item, Patient, Payer, Procedure, Provider, ServiceLine,
};
use std::{io::Read, ops::ControlFlow, path::Path};

/// What the caller knows of the sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Names the sending system, so that its files give the same ids whichever address they came from.
    /// Empty: the addresses in the file decide.
    pub sender: String,
}

/// One thing that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum IntakeItem {
    Encounter(Box<IntakeEncounter>),
    /// A record of an encounter that is not in the file; the store may know it.
    Orphan(Box<Orphan>),
    /// People and coverages that came with no encounter.
    Directory(Box<Directory>),
}

/// An encounter with everything on it. A patient or provider whose `extra` says `reference_only` is known
/// from a reference alone: it must not overwrite a full record.
/// The encounter's `extra` may hold `problems`, `performed` and `uncoded_charges` (lists of words that carry
/// no claimable code), `visit_type`, `facility`, `facility_npi`, `fhir_status`.
#[derive(Clone, Debug, PartialEq)]
pub struct IntakeEncounter {
    pub encounter: Item<Encounter>,
    pub patient: Item<Patient>,
    /// In the order they pay; `encounter.coverages` names them.
    pub coverages: Vec<Item<Coverage>>,
    pub payers: Vec<Item<Payer>>,
    pub providers: Vec<Item<Provider>>,
    pub documents: Vec<FullDocument>,
    pub diagnoses: Vec<Item<Diagnosis>>,
    pub procedures: Vec<Item<Procedure>>,
    pub lines: Vec<Item<ServiceLine>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Orphan {
    /// The id its encounter has or will have; `None` when the sender named none.
    pub encounter: Option<Id>,
    pub patient: Option<Id>,
    pub record: OrphanRecord,
}

#[derive(Clone, Debug, PartialEq)]
pub enum OrphanRecord {
    Document(FullDocument),
    Diagnosis(Item<Diagnosis>),
    Procedure(Item<Procedure>),
}

/// A coverage here names its patient in `extra["patient"]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    pub patients: Vec<Item<Patient>>,
    pub coverages: Vec<Item<Coverage>>,
    pub payers: Vec<Item<Payer>>,
    pub providers: Vec<Item<Provider>>,
}

impl Directory {
    pub fn is_empty(&self) -> bool {
        self.patients.is_empty()
            && self.coverages.is_empty()
            && self.payers.is_empty()
            && self.providers.is_empty()
    }
}

/// Where items go; `Break` ends the reading.
pub type Sink<'s> = dyn FnMut(IntakeItem) -> ControlFlow<()> + 's;

/// Reads a file, or a folder with all below it in sorted order. A bundle is whole in itself; NDJSON and
/// single resources of one folder are one export, and references between its files are followed.
/// Faults are in the reports, one report a file; `exit_code` sums them up.
pub fn read_path(path: &Path, options: &Options, sink: &mut Sink<'_>) -> Vec<FileReport> {
    walk::path(path, options, sink)
}

/// Reads one stream, called `name` in the report.
pub fn read_stream(name: &str, from: impl Read, options: &Options, sink: &mut Sink<'_>) -> FileReport {
    walk::stream(name, from, options, sink)
}
