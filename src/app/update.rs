//! The one way into the app: a message in, effects out.
//!
//! Owns routing: replies by kind, letters to the line being typed, commands by what is on top. Never blocks.

use super::{
    App, Command, Effect, Level, Msg, Notice, Overlay, Pane, Reply, Screen, SearchPurpose, TextLine, command,
    encounter::OpenEncounter,
    layout::Panes,
    overlay::{FindState, HoldMenu, PaletteState, Scroll},
    prompt::PromptKind,
};
use crate::domain::{DocumentStatus, HoldReason, Id};

impl App {
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Reply(reply) => self.reply(reply),
            Msg::Resize(w, h) => {
                self.size = (w, h);
                vec![Effect::Redraw]
            }
            Msg::WhichKey(keys) => {
                self.which_key = (!keys.is_empty()).then_some(keys);
                Vec::new()
            }
            Msg::Char(c) => {
                self.which_key = None;
                self.notice = None;
                self.typed(|line| line.insert(c))
            }
            Msg::Pick(c) => {
                self.which_key = None;
                self.notice = None;
                self.letter(c).unwrap_or_default()
            }
            Msg::Paste(text) => self.pasted(&text),
            Msg::Command(command) => {
                self.which_key = None;
                self.notice = None;
                self.command(command)
            }
        }
    }

    fn typed(&mut self, edit: impl FnOnce(&mut TextLine)) -> Vec<Effect> {
        if let Some(overlay) = self.overlays.last_mut() {
            let Some(line) = overlay.text_line() else { return Vec::new() };
            let before = line.text.clone();
            edit(line);
            return if line.text == before { Vec::new() } else { self.text_changed() };
        }
        let Some(line) = self.queue.filter_line.as_mut() else { return Vec::new() };
        edit(line);
        let text = line.text.clone();
        if text == self.queue.filter { Vec::new() } else { self.set_filter(text) }
    }

    /// A paste is text. Where no text is typed it is refused in words: it never runs as keys.
    fn pasted(&mut self, text: &str) -> Vec<Effect> {
        if !self.takes_text() {
            self.say("pasted text was not used: nothing is being typed here");
            return Vec::new();
        }
        if text.trim_end().contains('\n') {
            self.say("the pasted lines were joined into one");
        }
        let text = text.trim_end_matches(['\n', '\r']).replace('\r', "");
        self.typed(|line| line.insert_str(&text))
    }

    fn reply(&mut self, reply: Reply) -> Vec<Effect> {
        match reply {
            Reply::Queue { generation, items, total, counts } => {
                self.queue_loaded(generation, items, total, counts);
                Vec::new()
            }
            Reply::Chart { generation, opened } => self.chart_loaded(generation, *opened),
            Reply::Saved { ticket, version } => self.saved(ticket, version),
            Reply::NotSaved { ticket, why } => self.not_saved(ticket, why),
            Reply::Search { generation, results } => self.search_answered(generation, results),
            Reply::Lease { id, lease } => self.leased(id, lease),
            Reply::Next { generation, id } => self.next_found(generation, id),
            Reply::Book { facts, pages } => {
                self.facts = facts;
                self.pages = Some(pages);
                self.book = super::BookState::Ready;
                // A search asked before the book was open waits at its thread and is answered now.
                self.derive();
                Vec::new()
            }
            Reply::Volumes(volumes) => {
                self.volumes = volumes;
                Vec::new()
            }
            Reply::VolumesFailed(why) => {
                self.fail(format!("index and tables: {why}"));
                Vec::new()
            }
            Reply::BookProgress(what) => {
                self.book = super::BookState::Building(what);
                Vec::new()
            }
            Reply::BookFailed(why) => {
                self.pending_enter = None;
                self.fail(format!("codes cannot be looked up: {why}"));
                self.book = super::BookState::Failed(why);
                Vec::new()
            }
            Reply::Drg(desk) => {
                self.drg = Some(desk);
                self.derive();
                Vec::new()
            }
            Reply::DrgFailed(why) => {
                self.fail(format!("DRG tables: {why}"));
                Vec::new()
            }
            Reply::Sync(view) => {
                self.sync = view;
                Vec::new()
            }
            Reply::Arrived { rows } => {
                self.queue.arrived += rows;
                Vec::new()
            }
        }
    }

    fn chart_loaded(&mut self, generation: u64, opened: Result<super::OpenedChart, String>) -> Vec<Effect> {
        let Some((wanted, id)) = self.opening else { return Vec::new() };
        if wanted != generation {
            return Vec::new();
        }
        self.opening = None;
        match opened {
            Ok(opened) => {
                let lease = self.open.as_ref().filter(|o| o.chart.id() == id).map(|o| o.chart.lease.clone());
                let leased = self.early_lease.take().filter(|(at, _)| *at == id).map(|(_, l)| l);
                let mut open = OpenEncounter::new(opened, &*self.facts, self.today, self.drg.as_deref());
                if let Some(lease) = leased.or(lease) {
                    open.chart.lease = lease;
                }
                self.open = Some(open);
                self.overlays.retain(|o| matches!(o, Overlay::Help(_)));
                self.queue.selected = Some(id);
                if let Some(at) = self.queue.items.iter().position(|i| i.id == id) {
                    self.queue.cursor = self.queue.offset + at as u64;
                }
            }
            Err(why) => self.fail(why),
        }
        Vec::new()
    }

    fn saved(&mut self, ticket: u64, version: u64) -> Vec<Effect> {
        self.save.answered = self.save.answered.max(ticket);
        self.save.failed = false;
        if let Some(open) = &mut self.open {
            open.chart.encounter.version = open.chart.encounter.version.max(version);
        }
        let mut out = Vec::new();
        if let Some((_, id)) = self.open_after_save.filter(|(t, _)| *t == ticket) {
            self.open_after_save = None;
            out.extend(self.open_encounter(id));
        }
        // The list shows states and dollars: it follows once nothing is pending.
        if self.save.answered == self.save.made {
            out.push(self.load_queue());
        }
        out
    }

    fn not_saved(&mut self, ticket: u64, why: String) -> Vec<Effect> {
        self.save.answered = self.save.answered.max(ticket);
        self.save.lost += 1;
        self.save.failed = true;
        self.fail(format!("NOT SAVED, the change is taken back: {why}"));
        // What the cache holds is the truth; the steps made on top of the lost one cannot be trusted.
        self.undo.past.clear();
        self.undo.future.clear();
        match self.open.as_ref().map(|o| o.chart.id()) {
            Some(id) => self.open_encounter(id),
            None => Vec::new(),
        }
    }

    fn leased(&mut self, id: Id, lease: Result<crate::domain::Lease, String>) -> Vec<Effect> {
        let here = self.open.as_mut().filter(|o| o.chart.id() == id);
        match (here, lease) {
            (Some(open), Ok(lease)) => open.chart.lease = lease,
            (None, Ok(lease)) => self.early_lease = Some((id, lease)),
            (_, Err(why)) => self.warn(why),
        }
        Vec::new()
    }

    fn next_found(&mut self, generation: u64, id: Result<Option<Id>, String>) -> Vec<Effect> {
        if self.opening.map(|(g, _)| g) != Some(generation) {
            return Vec::new();
        }
        self.opening = None;
        match id {
            Ok(Some(id)) => self.open_encounter(id),
            Ok(None) => {
                self.leave_encounter();
                let done = self.notice.take().map(|n| format!("{}; ", n.text)).unwrap_or_default();
                self.say(format!("{done}nothing more in this list: > shows the next one"));
                vec![self.load_queue()]
            }
            Err(why) => {
                self.warn(why);
                Vec::new()
            }
        }
    }

    pub(crate) fn open_encounter(&mut self, id: Id) -> Vec<Effect> {
        let generation = self.next_generation();
        self.opening = Some((generation, id));
        // The chart comes from the cache at once; the lease is asked for behind it.
        vec![Effect::OpenChart { generation, id }, Effect::Lease { id }]
    }

    pub(crate) fn get_next(&mut self) -> Vec<Effect> {
        let generation = self.next_generation();
        let after = self.open.as_ref().map(|o| o.chart.id());
        self.opening = Some((generation, Id::NIL));
        vec![Effect::GetNext { generation, view: self.queue.view, after }]
    }

    pub(crate) fn leave_encounter(&mut self) {
        self.open = None;
        self.opening = None;
        self.overlays.clear();
    }

    pub(super) fn command(&mut self, command: Command) -> Vec<Effect> {
        if let Some(n) = command.choice() {
            return self.digit(n);
        }
        if self.overlays.is_empty()
            && self.queue.filter_line.is_none()
            && let Some(why) = command::refusal(self, command)
        {
            self.say(why);
            return Vec::new();
        }
        match command {
            Command::Redraw => return vec![Effect::Redraw],
            Command::Help => return self.push(Overlay::Help(Scroll::default())),
            Command::Book => return self.book_here(),
            Command::Palette => {
                self.overlays.push(Overlay::Palette(PaletteState {
                    line: TextLine::default(),
                    found: Vec::new(),
                    cursor: 0,
                }));
                self.palette_again();
                return Vec::new();
            }
            _ => {}
        }
        if !self.overlays.is_empty() {
            return self.overlay_command(command);
        }
        if self.queue.filter_line.is_some() {
            return self.filter_command(command);
        }
        match command {
            Command::ThemeNext => {
                self.theme = after(&self.themes, &self.theme);
                self.say(format!("theme {}", self.theme));
                vec![
                    Effect::SetTheme(self.theme.clone()),
                    Effect::Setting { key: "theme", value: self.theme.clone() },
                ]
            }
            Command::Keys => {
                self.keys = after(&self.key_maps, &self.keys);
                self.say(format!("key map {}: ? shows it", self.keys));
                vec![
                    Effect::SetKeys(self.keys.clone()),
                    Effect::Setting { key: "keys", value: self.keys.clone() },
                ]
            }
            Command::Me => self.push(Overlay::Me),
            Command::Undo => self.undo_last(),
            Command::Redo => self.redo_last(),
            Command::Next => self.get_next(),
            _ => match self.screen() {
                Screen::Queue => self.queue_command(command),
                Screen::Encounter => self.encounter_command(command),
            },
        }
    }

    pub(super) fn push(&mut self, overlay: Overlay) -> Vec<Effect> {
        self.overlays.push(overlay);
        Vec::new()
    }

    fn queue_command(&mut self, command: Command) -> Vec<Effect> {
        let page = i64::from(self.size.1.saturating_sub(4).max(1));
        match command {
            Command::Down => self.queue_move(1),
            Command::Up => self.queue_move(-1),
            Command::PageDown => self.queue_move(page),
            Command::PageUp => self.queue_move(-page),
            Command::First => self.queue_go(0),
            Command::Last => self.queue_go(self.queue.total.saturating_sub(1)),
            Command::ListNext => self.change_list(1),
            Command::ListPrev => self.change_list(-1),
            Command::Search => {
                self.queue.filter_line = Some(TextLine::new(&self.queue.filter));
                Vec::new()
            }
            Command::Open => match self.queue.current().map(|i| i.id) {
                Some(id) => self.open_encounter(id),
                None => Vec::new(),
            },
            Command::Why => {
                let text = self.queue.current().map(|i| i.why.clone()).unwrap_or_default();
                self.say(text);
                Vec::new()
            }
            Command::Back if !self.queue.filter.is_empty() => self.set_filter(String::new()),
            Command::Quit => self.quit(),
            _ => Vec::new(),
        }
    }

    fn quit(&mut self) -> Vec<Effect> {
        self.quitting = true;
        vec![Effect::Quit]
    }

    fn filter_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Open => {
                self.queue.filter_line = None;
                Vec::new()
            }
            Command::Back => {
                self.queue.filter_line = None;
                self.set_filter(String::new())
            }
            Command::Down => self.queue_move(1),
            Command::Up => self.queue_move(-1),
            other => self.text_command(other),
        }
    }

    pub(super) fn text_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::TextBackspace => self.typed(TextLine::backspace),
            Command::TextDelete => self.typed(TextLine::delete),
            Command::TextKillWord => self.typed(TextLine::kill_word),
            Command::TextClear => self.typed(TextLine::clear),
            Command::Left => self.typed(TextLine::left),
            Command::Expand => self.typed(TextLine::right),
            Command::TextStart => self.typed(|l| l.cursor = 0),
            Command::TextEnd => self.typed(|l| l.cursor = l.text.len()),
            _ => Vec::new(),
        }
    }

    fn encounter_command(&mut self, command: Command) -> Vec<Effect> {
        let (w, h) = self.chart_view();
        let Some(open) = &mut self.open else { return Vec::new() };
        let page = isize::try_from(h.saturating_sub(2).max(1)).unwrap_or(1);
        match command {
            Command::Quit | Command::Back => {
                let id = open.chart.id();
                self.leave_encounter();
                let load = self.load_queue();
                return vec![Effect::Release { id }, load];
            }
            Command::ChartDown => open.scroll_by(page, w, h),
            Command::ChartUp => open.scroll_by(-page, w, h),
            Command::Down => self.walk(1),
            Command::Up => self.walk(-1),
            Command::PageDown => self.walk(page),
            Command::PageUp => self.walk(-page),
            Command::First => self.walk(isize::MIN / 2),
            Command::Last => self.walk(isize::MAX / 2),
            Command::PaneNext => self.turn_pane(1),
            Command::PanePrev => self.turn_pane(-1),
            Command::DocNext => self.turn_document(1),
            Command::DocPrev => self.turn_document(-1),
            Command::FormNext => {
                let n = open.chart.header().forms.len().max(1);
                open.form = (open.form + 1) % n;
                open.claim_top = 0;
            }
            Command::Search => {
                let purpose = match open.pane {
                    Pane::Lines if open.chart.header().is_inpatient() => SearchPurpose::AddProcedure,
                    Pane::Lines => SearchPurpose::AddLine,
                    _ => SearchPurpose::AddDiagnosis { before: None },
                };
                return self.start_search(purpose);
            }
            Command::Lines => {
                let stay = open.chart.header().is_inpatient();
                return self.start_search(if stay {
                    SearchPurpose::AddProcedure
                } else {
                    SearchPurpose::AddLine
                });
            }
            Command::Open => return self.open_current(),
            Command::Expand => return self.expand_current(),
            Command::Submit => return self.submit(),
            Command::Hold => return self.open_hold(),
            Command::MoveUp => return self.shift_current(false),
            Command::MoveDown => return self.shift_current(true),
            Command::Remove => return self.remove_current(),
            Command::Modifiers => return self.prompt_line(|line| PromptKind::Modifiers { line }),
            Command::Pointers => return self.prompt_line(|line| PromptKind::Pointers { line }),
            Command::Units => return self.prompt_line(|line| PromptKind::Units { line }),
            Command::Charge => return self.prompt_line(|line| PromptKind::Charge { line }),
            Command::Poa => return self.poa_column(),
            Command::WhatIf => return self.what_if(),
            Command::EditNext => self.next_finding(),
            Command::Scrub => self.scrub(),
            Command::Override => return self.prompt_override(),
            Command::ClaimFull => return self.push(Overlay::Claim(Scroll::default())),
            Command::Find => return self.push(Overlay::Find(FindState::default())),
            Command::Documents => {
                let cursor = open.document;
                return self.push(Overlay::Documents { cursor });
            }
            Command::Notes => match open.current_diagnosis().map(|d| d.body.code.clone()) {
                Some(code) => return self.push(Overlay::Notes { code, scroll: Scroll::default() }),
                None => self.say("there is no diagnosis here: / finds one"),
            },
            _ => {}
        }
        Vec::new()
    }

    fn start_search(&mut self, purpose: SearchPurpose) -> Vec<Effect> {
        if let Some(why) = command::edit_refusal(self) {
            self.warn(why);
            return Vec::new();
        }
        self.open_search(purpose, Vec::new(), "")
    }

    /// Moves in the pane that has the focus.
    fn walk(&mut self, by: isize) {
        let (w, h) = self.chart_view();
        let Some(open) = &mut self.open else { return };
        let step = |ids: &[Id], at: Option<Id>| {
            let here = at.and_then(|id| ids.iter().position(|x| *x == id)).unwrap_or(0);
            ids.get(here.saturating_add_signed(by).min(ids.len().saturating_sub(1))).copied()
        };
        match open.pane {
            Pane::Chart => open.scroll_by(by, w, h),
            Pane::Codes => open.code = step(&open.code_ids(), open.code),
            Pane::Lines => {
                let ids: Vec<Id> = open.chart.lines.iter().map(|l| l.id).collect();
                open.line = step(&ids, open.line);
            }
            Pane::Edits => {
                let last = open.findings.len().saturating_sub(1);
                open.finding = open.finding.saturating_add_signed(by).min(last);
            }
            Pane::Claim => open.claim_top = open.claim_top.saturating_add_signed(by).min(400),
        }
    }

    fn turn_pane(&mut self, by: isize) {
        let claim_shown = !Panes::of(self).claim.is_empty() || self.size.0 < 120;
        let Some(open) = &mut self.open else { return };
        let order: Vec<Pane> = Pane::ORDER.into_iter().filter(|p| *p != Pane::Claim || claim_shown).collect();
        let at = order.iter().position(|p| *p == open.pane).unwrap_or(0);
        let n = order.len() as isize;
        open.pane = order[(at as isize + by).rem_euclid(n) as usize];
    }

    fn turn_document(&mut self, by: isize) {
        let Some(open) = &mut self.open else { return };
        let last = open.texts.len().saturating_sub(1);
        let to = open.document.saturating_add_signed(by).min(last);
        if to == open.document {
            self.say(if by > 0 { "this is the last document" } else { "this is the first document" });
        } else {
            open.document = to;
        }
    }

    /// Enter on an open encounter: what stands under the cursor.
    fn open_current(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        match open.pane {
            Pane::Codes => match open.current_diagnosis().map(|d| d.id) {
                Some(id) => self.open_search(SearchPurpose::ReplaceDiagnosis { id }, Vec::new(), ""),
                None => self.start_search(SearchPurpose::AddDiagnosis { before: None }),
            },
            Pane::Lines => self.prompt_line(|line| PromptKind::Modifiers { line }),
            Pane::Edits => {
                let place = open.findings.get(open.finding).map(|f| f.place.clone());
                if let Some(place) = place {
                    self.go_to(&place);
                }
                Vec::new()
            }
            Pane::Claim => self.push(Overlay::Claim(Scroll::default())),
            Pane::Chart => {
                self.turn_pane(1);
                Vec::new()
            }
        }
    }

    fn expand_current(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let Some(d) = open.current_diagnosis().cloned() else { return Vec::new() };
        let parent: String = d.body.code.chars().take(3).collect();
        let within = vec![crate::domain::CodeRange::one(&parent)];
        self.open_search(SearchPurpose::ReplaceDiagnosis { id: d.id }, within, "")
    }

    fn open_hold(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        if open.chart.open_holds().next().is_some() {
            return self.release_holds();
        }
        let chart = &open.chart;
        let unsigned = chart.documents.iter().find(|d| d.body.status == DocumentStatus::Unsigned);
        let by_author = unsigned.and_then(|d| {
            let last = d.body.author.split(',').next().unwrap_or("").trim().to_lowercase();
            chart.directory.providers.values().find(|p| p.body.name.last.to_lowercase() == last)
        });
        let roles = &chart.header().roles;
        let visit = roles.rendering.or(roles.attending).and_then(|id| chart.directory.providers.get(&id));
        let owner = by_author.or(visit).map(|p| (p.id, p.body.short()));
        let cursor = match unsigned {
            Some(_) => HoldReason::ALL.iter().position(|r| *r == HoldReason::UnsignedNote).unwrap_or(0),
            None => 0,
        };
        self.push(Overlay::Hold(HoldMenu { cursor, reason: None, note: TextLine::default(), owner }))
    }

    fn digit(&mut self, n: usize) -> Vec<Effect> {
        match self.overlays.last_mut() {
            None => self.choose(n),
            Some(Overlay::Hold(h)) => {
                if let Some(reason) = HoldReason::ALL.get(n - 1) {
                    h.cursor = n - 1;
                    h.reason = Some(*reason);
                }
                Vec::new()
            }
            Some(Overlay::Notes { .. }) => {
                self.overlays.pop();
                self.choose(n)
            }
            Some(Overlay::Book(_)) => self.book_digit(n),
            Some(Overlay::Picker(p)) => match p.choices.get(n - 1).map(|(c, _)| *c) {
                Some(c) => self.pick_seventh(c),
                None => Vec::new(),
            },
            Some(_) => Vec::new(),
        }
    }

    /// A letter typed where a list takes letters: 7th characters.
    fn letter(&mut self, c: char) -> Option<Vec<Effect>> {
        match self.overlays.last() {
            Some(Overlay::Picker(_)) if c.is_ascii_alphanumeric() => Some(self.pick_seventh(c)),
            Some(Overlay::Poa { .. }) => Some(self.poa_letter(c)),
            Some(Overlay::Builder(_)) => Some(self.build_on(c)),
            _ => None,
        }
    }
}

/// The item after `now` in a ring.
fn after(ring: &[String], now: &str) -> String {
    let at = ring.iter().position(|x| x == now).map_or(0, |i| i + 1);
    ring.get(at % ring.len().max(1)).cloned().unwrap_or_else(|| now.to_string())
}

impl Notice {
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}
