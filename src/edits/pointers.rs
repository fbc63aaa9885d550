//! Diagnosis pointers of professional lines.
//!
//! Owns `line.pointer` (none), `line.pointer_gone`, `line.pointer_many`, `line.pointer_repeat`. Sources:
//! CMS Pub. 100-04 chapter 26 section 10.4 item 24E; X12 005010X222A1 loop 2400 SV107 (one to four values,
//! each naming one of the at most twelve diagnoses of the claim, none twice). Pure.

use super::{
    cx::{Cx, letter, line_place, set_line},
    lines::name,
};
use crate::domain::{Finding, FixAction, Item, Pointer, ServiceLine};

const AUTHORITY: &str = "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24E; X12 005010X222A1 2400 SV107";

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    for l in cx.chart.lines.iter().filter(|l| !l.body.is_institutional()) {
        let pointers = &l.body.pointers;
        if pointers.is_empty() {
            out.push(none(cx, l));
            continue;
        }
        dangling(cx, l, out);
        let place = line_place(l, "pointers");
        if pointers.len() > 4 {
            let message =
                format!("{} points to {} diagnoses; a line takes four", name(&l.body), pointers.len());
            out.push(
                Finding::stop("line.pointer_many", place.clone(), message, AUTHORITY)
                    .fix("keep the first four", set_line(l, |x| x.pointers.truncate(4))),
            );
        }
        let mut once: Vec<(Option<usize>, Pointer)> = Vec::new();
        for p in pointers {
            let at = cx.chart.pointer_position(*p);
            if !once.iter().any(|(o, q)| q == p || (at.is_some() && *o == at)) {
                once.push((at, *p));
            }
        }
        if once.len() < pointers.len() {
            let message = format!("{} points to the same diagnosis twice", name(&l.body));
            let kept = once.into_iter().map(|(_, p)| p).collect();
            out.push(
                Finding::stop("line.pointer_repeat", place, message, AUTHORITY)
                    .fix("keep each once", set_line(l, |x| x.pointers = kept)),
            );
        }
    }
}

fn none(cx: &Cx, l: &Item<ServiceLine>) -> Finding {
    let place = line_place(l, "pointers");
    let message = format!("{} points to no diagnosis", name(&l.body));
    let mut f = Finding::stop("line.pointer", place.clone(), message, AUTHORITY);
    if let Some(a) = cx.dx().first() {
        let id = a.id;
        f = f.fix(
            format!("point to A {}", super::cx::dot(&a.body.code)),
            set_line(l, |x| x.pointers = vec![Pointer::Diagnosis(id)]),
        );
    }
    f.fix("type the letters", FixAction::GoTo(place))
}

/// Diagnoses that are gone, positions that never named one, and letters past L.
fn dangling(cx: &Cx, l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    for p in &l.body.pointers {
        let count = cx.dx().len();
        let (message, follow) = match (p, cx.chart.pointer_position(*p)) {
            (Pointer::Diagnosis(_), None) => {
                (format!("{} points to a diagnosis that was removed", name(&l.body)), None)
            }
            (Pointer::Diagnosis(_), Some(at)) if at > 12 => {
                (format!("{} points to diagnosis {at}; the claim carries twelve", name(&l.body)), None)
            }
            (Pointer::Diagnosis(_), Some(_)) => continue,
            (Pointer::Position(n), _) => {
                let wanted = letter(usize::from(*n).saturating_sub(1));
                match cx.chart.pointer_at(*n) {
                    now @ Pointer::Diagnosis(_) => (
                        format!("{} was typed for {wanted} before there was one", name(&l.body)),
                        Some((wanted, now)),
                    ),
                    Pointer::Position(_) => {
                        let there = if count == 1 { "is 1 diagnosis" } else { "are diagnoses" };
                        let many = if count == 1 { String::new() } else { format!(" {count}") };
                        (format!("{} points to {wanted}; there {there}{many}", name(&l.body)), None)
                    }
                }
            }
        };
        let place = line_place(l, "pointers");
        let mut f = Finding::stop("line.pointer_gone", place.clone(), message, AUTHORITY);
        if let Some((wanted, now)) = follow {
            f = f.fix(format!("let it follow {wanted}"), swap(l, *p, Some(now)));
        }
        out.push(
            f.fix("take the pointer off", swap(l, *p, None)).fix("type the letters", FixAction::GoTo(place)),
        );
    }
}

fn swap(l: &Item<ServiceLine>, old: Pointer, new: Option<Pointer>) -> FixAction {
    set_line(l, |x| {
        x.pointers = x.pointers.iter().filter_map(|p| if *p == old { new } else { Some(*p) }).collect();
    })
}
