//! Encounters varied from the ones written by hand, by a fixed seed: other people, the same medicine.
//!
//! Owns names and the plan of who gets what. A varied chart keeps age, sex and dates, so that its note stays
//! true; where a claim was sent weeks ago the whole visit lies weeks earlier.

use super::chart_file::ChartFile;
use super::{DENIED, REJECTED, REJECTED_TOGETHER};
use chrono::{Datelike, Duration, NaiveDate};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nth of its group; the first `REJECTED_TOGETHER` share one cause.
    Rejected(usize),
    Denied(usize),
    Ready,
    Paid,
}

pub struct Plan {
    pub assigned: Option<&'static str>,
    pub coded: bool,
    pub outcome: Option<Outcome>,
}

pub struct Vary<'a> {
    files: &'a [ChartFile],
    random: Random,
    next_account: u32,
}

const LAST: [&str; 60] = [
    "Abbot", "Aguilar", "Albrecht", "Amadi", "Arslan", "Banerjee", "Barros", "Beaumont", "Bello", "Bianchi",
    "Bjork", "Cardoso", "Chavez", "Cisneros", "Coleman", "Dahl", "Demir", "Devlin", "Diallo", "Dubois",
    "Eriksen", "Fields", "Flores", "Fujita", "Garner", "Gebre", "Hadley", "Haddad", "Huang", "Ibarra",
    "Jansen", "Kapoor", "Keller", "Khoury", "Kovac", "Lam", "Laurent", "Mahoney", "Marsh", "Medina",
    "Mensah", "Moretti", "Nadeau", "Novak", "Ochoa", "Oduya", "Paredes", "Pham", "Quist", "Rahman", "Rossi",
    "Sato", "Soto", "Tavares", "Udall", "Vance", "Weiss", "Yamada", "Zamora", "Ziegler",
];
const FEMALE: [&str; 24] = [
    "Alma", "Beth", "Clara", "Dora", "Elise", "Fatima", "Gloria", "Hana", "Irene", "Joan", "Kavita", "Lena",
    "Mina", "Nora", "Olga", "Petra", "Renee", "Sonia", "Tess", "Uma", "Vera", "Wanda", "Ximena", "Yara",
];
const MALE: [&str; 24] = [
    "Adam", "Boris", "Carlos", "Derek", "Emil", "Farid", "Glen", "Hugo", "Ivan", "Jonas", "Karl", "Leon",
    "Milo", "Neil", "Oscar", "Pavel", "Quinn", "Ravi", "Stefan", "Tomas", "Umar", "Victor", "Wes", "Yusuf",
];
const STREETS: [&str; 8] = [
    "Alder Court",
    "Birch Lane",
    "Cedar Street",
    "Dock Road",
    "Elm Avenue",
    "Ferry Way",
    "Grove Street",
    "Hill Road",
];

impl<'a> Vary<'a> {
    pub fn new(files: &'a [ChartFile]) -> Vary<'a> {
        Vary { files, random: Random(20_261_112), next_account: 50_001 }
    }

    /// The `n`th varied encounter and what has happened to it.
    pub fn next(&mut self, n: usize) -> (ChartFile, Plan) {
        let rejected = REJECTED;
        let denied = rejected + DENIED;
        let paid = denied + 24;
        let ready = paid + 16;
        let first_to_send = super::ENCOUNTERS - super::TO_SEND - self.files.len();
        let (plan, weeks) = match n {
            n if n < rejected => (plan(None, true, Some(Outcome::Rejected(n))), 4),
            n if n < denied => (plan(None, true, Some(Outcome::Denied(n - rejected))), 5),
            n if n < paid => (plan(None, true, Some(Outcome::Paid)), 5),
            n if n < ready => (plan(None, true, Some(Outcome::Ready)), 0),
            // Two more on the list of the person who sits down, the rest for colleagues or nobody yet.
            n if n < ready + 2 => (plan(Some(super::ME), false, None), 0),
            n if n >= first_to_send => (plan(None, true, Some(Outcome::Ready)), 0),
            n => (plan([Some("mruiz"), Some("pchen"), None][n % 3], false, None), 0),
        };
        let want = match plan.outcome {
            Some(Outcome::Rejected(i)) if i < REJECTED_TOGETHER => "ed",
            Some(Outcome::Ready) if n >= first_to_send => ["office", "surgery", "inpatient"][n % 3],
            Some(_) => ["office", "office", "ed", "surgery"][n % 4],
            None if plan.assigned == Some(super::ME) => "office",
            None => ["office", "ed", "office", "surgery", "inpatient"][n % 5],
        };
        // A claim that was sent needs a key and a professional side; an open hold would have stopped it.
        let fits = |f: &&ChartFile| {
            f.head.kind == want
                && (!plan.coded
                    || ((!f.head.key.lines.is_empty() || want == "inpatient")
                        && !f.head.key.dx.is_empty()
                        && f.head.open_hold.is_none()
                        // A facility's surgery names who operated.
                        && (want != "surgery" || f.head.operating.is_some())))
        };
        let pool: Vec<&ChartFile> = self.files.iter().filter(fits).collect();
        let at = self.random.below(pool.len());
        let base = pool.get(at).copied().unwrap_or(&self.files[0]);
        (self.person(base, weeks), plan)
    }

    fn person(&mut self, base: &ChartFile, weeks: i64) -> ChartFile {
        let mut f = base.clone();
        let h = &mut f.head;
        let account = self.next_account;
        self.next_account += 1 + self.random.below(4) as u32;
        let firsts: &[&str] = if h.patient.sex == "M" { &MALE } else { &FEMALE };
        let last = LAST[self.random.below(LAST.len())];
        let first = firsts[self.random.below(firsts.len())];
        let (old_last, old_first) = h.patient.name.split_once(',').unwrap_or((&h.patient.name, ""));
        let (old_last, old_first) = (old_last.trim().to_string(), old_first.trim().to_string());
        let old_mrn = h.patient.mrn.clone();
        let old_dos = h.dos;
        let mrn = format!("L{account}");
        // Moves by whole weeks keep weekdays, and never before the fiscal year of the codes.
        let floor = NaiveDate::from_ymd_opt(2026, 10, 1).unwrap_or(h.dos);
        let mut back = Duration::weeks(weeks);
        while h.dos - back < floor && back > Duration::zero() {
            back -= Duration::weeks(1);
        }
        h.account = account;
        h.slug = format!("{}-{account}", h.slug);
        h.dos -= back;
        h.discharge = h.discharge.map(|d| d - back);
        h.charges.iter_mut().for_each(|c| c.date = c.date.map(|d| d - back));
        h.patient.mrn = mrn.clone();
        h.patient.name = format!("{last}, {first}");
        h.patient.birth = same_age(h.patient.birth, h.dos, self.random.below(300) as i64);
        h.patient.street =
            format!("{} {}", 10 + self.random.below(900), STREETS[self.random.below(STREETS.len())]);
        h.patient.zip = format!("951{:02}-{:04}", 10 + self.random.below(40), 1000 + self.random.below(8000));
        h.patient.phone = format!("408-555-01{:02}", self.random.below(100));
        h.member_id = h.member_id.as_ref().map(|m| other_member(m, self.random.next()));
        h.key.px.iter_mut().for_each(|p| *p = shift_date(p, back));
        for d in &mut f.documents {
            d.written -= back;
            let mut t = replace_word(&d.text, &old_last, last);
            t = replace_word(&t, &old_last.to_uppercase(), &last.to_uppercase());
            if old_first.len() > 2 {
                t = replace_word(&t, &old_first, first);
            }
            t = t.replace(&old_mrn, &mrn);
            for format in ["%m/%d", "%Y-%m-%d", "%m-%d"] {
                t = replace_word(
                    &t,
                    &old_dos.format(format).to_string(),
                    &f.head.dos.format(format).to_string(),
                );
            }
            d.text = t;
        }
        f
    }
}

fn plan(assigned: Option<&'static str>, coded: bool, outcome: Option<Outcome>) -> Plan {
    Plan { assigned, coded, outcome }
}

/// Another birthday with the same age on the date of service.
fn same_age(birth: NaiveDate, on: NaiveDate, days: i64) -> NaiveDate {
    let moved = birth - Duration::days(days);
    match (on.years_since(birth), on.years_since(moved)) {
        (Some(a), Some(b)) if a == b && (a > 2 || moved.month() == birth.month()) => moved,
        _ => birth,
    }
}

/// The same pattern with other digits.
fn other_member(id: &str, mut random: u64) -> String {
    id.chars()
        .enumerate()
        .map(|(i, c)| match c {
            '0'..='9' if i > 0 => {
                random = random.rotate_left(7).wrapping_mul(0x2545_f491_4f6c_dd1d);
                char::from(b'0' + (random % 10) as u8)
            }
            c => c,
        })
        .collect()
}

fn shift_date(px: &str, back: Duration) -> String {
    match px.split_once(':') {
        Some((code, date)) => match date.parse::<NaiveDate>() {
            Ok(d) => format!("{code}:{}", d - back),
            Err(_) => px.to_string(),
        },
        None => px.to_string(),
    }
}

/// Replaces `from` where it stands alone, not inside a longer word.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    if from.is_empty() || from == to {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let before = rest[..at].chars().next_back();
        let after = rest[at + from.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric());
        out.push_str(&rest[..at]);
        out.push_str(if part(before) || part(after) { from } else { to });
        rest = &rest[at + from.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_as_words_only() {
        assert_eq!(replace_word("Cole saw Coleman, Cole.", "Cole", "Ray"), "Ray saw Coleman, Ray.");
        let b: NaiveDate = "1968-02-11".parse().unwrap();
        let on: NaiveDate = "2026-11-03".parse().unwrap();
        for days in 0..300 {
            assert_eq!(on.years_since(same_age(b, on, days)), on.years_since(b));
        }
    }
}
