//! The same thing twice: account numbers, line control numbers, services: R30.

use super::Gist;
use crate::x12::issue::Issue;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

const AUTHORITY: &str = "277CA A3:54; CMS Pub. 100-04 ch. 1 sec. 120 (duplicates)";
/// Modifiers that say that the service was done again, apart, or elsewhere on the body.
const APART: [&str; 31] = [
    "76", "77", "59", "91", "XE", "XS", "XP", "XU", "RT", "LT", "50", "E1", "E2", "E3", "E4", "FA", "F1",
    "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "TA", "T1", "T2", "T3", "T4", "27",
];

/// What has been seen in the file, as hashes: no name is kept.
#[derive(Debug, Default)]
pub(super) struct Seen {
    accounts: HashSet<u64>,
    services: HashSet<u64>,
}

fn hash(parts: &[&str]) -> u64 {
    let mut h = DefaultHasher::new();
    parts.hash(&mut h);
    h.finish()
}

impl Seen {
    pub(super) fn check(&mut self, g: &Gist<'_>, out: &mut Vec<Issue>) {
        let Some(clm) = g.clm else { return };
        let billing = g.view.find(g.view.billing, "2010AA", "NM1").map_or("", |n| n.el(9));
        if !clm.el(1).is_empty()
            && !self.accounts.insert(hash(&[billing, clm.el(1), g.frequency(), g.order()]))
        {
            let m = "this account number stands on two claims of the file";
            out.push(Issue::stop("x12.duplicate", clm.at(1), m, AUTHORITY).fix("remove one of the claims"));
        }
        let mut controls: Vec<&str> = Vec::new();
        let member = g.view.find(g.view.subscriber, "2010BA", "NM1").map_or("", |n| n.el(9));
        let patient = g.view.find(g.view.patient, "2010CA", "NM1").map_or("", |n| n.el(4));
        for l in g.lines() {
            if let Some(r) = l.qualifier("2400", "REF", "6R").filter(|r| r.has(2)) {
                if controls.contains(&r.el(2)) {
                    out.push(Issue::stop(
                        "x12.duplicate",
                        r.at(2),
                        "this line control number stands twice on the claim",
                        "X12 005010 REF*6R",
                    ));
                }
                controls.push(r.el(2));
            }
            let Some(s) = l.service.filter(|_| !l.code().is_empty()) else { continue };
            let e = l.procedure_element();
            let apart = (3..=6).any(|c| APART.contains(&s.comp(e, c)));
            let date = l.qualifier("2400", "DTP", "472").map_or("", |d| d.el(3));
            let who = l.find("2420A", "NM1").or(g.find("2310B", "NM1")).map_or("", |n| n.el(9));
            let revenue = if s.id() == "SV2" { s.el(1) } else { "" };
            let key = hash(&[billing, member, patient, date, s.el(e), who, revenue, g.order()]);
            if !date.is_empty() && !self.services.insert(key) && !apart && matches!(g.frequency(), "1") {
                let m = format!("{} stands twice for one patient, day and provider", l.code());
                out.push(
                    Issue::warn("x12.duplicate", s.at_comp(e, 2), m, AUTHORITY)
                        .fix("roll the units up, or say with 76, 77, 59 or X{EPSU} that it was done again"),
                );
            }
        }
    }
}
