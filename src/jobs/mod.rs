//! Worker threads: writer, reader, search, sync. Effects of the app go in, replies come out.
//!
//! Owns the channels and who may hold what: the writer and the sync thread share the one `Store` behind a lock
//! that is never held while the network answers; the reader has a connection of its own, so that neither an
//! import nor a page of sync delays opening a chart; search keeps the newest question only. Channels are
//! bounded. Started and stopped by `run`, on the UI thread.

mod reader;
mod search;
mod sync;
mod writer;

use crate::app::{Effect, Reply};
use crate::codes::volumes::Volumes;
use crate::domain::IdMint;
use crate::facts::Codes;
use crate::hub::Hub;
use crate::store::{Reader, Store};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Questions waiting for one worker; an edit waits for room, everything else is drawn from the newest state.
const ROOM: usize = 1024;

/// Tells the time of the site, milliseconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Opens the hub, on the sync thread: no connection is made before the first frame.
pub type OpenHub = Box<dyn FnOnce() -> Result<Box<dyn Hub>, String> + Send>;
/// Loads the code book, on the search thread.
pub type LoadCodes = Box<dyn FnOnce(Progress) -> Result<Arc<Codes>, String> + Send>;
/// Loads the DRG tables, on a thread of its own that ends with it; told once it can answer, and again when all of
/// them are unpacked.
pub type LoadDrg = Box<dyn FnOnce(&mut dyn FnMut(Arc<crate::drg::Desk>)) -> Result<(), String> + Send>;
/// Loads index and tables of the book screens, on a thread of its own that ends with it.
pub type LoadVolumes = Box<dyn FnOnce() -> Result<Volumes, String> + Send>;
/// Told while the book is being made: what, and how far in percent.
pub type Progress = Box<dyn FnMut(&str, u8)>;

/// What the workers are given.
pub struct Parts {
    pub store: Store,
    /// For the reader thread and for the sync thread.
    pub readers: (Reader, Reader),
    /// For the search thread, which reads what is used here; nothing where that is switched off.
    pub uses: Option<Reader>,
    pub open_hub: OpenHub,
    pub load_codes: LoadCodes,
    pub load_drg: LoadDrg,
    pub load_volumes: LoadVolumes,
    pub login: String,
    pub now: Now,
    pub seed: u64,
}

/// Replies go here; counts what has been asked and not answered.
#[derive(Clone)]
struct Out {
    replies: Sender<Reply>,
    outstanding: Arc<AtomicUsize>,
}

impl Out {
    /// The answer to something that was asked.
    fn answer(&self, reply: Reply) {
        let _ = self.replies.send(reply);
        self.outstanding.fetch_sub(1, Ordering::SeqCst);
    }
    /// A question that will never be answered: a newer one took its place.
    fn dropped(&self) {
        self.outstanding.fetch_sub(1, Ordering::SeqCst);
    }
    /// News nobody asked for.
    fn tell(&self, reply: Reply) {
        let _ = self.replies.send(reply);
    }
}

pub struct Jobs {
    to_writer: Option<Sender<writer::Ask>>,
    to_reader: Option<Sender<reader::Ask>>,
    to_search: Option<search::Desk>,
    to_sync: Option<Sender<sync::Ask>>,
    replies: Receiver<Reply>,
    outstanding: Arc<AtomicUsize>,
    /// The writer ends last: what was typed has to be on the disk.
    threads: Vec<JoinHandle<()>>,
}

impl Jobs {
    pub fn start(parts: Parts) -> std::io::Result<Jobs> {
        // Replies are never more than questions and a few lines of news; nobody may block on a full screen.
        let (replies_out, replies) = crossbeam_channel::unbounded();
        let history = parts.uses.map(|reader| search::History {
            reader,
            now: parts.now.clone(),
            learned: parts.store.learned(),
        });
        // The code book, the DRG tables, index and tables of the book screens.
        let outstanding = Arc::new(AtomicUsize::new(3));
        let out = Out { replies: replies_out, outstanding: outstanding.clone() };
        let store = Arc::new(Mutex::new(parts.store));
        let (to_writer, writer_asks) = bounded(ROOM);
        let (to_reader, reader_asks) = bounded(ROOM);
        let (to_sync, sync_asks) = bounded(ROOM);
        let (to_search, search_desk) = search::desk();
        let spawn =
            |name: &str, f: Box<dyn FnOnce() + Send>| std::thread::Builder::new().name(name.into()).spawn(f);
        let mut threads = Vec::new();
        let w = writer::Writer {
            store: store.clone(),
            login: parts.login.clone(),
            now: parts.now.clone(),
            mint: IdMint::new(parts.seed),
            out: out.clone(),
            to_sync: to_sync.clone(),
        };
        threads.push(spawn("writer", Box::new(move || w.run(&writer_asks)))?);
        let (r, sync_reader) = parts.readers;
        let (o, login, now) = (out.clone(), parts.login.clone(), parts.now.clone());
        threads.push(spawn("reader", Box::new(move || reader::run(&r, &reader_asks, &login, &now, &o)))?);
        let o = out.clone();
        threads.push(spawn(
            "search",
            Box::new(move || search::run(parts.load_codes, history.as_ref(), &search_desk, &o)),
        )?);
        let o = out.clone();
        let load = parts.load_drg;
        threads.push(spawn(
            "drg",
            Box::new(move || {
                let mut last = None;
                let done = load(&mut |desk| {
                    last = Some(desk.clone());
                    o.tell(Reply::Drg(desk));
                });
                match (done, last) {
                    (Ok(()), Some(desk)) => o.answer(Reply::Drg(desk)),
                    (Ok(()), None) => o.dropped(),
                    (Err(why), _) => o.answer(Reply::DrgFailed(why)),
                }
            }),
        )?);
        let o = out.clone();
        let load = parts.load_volumes;
        threads.push(spawn(
            "volumes",
            Box::new(move || match load() {
                Ok(volumes) => o.answer(Reply::Volumes(Arc::new(volumes))),
                Err(why) => o.answer(Reply::VolumesFailed(why)),
            }),
        )?);
        let s = sync::Sync::new(store, sync_reader, &parts.login, parts.seed, parts.now, out);
        threads.push(spawn("sync", Box::new(move || s.run(parts.open_hub, &sync_asks)))?);
        let _ = to_sync.send(sync::Ask::Exchange);
        Ok(Jobs {
            to_writer: Some(to_writer),
            to_reader: Some(to_reader),
            to_search: Some(to_search),
            to_sync: Some(to_sync),
            replies,
            outstanding,
            threads,
        })
    }

    pub fn replies(&self) -> Receiver<Reply> {
        self.replies.clone()
    }

    /// Questions not yet answered, the opening of the code book, of the DRG tables and of the volumes among them.
    pub fn outstanding(&self) -> usize {
        self.outstanding.load(Ordering::SeqCst)
    }

    pub fn send(&self, effect: Effect) {
        let asked = || {
            self.outstanding.fetch_add(1, Ordering::SeqCst);
        };
        match effect {
            Effect::LoadQueue { generation, query } => {
                asked();
                give(&self.to_reader, reader::Ask::Queue { generation, query });
            }
            Effect::OpenChart { generation, id } => {
                asked();
                give(&self.to_reader, reader::Ask::Chart { generation, id });
            }
            Effect::GetNext { generation, view, after } => {
                asked();
                give(&self.to_reader, reader::Ask::Next { generation, view, after });
            }
            Effect::Commit { ticket, set } => {
                asked();
                give(&self.to_writer, writer::Ask::Commit { ticket, set: Box::new(set) });
            }
            Effect::Setting { key, value } => give(&self.to_writer, writer::Ask::Setting { key, value }),
            Effect::Search { generation, ask } => {
                asked();
                if let Some(desk) = &self.to_search
                    && desk.put(generation, ask)
                {
                    self.outstanding.fetch_sub(1, Ordering::SeqCst);
                }
            }
            Effect::Lease { id } => {
                asked();
                give(&self.to_sync, sync::Ask::Lease { id });
            }
            Effect::Release { id } => give(&self.to_sync, sync::Ask::Release { id }),
            // The loop's own.
            Effect::SetTheme(_) | Effect::SetKeys(_) | Effect::Redraw | Effect::Quit => {}
        }
    }

    /// Lets every worker finish what it was given, the writer first.
    pub fn finish(mut self) {
        self.to_writer = None;
        self.to_reader = None;
        self.to_search = None;
        self.to_sync = None;
        for t in self.threads.drain(..) {
            let _ = t.join();
        }
    }
}

fn give<T>(to: &Option<Sender<T>>, ask: T) {
    if let Some(to) = to {
        let _ = to.send(ask);
    }
}
