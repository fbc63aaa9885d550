//! Other payers: order, adjudication, adjustments, dates: R15.

use super::gist::Other;
use super::subscriber::mbi;
use super::{Gist, cents};
use crate::domain::Cents;
use crate::x12::elements::is_decimal;
use crate::x12::issue::{Issue, shown};
use crate::x12::view::Here;

const COB: &str = "X12 005010 2320, 2330B, 2430, COB balancing; 277CA A7:400, 516";
const ORDER: &str = "PSTABCDEFGH";

fn rank(order: &str) -> Option<usize> {
    ORDER.find(order).filter(|_| order.len() == 1)
}

pub(super) fn check(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let own = rank(g.order());
    let others: Vec<Other<'_>> = g.others().collect();
    order(g, &others, out);
    for o in &others {
        let sbr = o.find("2320", "SBR");
        if let Some(s) = sbr {
            if s.el(9).is_empty() {
                out.push(Issue::stop("x12.filing", s.at(9), "the other payer's filing code is missing", COB));
            }
            if matches!(s.el(9), "MA" | "MB")
                && let Some(n) = o.find("2330A", "NM1")
            {
                mbi(&n, out);
            }
        }
        for h in o.segments.iter().filter(|h| h.id() == "CAS") {
            adjustments(h, out);
        }
        for a in o.segments.iter().filter(|h| h.is("2320", "AMT")) {
            amount(a, 2, out);
        }
        let earlier = matches!((rank(o.order()), own), (Some(a), Some(b)) if a < b);
        decided(g, o, earlier, out);
    }
    for l in g.lines() {
        for s in l.segments.iter().filter(|h| h.is("2430", "SVD")) {
            if !others.iter().any(|o| o.payer_id() == s.el(1)) && !s.el(1).is_empty() {
                let m = format!("{} is none of the other payers of this claim (2330B NM109)", shown(s.el(1)));
                out.push(
                    Issue::stop("x12.cob_payer", s.at(1), m, COB).fix("use the payer id of the other payer"),
                );
            }
            amount(s, 2, out);
            let units = s.el(5);
            if is_decimal(units.as_bytes()) && units.parse::<f64>().is_ok_and(|u| u < 0.0) {
                out.push(Issue::stop("x12.units", s.at(5), "units are not negative", COB));
            }
        }
        for h in l.segments.iter().filter(|h| h.is("2430", "CAS")) {
            adjustments(h, out);
        }
        line(g, &l, out);
    }
}

fn order(g: &Gist<'_>, others: &[Other<'_>], out: &mut Vec<Issue>) {
    let own = g.order();
    let mut seen = vec![own];
    for o in others {
        let Some(s) = o.find("2320", "SBR") else { continue };
        if seen.contains(&s.el(1)) && s.el(1) != "U" && !s.el(1).is_empty() {
            let m = format!("two payers of this claim are {} in order", shown(s.el(1)));
            out.push(
                Issue::stop("x12.cob_order", s.at(1), m, "X12 005010 SBR01")
                    .fix("give each payer its own place in the order"),
            );
        }
        seen.push(s.el(1));
    }
    // A secondary claim tells what the primary has done.
    let Some(clm) = g.clm else { return };
    for want in ORDER.chars().take(rank(own).unwrap_or(0).min(2)) {
        let want = want.to_string();
        if !seen[1..].iter().any(|s| *s == want) {
            let mut at = clm.lacks("SBR");
            at.lp = "2320";
            let m =
                format!("this payer is {own} in order, and the payer before it ({want}) is not on the claim");
            out.push(
                Issue::stop("x12.cob_order", at, m, COB).fix("add the other coverage with what it decided"),
            );
        }
    }
}

fn amount(h: &Here<'_>, n: usize, out: &mut Vec<Issue>) {
    let text = h.el(n);
    if is_decimal(text.as_bytes()) && cents(text).is_none() {
        out.push(Issue::stop("x12.amount", h.at(n), "an amount has two decimals at most", COB));
    }
}

/// Groups of reason, amount, units, up to six.
fn adjustments(h: &Here<'_>, out: &mut Vec<Issue>) {
    let mut ended = false;
    let mut reasons: Vec<&str> = Vec::new();
    for i in 0..6 {
        let n = 2 + i * 3;
        let (reason, text, units) = (h.el(n), h.el(n + 1), h.el(n + 2));
        if reason.is_empty() && text.is_empty() && units.is_empty() {
            ended = true;
            continue;
        }
        if ended {
            out.push(Issue::stop("x12.adjustment", h.at(n), "an adjustment after an empty place", COB));
        }
        if i > 0 && reason.is_empty() {
            out.push(Issue::stop("x12.adjustment", h.at(n), "an adjustment without its reason", COB));
        }
        if i > 0 && text.is_empty() {
            out.push(Issue::stop("x12.adjustment", h.at(n + 1), "an adjustment without its amount", COB));
        }
        let b = reason.as_bytes();
        let digits = b
            .strip_prefix(b"A")
            .or(b.strip_prefix(b"B"))
            .or(b.strip_prefix(b"D"))
            .or(b.strip_prefix(b"P"))
            .or(b.strip_prefix(b"W"))
            .or(b.strip_prefix(b"Y"))
            .unwrap_or(b);
        if !reason.is_empty()
            && (digits.is_empty()
                || digits.len() > 3
                || !digits.iter().all(u8::is_ascii_digit)
                || digits[0] == b'0')
        {
            let m = format!("{} is no claim adjustment reason code", shown(reason));
            out.push(
                Issue::stop("x12.adjustment", h.at(n), m, COB)
                    .fix("copy the code from that payer's remittance"),
            );
        }
        if !reason.is_empty() && reasons.contains(&reason) {
            out.push(Issue::stop(
                "x12.adjustment",
                h.at(n),
                format!("reason {} stands twice in one group", shown(reason)),
                COB,
            ));
        }
        reasons.push(reason);
        match cents(text) {
            None if is_decimal(text.as_bytes()) => {
                out.push(Issue::stop("x12.amount", h.at(n + 1), "an amount has two decimals at most", COB));
            }
            Some(c) if c.0 == 0 => {
                out.push(Issue::warn("x12.adjustment", h.at(n + 1), "an adjustment of nothing", COB));
            }
            _ => {}
        }
    }
}

/// Amounts of the CAS segments.
fn adjusted<'a>(segments: impl Iterator<Item = &'a Here<'a>>) -> Option<Cents> {
    let mut sum = Cents::ZERO;
    for h in segments {
        for n in [3, 6, 9, 12, 15, 18] {
            if h.has(n) {
                sum += cents(h.el(n))?;
            }
        }
    }
    Some(sum)
}

/// What an earlier payer decided: paid amount, date once, balance.
fn decided(g: &Gist<'_>, o: &Other<'_>, earlier: bool, out: &mut Vec<Issue>) {
    let Some(base) = o.segments.first() else { return };
    let payer = o.payer_id();
    let lines: Vec<(Vec<Here<'_>>, usize)> = g
        .lines()
        .map(|l| {
            let mut of: Vec<Here<'_>> = Vec::new();
            let mut ours = false;
            for h in l.segments.iter().filter(|h| h.lp == "2430") {
                if h.id() == "SVD" {
                    ours = h.el(1) == payer;
                }
                if ours {
                    of.push(*h);
                }
            }
            let n = of.iter().filter(|h| h.id() == "SVD").count();
            (of, n)
        })
        .collect();
    let svd: Vec<Here<'_>> =
        lines.iter().flat_map(|(l, _)| l.iter().filter(|h| h.id() == "SVD").copied()).collect();
    let paid = o.amount("D");
    let has_decided =
        paid.is_some() || !svd.is_empty() || o.find("2320", "CAS").is_some() || o.adjudicated().is_some();
    if !earlier && !has_decided {
        return;
    }
    let lacks = |lp: &'static str, id: &'static str| {
        let mut at = base.lacks(id);
        at.lp = lp;
        at
    };
    let Some(paid) = paid else {
        out.push(
            Issue::stop("x12.cob", lacks("2320", "AMT"), "what the other payer paid (AMT*D) is missing", COB)
                .fix("give the amount from its remittance, 0 when it paid nothing"),
        );
        return;
    };
    let line_dates = lines.iter().flat_map(|(l, _)| l.iter()).filter(|h| h.id() == "DTP").count();
    match (o.adjudicated(), line_dates) {
        (Some(d), n) if n > 0 => {
            out.push(Issue::stop(
                "x12.cob_date",
                d.at(1),
                "the date of the decision stands on the claim and on the lines: once only",
                COB,
            ));
        }
        (None, 0) if svd.is_empty() => {
            out.push(
                Issue::stop(
                    "x12.cob_date",
                    lacks("2330B", "DTP"),
                    "the date of the other payer's decision (DTP*573) is missing",
                    COB,
                )
                .fix("give the date of its remittance"),
            );
        }
        _ => {}
    }
    let of_lines = adjusted(lines.iter().flat_map(|(l, _)| l.iter()).filter(|h| h.id() == "CAS"));
    let of_claim = adjusted(o.segments.iter().filter(|h| h.is("2320", "CAS")));
    let (Some(total), Some(p), Some(a), Some(b)) = (g.total(), cents(paid.el(2)), of_claim, of_lines) else {
        return;
    };
    // What the lines say by themselves is told at the line.
    let line_fault = g.lines().zip(&lines).any(|(l, (of, _))| !of.is_empty() && off(l.charge, of).is_some());
    if p + a + b != total && !line_fault {
        let m = format!("paid {p} and adjusted {} do not make the charge of {total}", a + b);
        out.push(
            Issue::stop("x12.cob_balance", paid.at(2), m, COB)
                .fix("copy amounts and adjustments from the remittance"),
        );
    }
    let of_svd: Option<Cents> = svd.iter().map(|s| cents(s.el(2))).sum::<Option<Cents>>();
    let every = lines.iter().all(|(_, n)| *n > 0) && !lines.is_empty();
    if every && !line_fault && of_svd.is_some_and(|s| s != p) && p + a + b == total {
        let m = "the lines' payments do not sum to what the payer paid for the claim";
        out.push(Issue::stop("x12.cob_balance", paid.at(2), m, COB));
    }
}

/// By how much a line is off: charge minus paid minus adjusted.
fn off(charge: Option<Cents>, of: &[Here<'_>]) -> Option<Cents> {
    let paid: Cents = of.iter().filter(|h| h.id() == "SVD").map(|h| cents(h.el(2))).sum::<Option<Cents>>()?;
    let rest = charge? - paid - adjusted(of.iter().filter(|h| h.id() == "CAS"))?;
    (rest != Cents::ZERO).then_some(rest)
}

fn line(g: &Gist<'_>, l: &super::gist::Line<'_>, out: &mut Vec<Issue>) {
    let mut payers: Vec<&str> = l.segments.iter().filter(|h| h.is("2430", "SVD")).map(|h| h.el(1)).collect();
    payers.dedup();
    for payer in payers {
        let mut of: Vec<Here<'_>> = Vec::new();
        let mut ours = false;
        for h in l.segments.iter().filter(|h| h.lp == "2430") {
            if h.id() == "SVD" {
                ours = h.el(1) == payer;
            }
            if ours {
                of.push(*h);
            }
        }
        if let Some(rest) = off(l.charge, &of)
            && let Some(s) = of.first()
        {
            // A claim-level adjustment may carry what the line does not.
            let claim_level = g.others().any(|o| o.payer_id() == payer && o.find("2320", "CAS").is_some());
            let m = format!("paid and adjusted miss the line's charge by {rest}");
            let issue = Issue::stop("x12.cob_balance", s.at(2), m, COB)
                .fix("copy amounts and adjustments from the remittance");
            if !claim_level {
                out.push(issue);
            }
        }
    }
}
