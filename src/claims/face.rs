//! The face of a claim: boxes, service rows and pages, and the two ways they are drawn as text.
//!
//! Owns the shape shared by both forms. `compact` is the live preview beside the codes (30 to 45 columns),
//! `full` the form at 78 columns. Every line knows which box stands where, so that a key can jump from the
//! claim to the field it came from. Never a colour: `FaceKind` says what a line is. Pure.

use crate::domain::{Cents, ClaimState, Form, Place};

/// A box of the form. `number` is the item or locator, `label` our own short words.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceBox {
    pub number: &'static str,
    pub label: &'static str,
    pub value: Vec<String>,
    pub place: Option<Place>,
}

/// A service line (item 24, locators 42 to 48).
#[derive(Clone, Debug, PartialEq)]
pub struct FaceRow {
    pub place: Place,
    /// From 1, over all pages.
    pub number: usize,
    pub revenue: String,
    pub date: String,
    pub pos: String,
    pub code: String,
    pub modifiers: Vec<String>,
    /// Letters; `?` where the diagnosis is gone or past the form's last letter.
    pub pointers: String,
    pub charge: Option<Cents>,
    pub units: String,
    pub npi: String,
    pub ndc: String,
}

/// A diagnosis on the face.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceDx {
    pub letter: String,
    pub code: String,
    pub poa: Option<char>,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FacePage {
    pub boxes: Vec<FaceBox>,
    pub diagnoses: Vec<FaceDx>,
    pub rows: Vec<FaceRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClaimFace {
    pub form: Form,
    pub state: ClaimState,
    pub total: Cents,
    /// At least one. Boxes and diagnoses repeat on every page, rows do not.
    pub pages: Vec<FacePage>,
    /// Diagnoses that do not fit on the form.
    pub left_off: Vec<FaceDx>,
}

/// What a drawn line is, for the theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaceKind {
    /// Form, state and page.
    Title,
    Rule,
    /// Box numbers and labels, column heads.
    Label,
    Value,
    Blank,
}

/// A box within a drawn line: columns `from..to`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    pub from: usize,
    pub to: usize,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FaceLine {
    pub text: String,
    pub kind: FaceKind,
    pub spots: Vec<Spot>,
}

impl FaceLine {
    /// The field a key jumps to from this line: that of its first box.
    pub fn place(&self) -> Option<&Place> {
        self.spots.first().map(|s| &s.place)
    }
}

impl ClaimFace {
    /// `CMS-1500 · draft`
    pub fn title(&self) -> String {
        format!("{} · {}", self.form.label(), self.state.label())
    }

    /// The live preview; made for 30 to 45 columns, and correct from 24 on.
    pub fn compact(&self, width: usize) -> Vec<FaceLine> {
        match self.form {
            Form::Cms1500 => super::cms1500::compact(self, width.max(24)),
            Form::Ub04 => super::ub04::compact(self, width.max(24)),
        }
    }

    /// The form at 78 columns, page after page.
    pub fn full(&self) -> Vec<FaceLine> {
        match self.form {
            Form::Cms1500 => super::cms1500::full(self),
            Form::Ub04 => super::ub04::full(self),
        }
    }

    /// The box of that number on the first page.
    pub fn find(&self, number: &str) -> Option<&FaceBox> {
        self.pages.first().and_then(|p| p.get(number))
    }
}

impl FacePage {
    pub fn get(&self, number: &str) -> Option<&FaceBox> {
        self.boxes.iter().find(|b| b.number == number)
    }
}
