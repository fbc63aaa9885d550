//! The hub of a team: one PostgreSQL database (13 or later), a login for every person.
//!
//! Owns the session of one connection. What may be done is decided in the database (`schema/*.sql`): clients call
//! functions and nothing else, the caller is the login of the connection, row security decides what is read.
//! Belongs to the thread that uses it; a call blocks that thread until it is answered or given up.

mod admin;
mod link;
mod place;
mod schema;
mod wire;

pub use place::PgPlace;
pub use schema::{Migrated, NEWEST};

use super::{
    Hello, Hub, HubError, HubEvent, HubFault, HubItem, LeaseAnswer, NextAsk, PullAnswer, PushAnswer, Welcome,
};
use crate::domain::{Cursor, Id, Lease, Op, Record, Scope};
use link::{Link, Param, text_of};
use tokio_postgres::types::Type;

/// Ops on the wire at once; texts of documents go with them, so that it is not more.
const PIPELINE: usize = 16;

#[derive(Clone, Debug)]
struct Session {
    client: String,
}

/// A connection to the hub, made when it is first needed and again after it failed.
pub struct PgHub {
    link: Link,
    /// A streaming copy that pulls are read from.
    replica: Option<Link>,
    session: Option<Session>,
    login: Option<String>,
    lists_only: bool,
    /// The schema this program needs.
    needs: u32,
}

impl PgHub {
    /// Connects to nothing yet.
    pub fn new(place: PgPlace, replica: Option<PgPlace>) -> Result<PgHub, HubError> {
        let replica = replica.map(Link::new).transpose()?;
        Ok(PgHub {
            link: Link::new(place)?,
            replica,
            session: None,
            login: None,
            lists_only: false,
            needs: NEWEST,
        })
    }

    /// For a hub with far more encounters than a cache should hold: lists come whole, records only of the
    /// encounters that are asked for.
    pub fn lists_only(mut self) -> PgHub {
        self.lists_only = true;
        self
    }

    /// Says `hello` only; every other call before it is refused. After a lost connection it is said again.
    fn client(&self) -> Result<String, HubError> {
        self.session.as_ref().map(|s| s.client.clone()).ok_or(HubError::NotSignedIn)
    }

    fn text(&mut self, sql: &str, params: &[Param<'_>]) -> Result<String, HubError> {
        self.client()?;
        self.link.text(sql, params)?.ok_or(HubError::Broken("an empty answer"))
    }

    fn pull_from_replica(&mut self, scope: &Scope, cursor: &Cursor, limit: i32) -> Option<PullAnswer> {
        let link = self.replica.as_mut()?;
        let client = self.session.as_ref().filter(|_| self.lists_only).map(|s| s.client.clone());
        link.connect(self.login.as_deref()?).ok()?;
        match pull(link, scope, cursor, limit, client) {
            // A copy that lags knows less than the cursor: only the server itself says that it was restored.
            Ok(page @ PullAnswer::Page(_)) => Some(page),
            _ => None,
        }
    }
}

/// `client`: of a cache that holds only what is worked on.
fn pull(
    link: &mut Link,
    scope: &Scope,
    cursor: &Cursor,
    limit: i32,
    client: Option<String>,
) -> Result<PullAnswer, HubError> {
    let text = link.text(
        "SELECT codesk.pull($1, $2, $3, $4, $5::text::uuid)::text",
        &[
            (&scope.0, Type::TEXT),
            (&cursor.pos.cast_signed(), Type::INT8),
            (&cursor.hash.as_slice(), Type::BYTEA),
            (&limit, Type::INT4),
            (&client, Type::TEXT),
        ],
    )?;
    wire::pull_answer(&text.ok_or(HubError::Broken("an empty page"))?, scope, client.is_some())
}

fn minutes(m: u32) -> i32 {
    i32::try_from(m).unwrap_or(i32::MAX)
}

impl Hub for PgHub {
    fn hello(&mut self, hello: &Hello) -> Result<Welcome, HubError> {
        self.session = None;
        self.link.connect(&hello.login)?;
        self.login = Some(hello.login.clone());
        let client = hello.client.to_string();
        let text = self.link.text(
            "SELECT codesk.hello($1::text::uuid, $2, $3)::text",
            &[
                (&client, Type::TEXT),
                (&hello.login, Type::TEXT),
                (&i32::try_from(hello.schema).unwrap_or(i32::MAX), Type::INT4),
            ],
        )?;
        let text = text.ok_or(HubError::Broken("an empty greeting"))?;
        let wire: wire::WireWelcome = wire::read(&text, "a greeting")?;
        if wire.schema < self.needs {
            return Err(HubError::SchemaOld { have: wire.schema, need: self.needs });
        }
        self.session = Some(Session { client });
        wire.welcome()
    }

    fn push(&mut self, op: &Op, texts: &[(String, String)]) -> Result<PushAnswer, HubError> {
        let mut answers = self.push_all(&[(op, texts)])?;
        answers.pop().ok_or(HubError::Broken("no answer to an edit"))
    }

    fn push_all(&mut self, ops: &[(&Op, &[(String, String)])]) -> Result<Vec<PushAnswer>, HubError> {
        let client = self.client()?;
        let mut answers = Vec::with_capacity(ops.len());
        for chunk in ops.chunks(PIPELINE) {
            let calls: Vec<_> = chunk
                .iter()
                .map(|(op, texts)| {
                    let hashes: Vec<&str> = texts.iter().map(|(h, _)| h.as_str()).collect();
                    let bytes: Vec<&[u8]> = texts.iter().map(|(_, t)| t.as_bytes()).collect();
                    Ok((wire::op_text(op)?, hashes, bytes))
                })
                .collect::<Result<_, HubError>>()?;
            let params: Vec<[Param<'_>; 4]> = calls
                .iter()
                .map(|(op, hashes, bytes)| {
                    [
                        (&client as _, Type::TEXT),
                        (op as _, Type::TEXT),
                        (hashes as _, Type::TEXT_ARRAY),
                        (bytes as _, Type::BYTEA_ARRAY),
                    ]
                })
                .collect();
            let params: Vec<&[Param<'_>]> = params.iter().map(|p| p.as_slice()).collect();
            let sql = "SELECT codesk.push($1::text::uuid, $2::text::jsonb, $3, $4)::text";
            let answered = match self.link.rows_all(sql, &params) {
                Ok(rows) => rows,
                Err(e) if answers.is_empty() => return Err(e),
                Err(_) => return Ok(answers),
            };
            for rows in answered {
                let answer = rows.and_then(|rows| {
                    let text = rows.first().map_or(Ok(None), text_of)?;
                    wire::push_answer(&text.ok_or(HubError::Broken("an empty answer to an edit"))?)
                });
                match answer {
                    Ok(answer) => {
                        let goes_on = answer.is_applied();
                        answers.push(answer);
                        if !goes_on {
                            return Ok(answers);
                        }
                    }
                    Err(e) if answers.is_empty() => return Err(e),
                    Err(_) => return Ok(answers),
                }
            }
        }
        Ok(answers)
    }

    fn stamp(&mut self, scope: &Scope) -> Result<Cursor, HubError> {
        let text = self.text("SELECT codesk.stamp($1)::text", &[(&scope.0, Type::TEXT)])?;
        wire::read::<wire::WireCursor>(&text, "the end of the log")?.cursor()
    }

    fn pull(&mut self, scope: &Scope, cursor: &Cursor, limit: u32) -> Result<PullAnswer, HubError> {
        let client = self.client()?;
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        match self.pull_from_replica(scope, cursor, limit) {
            Some(page) => Ok(page),
            None => {
                let client = self.lists_only.then_some(client);
                pull(&mut self.link, scope, cursor, limit, client)
            }
        }
    }

    fn head(&mut self, scope: &Scope) -> Result<Cursor, HubError> {
        let text = self.text("SELECT codesk.head_of($1)::text", &[(&scope.0, Type::TEXT)])?;
        wire::read::<wire::WireCursor>(&text, "the end of the log")?.cursor()
    }

    fn texts(&mut self, scope: &Scope, hashes: &[String]) -> Result<Vec<(String, String)>, HubError> {
        self.client()?;
        let rows = self.link.rows(
            "SELECT hash, text FROM codesk.texts($1, $2)",
            &[(&scope.0, Type::TEXT), (&hashes, Type::TEXT_ARRAY)],
        )?;
        let broken = || HubError::Broken("the text of a document");
        rows.iter()
            .map(|r| {
                let bytes: Vec<u8> = r.try_get(1).map_err(|_| broken())?;
                Ok((r.try_get(0).map_err(|_| broken())?, String::from_utf8(bytes).map_err(|_| broken())?))
            })
            .collect()
    }

    fn fetch(&mut self, scope: &Scope, roots: &[Id]) -> Result<Vec<Record>, HubError> {
        let client = self.client()?;
        let ids: Vec<String> = roots.iter().map(Id::to_string).collect();
        if self.lists_only {
            // Asked for first: what changes after the reading comes with the next pull.
            self.link.rows(
                "SELECT codesk.want_add($1, $2::text::uuid, $3::text[]::uuid[])",
                &[(&scope.0, Type::TEXT), (&client, Type::TEXT), (&ids, Type::TEXT_ARRAY)],
            )?;
        }
        let text = self.text(
            "SELECT codesk.fetch($1, $2::text[]::uuid[])::text",
            &[(&scope.0, Type::TEXT), (&ids, Type::TEXT_ARRAY)],
        )?;
        wire::read(&text, "the records of an encounter")
    }

    fn get_next(&mut self, ask: &NextAsk) -> Result<Vec<HubItem>, HubError> {
        let text = self.text(
            "SELECT codesk.get_next($1, $2::text::uuid, $3, $4, $5)::text",
            &[
                (&ask.scope.0, Type::TEXT),
                (&ask.request.to_string(), Type::TEXT),
                (&i32::try_from(ask.n).unwrap_or(i32::MAX), Type::INT4),
                (&ask.kind.map(|k| k.key()), Type::TEXT),
                (&minutes(ask.minutes), Type::INT4),
            ],
        )?;
        wire::items(wire::read(&text, "the next encounters")?, &ask.scope)
    }

    fn lease(&mut self, scope: &Scope, id: Id, m: u32) -> Result<LeaseAnswer, HubError> {
        let text = self.text(
            "SELECT codesk.lease($1, $2::text::uuid, NULL, $3)::text",
            &[(&scope.0, Type::TEXT), (&id.to_string(), Type::TEXT), (&minutes(m), Type::INT4)],
        )?;
        Ok(wire::read::<wire::WireLease>(&text, "a lease")?.answer())
    }

    fn renew(&mut self, scope: &Scope, id: Id, fence: i64, m: u32) -> Result<LeaseAnswer, HubError> {
        let text = self.text(
            "SELECT codesk.lease($1, $2::text::uuid, $3, $4)::text",
            &[
                (&scope.0, Type::TEXT),
                (&id.to_string(), Type::TEXT),
                (&fence, Type::INT8),
                (&minutes(m), Type::INT4),
            ],
        )?;
        Ok(wire::read::<wire::WireLease>(&text, "a lease")?.answer())
    }

    fn release(&mut self, scope: &Scope, id: Id, fence: i64) -> Result<Lease, HubError> {
        let text = self.text(
            "SELECT codesk.release($1, $2::text::uuid, $3)::text",
            &[(&scope.0, Type::TEXT), (&id.to_string(), Type::TEXT), (&fence, Type::INT8)],
        )?;
        Ok(wire::read::<wire::WireLease>(&text, "a lease")?.lease())
    }

    fn break_lease(&mut self, scope: &Scope, id: Id, why: &str) -> Result<Lease, HubError> {
        let text = self.text(
            "SELECT codesk.break_lease($1, $2::text::uuid, $3)::text",
            &[(&scope.0, Type::TEXT), (&id.to_string(), Type::TEXT), (&why, Type::TEXT)],
        )?;
        Ok(wire::read::<wire::WireLease>(&text, "a lease")?.lease())
    }

    fn record_events(&mut self, events: &[HubEvent]) -> Result<(), HubError> {
        let client = self.client()?;
        let list: Vec<_> = events
            .iter()
            .map(|e| {
                serde_json::json!({"scope": e.scope, "n": e.n, "at_ms": e.at_ms, "actor": e.actor, "what": e.what,
                    "root": e.root, "detail": e.detail.replace('\0', "\u{fffd}")})
            })
            .collect();
        let text = serde_json::Value::Array(list).to_string();
        self.link.rows(
            "SELECT codesk.record_events($1::text::uuid, $2::text::jsonb)",
            &[(&client, Type::TEXT), (&text, Type::TEXT)],
        )?;
        Ok(())
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn verify(&mut self) -> Result<Option<HubFault>, HubError> {
        self.client()?;
        self.link.rows("SELECT codesk.stamp_all()", &[])?;
        match self.link.text("SELECT codesk.verify()::text", &[])? {
            None => Ok(None),
            Some(text) => wire::read(&text, "what the chain says").map(Some),
        }
    }
}
