//! Add-on codes without the service they add to.
//!
//! Owns `ncci.addon`. Sources: CMS NCCI Add-on Code edits (types 1, 2 and 3); NCCI Policy Manual chapter I
//! section P; CMS Pub. 100-04 chapter 12 section 30 (global period ZZZ). Where the list is not loaded, the
//! fee schedule's ZZZ asks for any other service. Critical care (99292) may follow a colleague's 99291, so
//! that one is a question. Pure.

use super::{
    cx::{Cx, line_place},
    services::Service,
    tables::{AddOnType, CONTRACTOR, Code},
};
use crate::domain::{Finding, FixAction, OverridePolicy};

const AUTHORITY: &str = "CMS NCCI Add-on Code edits; NCCI Policy Manual ch. I sec. P";

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    for s in services.iter() {
        let Some(line) = s.line else { continue };
        let beside = || services.iter().filter(|o| o.key != s.key && o.beside(s));
        let Some(table) = cx.facts.tables().add_on(s.date) else {
            if cx.global(s.code, s.date).as_deref() == Some("ZZZ") && beside().next().is_none() {
                let message = format!("{} is an add-on code (global period ZZZ) and stands alone", s.code);
                out.push(
                    Finding::warn("ncci.addon", line_place(line, "code"), message, AUTHORITY)
                        .about(s.code)
                        .release(cx.fee_release(s.date)),
                );
            }
            continue;
        };
        let rows: Vec<(Code, AddOnType)> =
            table.seconds(s.key, s.date).map(|(code, row)| (code, row.add_on_type())).collect();
        if rows.is_empty() {
            continue;
        }
        let contractor = Code::new(CONTRACTOR);
        let listed: Vec<Code> = rows.iter().map(|(c, _)| *c).filter(|c| Some(*c) != contractor).collect();
        let open = rows.iter().any(|(c, t)| Some(*c) == contractor || *t != AddOnType::Listed);
        let is_add_on = |o: &Service| table.seconds(o.key, o.date).next().is_some();
        // A listed code will do for every type; where the contractor decides, so will any other service.
        if beside().any(|o| listed.contains(&o.key)) || (listed.is_empty() && beside().any(|o| !is_add_on(o)))
        {
            continue;
        }
        let kind = match (listed.is_empty(), open) {
            (true, _) => "type 2, the contractor decides which",
            (false, false) => "type 1",
            (false, true) => "type 3, the contractor may take others",
        };
        let some: Vec<String> = listed.iter().take(6).map(Code::to_string).collect();
        let more = if listed.len() > 6 { " …" } else { "" };
        let with = match some.is_empty() {
            true => "any other service".to_string(),
            false => format!("one of {}{more}", some.join(", ")),
        };
        let message =
            format!("{} is an add-on code ({kind}) and needs {with} of the same day and provider", s.code);
        let place = line_place(line, "code");
        let mut f = if open || s.code == "99292" {
            Finding::warn("ncci.addon", place, message, AUTHORITY).policy(OverridePolicy::Reason)
        } else {
            Finding::stop("ncci.addon", place, message, AUTHORITY)
        };
        f = f.about(s.code).release(table.meta().cite());
        f = f.fix("go to the line", FixAction::GoTo(line_place(line, "code")));
        out.push(f);
    }
}
