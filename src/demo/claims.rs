//! What has become of claims sent weeks ago: rejected, denied, paid.

use super::practice::{CLOCK, payer_id};
use super::vary::Outcome;
use super::{REJECTED, REJECTED_TOGETHER};
use crate::domain::{
    Cents, Chart, Claim, ClaimResponse, ClaimState, CodingState, Extra, Form, Id, Item, OrderKey, Payer,
    PayerClass,
};
use chrono::{DateTime, Duration, Utc};

/// Status codes of the rejections that are not in the large group, with what to do in our words.
const REJECTIONS: [(&str, &str); 9] = [
    ("A3:33:IL", "Member id not found: check it against the card, or ask the payer"),
    ("A3:33:IL", "Member id not found: check it against the card, or ask the payer"),
    ("A3:33:IL", "Member id not found: check it against the card, or ask the payer"),
    ("A3:33:IL", "Member id not found: check it against the card, or ask the payer"),
    ("A3:33:IL", "Member id not found: check it against the card, or ask the payer"),
    ("A7:254", "Principal diagnosis not valid on the date of service"),
    ("A7:254", "Principal diagnosis not valid on the date of service"),
    ("A7:562:82", "Rendering NPI not on file with this payer"),
    ("A7:477", "A line points to no diagnosis"),
];

/// Group and reason codes of the denials, remark codes, and what to do in our words.
const DENIALS: [(&str, &str, &str); 10] = [
    ("CO-97", "M15", "Included in another service: a modifier if the note supports it, else write off"),
    ("CO-16", "N290", "Rendering provider identifier missing or invalid: correct and send again"),
    ("CO-50", "N115", "Not medically necessary by a local policy: check the covered diagnoses"),
    ("CO-97", "N522", "Included in another service: compare the lines"),
    ("PR-1", "", "Deductible: bill the patient or the next payer"),
    ("CO-197", "M62", "Authorization missing: find the number, send a corrected claim"),
    ("CO-29", "N211", "Filed too late: look for proof of timely filing"),
    ("OA-18", "N522", "Exact duplicate: compare with the claim already there"),
    ("CO-11", "M76", "Diagnosis does not fit the procedure: check pointers"),
    ("CO-22", "MA04", "Another payer is first: check the order of coverages"),
];

/// A visit that waits to be sent has one claim a form; what was sent weeks ago is told on one of them.
pub(super) fn outcome(chart: &mut Chart, outcome: Outcome, n: usize) {
    if outcome == Outcome::Ready {
        // Who pays alone has no claim.
        if chart.primary_payer().is_none_or(|p| p.class == PayerClass::SelfPay) {
            return;
        }
        for form in chart.header().forms.clone() {
            if chart.lines_of(form).next().is_some() {
                one(chart, outcome, n, form);
            }
        }
        return;
    }
    let form = match outcome {
        Outcome::Rejected(_) => Form::Cms1500,
        _ if chart.header().has_form(Form::Cms1500) => Form::Cms1500,
        _ => Form::Ub04,
    };
    one(chart, outcome, n, form);
}

fn one(chart: &mut Chart, outcome: Outcome, n: usize, form: Form) {
    let total = chart.total(form);
    let payer = chart.coverages().first().map_or(payer_id("medicare"), |(c, _)| c.body.payer);
    let days = chart.primary_payer().and_then(|p: &Payer| p.filing_days);
    let through = chart.header().through;
    let sent = noon(through) + Duration::days(3);
    let mut claim = Claim {
        form,
        payer,
        sequence: 1,
        state: ClaimState::Ready,
        total,
        base: 0,
        sent: Some(sent),
        file_by: days.map(|d| through + Duration::days(i64::from(d))),
        control_number: None,
        responses: Vec::new(),
        extra: Extra::new(),
    };
    let answer = |source: &str, code: &str, remark: &str, fix: &str, after: i64| ClaimResponse {
        source: source.into(),
        code: code.into(),
        remarks: if remark.is_empty() { Vec::new() } else { vec![remark.into()] },
        amount: total,
        line: None,
        at: Some((sent + Duration::days(after)).min(clock())),
        fix: fix.into(),
    };
    match outcome {
        Outcome::Ready => claim.sent = None,
        Outcome::Paid => {
            claim.state = ClaimState::Paid;
            claim.control_number = Some(format!("2026{:09}", 7_000_000 + n * 137));
            chart.encounter.body.state = CodingState::Final;
        }
        Outcome::Rejected(i) if i < REJECTED_TOGETHER => {
            claim.state = ClaimState::Rejected;
            let fix = "Billing provider ZIP needs nine digits";
            claim.responses.push(answer("277CA", "A7:500:85", "", fix, 1));
        }
        Outcome::Rejected(i) => {
            claim.state = ClaimState::Rejected;
            let (code, fix) = REJECTIONS[(i - REJECTED_TOGETHER) % (REJECTED - REJECTED_TOGETHER)];
            claim.responses.push(answer("277CA", code, "", fix, 1));
        }
        Outcome::Denied(i) => {
            claim.state = ClaimState::Denied;
            claim.control_number = Some(format!("2026{:09}", 8_000_000 + n * 211));
            let (code, remark, fix) = DENIALS[i % DENIALS.len()];
            claim.responses.push(answer("835", code, remark, fix, 14));
        }
    }
    if claim.total == Cents::ZERO {
        claim.total = chart.dollars();
    }
    let account = chart.header().account.clone();
    let nth = chart.claims.len().to_string();
    let order = OrderKey::after(chart.claims.last().map(|c| &c.order));
    chart.claims.push(Item::new(Id::from_sender(&["lakeside", &account, "claim", &nth]), order, claim));
}

fn clock() -> DateTime<Utc> {
    DateTime::<Utc>::from_timestamp(CLOCK, 0).unwrap_or_default()
}

fn noon(day: chrono::NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(12, 0, 0).map(|t| t.and_utc()).unwrap_or_default()
}
