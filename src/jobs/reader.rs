//! The reader: lists and charts, from its own read-only connection.

use super::{Now, Out};
use crate::app::{Generation, OpenedChart, Reply};
use crate::domain::text::clean;
use crate::domain::{Id, WorkQuery, WorkView};
use crate::store::{Reader, StoreError};
use crossbeam_channel::Receiver;
use std::borrow::Cow;

pub(super) enum Ask {
    Queue { generation: Generation, query: WorkQuery },
    Chart { generation: Generation, id: Id },
    Next { generation: Generation, view: WorkView, after: Option<Id> },
}

pub(super) fn run(reader: &Reader, asks: &Receiver<Ask>, login: &str, now: &Now, out: &Out) {
    for ask in asks {
        out.answer(match ask {
            Ask::Queue { generation, query } => match queue(reader, &query, login) {
                Ok((items, total, counts)) => Reply::Queue { generation, items, total, counts },
                Err(e) => {
                    let opened = Box::new(Err(format!("the list cannot be read: {e}")));
                    Reply::Chart { generation: 0, opened }
                }
            },
            Ask::Chart { generation, id } => {
                let opened = chart(reader, id).map_err(|e| format!("the chart cannot be read: {e}"));
                Reply::Chart { generation, opened: Box::new(opened) }
            }
            Ask::Next { generation, view, after } => {
                let query = WorkQuery { view, me: login.to_string(), ..WorkQuery::default() };
                let found = reader.next_after(&query, after, now());
                let id = found.map(|i| i.map(|i| i.id)).map_err(|e| e.to_string());
                Reply::Next { generation, id }
            }
        });
    }
}

type Page = (Vec<crate::domain::WorkItem>, u64, Vec<(WorkView, u64)>);

fn queue(reader: &Reader, query: &WorkQuery, login: &str) -> Result<Page, StoreError> {
    let (items, total) = reader.queue(query)?;
    Ok((items, total, reader.counts(login)?))
}

fn chart(reader: &Reader, id: Id) -> Result<OpenedChart, StoreError> {
    let chart = reader.chart(id)?.ok_or(StoreError::NotFound(id))?;
    // Intake cleans what it stores; what the hub brings may have been stored by another program or version.
    let texts = reader.texts(&chart)?.into_iter().map(|t| match clean(&t) {
        Cow::Borrowed(_) => t,
        Cow::Owned(c) => c.into(),
    });
    let texts = texts.collect();
    Ok(OpenedChart { chart, texts })
}
