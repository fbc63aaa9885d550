//! One claim as segments: loops 2300 to 2440 in the order of the guides.

use super::write::{COMPONENT, Out, address, kept, money, party, refs, units};
use crate::claims::bill::{
    Adjustment, Attachment, Bill, BillLine, BillProvider, DateText, HealthCode, LineDecision, OtherPayer,
    RefId, Service,
};
use crate::domain::{Cents, Form};
use std::io::{self, Write};

/// HI segments in guide order; the kinds of one segment together.
const CODES_I: [(&[&str], usize); 13] = [
    (&["ABK", "BK"], 1),
    (&["ABJ", "BJ"], 1),
    (&["APR", "PR"], 3),
    (&["ABN", "BN"], 12),
    (&["DR"], 1),
    (&["ABF", "BF"], 12),
    (&["BBR", "BR", "CAH"], 1),
    (&["BBQ", "BQ"], 12),
    (&["BI"], 12),
    (&["BH"], 12),
    (&["BE"], 12),
    (&["BG"], 12),
    (&["TC"], 12),
];
const CODES_P: [(&[&str], usize); 3] = [(&["ABK", "BK", "ABF", "BF"], 12), (&["BP", "BO"], 2), (&["BG"], 12)];

/// Order of references in loop 2300; others follow.
const REFS_P: [&str; 14] =
    ["4N", "F5", "EW", "9F", "G1", "F8", "X4", "9A", "9C", "LX", "D9", "EA", "P4", "1J"];
const REFS_I: [&str; 12] = ["4N", "9F", "G1", "F8", "9A", "9C", "LX", "D9", "LU", "EA", "P4", "G4"];

pub(super) fn claim<W: Write>(o: &mut Out<W>, b: &Bill) -> io::Result<()> {
    let institutional = b.form == Form::Ub04;
    let facility = if institutional { "A" } else { "B" };
    let place = format!("{}{COMPONENT}{facility}{COMPONENT}{}", b.place, b.frequency);
    let cause = |i: usize| b.causes.get(i).map_or("", String::as_str);
    let causes =
        [cause(0), cause(1), cause(2), &b.accident_state, &b.accident_country].join(&COMPONENT.to_string());
    let total = money(b.total);
    let (sig, asg, ben, rel, by) = (&b.signature, &b.assignment, &b.benefits, &b.release, &b.signed_by);
    o.seg(
        "CLM",
        &[
            &b.account, &total, "", "", &place, sig, asg, ben, rel, by, &causes, &b.program, "", "", "", "",
            "", "", "", &b.delay,
        ],
    )?;
    dates(o, &b.dates)?;
    if let Some([kind, origin, status]) = &b.admission {
        o.seg("CL1", &[kind, origin, status])?;
    }
    attachments(o, &b.attachments)?;
    kept(o, &b.kept, "2300", &["CN1"])?;
    amounts(o, &b.amounts)?;
    ordered(o, &b.refs, if institutional { &REFS_I } else { &REFS_P })?;
    kept(o, &b.kept, "2300", &["K3"])?;
    for (kind, text) in &b.notes {
        o.seg("NTE", &[kind, text.reveal()])?;
    }
    kept(o, &b.kept, "2300", &["CR1"])?;
    kept(o, &b.kept, "2300", &["CR2"])?;
    kept(o, &b.kept, "2300", &["CRC"])?;
    codes(o, &b.codes, if institutional { &CODES_I } else { &CODES_P })?;
    kept(o, &b.kept, "2300", &["HCP"])?;
    for p in &b.providers {
        provider(o, p)?;
    }
    for other in &b.others {
        other_payer(o, other)?;
    }
    for (i, l) in b.lines.iter().enumerate() {
        line(o, b, l, i + 1)?;
    }
    Ok(())
}

fn dates<W: Write>(o: &mut Out<W>, dates: &[DateText]) -> io::Result<()> {
    for d in dates {
        o.seg("DTP", &[&d.kind, &d.format, &d.text])?;
    }
    Ok(())
}

fn attachments<W: Write>(o: &mut Out<W>, all: &[Attachment]) -> io::Result<()> {
    for a in all {
        o.seg("PWK", &[&a.kind, &a.how, "", "", &a.id_kind, &a.number])?;
    }
    Ok(())
}

fn amounts<W: Write>(o: &mut Out<W>, all: &[(String, Cents)]) -> io::Result<()> {
    for (kind, amount) in all {
        o.seg("AMT", &[kind, &money(*amount)])?;
    }
    Ok(())
}

fn ordered<W: Write>(o: &mut Out<W>, all: &[RefId], order: &[&str]) -> io::Result<()> {
    let mut sorted: Vec<&RefId> = all.iter().collect();
    sorted.sort_by_key(|r| order.iter().position(|k| *k == r.kind).unwrap_or(order.len()));
    for r in sorted {
        refs(o, std::slice::from_ref(r))?;
    }
    Ok(())
}

fn codes<W: Write>(o: &mut Out<W>, all: &[HealthCode], order: &[(&[&str], usize)]) -> io::Result<()> {
    for (kinds, most) in order {
        let of: Vec<String> =
            all.iter().filter(|c| kinds.contains(&c.kind.as_str())).map(health_code).collect();
        for chunk in of.chunks(*most) {
            let e: Vec<&str> = chunk.iter().map(String::as_str).collect();
            o.seg("HI", &e)?;
        }
    }
    Ok(())
}

fn health_code(c: &HealthCode) -> String {
    let parts = [&c.kind, &c.code, &c.format, &c.date, &c.amount, "", "", "", &c.poa];
    let text = parts.join(&COMPONENT.to_string());
    text.trim_end_matches(COMPONENT).to_string()
}

fn provider<W: Write>(o: &mut Out<W>, p: &BillProvider) -> io::Result<()> {
    party(o, &p.role, &p.party)?;
    if !p.taxonomy.is_empty() {
        o.seg("PRV", &[if p.role == "71" { "AT" } else { "PE" }, "PXC", &p.taxonomy])?;
    }
    if let Some(a) = &p.address {
        address(o, a)?;
    }
    refs(o, &p.refs)?;
    kept(o, &p.kept, p.lp, &["PER"])
}

fn adjustments<W: Write>(o: &mut Out<W>, all: &[Adjustment]) -> io::Result<()> {
    for group in all.chunk_by(|a, b| a.group == b.group) {
        for six in group.chunks(6) {
            let mut e = vec![six[0].group.clone()];
            for a in six {
                e.push(a.reason.clone());
                e.push(money(a.amount));
                e.push(a.units.map(units).unwrap_or_default());
            }
            let e: Vec<&str> = e.iter().map(String::as_str).collect();
            o.seg("CAS", &e)?;
        }
    }
    Ok(())
}

fn other_payer<W: Write>(o: &mut Out<W>, p: &OtherPayer) -> io::Result<()> {
    o.seg(
        "SBR",
        &[
            &p.order,
            &p.relationship,
            &p.group_number,
            &p.group_name,
            &p.insurance_type,
            "",
            "",
            "",
            &p.filing,
        ],
    )?;
    adjustments(o, &p.adjustments)?;
    amounts(o, &p.amounts)?;
    o.seg("OI", &["", "", &p.benefits, &p.signed_by, "", &p.release])?;
    kept(o, &p.kept, "2320", &["MIA"])?;
    kept(o, &p.kept, "2320", &["MOA"])?;
    party(o, "IL", &p.subscriber)?;
    if let Some(a) = &p.subscriber_address {
        address(o, a.reveal())?;
    }
    refs(o, &p.subscriber_refs)?;
    party(o, "PR", &p.payer)?;
    if let Some(a) = &p.payer_address {
        address(o, a)?;
    }
    if let Some(d) = &p.decided {
        dates(o, std::slice::from_ref(d))?;
    }
    refs(o, &p.payer_refs)?;
    for provider_ in &p.providers {
        provider(o, provider_)?;
    }
    Ok(())
}

fn service(s: &Service) -> String {
    if s.code.is_empty() && s.kind.is_empty() {
        return String::new();
    }
    let m = |i: usize| s.modifiers.get(i).map_or("", String::as_str);
    [&s.kind, &s.code, m(0), m(1), m(2), m(3), &s.description]
        .join(&COMPONENT.to_string())
        .trim_end_matches(COMPONENT)
        .to_string()
}

fn line<W: Write>(o: &mut Out<W>, b: &Bill, l: &BillLine, n: usize) -> io::Result<()> {
    o.seg("LX", &[&n.to_string()])?;
    let (what, charge, quantity) = (service(&l.service), money(l.charge), units(l.quantity));
    let yes = |x: bool| if x { "Y" } else { "" };
    match b.form {
        Form::Cms1500 => {
            let pointers: Vec<String> = l.pointers.iter().map(u8::to_string).collect();
            let pointers = pointers.join(&COMPONENT.to_string());
            o.seg(
                "SV1",
                &[
                    &what,
                    &charge,
                    &l.unit,
                    &quantity,
                    &l.place,
                    "",
                    &pointers,
                    "",
                    yes(l.emergency),
                    "",
                    yes(l.epsdt),
                    yes(l.family_planning),
                    "",
                    "",
                    if l.copay_exempt { "0" } else { "" },
                ],
            )?;
        }
        Form::Ub04 => {
            let not = l.noncovered.map(money).unwrap_or_default();
            o.seg("SV2", &[&l.revenue, &what, &charge, &l.unit, &quantity, "", &not])?;
        }
    }
    kept(o, &l.kept, "2400", &["SV5"])?;
    attachments(o, &l.attachments)?;
    for id in ["CR1", "CR3", "CRC"] {
        kept(o, &l.kept, "2400", &[id])?;
    }
    dates(o, &l.dates)?;
    for id in ["QTY", "MEA", "CN1"] {
        kept(o, &l.kept, "2400", &[id])?;
    }
    refs(o, &l.refs)?;
    amounts(o, &l.amounts)?;
    kept(o, &l.kept, "2400", &["K3"])?;
    for (kind, text) in &l.notes {
        o.seg("NTE", &[kind, text.reveal()])?;
    }
    for id in ["PS1", "HCP"] {
        kept(o, &l.kept, "2400", &[id])?;
    }
    if let Some(d) = &l.drug {
        o.seg("LIN", &["", &d.kind, &d.ndc])?;
        o.seg("CTP", &["", "", "", &units(d.quantity), &d.unit])?;
        refs(o, &d.refs)?;
    }
    for p in &l.providers {
        provider(o, p)?;
    }
    for d in &l.decisions {
        decision(o, d)?;
    }
    kept(o, &l.kept, "2440", &["LQ", "FRM"])
}

fn decision<W: Write>(o: &mut Out<W>, d: &LineDecision) -> io::Result<()> {
    o.seg(
        "SVD",
        &[&d.payer_id, &money(d.paid), &service(&d.service), &d.revenue, &units(d.units), &d.bundled],
    )?;
    adjustments(o, &d.adjustments)?;
    if let Some(date) = &d.date {
        dates(o, std::slice::from_ref(date))?;
    }
    if let Some(owes) = d.owes {
        o.seg("AMT", &["EAF", &money(owes)])?;
    }
    Ok(())
}
