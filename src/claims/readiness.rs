//! What is still missing before submit, as the short list beside the claim.
//!
//! Owns the "Ready when" list: the same findings the edits pane shows, gathered under the few things a
//! coder thinks in. Decides nothing: `lifecycle::submit_edits` does. Pure.

use crate::domain::{Chart, DocumentStatus, Finding, Severity};

/// Where a finding is counted; each in one place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Boxes,
    Codes,
    Charges,
    Holds,
    Edits,
}

fn part(rule: &str) -> Part {
    match rule {
        "dx.valid" | "dx.specific" | "dx.seventh" | "dx.form" | "px.valid" | "px.form" | "line.code" => {
            Part::Codes
        }
        "line.charge" => Part::Charges,
        "hold.open" => Part::Holds,
        r if r.starts_with("claim.") => Part::Boxes,
        _ => Part::Edits,
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// Done or not, and what.
pub fn readiness(chart: &Chart, findings: &[Finding]) -> Vec<(bool, String)> {
    let on = chart.header().code_date();
    let open = |p: Part| findings.iter().filter(move |f| f.blocks() && part(f.rule) == p);
    let boxes = open(Part::Boxes).count();
    let codes = open(Part::Codes).count();
    let charges = open(Part::Charges).count();
    let stops = open(Part::Edits).filter(|f| f.severity == Severity::Stop).count();
    let asks = open(Part::Edits).count() - stops;
    let holds: Vec<&str> = chart.open_holds().map(|h| h.body.reason.label()).collect();
    let unsigned = chart.documents.iter().filter(|d| d.body.status == DocumentStatus::Unsigned).count();

    let item = |done: bool, yes: &str, no: String| (done, if done { yes.to_string() } else { no });
    let edits = match (stops, asks) {
        (s, 0) => counted(s, "stop", "stops"),
        (0, a) => counted(a, "edit asks", "edits ask"),
        (s, a) => format!("{}, {}", counted(s, "stop", "stops"), counted(a, "asks", "ask")),
    };
    let mut out = vec![
        item(boxes == 0, "required boxes", counted(boxes, "box open", "boxes open")),
        item(stops + asks == 0, "edits", edits),
        item(
            codes == 0,
            &format!("codes valid on {on}"),
            format!("{} on {on}", counted(codes, "code not valid", "codes not valid")),
        ),
        item(charges == 0, "charges", counted(charges, "line without charge", "lines without charge")),
        item(holds.is_empty(), "no hold", format!("hold: {}", holds.join(", "))),
    ];
    let mut answered: Vec<&str> = findings.iter().filter(|f| f.answered.is_some()).map(|f| f.rule).collect();
    answered.dedup();
    if !answered.is_empty() {
        out.push((true, format!("overridden: {}", answered.join(", "))));
    }
    // Nobody waits for a signature to submit; it is only said (a hold does the waiting).
    if unsigned > 0 {
        out.push((false, format!("{}, does not stop", counted(unsigned, "note unsigned", "notes unsigned"))));
    }
    out
}
