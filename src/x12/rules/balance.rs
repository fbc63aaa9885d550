//! R19: the claim's total is the sum of its lines.

use super::Gist;
use crate::domain::Cents;
use crate::x12::issue::Issue;

pub(super) fn check(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let (Some(clm), Some(total)) = (g.clm, g.total()) else { return };
    let charges: Vec<Option<Cents>> = g.lines().map(|l| l.charge).collect();
    if charges.is_empty() || charges.iter().any(Option::is_none) {
        return;
    }
    let sum: Cents = charges.into_iter().flatten().sum();
    if sum != total {
        out.push(
            Issue::stop(
                "x12.balance",
                clm.at(2),
                format!("the total is {total}, the lines sum to {sum}"),
                "X12 005010 CLM02, SV102, SV203; 277CA A7:400",
            )
            .fix(format!("write {sum}, or correct the line")),
        );
    }
    let paid = g.keyed("AMT", "F5").and_then(|a| super::cents(a.el(2)));
    if let (Some(p), Some(a)) = (paid, g.keyed("AMT", "F5"))
        && (p.0 > total.0 || p.0 < 0)
    {
        out.push(Issue::stop(
            "x12.amount",
            a.at(2),
            "the patient paid more than the claim's total, or less than nothing",
            "X12 005010X222A1 AMT*F5",
        ));
    }
}
