//! What payers and clearinghouses reject a claim on beyond the guide: the rules R1 to R30, one family a file.
//!
//! Owns the order of the families and the `Gist` of a claim they share. Every rule names segment, loop and
//! field, and says what to do. Code validity comes from `CodeFacts`, given by the caller; without them the
//! rules about codes are silent. Never changes anything; a sink of `scan`, on its caller's thread.

mod balance;
mod claim;
mod cob;
mod dates;
mod diagnoses;
mod drugs;
mod gist;
mod inpatient;
mod lines;
mod parties;
mod repeats;
mod subscriber;

use super::issue::Issue;
use super::scan::{Fresh, Sink};
use super::view::ClaimView;
use crate::claims::CodeFacts;
pub(super) use gist::{Gist, cents};

pub(super) const GUIDE: &str = "X12 005010X222A1, 005010X223A2";

/// A sink that checks everything and hands each finding on.
pub struct Checker<'f, F: FnMut(Issue)> {
    facts: Option<&'f dyn CodeFacts>,
    seen: repeats::Seen,
    found: Vec<Issue>,
    tell: F,
}

impl<'f, F: FnMut(Issue)> Checker<'f, F> {
    pub fn new(facts: Option<&'f dyn CodeFacts>, tell: F) -> Checker<'f, F> {
        Checker { facts, seen: repeats::Seen::default(), found: Vec::new(), tell }
    }

    fn levels(&mut self, view: &ClaimView<'_>, fresh: Fresh) {
        let out = &mut self.found;
        if fresh.header {
            parties::check(view, view.header, out);
        }
        if fresh.billing {
            parties::check(view, view.billing, out);
        }
        if fresh.subscriber {
            parties::check(view, view.subscriber, out);
            subscriber::check(view, out);
        }
        if fresh.patient {
            parties::check(view, view.patient, out);
        }
    }
}

impl<F: FnMut(Issue)> Sink for Checker<'_, F> {
    fn issue(&mut self, issue: Issue) {
        (self.tell)(issue);
    }

    fn claim(&mut self, view: &ClaimView<'_>, fresh: Fresh) {
        self.levels(view, fresh);
        let gist = Gist::of(view);
        let out = &mut self.found;
        parties::check(view, view.claim, out);
        parties::roles(&gist, out);
        claim::check(&gist, out);
        inpatient::check(&gist, out);
        diagnoses::check(&gist, self.facts, out);
        dates::check(&gist, out);
        lines::check(&gist, out);
        drugs::check(&gist, out);
        balance::check(&gist, out);
        cob::check(&gist, out);
        self.seen.check(&gist, out);
        let number = view.number();
        for mut issue in self.found.drain(..) {
            if issue.claim.is_empty() {
                issue.claim = number.to_string();
            }
            (self.tell)(issue);
        }
    }

    fn bare(&mut self, view: &ClaimView<'_>, fresh: Fresh) {
        self.levels(view, fresh);
        self.found.drain(..).for_each(&mut self.tell);
    }
}
