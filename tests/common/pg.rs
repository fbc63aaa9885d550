//! The PostgreSQL hub as a place to get hubs from: a database of its own in the test's server, and a clock that
//! stands still.

use super::cluster::{Cluster, fresh_name, shared};
use super::hub::{Factory, STAFF};
use codesk::domain::*;
use codesk::hub::postgres::{PgHub, PgPlace};
use codesk::hub::*;

pub struct PgFactory {
    pub cluster: &'static Cluster,
    pub database: String,
}

/// A new hub with the staff of the tests and the hub's real clock.
pub fn make_hub(cluster: &Cluster, database: &str, partitions: bool) {
    // Logins belong to the whole server: two tests that make the same one at the same moment get in each other's way.
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    cluster.sql("postgres", &format!("CREATE DATABASE {database}"));
    let mut admin = PgHub::new(PgPlace::parse(&cluster.address(database), None).unwrap(), None).unwrap();
    admin.migrate("postgres", partitions).unwrap();
    staff(&mut admin);
}

pub fn staff(admin: &mut PgHub) {
    for (login, role, scope) in STAFF {
        admin.set_person(login, Some(*role), scope, None).unwrap();
    }
}

impl PgFactory {
    pub fn new() -> PgFactory {
        PgFactory::with(false)
    }
    pub fn with(partitions: bool) -> PgFactory {
        let (cluster, database) = (shared(), fresh_name());
        make_hub(cluster, &database, partitions);
        let f = PgFactory { cluster, database };
        f.sql(&format!(
            "CREATE TABLE codesk.test_clock (ms bigint);
             INSERT INTO codesk.test_clock VALUES ({});
             GRANT SELECT ON codesk.test_clock TO codesk_owner, codesk_reader;
             CREATE OR REPLACE FUNCTION codesk.now_ms() RETURNS bigint LANGUAGE sql STABLE AS
             'SELECT ms FROM codesk.test_clock'",
            super::NOW
        ));
        f
    }
    pub fn sql(&self, statements: &str) -> String {
        self.cluster.sql(&self.database, statements)
    }
    pub fn hub(&self) -> PgHub {
        PgHub::new(PgPlace::parse(&self.cluster.address(&self.database), None).unwrap(), None).unwrap()
    }
    pub fn admin(&self) -> PgHub {
        let mut hub = self.hub();
        hub.sign_in("postgres").unwrap();
        hub
    }
    fn dump(&self) -> std::path::PathBuf {
        self.cluster.folder.join(format!("{}.dump", self.database))
    }
}

impl Factory for PgFactory {
    fn connect(&self) -> Box<dyn Hub> {
        Box::new(self.hub())
    }
    fn advance(&self, ms: i64) {
        self.sql(&format!("UPDATE codesk.test_clock SET ms = ms + {ms}"));
    }
    fn person(&self, login: &str, role: Role, scope: &str) {
        self.admin().set_person(login, Some(role), scope, None).unwrap();
    }
    fn remove(&self, login: &str, scope: &str) {
        self.admin().remove_person(login, scope).unwrap();
    }
    fn backup(&self) {
        self.cluster.dump(&self.database, &self.dump());
    }
    fn restore(&self) {
        self.cluster.restore(&self.database, &self.dump());
    }
    fn tamper(&self, id: Id) {
        let n = self.sql(&format!(
            "WITH t AS (UPDATE codesk.record SET body = body || '{{\"why\": \"changed\"}}' WHERE id = '{id}' RETURNING 1)
             SELECT count(*) FROM t"
        ));
        assert_eq!(n.trim(), "1");
    }
}
