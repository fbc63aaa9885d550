//! `codesk encounter show|code`: one encounter as JSON, or coded from the command line.

use super::{CliError, Outcome, PlaceArgs, Site};
use crate::claims;
use crate::domain::coding::{CodingTextError, parse_diagnosis, parse_line, parse_procedure};
use crate::domain::{
    Change, Chart, CodeSystem, CodingState, Diagnosis, Edit, EditSet, Finding, Item, OrderKey, Procedure,
    ServiceLine, display_code,
};
use crate::edits::{self, CodeFacts};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::Write;

#[derive(Args)]
pub struct EncounterArgs {
    #[command(subcommand)]
    command: EncounterSub,
}

#[derive(Subcommand)]
enum EncounterSub {
    /// Everything on an encounter, by id or account number
    Show {
        id: String,
        #[arg(long)]
        json: bool,
    },
    /// Post codes, and submit when asked
    Code {
        id: String,
        /// CODE[:POA], in order, the principal first
        #[arg(long = "dx", value_name = "CODE[:POA]")]
        dx: Vec<String>,
        /// CODE[:DATE]
        #[arg(long = "px", value_name = "CODE[:DATE]")]
        px: Vec<String>,
        /// CODE[:MOD...][@A,B][xUNITS][=CHARGE]
        #[arg(long = "line", value_name = "LINE")]
        lines: Vec<String>,
        /// Replace the codes and professional lines that are there
        #[arg(long)]
        replace: bool,
        #[arg(long)]
        submit: bool,
        #[arg(long)]
        json: bool,
    },
}

pub fn run(place: &PlaceArgs, args: &EncounterArgs) -> Result<Outcome, CliError> {
    let mut site = Site::open(place)?;
    let mut out = std::io::stdout().lock();
    match &args.command {
        EncounterSub::Show { id, json } => {
            let chart = site.chart(id)?;
            let value = show(&site, &chart)?;
            match json {
                true => writeln!(out, "{value}")?,
                false => writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?,
            }
            Ok(Outcome::Done)
        }
        EncounterSub::Code { id, dx, px, lines, replace, submit, json } => {
            let mut chart = site.chart(id)?;
            if !chart.header().state.is_open() {
                let why = chart.header().state.can(crate::domain::CodingStep::Start).err();
                let why = why.map(|r| r.to_string()).unwrap_or_default();
                return Err(CliError::Refused(format!("{}: {why}", chart.header().account)));
            }
            let usage = |e: CodingTextError| CliError::Usage(e.to_string());
            let edits = code_edits(&mut site, &chart, dx, px, lines, *replace).map_err(usage)?;
            if !edits.is_empty() {
                let set = edit_set(&chart, "code", edits, false);
                chart.apply(&set).map_err(|e| CliError::Refused(e.to_string()))?;
                site.commit(&set)?;
            }
            let findings = edits::run(&chart, site.facts()?, site.today);
            let mut submitted = false;
            let mut refused = Vec::new();
            if *submit {
                match claims::submit_edits(&chart, &findings, &mut || site.new_id(), chart.encounter.version)
                {
                    Ok(edits) => {
                        let set = edit_set(&chart, "submit", edits, true);
                        chart.apply(&set).map_err(|e| CliError::Refused(e.to_string()))?;
                        site.commit(&set)?;
                        submitted = true;
                    }
                    Err(reasons) => refused = reasons,
                }
            }
            site.sync();
            if *json {
                let value = json!({
                    "id": chart.id(), "account": chart.header().account, "status": chart.header().state.key(),
                    "submitted": submitted, "refused": refused,
                    "findings": findings.iter().map(|f| finding_json(&chart, f)).collect::<Vec<_>>(),
                });
                writeln!(out, "{value}")?;
            } else {
                for f in &findings {
                    writeln!(out, "{:<5} {} ({})", f.severity.word(), f.message, f.authority)?;
                }
                match submitted {
                    true => writeln!(out, "{} submitted", chart.header().account)?,
                    false => refused.iter().try_for_each(|r| writeln!(out, "not submitted: {r}"))?,
                }
            }
            let blocking = findings.iter().any(Finding::blocks);
            let failed = if *submit { !submitted } else { blocking };
            Ok(if failed { Outcome::Findings } else { Outcome::Done })
        }
    }
}

fn edit_set(chart: &Chart, label: &str, edits: Vec<Edit>, whole: bool) -> EditSet {
    EditSet { scope: chart.scope.clone(), root: chart.id(), label: label.into(), edits, whole, fence: None }
}

fn code_edits(
    site: &mut Site,
    chart: &Chart,
    dx: &[String],
    px: &[String],
    lines: &[String],
    replace: bool,
) -> Result<Vec<Edit>, CodingTextError> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut next = chart.clone();
    if replace {
        for d in std::mem::take(&mut next.diagnoses) {
            edits.push(Edit::Diagnosis(Change::Remove(d)));
        }
        for p in std::mem::take(&mut next.procedures) {
            edits.push(Edit::Procedure(Change::Remove(p)));
        }
        let (keep, gone): (Vec<_>, Vec<_>) = next.lines.into_iter().partition(|l| l.body.is_institutional());
        next.lines = keep;
        edits.extend(gone.into_iter().map(|l| Edit::Line(Change::Remove(l))));
    }
    for text in dx {
        let body: Diagnosis = parse_diagnosis(text)?;
        let order = OrderKey::after(next.diagnoses.last().map(|d| &d.order));
        let item = Item::new(site.new_id(), order, body);
        next.diagnoses.push(item.clone());
        edits.push(Edit::Diagnosis(Change::Add(item)));
    }
    for text in px {
        let body = Procedure { provider: chart.header().roles.operating, ..parse_procedure(text)? };
        let order = OrderKey::after(next.procedures.last().map(|d| &d.order));
        let item = Item::new(site.new_id(), order, body);
        next.procedures.push(item.clone());
        edits.push(Edit::Procedure(Change::Add(item)));
    }
    for text in lines {
        let t = parse_line(text)?;
        let mut line = ServiceLine::new(&t.code, chart.header().from);
        line.modifiers = t.modifiers;
        line.units = t.units;
        line.charge = t.charge.or_else(|| chart.directory.fees.charge(&t.code).map(|c| t.units.charge(c)));
        line.pointers = t.pointers.iter().map(|p| next.pointer_at(*p)).collect();
        let order = OrderKey::after(next.lines.last().map(|d| &d.order));
        let item = Item::new(site.new_id(), order, line);
        next.lines.push(item.clone());
        edits.push(Edit::Line(Change::Add(item)));
    }
    if !edits.is_empty() && chart.header().state == CodingState::New {
        edits.push(chart.set_header(|e| e.state = CodingState::Coding));
    }
    Ok(edits)
}

/// The JSON of a finding, as `check` prints it.
pub fn finding_json(chart: &Chart, f: &Finding) -> Value {
    use crate::domain::Place;
    let (line, field) = match &f.place {
        Place::Line(id, field) => {
            (chart.lines.iter().position(|l| l.id == *id).map(|i| i + 1), field.clone())
        }
        Place::Diagnosis(id) => (None, format!("diagnosis {}", chart.position(*id).map_or(0, |p| p + 1))),
        Place::Procedure(id) => {
            let at = chart.procedures.iter().position(|p| p.id == *id).map_or(0, |p| p + 1);
            (None, format!("procedure {at}"))
        }
        Place::Encounter(x) => (None, format!("encounter {x}")),
        Place::Patient(x) => (None, format!("patient {x}")),
        Place::Coverage(x) => (None, format!("coverage {x}")),
        Place::Provider(x) => (None, format!("provider {x}")),
    };
    json!({
        "rule": f.rule, "severity": f.severity.key(), "claim": chart.header().account,
        "where": {"segment": null, "loop": null, "line": line, "field": field},
        "message": f.message, "authority": f.authority, "release": f.release, "override": f.policy.key(),
        "fix": f.fixes.iter().map(|x| x.text.clone()).collect::<Vec<_>>(), "answered": f.answered,
    })
}

fn show(site: &Site, chart: &Chart) -> Result<Value, CliError> {
    let e = chart.header();
    let facts = site.facts()?;
    let dx: Vec<Value> = chart
        .diagnoses
        .iter()
        .map(|d| {
            json!({
                "code": display_code(CodeSystem::Icd10cm, &d.body.code), "poa": d.body.poa,
                "title": facts.title(CodeSystem::Icd10cm, &d.body.code),
            })
        })
        .collect();
    let px: Vec<Value> =
        chart.procedures.iter().map(|p| json!({"code": p.body.code, "date": p.body.date})).collect();
    let lines: Vec<Value> = chart
        .lines
        .iter()
        .map(|l| {
            let pointers: String = crate::app::pointer_letters(chart, &l.body);
            json!({
                "revenue": l.body.revenue, "code": l.body.code, "modifiers": l.body.modifiers, "date": l.body.date,
                "units": l.body.units.to_string(), "charge": l.body.charge.map(|c| c.to_string()), "pointers": pointers,
                "evidence": l.body.evidence.as_ref().map(|x| x.quote.reveal()),
            })
        })
        .collect();
    let documents: Vec<Value> = chart
        .documents
        .iter()
        .map(|d| {
            json!({
                "title": d.body.title, "author": d.body.author, "written": d.body.written, "status": d.body.status,
                "bytes": d.body.bytes, "sha256": d.body.hash,
            })
        })
        .collect();
    let claims: Vec<Value> = chart
        .claims
        .iter()
        .map(|c| {
            json!({
                "form": c.body.form, "state": c.body.state.key(), "total": c.body.total.to_string(),
                "file_by": c.body.file_by, "control_number": c.body.control_number,
                "responses": c.body.responses.iter().map(|r| json!({"source": r.source, "code": r.code, "fix": r.fix})).collect::<Vec<_>>(),
            })
        })
        .collect();
    let patient = chart.patient().map(|p| {
        json!({
            "mrn": p.mrn.reveal(), "name": p.name.reveal().full(), "sex": p.sex.letter(), "birth": p.birth.reveal(),
        })
    });
    let findings = edits::run(chart, facts, site.today);
    Ok(json!({
        "id": chart.id(), "account": e.account, "scope": chart.scope, "type": e.kind.key(),
        "forms": e.forms, "from": e.from, "through": e.through, "place": e.place, "bill_type": e.bill_type,
        "status": e.state.key(), "assigned": e.assigned, "version": chart.encounter.version,
        "patient": patient,
        "payers": chart.coverages().iter().map(|(_, p)| p.map(|p| p.name.clone())).collect::<Vec<_>>(),
        "rendering": chart.provider(e.roles.rendering).map(|p| p.short()),
        "attending": chart.provider(e.roles.attending).map(|p| p.short()),
        "documents": documents, "diagnoses": dx, "procedures": px, "lines": lines,
        "overrides": chart.overrides.iter().map(|o| json!({
            "rule": o.body.rule, "reason": o.body.reason.reveal(), "by": o.body.by, "role": o.body.role, "at": o.body.at,
            "release": o.body.release, "evidence": o.body.evidence.as_ref().map(|x| x.quote.reveal()),
        })).collect::<Vec<_>>(),
        "holds": chart.open_holds().map(|h| h.body.reason.label()).collect::<Vec<_>>(),
        "claims": claims,
        "extra": e.extra,
        "findings": findings.iter().map(|f| finding_json(chart, f)).collect::<Vec<_>>(),
    }))
}
