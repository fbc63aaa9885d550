//! Coverage policies: does a diagnosis that the line points to support the service?
//!
//! Owns `cov.policy`. Sources: the national or local policy and its article, named in the finding; CMS Pub.
//! 100-08 chapter 13 (local policies); Pub. 100-04 chapter 30 section 50 (GA, GZ where it is not met).
//! For Medicare that pays first; other payers adopt the policies as they like. Pure.

use super::{
    cx::{Cx, dot, line_place, set_line},
    services::Service,
    tables::Policy,
};
use crate::domain::{Finding, FixAction, OverridePolicy, PayerClass, Pointer, normal_code};

/// What says on the line that the policy is known not to be met, or is not Medicare's.
const ANSWERED: [&str; 4] = ["GA", "GZ", "GY", "GX"];

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    if cx.chart.primary_payer().is_none_or(|p| p.class != PayerClass::Medicare) {
        return;
    }
    let state = cx.chart.directory.site.as_ref().map_or("", |s| s.body.address.state.as_str());
    for s in services.iter() {
        let (Some(line), Some(table)) = (s.line, cx.facts.tables().coverage(s.date)) else { continue };
        let policies = table.policies(s.key, s.date, state);
        if policies.is_empty() || s.has_any(&ANSWERED) {
            continue;
        }
        // An institutional line has no pointers: every diagnosis of the claim speaks for it.
        let pointed: Vec<usize> = match s.institutional {
            true => (0..cx.dx().len()).collect(),
            false => line
                .body
                .pointers
                .iter()
                .filter_map(|p| match p {
                    Pointer::Diagnosis(id) => cx.chart.position(*id),
                    Pointer::Position(_) => None,
                })
                .collect(),
        };
        let mut seen: Vec<&str> = Vec::new();
        for p in &policies {
            if seen.contains(&p.id()) {
                continue;
            }
            seen.push(p.id());
            let of: Vec<&Policy> = policies.iter().filter(|o| o.id() == p.id()).collect();
            let lists = |at: usize, yes: bool| {
                let code = normal_code(&cx.dx()[at].body.code);
                of.iter().filter(|o| o.supports() == yes).any(|o| o.lists(&code))
            };
            let has_list = of.iter().any(|o| o.supports());
            let met = pointed.iter().any(|at| if has_list { lists(*at, true) } else { !lists(*at, false) });
            if met || pointed.is_empty() {
                continue;
            }
            let mut codes: Vec<String> = pointed.iter().map(|at| dot(&cx.dx()[*at].body.code)).collect();
            codes.truncate(4);
            let message =
                format!("{}: {} {} it under {}", s.code, codes.join(", "), verb(codes.len()), p.cite());
            let authority = format!("{}; CMS Pub. 100-08 ch. 13; Pub. 100-04 ch. 30 sec. 50", p.cite());
            let mut f = Finding::warn("cov.policy", line_place(line, "pointers"), message, &authority)
                .policy(OverridePolicy::Evidence)
                .about(format!("{}-{}", s.code, p.id()))
                .release(table.meta().cite());
            let other = (0..cx.dx().len()).find(|at| !pointed.contains(at) && lists(*at, true));
            if let Some(at) = other {
                let d = &cx.dx()[at];
                let id = d.id;
                let to = set_line(line, |x| x.pointers.insert(0, Pointer::Diagnosis(id)));
                f = f.fix(format!("point to {}, which supports it", dot(&d.body.code)), to);
            }
            let within: Vec<_> =
                of.iter().filter(|o| o.supports()).flat_map(|o| o.diagnoses(200)).take(200).collect();
            if !within.is_empty() {
                let n = within.len();
                let many = if n == 200 { "more than 200".to_string() } else { n.to_string() };
                f = f.fix(
                    format!("look among the {many} that support it"),
                    FixAction::Search { within, before: None },
                );
            }
            f = f
                .fix(
                    "GA: an advance notice (ABN) is on file",
                    set_line(line, |x| x.modifiers.push("GA".into())),
                )
                .fix(
                    "GZ: none is on file, it will be denied",
                    set_line(line, |x| x.modifiers.push("GZ".into())),
                );
            out.push(f);
        }
    }
}

fn verb(n: usize) -> &'static str {
    if n == 1 { "does not support" } else { "do not support" }
}
