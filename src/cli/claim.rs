//! `codesk claim preview|export|status`: a claim as text, claims as 837 files, what has become of them.

use super::{CliError, Outcome, PlaceArgs, Site, claim_export};
use crate::claims;
use crate::claims::bill::Bill;
use crate::domain::{Chart, Form};
use crate::x12;
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Write;

#[derive(Args)]
pub struct ClaimArgs {
    #[command(subcommand)]
    command: ClaimSub,
}

#[derive(Subcommand)]
enum ClaimSub {
    /// The form as it stands now, by id or account number
    Preview {
        id: String,
        /// cms1500, ub04 or 837; the encounter's first form by default
        #[arg(long)]
        form: Option<String>,
    },
    /// Write 837 files of claims that are ready
    Export(claim_export::ExportArgs),
    /// What has become of the claims of an encounter
    Status {
        id: String,
        #[arg(long)]
        json: bool,
    },
}

pub fn run(place: &PlaceArgs, args: &ClaimArgs) -> Result<Outcome, CliError> {
    match &args.command {
        ClaimSub::Preview { id, form } => preview(place, id, form.as_deref()),
        ClaimSub::Export(args) => claim_export::run(place, args),
        ClaimSub::Status { id, json } => status(place, id, *json),
    }
}

fn preview(place: &PlaceArgs, id: &str, form: Option<&str>) -> Result<Outcome, CliError> {
    let site = Site::open(place)?;
    let chart = site.chart(id)?;
    let mut out = std::io::stdout().lock();
    let form = match form {
        None => chart.header().forms.first().copied().unwrap_or(Form::Cms1500),
        Some("cms1500" | "1500") => Form::Cms1500,
        Some("ub04" | "ub") => Form::Ub04,
        Some("837") => {
            for form in &chart.header().forms {
                decoded(&chart, *form, site.facts()?, &mut out)?;
            }
            return Ok(Outcome::Done);
        }
        Some(other) => {
            return Err(CliError::Usage(format!("there is no form {other:?}; cms1500, ub04 or 837")));
        }
    };
    if !chart.header().has_form(form) {
        let have: Vec<&str> = chart.header().forms.iter().map(|f| f.key()).collect();
        let account = &chart.header().account;
        return Err(CliError::Refused(format!(
            "{account} is not billed on {}; it has {}",
            form.key(),
            have.join(", ")
        )));
    }
    let face = claims::build(&chart, form, site.facts()?);
    for line in face.full() {
        writeln!(out, "{}", line.text.trim_end())?;
    }
    Ok(Outcome::Done)
}

/// The claim's 837 with its loops indented and its elements named. Control numbers are given when it is sent.
fn decoded(
    chart: &Chart,
    form: Form,
    facts: &dyn claims::CodeFacts,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let bill = Bill::of(chart, form, 1, facts);
    for line in x12::view_of(&bill) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn status(place: &PlaceArgs, id: &str, as_json: bool) -> Result<Outcome, CliError> {
    let site = Site::open(place)?;
    let chart = site.chart(id)?;
    let mut out = std::io::stdout().lock();
    for c in &chart.claims {
        let b = &c.body;
        let payer = chart.directory.payers.get(&b.payer).map_or("", |p| p.body.name.as_str());
        let sent = b.sent_in();
        if as_json {
            let value = json!({
                "id": c.id, "account": chart.header().account, "form": b.form, "sequence": b.sequence, "payer": payer,
                "state": b.state.key(), "total": b.total.to_string(), "sent": b.sent, "file_by": b.file_by,
                "control_number": b.control_number,
                "file": sent.as_ref().map(|s| s.file.clone()),
                "place": sent.as_ref().map(|s| json!({
                    "interchange": s.interchange, "group": s.group, "transaction": s.set, "first": s.first,
                    "last": s.last,
                })),
                "responses": b.responses,
            });
            writeln!(out, "{value}")?;
        } else {
            let file = sent.map(|s| format!(", in {} segments {} to {}", s.file, s.first, s.last));
            writeln!(
                out,
                "{} {} {} to {payer}: {}{}",
                chart.header().account,
                b.form.label(),
                b.total,
                b.state.label(),
                file.unwrap_or_default()
            )?;
            for r in &b.responses {
                writeln!(out, "  {} {}: {}", r.source, r.code, r.fix)?;
            }
        }
    }
    if chart.claims.is_empty() {
        eprintln!("{}: no claim yet; it has not been submitted", chart.header().account);
    }
    Ok(Outcome::Done)
}
