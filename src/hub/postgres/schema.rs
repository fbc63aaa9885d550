//! Making and upgrading the hub's schema.
//!
//! Owns the numbered files, the roles, and writing the program's own rules (kinds, rights, states) as rows, so that
//! the database refuses what the program would not offer. Runs as somebody who may make roles in this database;
//! never on the sync thread of a workstation.

use super::link::Link;
use crate::domain::{ClaimState, CodingState, HoldReason, RecordKind, Role};
use crate::hub::{HubError, SCHEMA, rules};
use tokio_postgres::types::Type;

/// Append-only: a change is a new file.
const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("schema/0001_tables.sql")),
    (2, include_str!("schema/0002_people.sql")),
    (3, include_str!("schema/0003_push.sql")),
    (4, include_str!("schema/0004_leases.sql")),
    (5, include_str!("schema/0005_log.sql")),
    (6, include_str!("schema/0006_audit.sql")),
    (7, include_str!("schema/0007_status.sql")),
];
const ROLES: &str = include_str!("schema/roles.sql");

/// The schema this program needs: the number of its newest file.
pub const NEWEST: u32 = 7;

/// Tables that are split by scope in a hub made with partitions.
const SPLIT: &[&str] = &[
    "client",
    "result",
    "record",
    "work_item",
    "fresh_log",
    "log",
    "place",
    "want",
    "document_text",
    "request",
    "fresh_audit",
    "audit",
];

/// What `migrate` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// 0 for a new hub.
    pub from: u32,
    pub to: u32,
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Creates or upgrades the hub in one transaction, up to a schema number; `partitions` splits a new hub's tables by
/// scope. Clients go on meanwhile: functions are replaced, tables are never locked against reading or writing rows.
pub(super) fn migrate(
    link: &mut Link,
    admin: &str,
    partitions: bool,
    newest: u32,
) -> Result<Migrated, HubError> {
    let encoding = link.text("SHOW server_encoding", &[])?;
    if encoding.as_deref() != Some("UTF8") {
        return Err(HubError::NotAllowed(
            "the database has to be of encoding UTF8: createdb --encoding=UTF8 --template=template0".into(),
        ));
    }
    let from = installed(link)?;
    if from > NEWEST {
        return Err(HubError::NotAllowed(format!(
            "the shared database is newer (schema {from}) than this codesk (schema {NEWEST}); install the newer codesk"
        )));
    }
    link.batch(ROLES)?;
    let mut sql = String::from("BEGIN;\nSELECT pg_advisory_xact_lock(hashtext('codesk.migrate'));\n");
    if from == 0 {
        sql += "CREATE SCHEMA codesk AUTHORIZATION codesk_owner;\n";
        sql += "REVOKE CREATE ON SCHEMA public FROM PUBLIC;\n";
        sql += "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
                EXECUTE format('GRANT CONNECT ON DATABASE %I TO codesk_user', current_database());
                EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO codesk_owner', current_database()); END $$;\n";
    }
    sql += "SET LOCAL ROLE codesk_owner;\n";
    for (number, file) in MIGRATIONS.iter().filter(|(n, _)| *n > from && *n <= newest) {
        sql += &if partitions {
            file.replace("/*by scope*/", "PARTITION BY LIST (scope)")
        } else {
            (*file).to_string()
        };
        if *number == 1 && partitions {
            for t in SPLIT {
                sql += &format!("CREATE TABLE codesk.{t}_rest PARTITION OF codesk.{t} DEFAULT;\n");
            }
        }
    }
    sql += &rule_rows();
    sql += &format!(
        "INSERT INTO codesk.hub (scope, key, value) VALUES ('*', 'id', gen_random_uuid()::text) ON CONFLICT DO NOTHING;
         INSERT INTO codesk.hub (scope, key, value) VALUES ('*', 'schema', '{newest}'), ('*', 'min_client', '{SCHEMA}')
           ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value;
         INSERT INTO codesk.head (scope) VALUES ('*') ON CONFLICT DO NOTHING;\n"
    );
    if from == 0 {
        sql += &format!(
            "INSERT INTO codesk.person (scope, login, role) VALUES ('*', {}, 'admin');\n",
            quoted(admin)
        );
    }
    sql += "RESET ROLE;\n";
    sql += &format!(
        "DO $$ BEGIN IF NOT pg_has_role({0}, 'codesk_user', 'member') OR NOT EXISTS (SELECT FROM pg_auth_members m \
        WHERE m.roleid = 'codesk_user'::regrole AND m.member = {0}::regrole) THEN EXECUTE format('GRANT codesk_user TO %I', {0}); \
        END IF; END $$;\nCOMMIT;\n",
        quoted(admin)
    );
    if let Err(e) = link.batch(&sql) {
        let _ = link.batch("ROLLBACK");
        return Err(e);
    }
    Ok(Migrated { from, to: newest })
}

/// The schema number of the database; 0 when there is no hub in it.
pub(super) fn installed(link: &mut Link) -> Result<u32, HubError> {
    let there = link.text("SELECT to_regclass('codesk.hub')::text", &[])?;
    if there.is_none() {
        return Ok(0);
    }
    let found = link.text("SELECT value FROM codesk.hub WHERE scope = '*' AND key = 'schema'", &[])?;
    found.and_then(|n| n.parse().ok()).ok_or(HubError::Broken("the number of its schema"))
}

/// A partition of its own for a scope; what is in the common one moves.
pub(super) fn partition(link: &mut Link, scope: &str) -> Result<(), HubError> {
    let split = link.text("SELECT relkind::text FROM pg_class WHERE oid = 'codesk.record'::regclass", &[])?;
    if split.as_deref() != Some("p") {
        return Err(HubError::NotAllowed("this hub was made without partitions".into()));
    }
    let taken = link.rows(
        "SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'codesk.record'::regclass
           AND pg_get_expr(c.relpartbound, c.oid) = format('FOR VALUES IN (%L)', $1)",
        &[(&scope, Type::TEXT)],
    )?;
    if !taken.is_empty() {
        return Err(HubError::NotAllowed(format!("{scope} has its partition already")));
    }
    let n = link.rows("SELECT 1 FROM pg_inherits WHERE inhparent = 'codesk.record'::regclass", &[])?.len();
    let value = quoted(scope);
    let mut sql = String::from("BEGIN;\nSET LOCAL ROLE codesk_owner;\n");
    // The keys of the others lean on `client`, so that one moves first and its old rows go last.
    for t in SPLIT {
        sql += &format!("LOCK TABLE codesk.{t} IN ACCESS EXCLUSIVE MODE;\n");
    }
    sql += "ALTER TABLE codesk.result DROP CONSTRAINT result_scope_client_fkey;\n";
    for t in SPLIT {
        sql += &format!(
            "CREATE TEMP TABLE moving ON COMMIT DROP AS SELECT * FROM codesk.{t} WHERE scope = {value};
             ALTER TABLE codesk.{t}_rest DISABLE TRIGGER USER;
             DELETE FROM codesk.{t}_rest WHERE scope = {value};
             ALTER TABLE codesk.{t}_rest ENABLE TRIGGER USER;
             CREATE TABLE codesk.{t}_{n} PARTITION OF codesk.{t} FOR VALUES IN ({value});
             INSERT INTO codesk.{t} SELECT * FROM moving;
             DROP TABLE moving;\n"
        );
    }
    sql += "ALTER TABLE codesk.result ADD CONSTRAINT result_scope_client_fkey FOREIGN KEY (scope, client)
              REFERENCES codesk.client (scope, client);\nCOMMIT;\n";
    if let Err(e) = link.batch(&sql) {
        let _ = link.batch("ROLLBACK");
        return Err(e);
    }
    Ok(())
}

/// The program's rules as rows, in place of what was there.
fn rule_rows() -> String {
    let mut kinds = Vec::new();
    let mut rights = Vec::new();
    for k in RecordKind::ALL {
        kinds.push(format!("('*', '{}', {}, {})", k.key(), k.is_root(), k.is_coding()));
        for role in Role::ALL {
            for fresh in [true, false] {
                if rules::may_write(role, *k, fresh) {
                    rights.push(format!("('*', '{}', '{}', {fresh})", role.label(), k.key()));
                }
            }
        }
    }
    let mut steps = Vec::new();
    let mut step = |what: &str, from: &str, to: &str, why: Option<String>| {
        let why = why.map_or("NULL".to_string(), |w| quoted(&w));
        steps.push(format!("('*', '{what}', '{from}', '{to}', {why})"));
    };
    for from in CodingState::ALL {
        for to in CodingState::ALL {
            step("coding", from.key(), to.key(), from.may_become(to).err().map(|r| r.0));
        }
    }
    for from in ClaimState::ALL {
        for to in ClaimState::ALL {
            step("claim", from.key(), to.key(), from.may_become(to).err().map(|r| r.0));
        }
        step("claim.remove", from.key(), "", rules::may_remove_claim(from).err());
    }
    let words: Vec<String> = HoldReason::ALL
        .iter()
        .filter_map(|r| serde_json::to_value(r).ok()?.as_str().map(|key| (key.to_string(), r.label())))
        .map(|(key, label)| format!("('*', 'hold', '{key}', {})", quoted(label)))
        .collect();
    let mut sql = String::new();
    for (table, rows) in
        [("record_kind", kinds), ("may_write", rights), ("transition", steps), ("word", words)]
    {
        sql += &format!(
            "DELETE FROM codesk.{table};\nINSERT INTO codesk.{table} VALUES {};\n",
            rows.join(",\n")
        );
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_numbered_without_a_gap() {
        assert!(MIGRATIONS.iter().map(|(n, _)| *n).eq(1..=NEWEST));
        let marks = MIGRATIONS[0].1.matches("/*by scope*/;").count();
        assert_eq!(marks, SPLIT.len(), "a split table without its common part, or the other way round");
    }
}
