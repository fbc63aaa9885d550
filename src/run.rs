//! The event loop: input, signals and replies in; frames and effects out. The only module that sees every other.
//!
//! Owns the order of things: receive (for ever when idle), handle, drain what else is there, run effects,
//! and if something changed and the frame gap has passed, paint once and write once. No tick, no spinner, no
//! I/O in update or view. A held key on a slow link coalesces: all input is drained before a frame.

use crate::app::command::known;
use crate::app::key::{Key, KeyCode};
use crate::app::{App, Command, Context, Effect, Msg, Reply, Start};
use crate::cli::{RunArgs, Site, SiteError, edit_settings, open_hub};
use crate::codes_file::CodesFileError;
use crate::drg_file;
use crate::facts::Codes;
use crate::hub::{Clock, Hub};
use crate::input::{self, FromTerminal, InputEvent, Keymap, PRESETS, Router};
use crate::jobs::{Jobs, Parts};
use crate::table_store::TableStore;
use crate::term::{self, Canvas, Pace, RawOut, Session, Signal, TermError};
use crate::theme::{Depth, Theme, Themes};
use crate::ui;
use crossbeam_channel::{Receiver, bounded, never, select};
use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Term(#[from] TermError),
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error("the screen cannot be drawn: {0}")]
    Draw(#[from] std::io::Error),
    #[error("{0}")]
    Theme(#[from] crate::theme::ThemeError),
    #[error("there is no key map {0:?}; there are {known}", known = PRESETS.join(", "))]
    NoKeys(String),
}

/// Messages handled before a frame is due; a paste of a whole file must not starve the screen.
const DRAIN: usize = 256;
/// How long a frame waits for an answer that is expected at once.
const QUICK: Duration = Duration::from_millis(3);
/// The same for the first frame: the list, before which books and tables may speak.
const FIRST: Duration = Duration::from_millis(25);

/// Events kept while an answer is under way; nobody types more blindly.
const AHEAD: usize = 4096;

/// Everything the loop holds besides the app.
struct Desk {
    app: App,
    site: Site,
    keymap: Keymap,
    router: Router,
    themes: Themes,
    theme: Theme,
    depth: Depth,
    jobs: Jobs,
    redraw: bool,
    quit: bool,
    test_panic: bool,
    ahead: VecDeque<InputEvent>,
    /// A question is under way that the cache or the book answers within a frame.
    asked: bool,
}

impl Desk {
    fn new(mut site: Site, args: &RunArgs, size: (u16, u16)) -> Result<Desk, RunError> {
        // crossterm drops reverse video under NO_COLOR; the mono theme is ours and needs it.
        crossterm::style::force_color_output(true);
        let depth = Depth::detect();
        let themes = site.config.themes()?;
        let theme_name =
            args.theme.clone().or_else(|| site.setting("theme")).unwrap_or_else(|| site.config.theme.clone());
        let theme = match themes.get(&theme_name, depth) {
            Ok(t) => t,
            // A theme kept from an older version may be gone; one that was asked for by name is an error.
            Err(e) if args.theme.is_some() => return Err(e.into()),
            Err(_) => themes.get("ansi", depth)?,
        };
        let keys =
            args.keys.clone().or_else(|| site.setting("keys")).unwrap_or_else(|| site.config.keys.clone());
        if !PRESETS.contains(&keys.as_str()) {
            return Err(RunError::NoKeys(keys));
        }
        let (keymap, key_errors) = load_keys(&site, &keys)?;
        let mut app = App::new(Start {
            me: site.me.clone(),
            site: site.name.clone(),
            today: site.today,
            now: site.now(),
            size,
            seed: site.seed(),
            theme: theme_name,
            themes: themes.names(),
            keys,
            key_maps: PRESETS.iter().map(|p| p.to_string()).collect(),
        });
        if let Some(view) = site.setting("list").and_then(|v| crate::domain::WorkView::from_key(&v)) {
            app.queue.view = view;
        }
        if let Some(first) = key_errors.first() {
            app.notice = Some(crate::app::Notice { level: crate::app::Level::Warn, text: first.clone() });
        }
        // What of `edits.toml` cannot be used is said at once; a damaged table every claim says.
        let wrong = match crate::edit_tables::policy(&site.config.dir) {
            Ok((_, errors)) => errors.first().map(ToString::to_string),
            Err(e) => Some(e.to_string()),
        };
        if let (Some(text), None) = (wrong, &app.notice) {
            app.notice = Some(crate::app::Notice { level: crate::app::Level::Warn, text });
        }
        let jobs = start_jobs(&mut site)?;
        Ok(Desk {
            app,
            site,
            keymap,
            router: Router::default(),
            themes,
            theme,
            depth,
            jobs,
            redraw: false,
            quit: false,
            test_panic: args.test_panic,
            ahead: VecDeque::new(),
            asked: false,
        })
    }

    fn update(&mut self, msg: Msg) {
        self.app.now = self.site.now();
        let effects = self.app.update(msg);
        for effect in effects {
            self.effect(effect);
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Redraw => self.redraw = true,
            Effect::Quit => self.quit = true,
            Effect::SetTheme(name) => match self.themes.get(&name, self.depth) {
                Ok(t) => {
                    self.theme = t;
                    self.redraw = true;
                }
                Err(e) => {
                    self.app.notice =
                        Some(crate::app::Notice { level: crate::app::Level::Error, text: e.to_string() })
                }
            },
            Effect::SetKeys(name) => {
                if let Ok((map, _)) = load_keys(&self.site, &name) {
                    self.keymap = map;
                }
            }
            other => {
                self.asked |= other.is_quick();
                self.jobs.send(other);
            }
        }
    }

    /// Keys typed ahead, as soon as they can be understood.
    fn pump(&mut self) {
        while !self.app.is_waiting() && !self.quit {
            match self.ahead.pop_front() {
                Some(InputEvent::Key(key)) => self.key(key),
                Some(InputEvent::Paste(text)) => self.update(Msg::Paste(text)),
                None => return,
            }
        }
    }

    fn key(&mut self, key: Key) {
        if self.test_panic && key == Key::ctrl('g') {
            #[allow(clippy::panic)]
            {
                panic!("asked for by --test-panic");
            }
        }
        if let Some(msg) = self.router.route(&self.app, &self.keymap, key) {
            self.update(msg);
        }
    }

    fn event(&mut self, event: InputEvent) {
        let escape = [Key::plain(KeyCode::Esc), Key::ctrl('c')].map(InputEvent::Key);
        if self.app.is_waiting() && escape.contains(&event) {
            self.ahead.clear();
            self.app.stop_waiting();
        }
        if self.ahead.len() < AHEAD {
            self.ahead.push_back(event);
        }
        self.pump();
    }

    fn reply(&mut self, reply: Reply) {
        self.asked &= !reply.is_quick();
        self.update(Msg::Reply(reply));
        self.pump();
    }
}

fn start_jobs(site: &mut Site) -> Result<Jobs, RunError> {
    let (mut store, first) = site.take_store()?;
    store.set_learning(site.config.history);
    let uses = site.config.history.then(|| store.reader()).transpose().map_err(SiteError::from)?;
    let second = store.reader().map_err(SiteError::from)?;
    let (config, clock) = (site.config.clone(), site.clock);
    let (book_dir, data_dir) = (config.book_dir(), config.dir.clone());
    let (drg_dir, today) = (config.dir.clone(), site.today);
    let edits_of = config.clone();
    let volumes_dir = config.dir.clone();
    let parts = Parts {
        store,
        readers: (first, second),
        uses,
        open_hub: Box::new(move || {
            open_hub(&config, clock).map(|h| h as Box<dyn Hub>).map_err(|e| e.to_string())
        }),
        load_codes: Box::new(move |mut progress| {
            let opened = TableStore::open(&data_dir)
                .map_err(CodesFileError::from)
                .and_then(|store| Codes::open_site(&book_dir, &store, &mut *progress));
            let (tables, policy, _) = edit_settings(&edits_of);
            opened.map(|codes| Arc::new(codes.with_edits(tables, policy))).map_err(|e| match e.hint() {
                Some(hint) => format!("{e}; {hint}"),
                None => e.to_string(),
            })
        }),
        load_drg: Box::new(move |tell| {
            let (library, faults) = drg_file::open(&drg_dir).map_err(|e| e.to_string())?;
            let desk = Arc::new(crate::drg::Desk::new(library).map_err(|e| e.to_string())?);
            // The version of today's discharges first: most charts are of this month.
            let _ = desk.library.on(today);
            tell(desk.clone());
            desk.library.load_all();
            // What is whole is used; what is not is named.
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
        }),
        load_volumes: Box::new(move || {
            let store = TableStore::open(&volumes_dir).map_err(|e| e.to_string())?;
            store.volumes(today).map_err(|e| e.to_string())
        }),
        login: site.me.login.clone(),
        now: Arc::new(move || Clock::now_ms(&clock)),
        seed: site.seed(),
    };
    Ok(Jobs::start(parts)?)
}

fn load_keys(site: &Site, preset: &str) -> Result<(Keymap, Vec<String>), RunError> {
    let patch = site.config.key_patch()?;
    let patch = patch.as_ref().map(|(file, text)| (file.as_str(), text.as_str()));
    let (map, errors) = Keymap::load(preset, patch, &known);
    Ok((map, errors.iter().map(ToString::to_string).collect()))
}

pub fn run(site: Site, args: &RunArgs) -> Result<(), RunError> {
    if args.plain {
        return plain(site, args);
    }
    let (signal_out, signals) = bounded(16);
    // Before the terminal is touched: a signal that comes in between must find its thread.
    term::watch(signal_out).map_err(TermError::Io)?;
    let session = Session::enter()?;
    let size = term::size();
    let mut desk = Desk::new(site, args, size)?;
    let (input_out, terminal_events) = bounded(1024);
    input::spawn(input_out).map_err(TermError::Io)?;
    let result = screen_loop(&mut desk, &terminal_events, &signals);
    // The terminal first: what is pending may take a moment, and the user has left.
    drop(session);
    desk.jobs.finish();
    result
}

fn screen_loop(
    desk: &mut Desk,
    terminal_events: &Receiver<FromTerminal>,
    signals: &Receiver<Signal>,
) -> Result<(), RunError> {
    let mut canvas = Canvas::new(desk.app.size.0, desk.app.size.1);
    let mut out = RawOut;
    let mut pace = Pace::new(Pace::is_remote());
    for effect in desk.app.start_effects() {
        desk.effect(effect);
    }
    // The first frame shows the list from the cache: it is a matter of a few milliseconds.
    let replies = desk.jobs.replies();
    await_quick(desk, &replies, FIRST);
    let mut dirty = true;
    loop {
        let wait = if dirty { pace.next(Instant::now()) } else { None };
        if dirty && wait.is_none() {
            frame(desk, &mut canvas, &mut out, &mut pace)?;
            dirty = false;
        }
        let timer = wait.map_or_else(never, crossbeam_channel::at);
        select! {
            recv(terminal_events) -> e => match e {
                Ok(FromTerminal::Event(e)) => desk.event(e),
                Ok(FromTerminal::HangUp) | Err(_) => return Ok(()),
            },
            recv(replies) -> r => if let Ok(r) = r { desk.reply(r) },
            recv(signals) -> s => match s {
                Ok(Signal::Resize) => {
                    let (w, h) = term::size();
                    canvas.resize(w, h);
                    desk.update(Msg::Resize(w, h));
                }
                Ok(Signal::Quit | Signal::HangUp) | Err(_) => return Ok(()),
            },
            recv(timer) -> _ => continue,
        }
        dirty = true;
        drain(desk, terminal_events, &replies);
        await_quick(desk, &replies, QUICK);
        if desk.quit {
            return Ok(());
        }
    }
}

/// Handles what else has arrived already, so that ten keys in one packet are one frame.
fn drain(desk: &mut Desk, terminal_events: &Receiver<FromTerminal>, replies: &Receiver<Reply>) {
    for _ in 0..DRAIN {
        if desk.quit {
            return;
        }
        if let Ok(reply) = replies.try_recv() {
            desk.reply(reply);
            continue;
        }
        match terminal_events.try_recv() {
            Ok(FromTerminal::Event(e)) => desk.event(e),
            Ok(FromTerminal::HangUp) => desk.quit = true,
            Err(_) => return,
        }
    }
}

/// What a key asks of cache or book is mostly there in a millisecond: one frame with the answer instead of one
/// without it and one with it.
fn await_quick(desk: &mut Desk, replies: &Receiver<Reply>, most: Duration) {
    let until = Instant::now() + most;
    while desk.asked && !desk.quit {
        match replies.recv_deadline(until) {
            Ok(reply) => desk.reply(reply),
            Err(_) => desk.asked = false,
        }
    }
}

fn frame(
    desk: &mut Desk,
    canvas: &mut Canvas,
    out: &mut impl Write,
    pace: &mut Pace,
) -> Result<(), RunError> {
    if std::mem::take(&mut desk.redraw) {
        canvas.redraw();
    }
    let Desk { app, theme, keymap, .. } = desk;
    let keys =
        |context: Context, command: Command| keymap.keys_for(context.key(), command.id()).into_iter().next();
    let cursor = ui::render(app, theme, &keys, canvas.buffer());
    let sent = canvas.present(cursor, out)?;
    out.flush()?;
    pace.painted(Instant::now(), sent.blocked);
    Ok(())
}

/// Plain line mode: a key a line or a word a line in, words out. For screen readers and for scripts.
///
/// A line `key NAME` gives a key by its name, `type TEXT` types text, any other line is keys one after another.
fn plain(site: Site, args: &RunArgs) -> Result<(), RunError> {
    let mut desk = Desk::new(site, args, (80, 24))?;
    for effect in desk.app.start_effects() {
        desk.effect(effect);
    }
    println!(
        "codesk, line mode. A line is keys, one a letter; an empty line is Enter; `key Esc` is a named key; `type \
         TEXT` is text. ? lists the commands, q leaves."
    );
    let mut before = Vec::new();
    say(&mut desk, &mut before)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let keys: Vec<Key> = match line.split_once(' ') {
            Some(("type", text)) => text.chars().map(Key::char).collect(),
            Some(("key", name)) => match Key::parse(name.trim()) {
                Ok(k) => vec![k],
                Err(why) => {
                    println!("{why}");
                    continue;
                }
            },
            _ if line.is_empty() => vec![Key::plain(KeyCode::Enter)],
            _ => line.chars().map(Key::char).collect(),
        };
        for key in keys {
            desk.key(key);
            settle(&mut desk);
        }
        say(&mut desk, &mut before)?;
        if desk.quit {
            break;
        }
    }
    desk.jobs.finish();
    Ok(())
}

/// Waits for the answers to what was asked: in plain mode nothing may speak later by itself.
fn settle(desk: &mut Desk) {
    let replies = desk.jobs.replies();
    let until = Instant::now() + Duration::from_secs(20);
    while desk.jobs.outstanding() > 0 && Instant::now() < until {
        // A question may also end without an answer, which wakes nobody.
        if let Ok(reply) = replies.recv_timeout(Duration::from_millis(5)) {
            desk.reply(reply);
        }
    }
    while let Ok(reply) = replies.try_recv() {
        desk.reply(reply);
    }
}

fn say(desk: &mut Desk, before: &mut Vec<String>) -> Result<(), RunError> {
    settle(desk);
    let Desk { app, keymap, .. } = desk;
    let keys =
        |context: Context, command: Command| keymap.keys_for(context.key(), command.id()).into_iter().next();
    let now = ui::plain::lines(app, &keys);
    let mut out = std::io::stdout().lock();
    for line in ui::plain::news(before, &now) {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    *before = now;
    Ok(())
}

/// The whole program without a terminal: keys in, the painted screen out as text. For tests of screens.
pub struct Rig {
    desk: Desk,
}

impl Rig {
    pub fn new(site: Site, size: (u16, u16)) -> Result<Rig, RunError> {
        let mut desk = Desk::new(site, &RunArgs::default(), size)?;
        for effect in desk.app.start_effects() {
            desk.effect(effect);
        }
        settle(&mut desk);
        // The first exchange ends when it likes: what it says belongs to every picture.
        let replies = desk.jobs.replies();
        while desk.app.sync.words.is_empty() {
            let Ok(reply) = replies.recv_timeout(Duration::from_secs(20)) else { break };
            desk.reply(reply);
        }
        Ok(Rig { desk })
    }

    /// Types keys as a key map writes them (`"/"`, `"enter"`, `"g g"`); each is answered before the next.
    pub fn press(&mut self, keys: &[&str]) -> Result<(), String> {
        for text in keys {
            for key in Key::parse_sequence(text)? {
                self.desk.key(key);
                settle(&mut self.desk);
            }
        }
        Ok(())
    }

    pub fn type_text(&mut self, text: &str) {
        for c in text.chars() {
            self.desk.key(Key::char(c));
            settle(&mut self.desk);
        }
    }

    pub fn resize(&mut self, w: u16, h: u16) {
        self.desk.update(Msg::Resize(w, h));
        settle(&mut self.desk);
    }

    pub fn app(&self) -> &App {
        &self.desk.app
    }

    /// Gives the book the volumes a site has loaded.
    pub fn load_volumes(&mut self, volumes: crate::codes::volumes::Volumes) {
        self.desk.update(Msg::Reply(Reply::Volumes(Arc::new(volumes))));
        settle(&mut self.desk);
    }

    /// The screen as text, a row a line, without trailing blanks.
    pub fn screen(&mut self) -> String {
        let (w, h) = self.desk.app.size;
        let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, w, h));
        let Desk { app, theme, keymap, .. } = &self.desk;
        let keys = |context: Context, command: Command| {
            keymap.keys_for(context.key(), command.id()).into_iter().next()
        };
        ui::render(app, theme, &keys, &mut buffer);
        let mut out = String::new();
        for y in 0..h {
            let row: String = (0..w).map(|x| buffer[(x, y)].symbol().to_string()).collect();
            out.push_str(row.trim_end());
            out.push('\n');
        }
        out
    }

    pub fn finish(self) {
        self.desk.jobs.finish();
    }
}
