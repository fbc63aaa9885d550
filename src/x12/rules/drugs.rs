//! Drugs: R26.

use super::Gist;
use crate::x12::elements::is_decimal;
use crate::x12::issue::Issue;

const NDC: &str = "X12 005010 LIN03, CTP04, CTP05; 277CA A7:218, 216";

pub(super) fn check(g: &Gist<'_>, out: &mut Vec<Issue>) {
    for l in g.lines() {
        let lin = l.find("2410", "LIN");
        if let Some(d) = lin {
            let ndc = d.el(3);
            if d.el(2) == "N4" && !ndc.is_empty() {
                let digits = ndc.bytes().all(|b| b.is_ascii_digit());
                if ndc.len() != 11 || !digits || ndc.bytes().all(|b| b == b'0') {
                    let m = "an NDC has eleven digits, 5-4-2, without hyphens";
                    out.push(Issue::stop("x12.ndc", d.at(3), m, NDC).fix("write the NDC with eleven digits"));
                }
            }
            if l.code().is_empty()
                && let Some(s) = l.service
            {
                let e = l.procedure_element();
                out.push(
                    Issue::stop("x12.ndc", s.at(e), "a drug without its HCPCS code", NDC)
                        .fix("give the HCPCS code of the drug"),
                );
            }
        }
        for c in l.segments.iter().filter(|h| h.is("2410", "CTP")) {
            let q = c.el(4);
            if !q.is_empty() && is_decimal(q.as_bytes()) {
                let value: f64 = q.parse().unwrap_or(0.0);
                if value <= 0.0 {
                    out.push(
                        Issue::stop("x12.ndc", c.at(4), "the quantity of the drug is more than zero", NDC)
                            .fix("give the quantity"),
                    );
                } else if q.split_once('.').is_some_and(|(_, d)| d.len() > 3) || value > 9_999_999.0 {
                    out.push(Issue::stop(
                        "x12.ndc",
                        c.at(4),
                        "the quantity has at most three decimals and seven digits",
                        NDC,
                    ));
                }
            }
        }
        let code = l.code();
        let drug = code.len() == 5 && code.starts_with('J') && !code.starts_with("J7");
        if drug
            && lin.is_none()
            && let Some(s) = l.service
        {
            let mut at = s.lacks("LIN");
            at.lp = "2410";
            out.push(
                Issue::warn(
                    "x12.ndc",
                    at,
                    format!("{code} is a drug: most payers want its NDC (LIN, CTP)"),
                    NDC,
                )
                .fix("give NDC, quantity and unit"),
            );
        }
    }
}
