//! Visits against the place of service, and telehealth.
//!
//! Owns `place.em` and `place.telehealth`. Sources: CMS Pub. 100-04 chapter 12 section 30.6 (which visits are
//! for which setting), chapter 26 section 10.5 (places), section 190 (telehealth: place 02 or 10, modifier 93
//! for sound alone; 95 is for other payers and for therapists of a hospital). Pure.

use super::{
    cx::{Cx, encounter, set_line},
    services::Service,
    setting::place_of_service,
};
use crate::domain::{Finding, FixAction};

const EM: &str = "CMS Pub. 100-04 ch. 12 sec. 30.6; ch. 26 sec. 10.5";
const TELEHEALTH: &str = "CMS Pub. 100-04 ch. 12 sec. 190; ch. 26 sec. 10.5 (places 02, 10)";

/// The places a range of visits is for; none where any will do.
fn places(code: &str) -> Option<(&'static str, &'static [&'static str])> {
    let n: u32 = code.parse().ok().filter(|_| code.len() == 5)?;
    Some(match n {
        99281..=99285 => ("an emergency department", &["23"]),
        99221..=99223 | 99231..=99236 | 99238..=99239 => {
            ("a hospital stay or observation", &["21", "22", "19", "23", "51", "52", "61", "34"])
        }
        99304..=99310 | 99315..=99316 => ("a nursing facility", &["31", "32", "54", "56", "13", "33"]),
        99341..=99350 => ("a home or residence", &["12", "13", "14", "33", "04", "16", "55", "27"]),
        99381..=99397 => (
            "an office or clinic",
            &["11", "22", "19", "49", "50", "71", "72", "03", "15", "17", "20", "02", "10", "18", "26"],
        ),
        _ => return None,
    })
}

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    let Some(place) = place_of_service(cx.chart) else { return };
    let remote = matches!(place.as_str(), "02" | "10");
    for s in services.iter().filter(|s| !s.institutional) {
        let Some(line) = s.line else { continue };
        if let Some((what, fits)) = places(s.code)
            && !fits.contains(&place.as_str())
            && !remote
        {
            let message = format!("{} is for {what}; the place of service is {place}", s.code);
            out.push(
                Finding::warn("place.em", encounter("place"), message, EM)
                    .about(format!("{}-{place}", s.code))
                    .fix("go to the place of service", FixAction::GoTo(encounter("place"))),
            );
        }
        let said = ["95", "93", "GT", "FQ"].into_iter().find(|m| s.has(m));
        let Some(m) = said.filter(|_| !remote) else { continue };
        let message =
            format!("{} {m} says telehealth; the place of service is {place}, not 02 or 10", s.code);
        let set = |p: &str| FixAction::Apply(vec![cx.chart.set_header(|h| h.place = Some(p.to_string()))]);
        out.push(
            Finding::warn("place.telehealth", encounter("place"), message, TELEHEALTH)
                .about(format!("{}-{m}", s.code))
                .fix("10 the patient is at home", set("10"))
                .fix("02 the patient is elsewhere", set("02"))
                .fix(format!("take {m} off"), set_line(line, |x| x.modifiers.retain(|y| y != m))),
        );
    }
}
