//! `codesk claim preview`: a claim form as text.

use super::{CliError, Outcome, PlaceArgs, Site};
use crate::claims;
use crate::domain::Form;
use clap::{Args, Subcommand};
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
        /// cms1500 or ub04; the encounter's first form by default
        #[arg(long)]
        form: Option<String>,
    },
}

pub fn run(place: &PlaceArgs, args: &ClaimArgs) -> Result<Outcome, CliError> {
    let ClaimSub::Preview { id, form } = &args.command;
    let site = Site::open(place)?;
    let chart = site.chart(id)?;
    let form = match form.as_deref() {
        None => chart.header().forms.first().copied().unwrap_or(Form::Cms1500),
        Some("cms1500" | "1500") => Form::Cms1500,
        Some("ub04" | "ub") => Form::Ub04,
        Some("837") => {
            return Err(CliError::Refused("the 837 view is not built yet: use cms1500 or ub04".into()));
        }
        Some(other) => return Err(CliError::Usage(format!("there is no form {other:?}; cms1500 or ub04"))),
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
    let mut out = std::io::stdout().lock();
    for line in face.full() {
        writeln!(out, "{}", line.text.trim_end())?;
    }
    Ok(Outcome::Done)
}
