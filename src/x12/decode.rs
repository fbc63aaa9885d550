//! A claim's 837 as a person reads it: loops indented, segments with their names, elements decoded.

use super::Seg;
use super::guide::{Guide, Shape};
use super::issue::Issue;
use super::scan::{Fresh, Sink, scan};
use super::view::ClaimView;
use super::walk::Put;
use super::write::{Envelope, write_837};
use crate::claims::bill::{Bill, Contact};

struct Lines(Vec<String>);

impl Sink for Lines {
    fn thorough(&self) -> bool {
        false
    }
    fn issue(&mut self, _issue: Issue) {}
    fn claim(&mut self, _view: &ClaimView<'_>, _fresh: Fresh) {}
    fn segment(&mut self, seg: &Seg<'_>, guide: &'static Guide, put: Option<Put>) {
        let Some(put) = put else { return };
        let lp = &guide.loops[put.lp];
        // The header is the envelope's: its numbers are given when the claim is sent.
        if matches!(lp.id, "HEADER" | "1000A" | "1000B") {
            return;
        }
        let indent = "  ".repeat(lp.depth.saturating_sub(1));
        if put.begins {
            self.0.push(format!("{indent}{} {}", lp.id, lp.name));
        }
        self.0.push(format!("{indent}  {}", seg.text()));
        let Some(use_) = put.segment.and_then(|s| lp.segments.get(s)) else { return };
        let mut parts = Vec::new();
        for (value, shape) in seg.elements().skip(1).zip(use_.shapes) {
            match shape {
                _ if value.is_empty() => {}
                Shape::Unused => {}
                Shape::Simple(a) => parts.push(format!("{} {value}", a.name.replace('_', " "))),
                Shape::Composite(atoms) => {
                    let inner: Vec<String> = seg
                        .parts(value)
                        .zip(atoms)
                        .filter(|(v, _)| !v.is_empty())
                        .map(|(v, a)| format!("{} {v}", a.name.replace('_', " ")))
                        .collect();
                    parts.push(inner.join(" "));
                }
            }
        }
        self.0.push(format!("{indent}      {}: {}", use_.name, parts.join(", ")));
    }
}

/// The lines of the view; ISA13, GS06 and the batch are placeholders until the claim is sent.
pub fn view_of(bill: &Bill) -> Vec<String> {
    let mut text = Vec::new();
    let env = Envelope { contact: Contact::default(), ..Envelope::empty() };
    let mut lines = Lines(vec![format!(
        "ISA GS ST BHT {}: control numbers are given when the claim is sent",
        bill.form.label()
    )]);
    // Writing into memory cannot fail, and what was written is read to its end.
    if write_837(&mut text, &env, bill.form, [bill]).is_ok() {
        let _ = scan(text.as_slice(), &mut lines);
    }
    lines.0
}
