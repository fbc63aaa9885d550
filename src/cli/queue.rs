//! `codesk queue list|take|release|break`: lists of work, from the same rows the screen shows.

use super::{CliError, Outcome, PlaceArgs, Site};
use crate::domain::{WorkItem, WorkQuery, WorkView};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Write;

#[derive(Args)]
pub struct QueueArgs {
    #[command(subcommand)]
    command: QueueSub,
}

#[derive(Subcommand)]
enum QueueSub {
    /// Rows of a list, in the manager's order
    List {
        /// mine, office, ed, inpatient, surgery, held, coded, rejected, denied or all
        #[arg(default_value = "all")]
        list: String,
        /// Whose "mine"; the person of this data directory by default
        #[arg(long)]
        user: Option<String>,
        /// Account or name begins with this
        #[arg(long, default_value = "")]
        text: String,
        #[arg(long, default_value_t = 1_000_000)]
        limit: u32,
        #[arg(long)]
        json: bool,
    },
    /// Give an encounter to somebody
    Assign { account: String, user: String },
    /// Take the next N free encounters of my list, for offline work
    Take { n: u32 },
    /// Give a lease back
    Release { account: String },
    /// Break somebody's lease (supervisors)
    Break { account: String },
}

pub fn run(place: &PlaceArgs, args: &QueueArgs) -> Result<Outcome, CliError> {
    let mut site = Site::open(place)?;
    let mut out = std::io::stdout().lock();
    match &args.command {
        QueueSub::List { list, user, text, limit, json } => {
            let view = WorkView::from_key(list).ok_or_else(|| {
                let known: Vec<&str> = WorkView::ALL.iter().map(|v| v.key()).collect();
                CliError::Usage(format!("there is no list {list:?}; the lists are {}", known.join(", ")))
            })?;
            let me = user.clone().unwrap_or_else(|| site.me.login.clone());
            let query = WorkQuery { view, me, text: text.clone(), offset: 0, limit: *limit };
            let (items, total) = site.queue(&query)?;
            for item in &items {
                match json {
                    true => writeln!(out, "{}", row_json(&site, item))?,
                    false => writeln!(out, "{}", row_text(&site, item))?,
                }
            }
            if !json {
                eprintln!("{} of {total} in {list}", items.len());
            }
        }
        QueueSub::Assign { account, user } => {
            site.assign(account, user)?;
            eprintln!("{account} is on the list of {user}");
        }
        QueueSub::Take { n } => {
            let taken = site.take(*n)?;
            for account in &taken {
                writeln!(out, "{account}")?;
            }
            eprintln!("took {} of {n}", taken.len());
        }
        QueueSub::Release { account } => {
            site.release(account)?;
            eprintln!("{account} is free");
        }
        QueueSub::Break { account } => {
            site.break_lease(account)?;
            eprintln!("the lease of {account} is broken; unsent work of its holder becomes a proposal");
        }
    }
    Ok(Outcome::Done)
}

fn row_json(site: &Site, i: &WorkItem) -> serde_json::Value {
    json!({
        "id": i.id, "account": i.account, "scope": i.scope, "status": i.status(), "type": i.kind.key(),
        "payer": i.payer, "dos": i.from, "age_days": i.age_days(site.today), "dollars": i.dollars.to_string(),
        "holder": i.holder, "priority": i.priority, "why": i.why,
        "assigned": i.assigned, "hold": i.hold, "claim": i.claim.map(|c| c.key()), "response": i.response,
        "file_by": i.file_by, "documents": i.documents,
    })
}

fn row_text(site: &Site, i: &WorkItem) -> String {
    format!(
        "{:<8} {:<10} {:<6} {} {:>4} d {:>12} {:<10} {}",
        i.account,
        i.scope,
        i.kind.label(),
        i.from,
        i.age_days(site.today),
        i.dollars,
        i.status(),
        i.payer
    )
}
