//! The `:` palette's list: which commands answer what is typed.
//!
//! Owns their order and the reason of those not to be had now. Never runs a command: that is `update`. Pure; the
//! UI thread.

use super::{App, Command, Screen, command};
use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

/// Commands that can be found by what is typed, best first, with the reason of those not to be had.
pub(crate) fn palette_matches(app: &App, typed: &str) -> Vec<(Command, Option<String>)> {
    let base = match app.screen() {
        Screen::Queue => super::Context::Queue,
        Screen::Encounter => super::Context::Encounter,
    };
    let matcher = SkimMatcherV2::default();
    let mut found: Vec<(i64, Command)> = super::COMMANDS
        .iter()
        .filter(|c| c.contexts.iter().any(|x| *x == base || *x == super::Context::Global))
        .filter(|c| c.command.choice().is_none() && c.command != Command::Palette)
        .filter_map(|c| {
            let text = format!("{} {} {}", c.title, c.id, c.doc);
            matcher.fuzzy_match(&text, typed).map(|score| (score, c.command))
        })
        .collect();
    found.sort_by_key(|(score, c)| (std::cmp::Reverse(*score), c.is_motion(), *c));
    found.into_iter().map(|(_, c)| (c, command::refusal(app, c))).collect()
}
