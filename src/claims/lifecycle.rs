//! Submit: what has to hold, and the edits it makes.
//!
//! Owns `submit_edits`: coding state to coded, and one ready claim a form for the payer that pays first.
//! Refuses with every reason at once, in words. Never stores: the caller makes one `EditSet` of it, whole,
//! with the base version it was told. Source: the tables of
//! `domain::state`. Pure.

use crate::domain::{
    Change, Chart, Claim, ClaimState, ClaimStep, CodingStep, Edit, Extra, Finding, Form, Id, Item, OrderKey,
    Payer, PayerClass, Severity,
};
use crate::edits::setting::file_by;

/// The edits of a submit, or everything that stands in its way.
/// `findings` are those of `edits::run` on this very chart; `mint` gives new record ids; `base` is the
/// version of the encounter that the claim is made from.
pub fn submit_edits(
    chart: &Chart,
    findings: &[Finding],
    mint: &mut dyn FnMut() -> Id,
    base: u64,
) -> Result<Vec<Edit>, Vec<String>> {
    let mut reasons = Vec::new();
    let state = chart.header().state.can(CodingStep::Submit).map_err(|r| reasons.push(r.0)).ok();
    reasons.extend(chart.open_holds().map(|h| format!("on hold: {}", h.body.reason.label())));
    let blocking =
        |s: Severity| findings.iter().filter(move |f| f.severity == s && f.blocks() && f.rule != "hold.open");
    reasons.extend(blocking(Severity::Stop).map(|f| format!("stop: {}", f.message)));
    reasons.extend(blocking(Severity::Warn).map(|f| format!("not answered: {}", f.message)));

    let mut edits = Vec::new();
    if let Some(state) = state {
        edits.push(chart.set_header(|e| e.state = state));
    }
    match payer(chart) {
        Some((_, p)) if p.class == PayerClass::SelfPay => {}
        Some((id, p)) => {
            let mut order = chart.claims.last().map(|c| c.order.clone());
            let mut forms = chart.header().forms.clone();
            forms.dedup();
            for form in forms {
                match claim(chart, form, id, p, base, mint, &mut order) {
                    Ok(edit) => edits.push(edit),
                    Err(reason) => reasons.push(reason),
                }
            }
        }
        // `claim.required` says it too; said here for a caller whose findings are from before.
        None if reasons.is_empty() => reasons.push("no payer to bill".to_string()),
        None => {}
    }
    if reasons.is_empty() { Ok(edits) } else { Err(reasons) }
}

fn payer(chart: &Chart) -> Option<(Id, &Payer)> {
    let (coverage, payer) = chart.coverages().into_iter().next()?;
    Some((coverage.body.payer, payer?))
}

/// A new claim, or the one that is still ours to change made ready again.
fn claim(
    chart: &Chart,
    form: Form,
    payer_id: Id,
    payer: &Payer,
    base: u64,
    mint: &mut dyn FnMut() -> Id,
    order: &mut Option<OrderKey>,
) -> Result<Edit, String> {
    let total = chart.total(form);
    let file_by = file_by(chart, form, payer);
    let live = |c: &&Item<Claim>| {
        let s = c.body.state;
        c.body.form == form
            && c.body.sequence == 1
            && !matches!(s, ClaimState::Voided | ClaimState::Replaced | ClaimState::Closed)
    };
    if let Some(old) = chart.claims.iter().rfind(live) {
        let state = match old.body.state {
            ClaimState::Ready => ClaimState::Ready,
            s => s
                .can(ClaimStep::MakeReady)
                .map_err(|r| format!("{} claim is {}: {}", form.label(), s.label(), r.0))?,
        };
        let after = Claim { payer: payer_id, state, total, base, file_by, ..old.body.clone() };
        return Ok(Edit::Claim(Change::Set { id: old.id, before: old.body.clone(), after }));
    }
    let key = OrderKey::after(order.as_ref());
    *order = Some(key.clone());
    let body = Claim {
        form,
        payer: payer_id,
        sequence: 1,
        state: ClaimState::Ready,
        total,
        base,
        sent: None,
        file_by,
        control_number: None,
        responses: Vec::new(),
        extra: Extra::new(),
    };
    Ok(Edit::Claim(Change::Add(Item::new(mint(), key, body))))
}
