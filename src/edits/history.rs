//! The same service on another encounter of the patient, and tables that end before the day of service.
//!
//! Owns `claim.duplicate`, `tables.quarter` and `tables.damaged`. Sources: CMS Pub. 100-04 chapter 1 section 120 (duplicate
//! claims: same patient, provider, day, code and modifiers); NCCI edits are published by quarter and hold by
//! day of service (CMS Pub. 100-04 chapter 23 section 20.9). Pure.

use super::{
    cx::{Cx, encounter, line_place},
    lines::REPEATS,
    services::Service,
    tables::{Kind, quarter},
};
use crate::domain::Finding;

const DUPLICATE: &str = "CMS Pub. 100-04 ch. 1 sec. 120 (exact duplicates)";
const QUARTER: &str = "CMS Pub. 100-04 ch. 23 sec. 20.9 (edits hold by day of service)";

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    for s in services {
        let Some(line) = s.line.filter(|_| !s.has_any(&REPEATS)) else { continue };
        let same =
            |o: &&Service| o.line.is_none() && o.key == s.key && o.beside(s) && o.modifiers == s.modifiers;
        if let Some(o) = services.iter().find(same) {
            let message =
                format!("{} of {} stands on account {} too: the same service?", s.code, s.date, o.account);
            out.push(
                Finding::warn("claim.duplicate", line_place(line, "code"), message, DUPLICATE)
                    .about(format!("{}-{}", s.code, o.account)),
            );
        }
    }
    for what in cx.facts.tables().damaged() {
        let message = format!("{what}: this claim is not checked against it; import it again");
        out.push(Finding::warn("tables.damaged", encounter("tables"), message, QUARTER).about(what.clone()));
    }
    quarters(cx, services, out);
}

/// A table of the kind is loaded, but not for this quarter: it is used, and that is said.
fn quarters(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    let tables = cx.facts.tables();
    if tables.is_empty() {
        return;
    }
    let mut said: Vec<(Kind, String)> = Vec::new();
    for s in services.iter().filter(|s| s.line.is_some()) {
        let kinds = match s.institutional {
            true => [Kind::PtpOutpatient, Kind::MueOutpatient],
            false => [Kind::PtpPractitioner, Kind::MuePractitioner],
        };
        for kind in kinds {
            let newest = tables.releases().filter(|m| m.kind == kind && m.from <= s.date).last();
            let loaded = tables.releases().any(|m| m.kind == kind);
            let wanted = quarter(s.date);
            if !loaded
                || newest.is_some_and(|m| quarter(m.from) == wanted)
                || said.contains(&(kind, wanted.clone()))
            {
                continue;
            }
            let used = match newest.or_else(|| tables.releases().find(|m| m.kind == kind)) {
                Some(m)
                    if newest.is_some() || matches!(kind, Kind::PtpPractitioner | Kind::PtpOutpatient) =>
                {
                    format!("checked with {}", m.release)
                }
                _ => "not checked".to_string(),
            };
            let message = format!("{} of {wanted} is not loaded: {used}", kind.label());
            out.push(Finding::info("tables.quarter", encounter("tables"), message, QUARTER));
            said.push((kind, wanted));
        }
    }
}
