//! One connection to the server: opened when it is needed, dropped when it fails, every call with a time limit.
//!
//! Owns the small event loop beneath the blocking calls of the sync thread, and what a failure means. Never quotes
//! the server's words about data: they may hold a value.

use super::place::PgPlace;
use crate::domain::{Id, Scope};
use crate::hub::HubError;
use crate::sqlite::ErrorKind;
use postgres_openssl::MakeTlsConnector;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row};

/// A call that has no answer by then is given up; whether it was done is found out by its number.
const LIMIT: Duration = Duration::from_secs(90);
/// A refused password is not tried again at once: the server may count.
const REFUSED: Duration = Duration::from_secs(600);

pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

pub(super) struct Link {
    place: PgPlace,
    runtime: Runtime,
    client: Option<(Arc<Client>, String)>,
    refused: Option<(Instant, String)>,
}

impl Link {
    pub fn new(place: PgPlace) -> Result<Link, HubError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|e| HubError::Unreachable(e.to_string()))?;
        Ok(Link { place, runtime, client: None, refused: None })
    }

    pub fn place(&self) -> &PgPlace {
        &self.place
    }

    /// The address's login, or `login` where it names none.
    fn login(&self, login: &str) -> String {
        self.place.login().unwrap_or(login).to_string()
    }

    /// Connects as this person unless it is connected as that already.
    pub fn connect(&mut self, login: &str) -> Result<(), HubError> {
        let login = self.login(login);
        if self.client.as_ref().is_some_and(|(c, l)| *l == login && !c.is_closed()) {
            return Ok(());
        }
        if let Some((at, who)) = &self.refused
            && *who == login
            && at.elapsed() < REFUSED
        {
            return Err(HubError::SignIn(login));
        }
        self.client = None;
        let mut failed = None;
        for n in 0..self.place.servers.len() {
            match self.connect_to(n, &login) {
                Ok(client) => {
                    self.refused = None;
                    self.client = Some((client, login));
                    return Ok(());
                }
                // What a person has to put right says more than that another server is down.
                Err(e) if e.kind() != ErrorKind::Retry || failed.is_none() => failed = Some(e),
                Err(_) => {}
            }
        }
        let e = failed.unwrap_or_else(|| HubError::Address("it names no server".into()));
        if matches!(e, HubError::SignIn(_)) {
            self.refused = Some((Instant::now(), login));
        }
        Err(e)
    }

    /// One server of the address; where there are several, only one that takes edits.
    fn connect_to(&self, n: usize, login: &str) -> Result<Arc<Client>, HubError> {
        let mut config = self.place.servers.get(n).cloned().unwrap_or_default();
        config.user(login);
        let said = Arc::new(Mutex::new(None));
        let connected = if self.place.tls {
            let tls = MakeTlsConnector::new(self.place.connector(&said)?);
            self.runtime.block_on(async {
                let (client, connection) = config.connect(tls).await?;
                tokio::spawn(connection);
                Ok(client)
            })
        } else {
            self.runtime.block_on(async {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            })
        };
        let words = said.lock().ok().and_then(|mut w| w.take());
        let fail = |e: tokio_postgres::Error| meaning(&e, login, self.place.database());
        let client = connected.map_err(|e| words.map_or_else(|| fail(e), HubError::Certificate))?;
        if self.place.servers.len() > 1 {
            let asked = client.query_typed("SELECT pg_is_in_recovery()", &[]);
            let rows = self.runtime.block_on(asked).map_err(fail)?;
            if rows.first().is_none_or(|r| r.try_get::<_, bool>(0).unwrap_or(true)) {
                return Err(HubError::Unreachable("this server is a read-only copy".into()));
            }
        }
        Ok(Arc::new(client))
    }

    fn client(&self) -> Result<(Arc<Client>, String), HubError> {
        self.client.clone().ok_or_else(|| HubError::Unreachable("there is no connection".into()))
    }

    pub fn rows(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, HubError> {
        let mut all = self.rows_all(sql, &[params])?;
        all.pop().ok_or(HubError::Broken("an empty answer"))?
    }

    /// The same statement several times, all on the wire before the first answer is awaited. The outer error is
    /// that of the connection.
    pub fn rows_all(
        &mut self,
        sql: &str,
        calls: &[&[Param<'_>]],
    ) -> Result<Vec<Result<Vec<Row>, HubError>>, HubError> {
        let (client, login) = self.client()?;
        let work = async {
            let sent = calls.iter().map(|params| client.query_typed(sql, params));
            tokio::time::timeout(LIMIT, futures_util::future::join_all(sent)).await
        };
        let answers = self.runtime.block_on(work);
        let Ok(answers) = answers else {
            self.client = None;
            return Err(HubError::Unreachable("no answer in time".into()));
        };
        let database = self.place.database().to_string();
        let answers: Vec<_> =
            answers.into_iter().map(|a| a.map_err(|e| meaning(&e, &login, &database))).collect();
        if client.is_closed() || answers.iter().any(|a| matches!(a, Err(HubError::Unreachable(_)))) {
            self.client = None;
        }
        Ok(answers)
    }

    /// Text of the first column of the first row; `None` for a null.
    pub fn text(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Option<String>, HubError> {
        let rows = self.rows(sql, params)?;
        rows.first().map_or(Ok(None), text_of)
    }

    /// Several statements at once, for set-up.
    pub fn batch(&mut self, sql: &str) -> Result<(), HubError> {
        let (client, login) = self.client()?;
        let database = self.place.database().to_string();
        self.runtime.block_on(client.batch_execute(sql)).map_err(|e| meaning(&e, &login, &database))
    }
}

pub(super) fn text_of(row: &Row) -> Result<Option<String>, HubError> {
    row.try_get(0).map_err(|_| HubError::Broken("an answer of another kind"))
}

/// What a failure means for the person, and whether trying again can help.
fn meaning(e: &tokio_postgres::Error, login: &str, database: &str) -> HubError {
    let Some(db) = e.as_db_error() else { return broken_link(e) };
    let said = db.message().to_string();
    let retry = |why: &str| HubError::Unreachable(why.to_string());
    match db.code().code() {
        "CS001" => HubError::UnknownPerson(said),
        "CS002" => HubError::Locked(said),
        "CS003" => HubError::NoScope(Scope(said)),
        "CS004" => HubError::NotAllowed(said),
        "CS005" => HubError::NotFound(Id::parse(&said).unwrap_or(Id::NIL)),
        "CS006" => HubError::Upgrade { have: crate::hub::SCHEMA, need: said.parse().unwrap_or(0) },
        "28P01" | "28000" => HubError::SignIn(login.to_string()),
        "3D000" => HubError::NoDatabase(database.to_string()),
        // A schema, table or function that is not there.
        "3F000" | "42P01" | "42883" => HubError::NoHub,
        // Somebody the hub never heard of may not even look into its schema.
        "42501" if said.contains("schema codesk") || said.contains("function hello") => {
            HubError::UnknownPerson(login.to_string())
        }
        "42501" => HubError::NotAllowed(format!(
            "{login} may not do that in this database; use an administrator's login"
        )),
        "25006" => retry("this server is a read-only copy"),
        "53100" => retry("its disk is full"),
        "53300" => retry("it has too many connections"),
        "55000" => retry("it takes no connections now"),
        "57P01" | "57P02" | "57P03" => retry("it is starting or stopping"),
        "40001" | "40P01" | "55P03" | "57014" | "23505" => retry("it is busy"),
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("58") => {
            retry(&format!("the server reports {code}"))
        }
        code => HubError::NotAllowed(format!("the shared database refused the call ({code})")),
    }
}

fn broken_link(e: &tokio_postgres::Error) -> HubError {
    let mut source: Option<&(dyn Error + 'static)> = e.source();
    let mut words = None;
    while let Some(s) = source {
        let said = s.to_string();
        words = Some(said);
        source = s.source();
    }
    let words = match words {
        Some(w) if w.contains("os error") => w.split(" (os error").next().unwrap_or_default().to_string(),
        _ if e.is_closed() => "the connection was closed".into(),
        Some(w) => w,
        None => "the connection failed".into(),
    };
    HubError::Unreachable(words)
}
