//! Claims out as an 837: one interchange, group and transaction a batch.
//!
//! Owns the envelope, the hierarchy (billing provider, subscriber, patient), counts and control numbers, and the
//! place of every claim in the file. Data never holds a delimiter: they and control characters become blanks,
//! letters capitals (X12.md section 2). Writes into any `Write`, one claim at a time; checks nothing, which is
//! `Checker`'s work on what was written. Pure.

use super::bill_out::claim;
use super::segment::Delimiters;
use crate::claims::bill::{
    Bill, BillPayer, Billing, Contact, Dependent, Kept, Party, PostalAddress, RefId, Subscriber,
};
use crate::domain::{Form, Units};
use std::io::{self, Write};

/// Who sends and who receives, and the numbers of this interchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// ISA05, ISA06; ISA07, ISA08.
    pub sender: (String, String),
    pub receiver: (String, String),
    /// GS02, GS03.
    pub sender_code: String,
    pub receiver_code: String,
    /// `P` production, `T` test.
    pub usage: char,
    /// ISA13, GS06.
    pub interchange: u64,
    pub group: u64,
    pub created: chrono::NaiveDateTime,
    pub submitter_name: String,
    /// NM109 of 1000A.
    pub submitter_id: String,
    pub contact: Contact,
    pub receiver_name: String,
    pub receiver_id: String,
    pub delimiters: Delimiters,
}

impl Envelope {
    /// Nobody to nobody: to look at a claim, or check it, before it has a file.
    pub fn empty() -> Envelope {
        let name = || "NOT SENT YET".to_string();
        Envelope {
            sender: ("ZZ".into(), "SENDER".into()),
            receiver: ("ZZ".into(), "RECEIVER".into()),
            sender_code: "SENDER".into(),
            receiver_code: "RECEIVER".into(),
            usage: 'T',
            interchange: 0,
            group: 1,
            created: chrono::NaiveDateTime::default(),
            submitter_name: name(),
            submitter_id: "SENDER".into(),
            contact: Contact { name: name(), numbers: vec![("TE".into(), "0000000000".into())] },
            receiver_name: name(),
            receiver_id: "RECEIVER".into(),
            delimiters: Delimiters::default(),
        }
    }
}

/// Where a claim stands in the transaction: numbers of its first and last segment, ST being 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: u64,
    pub last: u64,
}

/// Builds segments.
pub struct Out<W: Write> {
    out: W,
    d: Delimiters,
    line: String,
    /// Segments since ST.
    count: u64,
}

impl<W: Write> Out<W> {
    pub fn new(out: W, d: Delimiters) -> Out<W> {
        Out { out, d, line: String::new(), count: 0 }
    }

    /// One segment; empty elements at its end are left off. Components stand in an element joined by `\u{1f}`.
    pub fn seg(&mut self, id: &str, elements: &[&str]) -> io::Result<()> {
        self.line.clear();
        self.line.push_str(id);
        let used =
            elements.iter().rposition(|e| !e.trim_end_matches(COMPONENT).is_empty()).map_or(0, |p| p + 1);
        for e in &elements[..used] {
            self.line.push(char::from(self.d.element));
            let e = e.trim_end_matches(COMPONENT);
            for c in e.chars() {
                self.line.push(clean(c, self.d));
            }
            while self.line.ends_with(' ') {
                self.line.pop();
            }
        }
        self.line.push(char::from(self.d.terminator));
        self.line.push('\n');
        self.count += 1;
        self.out.write_all(self.line.as_bytes())
    }

    pub fn count(&self) -> u64 {
        self.count
    }
}

/// Stands between components until the segment is written.
pub const COMPONENT: char = '\u{1f}';

fn clean(c: char, d: Delimiters) -> char {
    if c == COMPONENT {
        return char::from(d.component);
    }
    let c = plain(c).to_ascii_uppercase();
    match u8::try_from(c) {
        Ok(b) if b.is_ascii() && !b.is_ascii_control() && !d.holds(b) => c,
        _ => ' ',
    }
}

/// Letters with marks as plain ones: the basic character set has none.
fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' => 'A',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' | 'Ø' => 'O',
        'ú' | 'ù' | 'û' | 'ü' | 'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'ñ' | 'Ñ' => 'N',
        'ç' | 'Ç' => 'C',
        '’' | '‘' => '\'',
        '–' | '—' => '-',
        c => c,
    }
}

/// Writes the whole file; the place of each claim, in the order given. Claims of one billing provider,
/// subscriber and patient that follow each other share their levels.
pub fn write_837<'b>(
    out: impl Write,
    env: &Envelope,
    form: Form,
    claims: impl IntoIterator<Item = &'b Bill>,
) -> io::Result<Vec<Span>> {
    let version = match form {
        Form::Cms1500 => "005010X222A1",
        Form::Ub04 => "005010X223A2",
    };
    let d = env.delimiters;
    let mut o = Out::new(out, d);
    isa(&mut o, env)?;
    let (day, minute) = (env.created.format("%Y%m%d").to_string(), env.created.format("%H%M").to_string());
    let group = env.group.to_string();
    o.seg("GS", &["HC", &env.sender_code, &env.receiver_code, &day, &minute, &group, "X", version])?;
    o.count = 0;
    o.seg("ST", &["837", "0001", version])?;
    let reference = format!("{:09}", env.interchange);
    o.seg("BHT", &["0019", "00", &reference, &day, &minute, "CH"])?;
    o.seg("NM1", &["41", "2", &env.submitter_name, "", "", "", "", "46", &env.submitter_id])?;
    contact(&mut o, &env.contact)?;
    o.seg("NM1", &["40", "2", &env.receiver_name, "", "", "", "", "46", &env.receiver_id])?;
    let mut levels = Levels::default();
    let mut spans = Vec::new();
    for bill in claims {
        levels.open(&mut o, bill)?;
        let first = o.count() + 1;
        claim(&mut o, bill)?;
        spans.push(Span { first, last: o.count() });
    }
    let count = (o.count() + 1).to_string();
    o.seg("SE", &[&count, "0001"])?;
    o.seg("GE", &["1", &group])?;
    o.seg("IEA", &["1", &format!("{:09}", env.interchange)])?;
    o.out.flush()?;
    Ok(spans)
}

/// The claim's segments with what stands above it, for a view; control numbers are the caller's placeholders.
pub fn write_levels<W: Write>(o: &mut Out<W>, bill: &Bill) -> io::Result<()> {
    Levels::default().open(o, bill)?;
    claim(o, bill)
}

fn isa<W: Write>(o: &mut Out<W>, env: &Envelope) -> io::Result<()> {
    let e = char::from(o.d.element);
    let pad = |t: &str| format!("{:<15.15}", t.chars().map(|c| clean(c, o.d)).collect::<String>());
    let text = format!(
        "ISA{e}00{e}{:10}{e}00{e}{:10}{e}{:>2.2}{e}{}{e}{:>2.2}{e}{}{e}{}{e}{}{e}{}{e}00501{e}{:09}{e}0{e}{}{e}{}{}\n",
        "",
        "",
        env.sender.0,
        pad(&env.sender.1),
        env.receiver.0,
        pad(&env.receiver.1),
        env.created.format("%y%m%d"),
        env.created.format("%H%M"),
        char::from(o.d.repetition),
        env.interchange,
        env.usage,
        char::from(o.d.component),
        char::from(o.d.terminator),
    );
    o.out.write_all(text.as_bytes())
}

#[derive(Default)]
struct Levels<'b> {
    next: u64,
    billing: Option<(&'b Billing, u64)>,
    subscriber: Option<(&'b Subscriber, &'b BillPayer, u64)>,
    patient: Option<&'b Dependent>,
}

impl<'b> Levels<'b> {
    fn open<W: Write>(&mut self, o: &mut Out<W>, b: &'b Bill) -> io::Result<()> {
        let same_billing = self.billing.is_some_and(|(x, _)| *x == b.billing);
        let same_subscriber = same_billing
            && self.subscriber.is_some_and(|(s, p, _)| *s == b.subscriber && *p == b.payer)
            && b.patient.is_some() == self.patient.is_some();
        if !same_billing {
            self.next += 1;
            let n = self.next.to_string();
            o.seg("HL", &[&n, "", "20", "1"])?;
            billing(o, &b.billing)?;
            self.billing = Some((&b.billing, self.next));
        }
        if !same_subscriber {
            self.next += 1;
            let (n, parent) = (self.next.to_string(), self.billing.map_or(0, |(_, n)| n).to_string());
            o.seg("HL", &[&n, &parent, "22", if b.patient.is_some() { "1" } else { "0" }])?;
            subscriber(o, &b.subscriber, &b.payer)?;
            self.subscriber = Some((&b.subscriber, &b.payer, self.next));
            self.patient = None;
        }
        if let Some(p) = &b.patient
            && self.patient != Some(p)
        {
            self.next += 1;
            let (n, parent) = (self.next.to_string(), self.subscriber.map_or(0, |(_, _, n)| n).to_string());
            o.seg("HL", &[&n, &parent, "23", "0"])?;
            dependent(o, p)?;
            self.patient = Some(p);
        }
        Ok(())
    }
}

pub(super) fn party<W: Write>(o: &mut Out<W>, role: &str, p: &Party) -> io::Result<()> {
    let n = p.name.reveal();
    let kind = if p.person { "1" } else { "2" };
    o.seg("NM1", &[role, kind, &n.last, &n.first, &n.middle, "", &n.suffix, &p.id_kind, p.id.reveal()])
}

pub(super) fn address<W: Write>(o: &mut Out<W>, a: &PostalAddress) -> io::Result<()> {
    o.seg("N3", &[&a.street, &a.street_2])?;
    o.seg("N4", &[&a.city, &a.state, &a.zip, &a.country, "", "", &a.subdivision])
}

pub(super) fn refs<W: Write>(o: &mut Out<W>, refs: &[RefId]) -> io::Result<()> {
    for r in refs {
        let payer = if r.payer.is_empty() { String::new() } else { format!("2U{COMPONENT}{}", r.payer) };
        o.seg("REF", &[&r.kind, r.value.reveal(), "", &payer])?;
    }
    Ok(())
}

fn contact<W: Write>(o: &mut Out<W>, c: &Contact) -> io::Result<()> {
    let mut elements = vec!["IC", c.name.as_str()];
    for (kind, number) in c.numbers.iter().take(3) {
        elements.extend([kind.as_str(), number.as_str()]);
    }
    o.seg("PER", &elements)
}

/// Kept segments of a loop with one of the ids, in their order.
pub(super) fn kept<W: Write>(o: &mut Out<W>, all: &[Kept], lp: &str, ids: &[&str]) -> io::Result<()> {
    for k in all.iter().filter(|k| k.lp == lp) {
        let e = k.elements.reveal();
        if e.first().is_some_and(|id| ids.contains(&id.as_str())) {
            let rest: Vec<&str> = e[1..].iter().map(String::as_str).collect();
            o.seg(&e[0], &rest)?;
        }
    }
    Ok(())
}

fn billing<W: Write>(o: &mut Out<W>, b: &Billing) -> io::Result<()> {
    if !b.taxonomy.is_empty() {
        o.seg("PRV", &["BI", "PXC", &b.taxonomy])?;
    }
    kept(o, &b.kept, "2000A", &["CUR"])?;
    party(o, "85", &b.party)?;
    address(o, &b.address)?;
    refs(o, std::slice::from_ref(&b.tax))?;
    refs(o, &b.ids)?;
    for c in &b.contacts {
        contact(o, c)?;
    }
    if let Some(a) = &b.pay_to {
        o.seg("NM1", &["87", if b.party.person { "1" } else { "2" }])?;
        address(o, a)?;
    }
    kept(o, &b.kept, "2010AC", &["NM1", "N3", "N4", "REF"])
}

fn condition<W: Write>(o: &mut Out<W>, relationship: &str, rest: &[String]) -> io::Result<()> {
    let mut e = vec![relationship, "", "", ""];
    e.extend(rest.iter().map(String::as_str));
    o.seg("PAT", &e)
}

fn subscriber<W: Write>(o: &mut Out<W>, s: &Subscriber, p: &BillPayer) -> io::Result<()> {
    o.seg(
        "SBR",
        &[
            &s.order,
            &s.relationship,
            &s.group_number,
            &s.group_name,
            &s.insurance_type,
            "",
            "",
            "",
            &s.filing,
        ],
    )?;
    if !s.condition.is_empty() {
        condition(o, "", &s.condition)?;
    }
    party(o, "IL", &s.party)?;
    if let Some(a) = &s.address {
        address(o, a.reveal())?;
    }
    if let Some(d) = &s.demographics {
        o.seg("DMG", &["D8", d.birth.reveal(), &d.sex])?;
    }
    refs(o, &s.refs)?;
    kept(o, &s.kept, "2010BA", &["PER"])?;
    party(o, "PR", &p.party)?;
    if let Some(a) = &p.address {
        address(o, a)?;
    }
    refs(o, &p.refs)
}

fn dependent<W: Write>(o: &mut Out<W>, p: &Dependent) -> io::Result<()> {
    condition(o, &p.relationship, &p.condition)?;
    party(o, "QC", &p.party)?;
    if let Some(a) = &p.address {
        address(o, a.reveal())?;
    }
    if let Some(d) = &p.demographics {
        o.seg("DMG", &["D8", d.birth.reveal(), &d.sex])?;
    }
    refs(o, &p.refs)?;
    kept(o, &p.kept, "2010CA", &["PER"])
}

/// `145`, `232.4`: no zeros that say nothing.
pub(super) fn money(c: crate::domain::Cents) -> String {
    let t = c.to_string();
    match t.strip_suffix(".00") {
        Some(w) => w.to_string(),
        None => t.strip_suffix('0').filter(|t| t.contains('.')).unwrap_or(&t).to_string(),
    }
}

pub(super) fn units(u: Units) -> String {
    u.to_string()
}
