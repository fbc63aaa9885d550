//! For which days a list of codes is: told by the codes in it, not by the file's name.
//!
//! Owns comparing a list with the validity lists at hand: the days on which exactly these codes are
//! valid; else whether the list is cut, mixes years, or is newer than anything known.
//! Never guesses: a list that fits no day is refused unless the caller names the day. Pure.

use super::refusal::Refusal;
use crate::domain::{CodeSystem, display_code};
use chrono::{Datelike, Days, NaiveDate};
use std::collections::{BTreeSet, HashMap};

/// First and last day (0 while open) as `yyyymmdd`.
pub type Span = (u32, u32);

/// `yyyymmdd` of a date.
pub fn ymd(d: NaiveDate) -> u32 {
    d.year().clamp(0, 9999) as u32 * 10_000 + d.month() * 100 + d.day()
}

/// The date of `yyyymmdd`.
pub fn date_of(ymd: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt((ymd / 10_000) as i32, ymd / 100 % 100, ymd % 100)
}

/// The day after.
pub fn next_day(ymd_: u32) -> u32 {
    date_of(ymd_).and_then(|d| d.checked_add_days(Days::new(1))).map_or(ymd_, ymd)
}

/// The day before.
pub fn day_before(ymd_: u32) -> u32 {
    date_of(ymd_).and_then(|d| d.checked_sub_days(Days::new(1))).map_or(ymd_, ymd)
}

/// The federal fiscal year of a day: from October of the year before.
pub fn fiscal_year(day: NaiveDate) -> i32 {
    day.year() + i32::from(day.month() >= 10)
}

/// First and last day of a fiscal year.
pub fn fiscal_days(year: i32) -> Option<(NaiveDate, NaiveDate)> {
    Some((NaiveDate::from_ymd_opt(year - 1, 10, 1)?, NaiveDate::from_ymd_opt(year, 9, 30)?))
}

/// The codes known to be valid, and when.
#[derive(Clone, Debug, Default)]
pub struct Known {
    periods: HashMap<String, Vec<Span>>,
    /// Days on which the set of valid codes changes, sorted.
    changes: Vec<u32>,
}

/// How a list fits what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Exactly the codes valid on these days, last day included.
    Days(NaiveDate, NaiveDate),
    /// Newer than what is known: holds codes nobody knew, lacks few.
    Newer,
}

impl Known {
    pub fn new(periods: impl IntoIterator<Item = (String, Vec<Span>)>) -> Known {
        let periods: HashMap<String, Vec<Span>> = periods.into_iter().collect();
        let mut changes = BTreeSet::new();
        for (from, to) in periods.values().flatten() {
            changes.insert(*from);
            if *to != 0 {
                changes.insert(next_day(*to));
            }
        }
        Known { periods, changes: changes.into_iter().collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.periods.is_empty()
    }

    /// The periods of a code, as they are known.
    pub fn periods(&self, code: &str) -> &[Span] {
        self.periods.get(code).map_or(&[], Vec::as_slice)
    }

    /// The codes known.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.periods.keys().map(String::as_str)
    }

    /// The last day on which the set of valid codes is known to change; 0 when nothing is known.
    pub fn last_change(&self) -> u32 {
        self.changes.last().copied().unwrap_or(0)
    }

    /// The codes valid on a day.
    pub fn valid(&self, day: u32) -> impl Iterator<Item = &str> {
        self.codes().filter(move |c| self.valid_on(c, day))
    }

    pub fn valid_on(&self, code: &str, day: u32) -> bool {
        self.periods(code).iter().any(|(from, to)| *from <= day && (*to == 0 || day <= *to))
    }

    /// Number of codes valid on each day of change.
    fn tally<'a>(&self, codes: impl Iterator<Item = &'a str>) -> Vec<i64> {
        let mut steps = vec![0i64; self.changes.len() + 1];
        let at = |day: u32| self.changes.partition_point(|c| *c < day);
        for (from, to) in codes.flat_map(|c| self.periods(c)) {
            steps[at(*from)] += 1;
            if *to != 0 {
                steps[at(next_day(*to))] -= 1;
            }
        }
        let mut sum = 0;
        steps
            .iter()
            .take(self.changes.len())
            .map(|s| {
                sum += s;
                sum
            })
            .collect()
    }

    /// For which days a list of billable codes is. `codes` are in the order of the file, each with
    /// its line.
    pub fn fit(&self, system: CodeSystem, codes: &[(&str, usize)]) -> Result<Fit, Refusal> {
        if self.is_empty() {
            return Ok(Fit::Newer);
        }
        let listed = codes.len() as i64;
        let all = self.tally(self.periods.keys().map(String::as_str));
        let hits = self.tally(codes.iter().map(|(c, _)| *c));
        let exact: Vec<usize> = (0..all.len()).filter(|&i| all[i] == listed && hits[i] == listed).collect();
        if let (Some(&first), Some(&last)) = (exact.first(), exact.last())
            && last - first + 1 == exact.len()
            && let Some(from) = date_of(self.changes[first])
        {
            let to = match self.changes.get(last + 1) {
                Some(next) => date_of(day_before(*next)),
                None => fiscal_days(fiscal_year(from)).map(|d| d.1),
            };
            if let Some(to) = to {
                return Ok(Fit::Days(from, to));
            }
        }
        let Some(best) = (0..all.len()).max_by_key(|&i| 2 * hits[i] - all[i]) else { return Ok(Fit::Newer) };
        let day = self.changes[best];
        let when = date_of(day).map_or_else(String::new, |d| d.to_string());
        let stranger = codes.iter().find(|(c, _)| !self.periods(c).is_empty() && !self.valid_on(c, day));
        if let Some((code, line)) = stranger {
            let spans: Vec<String> = self.periods(code).iter().map(|s| span_words(*s)).collect();
            return Err(Refusal::at(
                *line,
                format!(
                    "{} is valid {} only, the other codes are those of {when}: the file mixes years",
                    display_code(system, code),
                    spans.join(" and "),
                ),
            ));
        }
        let missing = all[best] - hits[best];
        let unknown = listed - hits[best];
        // a new year drops a few codes and brings new ones; anything else has lost lines
        if best + 1 == all.len() && unknown > 0 && missing * 50 <= all[best] {
            return Ok(Fit::Newer);
        }
        let last = codes.last().map_or(0, |(_, line)| *line);
        if missing == 0 {
            let line = codes.iter().find(|(c, _)| self.periods(c).is_empty()).map_or(last, |(_, line)| *line);
            return Err(Refusal::at(
                line,
                format!("this code was never valid; the others are those of {when}"),
            ));
        }
        Err(Refusal::at(
            last,
            format!(
                "the file is cut short or has lost lines: {} of the {} codes valid on {when} are missing",
                missing, all[best]
            ),
        ))
    }

    /// The fiscal years, first and last, on whose days most of the listed codes are valid, and how
    /// many those are. For lists that name some codes only.
    pub fn best_years<'a>(&self, codes: impl Iterator<Item = &'a str>) -> Option<(i32, i32, usize)> {
        let hits = self.tally(codes);
        let most = *hits.iter().max()?;
        let year = |i: usize| date_of(self.changes[i]).map(fiscal_year);
        let first = hits.iter().position(|h| *h == most).and_then(year)?;
        let last = hits.iter().rposition(|h| *h == most).and_then(year)?;
        Some((first, last, usize::try_from(most).unwrap_or(0)))
    }
}

fn span_words((from, to): Span) -> String {
    let word = |d: u32| date_of(d).map_or_else(String::new, |d| d.to_string());
    match to {
        0 => format!("from {}", word(from)),
        _ => format!("from {} to {}", word(from), word(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let p = |c: &str, from, to| (c.to_string(), vec![(from, to)]);
        let old = (0..100).map(|i| p(&format!("A{i:02}"), 2015_1001, 0));
        Known::new(old.chain([p("B01", 2015_1001, 2020_0930), p("B02", 2020_1001, 0)]))
    }

    fn list(more: &[&str]) -> Vec<String> {
        (0..100).map(|i| format!("A{i:02}")).chain(more.iter().map(|s| s.to_string())).collect()
    }

    fn fit(codes: &[String]) -> Result<Fit, Refusal> {
        let rows: Vec<(&str, usize)> = codes.iter().enumerate().map(|(i, c)| (c.as_str(), i + 1)).collect();
        known().fit(CodeSystem::Icd10cm, &rows)
    }

    #[test]
    fn the_codes_tell_the_days() {
        let d = |y, m, day| NaiveDate::from_ymd_opt(y, m, day).unwrap();
        assert_eq!(fit(&list(&["B01"])), Ok(Fit::Days(d(2015, 10, 1), d(2020, 9, 30))));
        assert_eq!(fit(&list(&["B02"])), Ok(Fit::Days(d(2020, 10, 1), d(2021, 9, 30))));
        assert_eq!(fit(&list(&["B02", "C01"])), Ok(Fit::Newer));
    }

    #[test]
    fn a_list_that_fits_no_day_is_refused() {
        let mixed = fit(&list(&["B01", "B02"])).unwrap_err();
        assert!(mixed.reason.contains("mixes years"), "{mixed}");
        let cut = fit(&list(&[])[..60]).unwrap_err();
        assert!(cut.line == Some(60) && cut.reason.contains("cut short"), "{cut}");
    }

    #[test]
    fn days_and_years() {
        assert_eq!(next_day(2026_0930), 2026_1001);
        assert_eq!(day_before(2026_1001), 2026_0930);
        assert_eq!(fiscal_year(NaiveDate::from_ymd_opt(2026, 10, 1).unwrap()), 2027);
    }
}
