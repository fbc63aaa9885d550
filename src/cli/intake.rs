//! `codesk intake`: FHIR files into the cache.

use super::{CliError, Outcome, PlaceArgs, Site, SiteError};
use crate::domain::chart::Directory;
use crate::domain::{Chart, Form, Phi, SHARED_SCOPE, Scope};
use crate::intake::{self, IntakeEncounter, IntakeItem, Options};
use crate::store::ImportBatch;
use clap::Args;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct IntakeArgs {
    /// Files or folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// fhir; auto looks at the content
    #[arg(long, default_value = "auto")]
    format: String,
    /// Department that the encounters go to
    #[arg(long, default_value = "main")]
    scope: String,
    /// Name of the sending system, when its files come from different addresses
    #[arg(long, default_value = "")]
    sender: String,
    #[arg(long)]
    json: bool,
}

/// Encounters stored in one transaction: all or nothing, and a cut leaves whole batches.
const BATCH: usize = 400;

struct Taker<'a> {
    site: &'a mut Site,
    scope: Scope,
    batch: ImportBatch,
    seen: std::collections::HashSet<crate::domain::Id>,
    roots: usize,
    failed: Option<CliError>,
    orphans: u64,
}

impl Taker<'_> {
    fn take(&mut self, item: IntakeItem) -> ControlFlow<()> {
        let result = match item {
            IntakeItem::Encounter(e) => self.encounter(*e),
            IntakeItem::Directory(d) => self.directory(*d),
            // The store does not know documents without an encounter yet; they are counted and told.
            IntakeItem::Orphan(_) => {
                self.orphans += 1;
                Ok(())
            }
        };
        let result = result.and_then(|()| if self.roots >= BATCH { self.flush() } else { Ok(()) });
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                self.failed = Some(e);
                ControlFlow::Break(())
            }
        }
    }

    fn shared<T: crate::domain::Body>(&mut self, items: &[crate::domain::Item<T>]) -> Result<(), CliError> {
        let shared = Scope(SHARED_SCOPE.into());
        for item in items {
            if self.seen.insert(item.id) {
                self.batch.add_item(&shared, item).map_err(SiteError::from)?;
            }
        }
        Ok(())
    }

    fn directory(&mut self, d: intake::Directory) -> Result<(), CliError> {
        self.shared(&d.payers)?;
        self.shared(&d.providers)
    }

    fn encounter(&mut self, e: IntakeEncounter) -> Result<(), CliError> {
        self.shared(&e.payers)?;
        self.shared(&e.providers)?;
        let directory = Directory {
            patient: Some(e.patient),
            coverages: e.coverages.into_iter().map(|c| (c.id, c)).collect(),
            ..Directory::default()
        };
        let mut encounter = e.encounter;
        if encounter.body.why.is_empty() {
            encounter.body.why = "Read by intake; nobody has been given it yet.".into();
        }
        if encounter.body.forms.is_empty() {
            encounter.body.forms = vec![Form::Cms1500];
        }
        let mut chart = Chart::new(self.scope.clone(), encounter, Arc::new(directory));
        let mut texts: Vec<Phi<String>> = Vec::new();
        let mut last = None;
        for d in e.documents {
            let order = crate::domain::OrderKey::after(last.as_ref());
            last = Some(order.clone());
            chart.documents.push(crate::domain::Item::new(d.id, order, d.document));
            texts.push(d.text);
        }
        chart.diagnoses = e.diagnoses;
        chart.procedures = e.procedures;
        chart.lines = e.lines;
        self.batch.add_chart(&chart, texts).map_err(SiteError::from)?;
        self.roots += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        if self.batch.roots.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, ImportBatch::new("intake.fhir"));
        self.roots = 0;
        self.site.import(&batch)?;
        Ok(())
    }
}

pub fn run(place: &PlaceArgs, args: &IntakeArgs) -> Result<Outcome, CliError> {
    if !matches!(args.format.as_str(), "auto" | "fhir") {
        return Err(CliError::Usage(format!(
            "the format {:?} cannot be read yet; fhir or auto",
            args.format
        )));
    }
    let mut site = Site::open(place)?;
    let before = site.total()?;
    let options = Options { sender: args.sender.clone() };
    let mut out = std::io::stdout().lock();
    let mut reports = Vec::new();
    for path in &args.paths {
        let mut taker = Taker {
            scope: Scope(args.scope.clone()),
            batch: ImportBatch::new("intake.fhir"),
            seen: Default::default(),
            roots: 0,
            failed: None,
            orphans: 0,
            site: &mut site,
        };
        let read = intake::read_path(path, &options, &mut |item| taker.take(item));
        if let Some(e) = taker.failed.take() {
            return Err(e);
        }
        taker.flush()?;
        let orphans = taker.orphans;
        for r in &read {
            match args.json {
                true => writeln!(out, "{}", serde_json::to_string(r)?)?,
                false => writeln!(out, "{}", report_text(r))?,
            }
        }
        if orphans > 0 {
            eprintln!(
                "{}: {orphans} documents or codes belong to encounters that are not here; read those first",
                path.display()
            );
        }
        reports.extend(read);
    }
    site.sync();
    let new = site.total()?.saturating_sub(before);
    eprintln!("{new} new encounters; codesk opens the workstation");
    Ok(match intake::exit_code(&reports) {
        0 => Outcome::Done,
        1 => Outcome::Findings,
        _ => return Err(CliError::Usage("some files could not be read at all".into())),
    })
}

fn report_text(r: &intake::FileReport) -> String {
    let mut text = format!(
        "{}: {} encounters, {} documents, {} diagnoses, {} lines, {} patients, {} skipped",
        r.file, r.encounters, r.documents, r.diagnoses, r.lines, r.patients, r.skipped
    );
    for w in &r.warnings {
        text.push_str(&format!("\n  {w}"));
    }
    for e in &r.errors {
        text.push_str(&format!("\n  {}: {} {}", e.at, e.field, e.message));
    }
    text
}
