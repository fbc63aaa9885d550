//! Commands while something is laid over the screen: the topmost overlay takes them.
//!
//! Owns moving, choosing and closing in overlays. What a choice does to the encounter is `posting`.

use super::{App, Command, Effect, Overlay, Pane, SearchPurpose, overlay::Scroll};
use crate::domain::HoldReason;

impl App {
    pub(super) fn overlay_command(&mut self, command: Command) -> Vec<Effect> {
        if matches!(command, Command::Back | Command::Quit) {
            return self.close_overlay();
        }
        match self.overlays.last() {
            Some(Overlay::Book(_)) => return self.book_command(command),
            Some(Overlay::Builder(_)) => return self.builder_command(command),
            _ => {}
        }
        let (w, h) = self.chart_view();
        let documents = self.open.as_ref().map_or(0, |o| o.texts.len());
        let lines = self.evidence_lines();
        let Some(top) = self.overlays.last_mut() else { return Vec::new() };
        let step: isize = match command {
            Command::Down => 1,
            Command::Up => -1,
            Command::PageDown => 10,
            Command::PageUp => -10,
            Command::First => isize::MIN / 2,
            Command::Last => isize::MAX / 2,
            _ => 0,
        };
        let moved = |at: usize, n: usize| at.saturating_add_signed(step).min(n.saturating_sub(1));
        match top {
            Overlay::Search(s) => match command {
                Command::Open => return self.search_enter(false),
                Command::PaneNext => return self.search_enter(true),
                Command::Expand if s.line.at_end() => return self.expand_hit(),
                Command::Why => s.show_why = !s.show_why,
                Command::SearchAll => return self.search_all(),
                Command::SystemNext => return self.search_elsewhere(),
                Command::Notes => {
                    if let Some(code) = s.current().map(|h| h.code.clone()) {
                        return self.push(Overlay::Notes { code, scroll: Scroll::default() });
                    }
                }
                _ if step != 0 => s.cursor = moved(s.cursor, s.results.hits.len()),
                other => return self.text_command(other),
            },
            Overlay::Picker(p) => match command {
                Command::Open | Command::Expand => {
                    if let Some((c, _)) = p.choices.get(p.cursor).cloned() {
                        return self.pick_seventh(c);
                    }
                }
                Command::Left => return self.close_overlay(),
                _ => p.cursor = moved(p.cursor, p.choices.len()),
            },
            Overlay::Prompt(_) => match command {
                Command::Open => return self.accept_prompt(),
                other => return self.text_command(other),
            },
            Overlay::Hold(m) => match (command, m.reason) {
                (Command::Open, None) => m.reason = HoldReason::ALL.get(m.cursor).copied(),
                (Command::Open, Some(reason)) => {
                    let (note, owner) = (m.note.text.clone(), m.owner.as_ref().map(|(id, _)| *id));
                    self.overlays.pop();
                    return self.place_hold(reason, &note, owner);
                }
                (_, None) => m.cursor = moved(m.cursor, HoldReason::ALL.len()),
                (other, Some(_)) => return self.text_command(other),
            },
            Overlay::Evidence(e) => match command {
                Command::Open => return self.attach_evidence(),
                _ => {
                    let n = lines.get(e.document).copied().unwrap_or(1);
                    let to = (e.line as usize).saturating_add_signed(step).min(n.saturating_sub(1));
                    e.line = u32::try_from(to).unwrap_or(0);
                    let (document, line) = (e.document, e.line);
                    if let Some(open) = &mut self.open {
                        open.show_line(document, line, w, h);
                    }
                }
            },
            Overlay::Find(f) => match command {
                Command::Open => {
                    self.overlays.pop();
                }
                _ if step != 0 => {
                    f.cursor = moved(f.cursor, f.hits.len());
                    self.find_show();
                }
                other => return self.text_command(other),
            },
            Overlay::Notes { scroll, .. }
            | Overlay::Help(scroll)
            | Overlay::Claim(scroll)
            | Overlay::Sides(scroll) => {
                if command == Command::FormNext
                    && let Some(open) = &mut self.open
                {
                    open.form = (open.form + 1) % open.chart.header().forms.len().max(1);
                    scroll.top.set(0);
                    return Vec::new();
                }
                // The view clamps to the length of the text, which only it knows.
                scroll.top.set(scroll.top.get().saturating_add_signed(step).min(10_000));
            }
            Overlay::Documents { cursor } => match command {
                Command::Open => {
                    let to = *cursor;
                    self.overlays.pop();
                    if let Some(open) = &mut self.open {
                        open.document = to;
                        open.pane = Pane::Chart;
                    }
                }
                _ => *cursor = moved(*cursor, documents),
            },
            Overlay::Palette(p) => match command {
                Command::Open => {
                    let Some((command, why)) = p.found.get(p.cursor).cloned() else { return Vec::new() };
                    self.overlays.pop();
                    match why {
                        Some(why) => self.warn(why),
                        None => return self.command(command),
                    }
                }
                _ if step != 0 => p.cursor = moved(p.cursor, p.found.len()),
                other => return self.text_command(other),
            },
            Overlay::Poa { .. } => match command {
                Command::Open => return self.poa_walk(1),
                _ => return self.poa_walk(step),
            },
            Overlay::WhatIf(w) => match command {
                Command::PaneNext | Command::PanePrev => {
                    w.second = !w.second;
                    w.cursor = 0;
                }
                Command::Left | Command::Expand => return self.what_if_keep(command == Command::Expand),
                Command::Open => self.say("advisory: nothing is posted from here. Code what the record says, then the banner follows"),
                _ => w.cursor = moved(w.cursor, w.len()),
            },
            Overlay::Me | Overlay::Book(_) | Overlay::Builder(_) => {}
        }
        Vec::new()
    }

    fn evidence_lines(&self) -> Vec<usize> {
        match (self.overlays.last(), &self.open) {
            (Some(Overlay::Evidence(_)), Some(open)) => {
                open.texts.iter().map(|t| t.split('\n').count()).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn close_overlay(&mut self) -> Vec<Effect> {
        match self.overlays.last_mut() {
            // Back from the note of a hold to its reasons.
            Some(Overlay::Hold(m)) if m.reason.is_some() => m.reason = None,
            // Back from what is typed in the book to its list.
            Some(Overlay::Book(b)) if b.line.is_some() => b.end_line(false),
            Some(Overlay::Builder(_)) => return self.leave_builder(),
            Some(Overlay::Search(s)) if s.purpose == SearchPurpose::AddLine && !s.posted.is_empty() => {
                self.overlays.pop();
                return self.walk_pointers(None);
            }
            Some(Overlay::Evidence(_)) => {
                self.overlays.pop();
                self.say("no evidence attached: the edit stays open");
            }
            _ => {
                self.overlays.pop();
            }
        }
        self.pending_enter = None;
        Vec::new()
    }
}
