//! The writer: stores edits in the order they were made, each synced to the disk before it is called saved.

use super::{Now, Out, sync};
use crate::app::Reply;
use crate::domain::{EditSet, IdMint};
use crate::store::Store;
use crossbeam_channel::{Receiver, Sender};
use std::sync::{Arc, Mutex};

pub(super) enum Ask {
    Commit { ticket: u64, set: Box<EditSet> },
    Setting { key: &'static str, value: String },
}

pub(super) struct Writer {
    pub store: Arc<Mutex<Store>>,
    pub login: String,
    pub now: Now,
    pub mint: IdMint,
    pub out: Out,
    pub to_sync: Sender<sync::Ask>,
}

impl Writer {
    pub fn run(mut self, asks: &Receiver<Ask>) {
        for ask in asks {
            match ask {
                Ask::Commit { ticket, set } => self.commit(ticket, &set),
                Ask::Setting { key, value } => {
                    if let Ok(mut store) = self.store.lock() {
                        // A theme that is not remembered is no reason to stop anybody.
                        let _ = store.set_setting(key, &value);
                    }
                }
            }
        }
    }

    fn commit(&mut self, ticket: u64, set: &EditSet) {
        let now = (self.now)();
        let id = self.mint.next(now.unsigned_abs());
        let result = match self.store.lock() {
            Ok(mut store) => store.commit(set, &self.login, now, id).map_err(|e| match e.hint() {
                Some(hint) => format!("{e}; {hint}"),
                None => e.to_string(),
            }),
            Err(_) => Err("a worker of codesk failed: leave and start it again".to_string()),
        };
        let reply = match result {
            Ok(done) => Reply::Saved { ticket, version: done.version },
            Err(why) => Reply::NotSaved { ticket, why },
        };
        self.out.answer(reply);
        // A full channel holds an exchange already.
        let _ = self.to_sync.try_send(sync::Ask::Exchange);
    }
}
