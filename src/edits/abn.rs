//! Advance notice modifiers: GA, GX, GY, GZ and KX, on the right payer and not against each other.
//!
//! Owns `abn.payer` and `abn.pair`. Sources: CMS Pub. 100-04 chapter 30 section 50 with change requests 6563
//! (GX, GY) and 7228 (GZ is denied); the notice is Original Medicare's: a Medicare Advantage plan decides
//! before the service (42 CFR 422.566) and takes none of them. GA with GZ and GX with either are `mod.conflict`.

use super::cx::{Cx, line_place, set_line};
use crate::domain::{Finding, PayerClass};

const AUTHORITY: &str = "CMS Pub. 100-04 ch. 30 sec. 50; CR 6563; CR 7228";
const WRONG: [(&str, &str, &str); 5] = [
    ("GA", "GY", "GA says it may be denied as not necessary, GY that it is never covered"),
    ("GZ", "GY", "GZ says it may be denied as not necessary, GY that it is never covered"),
    ("KX", "GA", "KX says the policy is met, GA that it may not be"),
    ("KX", "GZ", "KX says the policy is met, GZ that it is not"),
    ("KX", "GY", "KX says the policy is met, GY that the service is never covered"),
];

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    let payer = cx.chart.primary_payer();
    // SBR09: MA and MB are Original Medicare, 16 and HM are plans in its place.
    let original = payer.is_none_or(|p| {
        p.class == PayerClass::Medicare && matches!(p.filing_code.as_str(), "MA" | "MB" | "")
    });
    for l in &cx.chart.lines {
        let place = || line_place(l, "modifiers");
        let take_off = |m: &'static str| set_line(l, move |x| x.modifiers.retain(|y| y != m));
        for (a, b, why) in WRONG {
            if l.body.has_modifier(a) && l.body.has_modifier(b) {
                let message = format!("{}: {a} and {b} cannot stand together: {why}", l.body.code);
                out.push(
                    Finding::stop("abn.pair", place(), message, AUTHORITY)
                        .about(format!("{a}-{b}"))
                        .fix(format!("take {a} off"), take_off(a))
                        .fix(format!("take {b} off"), take_off(b)),
                );
            }
        }
        if original {
            continue;
        }
        for m in ["GA", "GX", "GZ"] {
            if l.body.has_modifier(m) {
                let name = payer.map_or("this payer", |p| p.name.as_str());
                let message = format!(
                    "{} {m}: an advance notice is Original Medicare's; {name} takes none",
                    l.body.code
                );
                out.push(
                    Finding::stop("abn.payer", place(), message, AUTHORITY)
                        .about(format!("{}-{m}", l.body.code))
                        .fix(format!("take {m} off"), take_off(m)),
                );
            }
        }
    }
}
