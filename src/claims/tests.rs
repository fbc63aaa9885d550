//! Faces of the three sample charts, readiness and submit.

use super::*;
use crate::{
    domain::*,
    edits::fixture::*,
};

#[test]
fn show() {
    for (c, f) in [(office(), Form::Cms1500), (stay(), Form::Ub04), (emergency(), Form::Ub04)] {
        let face = build(&c, f, &Fixture);
        println!("{}", face.title());
        for l in face.compact(31) { println!("{}", l.text); }
        for l in face.full() { println!("{}", l.text); }
    }
}
