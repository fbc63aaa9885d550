//! The sample practice: Lakeside Health, a fictional site with its own fixed calendar.
//!
//! Owns its people, payers, charts and claims, built in memory from the chart files in `charts/` and a fixed
//! seed: the same every time. Never stores anything; `cli::demo` hands the result to the store. Every
//! patient, number and note is invented; provider numbers begin with 2, which no real one does.

mod chart_file;
mod claims;
mod practice;
mod vary;

pub use chart_file::{ChartFile, ChartFileError, chart_files};
pub use practice::{CLOCK, ME, STAFF, directory, today};

use crate::domain::chart::Directory;
use crate::domain::{Chart, Id, Item, Patient, Phi};
use std::sync::Arc;

/// One encounter of the practice with the text of its documents.
pub struct DemoEncounter {
    pub chart: Chart,
    /// In the order of `chart.documents`.
    pub texts: Vec<Phi<String>>,
}

pub struct Practice {
    /// Payers, providers, sites and fees, shared by every chart.
    pub directory: Arc<Directory>,
    pub sites: Vec<(crate::domain::Scope, Item<crate::domain::Site>)>,
    pub encounters: Vec<DemoEncounter>,
}

/// Encounters in all; those not written by hand are varied from the ones that are.
pub const ENCOUNTERS: usize = 250;
/// The last ones are coded and wait to be sent.
pub const TO_SEND: usize = 40;
pub const REJECTED: usize = 23;
/// Claims of the one rejection group that a single fix answers.
pub const REJECTED_TOGETHER: usize = 14;
pub const DENIED: usize = 30;

/// Builds the whole practice. Fails only if a chart file is not as `CHARTS.md` says.
pub fn practice() -> Result<Practice, ChartFileError> {
    let files = chart_files()?;
    let directory = Arc::new(practice::directory(&files));
    let sites = practice::sites();
    let mut encounters: Vec<DemoEncounter> = Vec::with_capacity(ENCOUNTERS);
    for file in &files {
        encounters.push(practice::encounter(file, &directory, Some(practice::assigned(file)))?);
    }
    let mut vary = vary::Vary::new(&files);
    while encounters.len() < ENCOUNTERS {
        let n = encounters.len() - files.len();
        let (file, plan) = vary.next(n);
        let mut e = practice::encounter(&file, &directory, plan.assigned)?;
        if plan.coded {
            practice::code(&mut e.chart, &file)?;
        }
        if let Some(outcome) = plan.outcome {
            claims::outcome(&mut e.chart, outcome, n);
        }
        encounters.push(e);
    }
    Ok(Practice { directory, sites, encounters })
}

/// Encounter `n` of the same practice with many more, for benchmarks: a copy of one it has, with ids, an account
/// number and a patient of its own, who has the family name of another.
pub fn multiplied(practice: &Practice, n: usize) -> DemoEncounter {
    let (all, copy) = (practice.encounters.len(), n / practice.encounters.len());
    let base = &practice.encounters[n % all];
    let tag = copy.to_string();
    let again = |id: Id| Id::from_sender(&["copy", &id.to_string(), &tag]);
    let mut chart = base.chart.clone();
    chart.encounter.id = again(chart.encounter.id);
    chart.encounter.body.account = (100_000 + n).to_string();
    let other = patient(&practice.encounters[(n + copy * 7) % all]).map(|p| p.body.name.clone());
    let mut directory = (*chart.directory).clone();
    if let Some(p) = &mut directory.patient {
        p.id = again(p.id);
        p.body.mrn = Phi::new(format!("C{n}"));
        if let Some(other) = other {
            p.body.name = Phi::new(crate::domain::PersonName {
                last: other.reveal().last.clone(),
                ..p.body.name.reveal().clone()
            });
        }
        chart.encounter.body.patient = p.id;
    }
    chart.directory = directory.into();
    chart.documents.iter_mut().for_each(|d| d.id = again(d.id));
    chart.holds.iter_mut().for_each(|h| h.id = again(h.id));
    chart.claims.iter_mut().for_each(|c| c.id = again(c.id));
    let moved: Vec<(Id, Id)> = chart.diagnoses.iter().map(|d| (d.id, again(d.id))).collect();
    chart.diagnoses.iter_mut().for_each(|d| d.id = again(d.id));
    chart.procedures.iter_mut().for_each(|x| x.id = again(x.id));
    for line in &mut chart.lines {
        line.id = again(line.id);
        for pointer in &mut line.body.pointers {
            if let crate::domain::Pointer::Diagnosis(id) = pointer
                && let Some((_, to)) = moved.iter().find(|(from, _)| from == id)
            {
                *id = *to;
            }
        }
    }
    DemoEncounter { chart, texts: base.texts.clone() }
}

/// The patient record of a chart, which every chart of the practice has.
pub fn patient(e: &DemoEncounter) -> Option<&Item<Patient>> {
    e.chart.directory.patient.as_ref()
}
