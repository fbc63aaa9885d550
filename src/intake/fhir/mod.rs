//! FHIR R4 JSON: resources in, encounters with everything on them out.
//!
//! Owns the graph of one file (or of one folder of NDJSON files): every resource that coding needs, reduced
//! to what it needs, until the last one has been seen and the references can be followed. A resource with a
//! fault is reported with its place and field and left out; the rest goes in.
//! Never touches the store. One graph belongs to the thread that reads the file.

mod build;
mod charges;
mod coding;
mod fault;
mod html;
mod kinds;
mod leftover;
mod links;
mod model;
mod notes;
mod parties;
mod people;
pub(super) mod stream;
mod visit;

use super::report::FileReport;
use crate::domain::Id;
use kinds::Kind;
use links::{Index, Naming, Owner};
use std::{collections::HashMap, fmt, rc::Rc};

/// Where in a file a resource stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub file: usize,
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Whole,
    Entry(u64),
    Element(u64),
    Line(u64),
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unit::Whole => Ok(()),
            Unit::Entry(n) => write!(f, "entry[{n}]"),
            Unit::Element(n) => write!(f, "[{n}]"),
            Unit::Line(n) => write!(f, "line {n}"),
        }
    }
}

/// A field of a resource and what is wrong with it.
#[derive(Debug)]
pub(super) struct FieldFault {
    field: String,
    message: String,
}

fn bad(field: &str, message: &str) -> FieldFault {
    FieldFault { field: field.to_string(), message: message.to_string() }
}

/// Whose fields are being read.
#[derive(Clone, Debug)]
pub(super) struct Context {
    place: Place,
    kind: Kind,
    /// The sender's id, for messages.
    rid: Rc<str>,
    id: Id,
    owner: Owner,
}

impl Context {
    /// `entry[12] Encounter/abc`
    fn label(&self) -> String {
        label(self.place.unit, self.kind.name(), &self.rid)
    }
    fn warn(&self, reports: &mut [FileReport], text: &str) {
        if let Some(r) = reports.get_mut(self.place.file) {
            r.warn(format!("{}: {text}", self.label()));
        }
    }
    fn error(&self, reports: &mut [FileReport], field: &str, text: &str) {
        if let Some(r) = reports.get_mut(self.place.file) {
            r.error(self.label(), field, text);
        }
    }
}

fn label(unit: Unit, kind: &str, rid: &str) -> String {
    let slash = if rid.is_empty() { "" } else { "/" };
    format!("{unit} {kind}{slash}{rid}").trim_start().to_string()
}

/// Everything of one file that the encounters may need.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    naming: Naming,
    index: Index,
    patients: Vec<people::PatientNode>,
    providers: Vec<people::ProviderNode>,
    roles: Vec<people::RoleNode>,
    organizations: Vec<people::OrganizationNode>,
    coverages: Vec<people::CoverageNode>,
    encounters: Vec<visit::EncounterNode>,
    conditions: Vec<charges::ConditionNode>,
    procedures: Vec<charges::ProcedureNode>,
    claims: Vec<charges::ClaimNode>,
    documents: Vec<notes::DocumentNode>,
    /// Documents by encounter, patient and hash of the text.
    texts: HashMap<(String, String, String), usize>,
    waiting: Vec<notes::Waiting>,
    /// Content type and data of `Binary` resources, as they came.
    binaries: Vec<(String, String)>,
    /// The server of the last resource: neighbours share one.
    base: Option<Rc<str>>,
}

/// Reads one type; the slow path names the field that is wrong.
macro_rules! read {
    ($bytes:expr, $type:ty) => {
        serde_json::from_slice::<$type>($bytes).map_err(|_| fault::explain::<$type>($bytes))
    };
}

impl Graph {
    /// `sender` names who sends, where the site knows better than the addresses in the file.
    pub(crate) fn new(sender: &str) -> Graph {
        Graph { naming: Naming { sender: sender.to_string() }, ..Graph::default() }
    }

    /// Takes one resource. `kind` is its `resourceType`; `None` counts as a fault.
    pub(crate) fn feed(
        &mut self,
        kind: Option<&[u8]>,
        bytes: &[u8],
        full_url: Option<&str>,
        place: Place,
        reports: &mut [FileReport],
    ) {
        self.feed_inner(kind, bytes, full_url, None, place, reports);
    }

    fn feed_inner(
        &mut self,
        kind: Option<&[u8]>,
        bytes: &[u8],
        full_url: Option<&str>,
        parent: Option<&Owner>,
        place: Place,
        reports: &mut [FileReport],
    ) {
        let Some(report) = reports.get_mut(place.file) else { return };
        let Some(name) = kind else {
            report.error(place.unit.to_string(), "resourceType", "is missing: this is no FHIR resource");
            return;
        };
        let wanted = Kind::from_name(name).filter(|k| match k {
            // Laboratory reports are the bulk of many files and carry no text.
            Kind::DiagnosticReport => memchr::memmem::find(bytes, b"presentedForm").is_some(),
            _ => true,
        });
        let Some(kind) = wanted else {
            if parent.is_none() {
                let plain = name.len() <= 40 && name.iter().all(u8::is_ascii_alphanumeric);
                report.skip(std::str::from_utf8(name).ok().filter(|_| plain).unwrap_or("unknown"));
            }
            return;
        };
        let result = self.read(kind, bytes, full_url, parent, place, reports);
        if let Err(fault) = result
            && let Some(report) = reports.get_mut(place.file)
        {
            report.error(label(place.unit, kind.name(), &fault::sniff_id(bytes)), fault.field, fault.message);
        }
    }

    fn read(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        url: Option<&str>,
        parent: Option<&Owner>,
        place: Place,
        reports: &mut [FileReport],
    ) -> Result<(), FieldFault> {
        macro_rules! context {
            ($r:ident, $identifiers:expr) => {
                self.context(kind, $r.id.as_deref(), $identifiers, url, parent, bytes, place)
            };
        }
        macro_rules! contained {
            ($r:ident, $cx:ident) => {
                for raw in &$r.contained {
                    self.contained(raw.get().as_bytes(), &$cx, reports);
                }
            };
        }
        match kind {
            Kind::Patient => {
                let r = read!(bytes, model::Patient<'_>)?;
                let cx = context!(r, &r.identifier);
                contained!(r, cx);
                self.take_patient(r, &cx, reports)
            }
            Kind::Encounter => {
                let r = read!(bytes, model::Encounter<'_>)?;
                let cx = context!(r, &r.identifier);
                contained!(r, cx);
                self.take_encounter(r, &cx, reports)
            }
            Kind::Condition => {
                let r = read!(bytes, model::Condition<'_>)?;
                let cx = context!(r, &[]);
                self.take_condition(r, &cx)
            }
            Kind::Procedure => {
                let r = read!(bytes, model::Procedure<'_>)?;
                let cx = context!(r, &[]);
                contained!(r, cx);
                self.take_procedure(r, &cx)
            }
            Kind::DocumentReference => {
                let r = read!(bytes, model::DocumentReference<'_>)?;
                let cx = context!(r, &[]);
                contained!(r, cx);
                self.take_document(r, &cx, reports)
            }
            Kind::DiagnosticReport => {
                let r = read!(bytes, model::DiagnosticReport<'_>)?;
                let cx = context!(r, &[]);
                contained!(r, cx);
                self.take_report(r, &cx, reports)
            }
            Kind::Claim => {
                let r = read!(bytes, model::Claim<'_>)?;
                let cx = context!(r, &[]);
                contained!(r, cx);
                self.take_claim(r, &cx, reports)
            }
            Kind::Coverage => {
                let r = read!(bytes, model::Coverage<'_>)?;
                let cx = context!(r, &r.identifier);
                contained!(r, cx);
                self.take_coverage(r, &cx)
            }
            Kind::Practitioner => {
                let r = read!(bytes, model::Practitioner<'_>)?;
                let cx = context!(r, &r.identifier);
                self.take_practitioner(r, &cx)
            }
            Kind::PractitionerRole => {
                let r = read!(bytes, model::Role<'_>)?;
                let cx = context!(r, &r.identifier);
                contained!(r, cx);
                self.take_role(r, &cx)
            }
            Kind::Organization => {
                let r = read!(bytes, model::Organization<'_>)?;
                let cx = context!(r, &r.identifier);
                self.take_organization(r, &cx)
            }
            Kind::Binary => {
                let r = read!(bytes, model::Binary<'_>)?;
                let cx = context!(r, &[]);
                let at = self.add(&cx, self.binaries.len(), r.id.as_deref(), &[]);
                let text = |t: Option<model::Text<'_>>| t.map(|t| t.0.into_owned()).unwrap_or_default();
                people::put(&mut self.binaries, at, (text(r.content_type), text(r.data)));
                Ok(())
            }
            Kind::Bundle => Err(bad("resourceType", "is a bundle where a resource is expected")),
        }
    }

    /// Takes up a resource that is held inside another one.
    fn contained(&mut self, bytes: &[u8], parent: &Context, reports: &mut [FileReport]) {
        let mut scan = super::scan::Scan::new(1);
        scan.step(bytes);
        let kind = scan.kind(bytes).map(<[u8]>::to_vec);
        self.feed_inner(kind.as_deref(), bytes, None, Some(&parent.owner), parent.place, reports);
    }

    #[allow(clippy::too_many_arguments)] // all of them are the place a resource was met at
    fn context(
        &mut self,
        kind: Kind,
        rid: Option<&str>,
        identifiers: &[model::Identifier<'_>],
        full_url: Option<&str>,
        parent: Option<&Owner>,
        bytes: &[u8],
        place: Place,
    ) -> Context {
        let (base, own_key) = match (parent, full_url) {
            (Some(p), _) => (p.base.clone(), format!("{}#{}", p.own_key, rid.unwrap_or_default())),
            (None, Some(url)) => {
                let url = url.split_once("/_history/").map_or(url, |(u, _)| u);
                let lower = url.starts_with("urn:");
                let key = if lower { url.to_ascii_lowercase() } else { url.to_string() };
                (self.shared_base(links::base_of(url)), key)
            }
            (None, None) => {
                let key = rid.map(|id| format!("{}/{id}", kind.name())).unwrap_or_default();
                (self.shared_base(""), key)
            }
        };
        let with_value = || identifiers.iter().find_map(|i| Some((i.system.as_deref(), i.value.as_deref()?)));
        let id = match (rid, own_key.strip_prefix("urn:uuid:")) {
            (Some(id), _) if parent.is_some() => Id::from_sender(&[&own_key, kind.name(), id]),
            (Some(id), _) => self.naming.record(&base, kind.name(), id),
            (None, Some(uuid)) => self.naming.record("", kind.name(), uuid),
            (None, None) => match with_value() {
                Some((system, value)) => {
                    self.naming.identifier(kind.name(), system.unwrap_or_default(), value)
                }
                None => Id::from_sender(&[
                    "content",
                    kind.name(),
                    &notes::hash_of(&String::from_utf8_lossy(bytes)),
                ]),
            },
        };
        let own_key = if own_key.is_empty() { format!("id:{id}") } else { own_key };
        let rid = rid.map(super::clean::clean_line).unwrap_or_default();
        Context { place, kind, rid: rid.into(), id, owner: Owner { base, own_key } }
    }

    fn shared_base(&mut self, base: &str) -> Rc<str> {
        match &self.base {
            Some(b) if **b == *base => b.clone(),
            _ => self.base.insert(base.into()).clone(),
        }
    }

    /// Puts a resource in the index; the place in its list, which is an old one for a second copy.
    fn add(
        &mut self,
        cx: &Context,
        len: usize,
        rid: Option<&str>,
        identifiers: &[model::Identifier<'_>],
    ) -> usize {
        let link = links::Link { key: cx.owner.own_key.clone(), display: String::new() };
        let at = match self.index.find(&link, &[cx.kind]) {
            Some((_, old)) => old,
            None => u32::try_from(len).unwrap_or(u32::MAX),
        };
        self.index.add(cx.kind, at, &cx.owner, rid, identifiers);
        at as usize
    }
}
