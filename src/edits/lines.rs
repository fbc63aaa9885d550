//! Service lines: code, charge, units, dates, duplicates, NDC, and the form they go to.
//!
//! Owns `line.code`, `line.charge`, `line.units`, `line.date`, `line.duplicate`, `line.ndc`, `line.form`.
//! Sources: CMS Pub. 100-04 chapter 26 section 10.4 items 24A, 24D, 24F, 24G; X12 005010X222A1 loop 2400
//! SV1, DTP*472 and 2410 LIN; NCCI Policy Manual chapter I (repeat services). Pure.

use super::{
    cx::{Cx, line_place, set_line},
    facts::Status,
};
use crate::domain::{
    Change, CodeRange, CodeSystem, Edit, Finding, FixAction, Form, Item, OverridePolicy, ServiceLine, Units,
};

pub(super) const REPEATS: [&str; 11] = ["76", "77", "91", "59", "XE", "XS", "XP", "XU", "58", "78", "79"];

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    for (at, l) in cx.chart.lines.iter().enumerate() {
        code(cx, l, out);
        charge(cx, l, out);
        units(l, out);
        date(cx, l, out);
        duplicate(cx, at, l, out);
        ndc(l, out);
        form(cx, l, out);
    }
}

/// What the line is called in a message.
pub(super) fn name(l: &ServiceLine) -> String {
    match (&l.revenue, l.code.as_str()) {
        (Some(r), "") => format!("revenue {r}"),
        (Some(r), code) => format!("{r} {code}"),
        (None, "") => "the line".to_string(),
        (None, code) => code.to_string(),
    }
}

fn code(cx: &Cx, l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    const AUTHORITY: &str = "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24D; X12 005010X222A1 2400 SV101";
    let code = l.body.code.as_str();
    let place = line_place(l, "code");
    if code.is_empty() {
        if !l.body.is_institutional() {
            out.push(Finding::stop("line.code", place, "the line has no procedure code", AUTHORITY));
        }
        return;
    }
    // Revenue lines of a rate (0022, 0023, 0024) carry a HIPPS code, which no table here knows.
    if l.body.revenue.as_deref().is_some_and(|r| matches!(r, "0022" | "0023" | "0024")) {
        return;
    }
    let Some(system) = CodeSystem::of_procedure(code) else {
        let message = format!("{code} is not written like a CPT or HCPCS code");
        out.push(Finding::stop("line.code", place, message, AUTHORITY));
        return;
    };
    // A line's own date decides, except that a stay's lines have none that counts.
    let message = match cx.facts.status(system, code, l.body.date) {
        Status::Valid | Status::Unchecked => return,
        Status::NotYet { from } => format!("{code} is valid from {from}, after {}", l.body.date),
        Status::Expired { last } => format!("{code} was valid through {last}, before {}", l.body.date),
        _ => format!("{code} is in no {} table", system.label()),
    };
    let mut f = Finding::stop("line.code", place, message, AUTHORITY);
    if let Some(stem) = code.get(..3) {
        f = f.fix(
            format!("look under {stem}"),
            FixAction::Search { within: vec![CodeRange::one(stem)], before: None },
        );
    }
    out.push(f);
}

fn charge(cx: &Cx, l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    const AUTHORITY: &str = "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24F; X12 005010X222A1 2400 SV102";
    let message = match l.body.charge {
        Some(c) if c.0 >= 0 => return,
        Some(c) => format!("{}: a charge of {c} is below zero", name(&l.body)),
        None => format!("{} has no charge", name(&l.body)),
    };
    let place = line_place(l, "charge");
    let mut f = Finding::stop("line.charge", place.clone(), message, AUTHORITY);
    if let Some(each) = cx.chart.directory.fees.charge(&l.body.code) {
        let total = l.body.units.charge(each);
        f = f.fix(format!("{total} from the fee table"), set_line(l, |x| x.charge = Some(total)));
    }
    out.push(f.fix("type the charge", FixAction::GoTo(place)));
}

fn units(l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    if l.body.units.0 > 0 && l.body.units.0 < 1_000_000_000 {
        return;
    }
    let message = format!("{}: {} units", name(&l.body), l.body.units);
    out.push(
        Finding::stop(
            "line.units",
            line_place(l, "units"),
            message,
            "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24G; X12 005010X222A1 2400 SV104",
        )
        .fix("1 unit", set_line(l, |x| x.units = Units::ONE)),
    );
}

fn date(cx: &Cx, l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    const AUTHORITY: &str =
        "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24A; X12 005010X222A1, X223A2 DTP*472, DTP*434";
    let e = cx.chart.header();
    let (place, on) = (line_place(l, "date"), l.body.date);
    let outside = on < e.from || on > e.through;
    let f = if on > cx.today {
        Finding::stop("line.date", place, format!("{}: {on} is in the future", name(&l.body)), AUTHORITY)
    } else if outside && l.body.is_institutional() {
        let message = format!("{}: {on} is outside the statement {} to {}", name(&l.body), e.from, e.through);
        Finding::stop("line.date", place, message, AUTHORITY)
    } else if outside {
        let message = format!("{}: {on} is outside the visit {} to {}", name(&l.body), e.from, e.through);
        Finding::warn("line.date", place, message, AUTHORITY).about(on.to_string())
    } else {
        return;
    };
    out.push(f.fix(format!("use {}", e.from), set_line(l, |x| x.date = e.from)));
}

fn duplicate(cx: &Cx, at: usize, l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    if l.body.code.is_empty() || l.body.modifiers.iter().any(|m| REPEATS.contains(&m.as_str())) {
        return;
    }
    let same = |o: &&Item<ServiceLine>| {
        let (a, b) = (&o.body, &l.body);
        (&a.code, a.date, &a.modifiers, &a.revenue, a.provider)
            == (&b.code, b.date, &b.modifiers, &b.revenue, b.provider)
    };
    if !cx.chart.lines[..at].iter().any(|o| same(&o)) {
        return;
    }
    let message = format!("{} stands twice on {}: a repeat or a mistake?", name(&l.body), l.body.date);
    out.push(
        Finding::warn(
            "line.duplicate",
            line_place(l, "code"),
            message,
            "NCCI Policy Manual ch. I sec. E (modifiers 59, 76, 77, 91); X12 005010X222A1 2400",
        )
        .policy(OverridePolicy::Reason)
        .about(l.body.code.clone())
        .fix("remove this line", FixAction::Apply(vec![Edit::Line(Change::Remove(l.clone()))]))
        .fix(
            "modifier 76, repeated by the same provider",
            FixAction::AddModifier { line: l.id, modifier: "76".into(), evidence: true },
        ),
    );
}

/// 5-4-2, without hyphens.
fn ndc(l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    let Some(ndc) = &l.body.ndc else { return };
    if ndc.len() == 11 && ndc.bytes().all(|b| b.is_ascii_digit()) {
        return;
    }
    let message = format!("NDC {ndc}: eleven digits (5-4-2), without hyphens");
    out.push(
        Finding::stop("line.ndc", line_place(l, "ndc"), message, "X12 005010X222A1 2410 LIN03")
            .fix("go to the NDC", FixAction::GoTo(line_place(l, "ndc"))),
    );
}

/// A line whose form the visit is not billed on would be lost.
fn form(cx: &Cx, l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    let form = if l.body.is_institutional() { Form::Ub04 } else { Form::Cms1500 };
    let e = cx.chart.header();
    if e.has_form(form) || e.forms.is_empty() {
        return;
    }
    let message = format!("{} belongs on a {}, and this visit bills none", name(&l.body), form.label());
    out.push(
        Finding::stop("line.form", line_place(l, "code"), message, "CMS Pub. 100-04 ch. 25 and ch. 26")
            .fix(
                format!("bill a {} too", form.label()),
                FixAction::Apply(vec![cx.chart.set_header(|h| h.forms.push(form))]),
            )
            .fix("remove the line", FixAction::Apply(vec![Edit::Line(Change::Remove(l.clone()))])),
    );
}
