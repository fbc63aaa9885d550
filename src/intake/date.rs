//! FHIR dates: `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, and the last with a time and a zone.
//!
//! Owns reading them. The day is the one the sender wrote, never moved into another zone: a date of service
//! is what the clinic's calendar said. Only an event time (`written`) becomes UTC.
//! Never guesses: a text of any other form is a fault of its field. Pure; any thread.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// A date as a sender wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The first day of the month or year when the sender gave no more.
    pub(crate) day: NaiveDate,
    /// Whether the day itself was given.
    pub(crate) exact: bool,
    pub(crate) time: Option<NaiveTime>,
    /// Seconds east of Greenwich.
    offset: i32,
}

impl Moment {
    pub(crate) fn parse(text: &str) -> Option<Moment> {
        let (date, time) = match text.split_once('T') {
            Some((d, t)) => (d, Some(t)),
            None => (text, None),
        };
        let number = |a: usize, b: usize| -> Option<u32> {
            let part = date.get(a..b)?;
            part.bytes().all(|c| c.is_ascii_digit()).then(|| part.parse().ok())?
        };
        let dash = |at: usize| date.as_bytes().get(at) == Some(&b'-');
        let (month, day) = match date.len() {
            4 => (1, 1),
            7 if dash(4) => (number(5, 7)?, 1),
            10 if dash(4) && dash(7) => (number(5, 7)?, number(8, 10)?),
            _ => return None,
        };
        let day = NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, month, day)?;
        let exact = date.len() == 10;
        let (time, offset) = match time {
            Some(_) if !exact => return None,
            Some(t) => read_time(t).map(|(t, o)| (Some(t), o))?,
            None => (None, 0),
        };
        Some(Moment { day, exact, time, offset })
    }

    /// The hour as UB-04 writes it.
    pub(crate) fn hour(&self) -> Option<String> {
        self.time.map(|t| t.format("%H").to_string())
    }

    pub(crate) fn utc(&self) -> DateTime<Utc> {
        let local = self.day.and_time(self.time.unwrap_or_default());
        local.and_utc() - chrono::Duration::seconds(i64::from(self.offset))
    }
}

/// `hh:mm[:ss[.fff]]` and `Z` or `+hh:mm`.
fn read_time(text: &str) -> Option<(NaiveTime, i32)> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = (text.get(..zone_at)?, text.get(zone_at..)?);
    let time = NaiveTime::parse_from_str(clock, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(clock, "%H:%M"))
        .ok()?;
    let offset = match zone {
        "" | "Z" | "z" => 0,
        _ => {
            let t = NaiveTime::parse_from_str(zone.get(1..)?, "%H:%M").ok()?;
            let seconds = i32::try_from((t - NaiveTime::MIN).num_seconds()).ok()?;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    Some((time, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_precision() {
        let m = Moment::parse("2019-10-20T23:25:49.094-05:00").unwrap();
        assert_eq!((m.day.to_string().as_str(), m.hour().as_deref()), ("2019-10-20", Some("23")));
        assert_eq!(m.utc().to_rfc3339(), "2019-10-21T04:25:49.094+00:00");
        assert_eq!(
            Moment::parse("2019-10").map(|m| (m.day.to_string(), m.exact)),
            Some(("2019-10-01".into(), false))
        );
        assert!(Moment::parse("2019").is_some_and(|m| !m.exact));
        for bad in [
            "",
            "2019-13-01",
            "2019-02-30",
            "20191020",
            "2019-10-20T",
            "2019-10-20T25:00:00Z",
            "IGNORED",
            "+019",
            "2019-1-2",
        ] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
    }
}
