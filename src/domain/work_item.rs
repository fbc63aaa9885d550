//! Work items: the flat row of an encounter that lists, counts and dashboards read.
//!
//! Owns how a row follows from a chart. Kept in the same transaction as the records in cache and hub; no
//! list parses bodies. Pure.

use super::{Cents, Chart, ClaimState, CodingState, Id, Phi, Scope, VisitKind};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkItem {
    pub id: Id,
    pub scope: Scope,
    pub account: String,
    /// `Alvarez M`
    pub name: Phi<String>,
    pub kind: VisitKind,
    pub payer: String,
    pub from: NaiveDate,
    pub through: NaiveDate,
    pub dollars: Cents,
    pub state: CodingState,
    pub holds: u32,
    /// Words of the first open hold.
    pub hold: String,
    /// The claim that most needs somebody, if there is one.
    pub claim: Option<ClaimState>,
    /// Code of its latest rejection or denial.
    pub response: String,
    pub file_by: Option<NaiveDate>,
    pub assigned: Option<String>,
    pub holder: Option<String>,
    pub lease_until: Option<DateTime<Utc>>,
    pub priority: i32,
    pub why: String,
    pub documents: u32,
    pub diagnoses: u32,
    pub lines: u32,
    pub version: u64,
}

/// How badly a claim needs a person, for the one a row shows.
fn need(state: ClaimState) -> u8 {
    match state {
        ClaimState::Rejected => 0,
        ClaimState::Denied => 1,
        ClaimState::PartlyPaid => 2,
        ClaimState::Draft => 3,
        ClaimState::Ready => 4,
        ClaimState::Sent => 5,
        ClaimState::Accepted => 6,
        _ => 7,
    }
}

impl WorkItem {
    pub fn of(chart: &Chart) -> WorkItem {
        let e = chart.header();
        let open: Vec<_> = chart.open_holds().collect();
        let claim = chart.claims.iter().min_by_key(|c| need(c.body.state));
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        WorkItem {
            id: chart.id(),
            scope: chart.scope.clone(),
            account: e.account.clone(),
            name: Phi::new(chart.patient().map(|p| p.name.reveal().short()).unwrap_or_default()),
            kind: e.kind,
            payer: chart.primary_payer().map(|p| p.name.clone()).unwrap_or_default(),
            from: e.from,
            through: e.through,
            dollars: chart.dollars(),
            state: e.state,
            holds: count(open.len()),
            hold: open.first().map(|h| h.body.reason.label().to_string()).unwrap_or_default(),
            claim: claim.map(|c| c.body.state),
            response: claim.and_then(|c| c.body.responses.last()).map(|r| r.code.clone()).unwrap_or_default(),
            file_by: claim.and_then(|c| c.body.file_by),
            assigned: e.assigned.clone(),
            holder: chart.lease.holder.clone(),
            lease_until: chart.lease.until,
            priority: e.priority,
            why: e.why.clone(),
            documents: count(chart.documents.len()),
            diagnoses: count(chart.diagnoses.len()),
            lines: count(chart.lines.len()),
            version: chart.encounter.version,
        }
    }

    /// Whole days from the last date of service to `today`.
    pub fn age_days(&self, today: NaiveDate) -> i64 {
        (today - self.through).num_days()
    }

    /// What the coder's list calls it: the hold, else the coding state.
    pub fn status(&self) -> &'static str {
        if self.holds > 0 {
            return "hold";
        }
        match (self.state, self.claim) {
            (_, Some(ClaimState::Rejected)) => "rejected",
            (_, Some(ClaimState::Denied)) => "denied",
            (state, _) => state.label(),
        }
    }
}

/// The lists a person can open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkView {
    /// Open work given to me.
    #[default]
    Mine,
    /// Open work of one kind, everybody's.
    Office,
    Emergency,
    Inpatient,
    Surgery,
    /// Everything on hold.
    Held,
    /// Submitted and not final.
    Coded,
    Rejected,
    Denied,
    All,
}

impl WorkView {
    pub const ALL: [WorkView; 10] = [
        WorkView::Mine,
        WorkView::Office,
        WorkView::Emergency,
        WorkView::Inpatient,
        WorkView::Surgery,
        WorkView::Held,
        WorkView::Coded,
        WorkView::Rejected,
        WorkView::Denied,
        WorkView::All,
    ];
    pub fn key(self) -> &'static str {
        match self {
            WorkView::Mine => "mine",
            WorkView::Office => "office",
            WorkView::Emergency => "ed",
            WorkView::Inpatient => "inpatient",
            WorkView::Surgery => "surgery",
            WorkView::Held => "held",
            WorkView::Coded => "coded",
            WorkView::Rejected => "rejected",
            WorkView::Denied => "denied",
            WorkView::All => "all",
        }
    }
    pub fn from_key(key: &str) -> Option<WorkView> {
        WorkView::ALL.into_iter().find(|v| v.key() == key)
    }
}

/// What a list asks of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkQuery {
    pub view: WorkView,
    /// Sign-in name for `Mine`.
    pub me: String,
    /// Account prefix or name prefix; empty for all.
    pub text: String,
    pub offset: u32,
    pub limit: u32,
}
