//! The condition language of the MS-DRG rules.
//!
//! Owns parsing (`PDX:list`, `SDX:list`, `ANY:list`, `ONLY:list`, a procedure list, severity, discharge and counter
//! words, `& | ~ ( )`) into a small tree, and printing it with the list names of the table. What a word means for a
//! stay is `program`'s business.
//! Pure; called when a table is loaded.

/// What a leaf of a condition asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// The principal diagnosis is on diagnosis list n.
    Pdx(u16),
    /// A secondary diagnosis is on it.
    Sdx(u16),
    /// Either.
    Any(u16),
    /// The principal and every known secondary diagnosis are on it.
    Only(u16),
    /// A procedure, or a combination of procedures, is on procedure list n.
    Px(u16),
    Word(Word),
    /// Names nothing this version has: never true, and reported as a fault of the table.
    Unknown,
}

/// Words that are no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Word {
    Mcc,
    Cc,
    Alive,
    Died,
    /// Left against medical advice.
    Ama,
    /// Discharged to another acute-care hospital.
    ToAcuteCare,
    /// Two or more significant-trauma sites.
    MultipleTrauma,
    /// Two or more of six lower-limb joints.
    Bilateral,
    FourStents,
    FourVessels,
    SingleFusionBoth,
    SingleFusionAnterior,
    SingleFusionPosterior1,
    SingleFusionCustom,
    SingleFusionPosterior,
    MultipleFusion,
    InvalidSex,
    /// Any operating-room procedure.
    OrProcedure,
    /// Never true when grouping gets as far as the rules (the input was refused before).
    Never,
}

/// The words as the tables spell them.
const WORDS: &[(&str, Word)] = &[
    ("MCC", Word::Mcc),
    ("CC", Word::Cc),
    ("ALIVE", Word::Alive),
    ("DIED", Word::Died),
    ("AMA", Word::Ama),
    ("XFRNBA", Word::ToAcuteCare),
    ("MULTST", Word::MultipleTrauma),
    ("BILATERAL", Word::Bilateral),
    ("FOUR_STENTS", Word::FourStents),
    ("FOUR_VESSELS", Word::FourVessels),
    ("SINGLEFUSIONCTR", Word::SingleFusionBoth),
    ("SGLANTCTR", Word::SingleFusionAnterior),
    ("SGLPOST1CTR", Word::SingleFusionPosterior1),
    ("SGLANTSECTXCTR", Word::SingleFusionCustom),
    ("SGLPOSTFUSECTR", Word::SingleFusionPosterior),
    ("MULTFUSE", Word::MultipleFusion),
    ("INVALID_SEX", Word::InvalidSex),
    ("ORPROC", Word::OrProcedure),
    ("INVALID_PDX", Word::Never),
    ("PDX_ECODE", Word::Never),
    ("INVALID_DSTAT", Word::Never),
    ("ANYDX", Word::Never),
    ("ERRORDRG", Word::Never),
];

impl Word {
    pub fn parse(text: &str) -> Option<Word> {
        WORDS.iter().find(|(name, _)| *name == text).map(|(_, w)| *w)
    }
}

/// A parsed condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Test(Operand),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    #[error("the condition is empty")]
    Empty,
    #[error("'{0}' stands where a list, a word or a bracket should")]
    Unexpected(String),
    #[error("a bracket is not closed")]
    Unclosed,
    #[error("the condition is nested more than 64 deep")]
    TooDeep,
}

/// Parses `text`; `resolve` gives the meaning of one name (with its `PDX:` prefix).
pub fn parse(text: &str, resolve: &mut dyn FnMut(&str) -> Operand) -> Result<Condition, ConditionError> {
    let mut tokens = tokens(text);
    tokens.reverse();
    if tokens.is_empty() {
        return Err(ConditionError::Empty);
    }
    let c = or(&mut tokens, resolve, 0)?;
    match tokens.pop() {
        None => Ok(c),
        Some(t) => Err(ConditionError::Unexpected(t.to_string())),
    }
}

/// The names a condition uses, in order.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).into_iter().filter(|t| !matches!(*t, "&" | "|" | "~" | "(" | ")"))
}

fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices() {
        let single = matches!(c, '&' | '|' | '~' | '(' | ')');
        if (single || c.is_whitespace())
            && let Some(s) = start.take()
        {
            out.push(&text[s..i]);
        }
        if single {
            out.push(&text[i..i + 1]);
        } else if !c.is_whitespace() && start.is_none() {
            start = Some(i);
        }
    }
    if let Some(s) = start {
        out.push(&text[s..]);
    }
    out
}

type Resolve<'a> = &'a mut dyn FnMut(&str) -> Operand;

fn or(tokens: &mut Vec<&str>, resolve: Resolve<'_>, depth: u8) -> Result<Condition, ConditionError> {
    let mut all = vec![and(tokens, resolve, depth)?];
    while tokens.last() == Some(&"|") {
        tokens.pop();
        all.push(and(tokens, resolve, depth)?);
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Condition::Or(all) })
}

fn and(tokens: &mut Vec<&str>, resolve: Resolve<'_>, depth: u8) -> Result<Condition, ConditionError> {
    let mut all = vec![leaf(tokens, resolve, depth)?];
    while tokens.last() == Some(&"&") {
        tokens.pop();
        all.push(leaf(tokens, resolve, depth)?);
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Condition::And(all) })
}

fn leaf(tokens: &mut Vec<&str>, resolve: Resolve<'_>, depth: u8) -> Result<Condition, ConditionError> {
    if depth > 64 {
        return Err(ConditionError::TooDeep);
    }
    match tokens.pop() {
        None => Err(ConditionError::Unexpected("the end".to_string())),
        Some("~") => Ok(Condition::Not(Box::new(leaf(tokens, resolve, depth + 1)?))),
        Some("(") => {
            let inner = or(tokens, resolve, depth + 1)?;
            match tokens.pop() {
                Some(")") => Ok(inner),
                _ => Err(ConditionError::Unclosed),
            }
        }
        Some(t @ ("&" | "|" | ")")) => Err(ConditionError::Unexpected(t.to_string())),
        Some(name) => Ok(Condition::Test(resolve(name))),
    }
}

impl Condition {
    /// Every leaf, in order.
    pub fn operands(&self) -> Vec<Operand> {
        fn walk(c: &Condition, out: &mut Vec<Operand>) {
            match c {
                Condition::Test(o) => out.push(*o),
                Condition::Not(c) => walk(c, out),
                Condition::And(all) | Condition::Or(all) => all.iter().for_each(|c| walk(c, out)),
            }
        }
        let mut out = Vec::new();
        walk(self, &mut out);
        out
    }

    /// The truth of the condition for given leaves.
    pub fn holds(&self, test: &mut dyn FnMut(Operand) -> bool) -> bool {
        match self {
            Condition::Test(o) => test(*o),
            Condition::Not(c) => !c.holds(test),
            Condition::And(all) => all.iter().all(|c| c.holds(test)),
            Condition::Or(all) => all.iter().any(|c| c.holds(test)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn meaning(name: &str) -> Operand {
        match Word::parse(name) {
            Some(w) => Operand::Word(w),
            None => match name.split_once(':') {
                Some(("PDX", n)) => n.parse().map_or(Operand::Unknown, Operand::Pdx),
                _ => name.parse().map_or(Operand::Unknown, Operand::Px),
            },
        }
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let c = parse("1 | 2 & ~PDX:3", &mut meaning).unwrap();
        let value = |a: bool, b: bool, p: bool| {
            c.holds(&mut |o| match o {
                Operand::Px(1) => a,
                Operand::Px(2) => b,
                Operand::Pdx(3) => p,
                _ => panic!("another leaf"),
            })
        };
        assert!(value(true, false, true));
        assert!(value(false, true, false));
        assert!(!value(false, true, true));
    }

    #[test]
    fn faults_are_told_apart() {
        let fault = |t: &str| parse(t, &mut meaning).unwrap_err();
        assert_eq!(fault(""), ConditionError::Empty);
        assert_eq!(fault("(1 & 2"), ConditionError::Unclosed);
        assert_eq!(fault("1 2"), ConditionError::Unexpected("2".into()));
        assert_eq!(fault("1 &"), ConditionError::Unexpected("the end".into()));
        assert_eq!(fault(&"(".repeat(5000)), ConditionError::TooDeep);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[A-Z:0-9&|~() ]{0,60}") {
            let _ = parse(&text, &mut meaning);
        }
    }
}
