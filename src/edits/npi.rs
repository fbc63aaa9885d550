//! National Provider Identifiers of everybody the claim names.
//!
//! Owns `npi.check`. Sources: 45 CFR 162.406 (check digit); X12 005010X222A1 and X223A2 NM109 of loops
//! 2010AA, 2310A to 2310F, 2420A; CMS Pub. 100-04 chapter 26 section 10.4 items 17b, 24J, 33a. A missing
//! NPI is a required field and `required` asks for it. Pure.

use super::cx::{Cx, line_place};
use crate::domain::{Finding, FixAction, Id, Place, npi_is_valid};

const AUTHORITY: &str = "45 CFR 162.406 (NPI check digit); X12 005010 NM109";

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    if let Some(site) = &cx.chart.directory.site {
        check("billing", &site.body.npi, &site.body.name, Place::Provider("billing.npi".into()), out);
    }
    let roles = &cx.chart.header().roles;
    let named: [(&str, Option<Id>); 4] = [
        ("rendering", roles.rendering),
        ("attending", roles.attending),
        ("operating", roles.operating),
        ("referring", roles.referring),
    ];
    for (role, id) in named {
        if let Some(p) = cx.chart.provider(id) {
            check(role, &p.npi, &p.short(), Place::Provider(format!("{role}.npi")), out);
        }
    }
    for l in cx.chart.lines.iter().filter(|l| l.body.provider != roles.rendering) {
        if let Some(p) = cx.chart.provider(l.body.provider) {
            check("line", &p.npi, &p.short(), line_place(l, "provider"), out);
        }
    }
}

fn check(role: &str, npi: &str, who: &str, place: Place, out: &mut Vec<Finding>) {
    if npi.is_empty() || npi_is_valid(npi) {
        return;
    }
    let message = format!("NPI {npi} of {who} ({role}) fails its check digit");
    out.push(
        Finding::stop("npi.check", place.clone(), message, AUTHORITY)
            .fix("go to the provider", FixAction::GoTo(place)),
    );
}
