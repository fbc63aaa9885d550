//! What is still missing before submit, as the short list beside the claim.
//!
//! Owns the "Ready when" list: the same findings the edits pane shows, gathered under the few things a
//! coder thinks in. Decides nothing: `lifecycle::submit_edits` does. Pure.

use crate::domain::{Chart, DocumentStatus, Finding, Severity};

/// Done or not, and what.
pub fn readiness(chart: &Chart, findings: &[Finding]) -> Vec<(bool, String)> {
    let e = chart.header();
    let open = |test: &dyn Fn(&Finding) -> bool| findings.iter().filter(|f| f.blocks() && test(f)).count();
    let counted = |n: usize, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {many}") };
    let codes = open(&|f| {
        matches!(f.rule, "dx.valid" | "dx.specific" | "dx.seventh" | "dx.form" | "px.valid" | "px.form" | "line.code")
    });
    let boxes = open(&|f| f.rule.starts_with("claim."));
    let asks = findings.iter().filter(|f| f.severity == Severity::Warn && f.blocks()).count();
    let stops = findings.iter().filter(|f| f.severity == Severity::Stop && f.rule != "hold.open").count();
    let holds: Vec<&str> = chart.open_holds().map(|h| h.body.reason.label()).collect();
    let uncharged = chart.lines.iter().filter(|l| l.body.charge.is_none()).count();
    let unsigned = chart.documents.iter().filter(|d| d.body.status == DocumentStatus::Unsigned).count();

    let mut out = vec![
        (boxes == 0, if boxes == 0 { "required boxes".into() } else { counted(boxes, "box open", "boxes open") }),
        (
            codes == 0,
            if codes == 0 {
                format!("codes valid on {}", e.code_date())
            } else {
                format!("{} on {}", counted(codes, "code not valid", "codes not valid"), e.code_date())
            },
        ),
        (stops == 0, if stops == 0 { "no stops".into() } else { counted(stops, "stop", "stops") }),
        (asks == 0, if asks == 0 { "edits answered".into() } else { counted(asks, "edit asks", "edits ask") }),
        (
            uncharged == 0,
            if uncharged == 0 { "charges".into() } else { counted(uncharged, "line without charge", "lines without charge") },
        ),
        (holds.is_empty(), if holds.is_empty() { "no hold".into() } else { format!("hold: {}", holds.join(", ")) }),
    ];
    // Nobody waits for a signature to submit; it is only said (the hold does the waiting).
    if unsigned > 0 {
        out.push((false, format!("{} (does not stop)", counted(unsigned, "note unsigned", "notes unsigned"))));
    }
    out
}
