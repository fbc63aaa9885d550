//! What can be wrong with a server, from the command line and from the workstation: each has a sentence and a state,
//! no edit is lost, and the workstation always starts from its cache.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;
mod kit;

use codesk::domain::*;
use codesk::hub::postgres::{NEWEST, PgHub, PgPlace};
use codesk::hub::*;
use codesk::store::{Store, StorePaths};
use common::cluster::{Cluster, fresh_name, only_mine};
use common::conformance::{Pen, new_encounter};
use common::pg::{PgFactory, make_hub};
use common::*;
use std::path::Path;
use std::process::{Command, Output};

fn codesk(dir: &Path, args: &[&str]) -> Output {
    Command::new(kit::codesk())
        .arg("--data-dir")
        .arg(dir)
        .args(args)
        .env("USER", "dlee")
        .env("CODESK_BOOK_DIR", kit::book_dir())
        .output()
        .unwrap()
}

fn words(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn done(dir: &Path, args: &[&str]) -> String {
    let out = codesk(dir, args);
    assert!(out.status.success(), "{args:?}: {}", words(&out));
    words(&out)
}

/// A server of its own that asks for passwords over TCP.
fn strict() -> Cluster {
    let c = Cluster::start(&[]);
    std::fs::write(
        c.folder.join("data/pg_hba.conf"),
        "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all 127.0.0.1/32 scram-sha-256\n",
    )
    .unwrap();
    c.sql("postgres", "SELECT pg_reload_conf()");
    c
}

/// dlee's folder, joined to the hub, with three encounters and nothing sent yet.
fn desk(address: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    done(dir.path(), &["init", "--hub", address]);
    let mut store = Store::open(&StorePaths::in_folder(dir.path())).unwrap();
    store.import(&batch(0..3), "dlee", NOW, &mut IdMint::new(1)).unwrap();
    dir
}

fn sync(dir: &Path) -> serde_json::Value {
    let out = codesk(dir, &["sync", "--once", "--json"]);
    let line = String::from_utf8_lossy(&out.stdout).into_owned();
    let v: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {}", words(&out)));
    assert_eq!(out.status.code(), Some(i32::from(v["state"] != "synced")), "{line}");
    v
}

#[test]
fn a_team_is_set_up_and_works_from_the_command_line() {
    let c = strict();
    c.sql("postgres", "CREATE DATABASE team");
    let admin = tempfile::tempdir().unwrap();
    let own = c.address("team").replace("postgres:///", "postgres://postgres@/");
    let said = done(admin.path(), &["init", "--hub", &own]);
    assert!(said.contains("is made") && said.contains("postgres is its administrator"), "{said}");
    assert!(done(admin.path(), &["init", "--hub", &own]).contains("may use"), "twice is once");
    assert!(done(admin.path(), &["hub", "migrate"]).contains("already"));

    let secret = admin.path().join("secret");
    std::fs::write(&secret, "correct horse battery\n").unwrap();
    let add = ["user", "add", "dlee", "--role", "coder", "--scope", CLINIC, "--password", "--password-file"];
    let add: Vec<&str> = add.iter().copied().chain([secret.to_str().unwrap()]).collect();
    let out = codesk(admin.path(), &add);
    assert!(words(&out).contains("chmod 600"), "a password file that others can read: {}", words(&out));
    only_mine(&secret);
    done(admin.path(), &add);
    let shown = done(admin.path(), &["user", "list"]);
    assert!(shown.contains("dlee") && shown.contains("coder") && shown.contains(CLINIC), "{shown}");
    let stored = c.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'dlee'");
    assert!(stored.starts_with("SCRAM-SHA-256"));

    // A password in an address is refused before anything is done with it.
    let dir = tempfile::tempdir().unwrap();
    let bad = format!("postgres://dlee:hunter2@127.0.0.1:{}/team", c.port);
    let out = codesk(dir.path(), &["init", "--hub", &bad]);
    assert!(words(&out).contains("list of processes") && !words(&out).contains("hunter2"), "{}", words(&out));

    // The coder's folder: the password is kept for this user alone, and in no other file.
    let address = format!("postgres://dlee@127.0.0.1:{}/team", c.port);
    done(dir.path(), &["init", "--hub", &address, "--password-file", secret.to_str().unwrap()]);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(dir.path().join("hub.password")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let mut store = Store::open(&StorePaths::in_folder(dir.path())).unwrap();
    store.import(&batch(0..3), "dlee", NOW, &mut IdMint::new(1)).unwrap();
    drop(store);
    let v = sync(dir.path());
    assert_eq!((v["state"].as_str(), v["pending"].as_u64()), (Some("synced"), Some(0)), "{v}");
    let said = done(dir.path(), &["sync", "--status"]);
    assert!(said.contains("0 edits wait"), "{said}");
    let said = words(&codesk(dir.path(), &["doctor"]));
    for part in [
        "answers; PostgreSQL",
        "schema",
        "Hub clock: the same",
        "Waiting to be sent: 0",
        "You are dlee, coder",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }

    // The trail.
    assert!(done(admin.path(), &["audit", "verify"]).contains("whole"));
    let trail = done(admin.path(), &["audit", "export", "--scope", CLINIC]);
    assert!(trail.lines().count() > 2 && trail.contains("\"login\":\"dlee\""), "{trail}");
    let out = codesk(dir.path(), &["audit", "verify"]);
    assert!(words(&out).contains("only supervisors"), "{}", words(&out));
    c.sql(
        "team",
        "ALTER TABLE codesk.audit DISABLE TRIGGER USER; UPDATE codesk.audit SET detail = 'x' WHERE scope = 'clinic' AND n = 3",
    );
    let out = codesk(admin.path(), &["audit", "verify"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(words(&out).contains("audit of clinic, row 3"), "{}", words(&out));

    // A leaver: nothing works any more, and what is in the cache goes at the next exchange.
    done(admin.path(), &["user", "lock", "dlee"]);
    let v = sync(dir.path());
    assert_eq!(v["state"], "halted");
    assert!(v["why"].as_str().unwrap().contains("locked"), "{v}");
    done(admin.path(), &["user", "lock", "dlee", "--undo"]);
    assert_eq!(sync(dir.path())["state"], "synced");
    done(admin.path(), &["user", "role", "dlee", "--remove", "--scope", CLINIC]);
    assert_eq!(sync(dir.path())["state"], "halted");
    let status = done(admin.path(), &["hub", "status"]);
    assert!(status.contains("Hub backup: none"), "{status}");
}

#[test]
fn a_server_that_is_down_is_a_state_and_the_workstation_starts() {
    let c = Cluster::start(&[]);
    let db = fresh_name();
    make_hub(&c, &db, false);
    let dir = desk(&c.address(&db).replace("postgres:///", "postgres://dlee@/"));
    c.down();
    let v = sync(dir.path());
    assert_eq!(v["state"], "offline");
    assert!(v["why"].as_str().unwrap().contains("does not answer") && v["pending"].as_u64() > Some(0), "{v}");
    let listed = done(dir.path(), &["queue", "list", "all"]);
    assert!(listed.contains("10001"), "{listed}");
    let said = words(&codesk(dir.path(), &["doctor"]));
    assert!(said.contains("does not answer") && said.contains("Waiting to be sent:"), "{said}");
    let mut term = kit::Term::start(&dir, &[], (120, 30), &[("USER", "dlee")]);
    term.wait_for("dlee · coder");
    term.wait_for("10000");
    term.wait_for("offline since");
    term.send(b"q");
    assert_eq!(term.wait_exit(), 0);
    c.up();
    let v = sync(dir.path());
    assert_eq!((v["state"].as_str(), v["pending"].as_u64()), (Some("synced"), Some(0)), "{v}");
}

#[test]
fn each_wrong_thing_has_its_own_sentence() {
    let c = strict();
    let db = fresh_name();
    make_hub(&c, &db, false);
    let mut admin = PgHub::new(PgPlace::parse(&c.address(&db), None).unwrap(), None).unwrap();
    admin.sign_in("postgres").unwrap();
    admin.set_person("dlee", None, "*", Some("correct horse battery")).unwrap();
    let greet = |address: &str, password: Option<&str>| {
        let mut hub = PgHub::new(PgPlace::parse(address, password).unwrap(), None).unwrap();
        let hello = Hello { client: id("c"), login: "dlee".into(), schema: SCHEMA };
        (hub.hello(&hello), hub)
    };
    let tcp = c.tcp_address(&db);
    assert!(greet(&tcp, Some("correct horse battery")).0.is_ok());

    // Wrong password: said once, not knocked with again at once.
    let (answer, mut hub) = greet(&tcp, Some("wrong"));
    let e = answer.unwrap_err();
    assert!(matches!(e, HubError::SignIn(_)) && e.to_string().contains("wrong password"), "{e}");
    let before =
        std::fs::read_to_string(c.folder.join("log")).unwrap().matches("authentication failed").count();
    let again = hub.hello(&Hello { client: id("c"), login: "dlee".into(), schema: SCHEMA });
    assert!(matches!(again, Err(HubError::SignIn(_))));
    let log = std::fs::read_to_string(c.folder.join("log")).unwrap();
    assert_eq!(log.matches("authentication failed").count(), before);
    assert!(
        !log.contains("correct horse") && !log.contains("SCRAM-SHA-256$"),
        "a password in the server's log"
    );

    // Wrong database, no hub in it, somebody the hub does not know.
    let e = greet(&c.address("nowhere"), None).0.unwrap_err();
    assert!(e.to_string().contains("no database"), "{e}");
    c.sql("postgres", "CREATE DATABASE bare");
    let e = greet(&c.address("bare"), None).0.unwrap_err();
    assert!(matches!(e, HubError::NoHub), "{e}");
    c.sql("postgres", "CREATE ROLE stranger LOGIN; GRANT codesk_user TO stranger");
    let mut hub = PgHub::new(PgPlace::parse(&c.address(&db), None).unwrap(), None).unwrap();
    let e = hub.hello(&Hello { client: id("s"), login: "stranger".into(), schema: SCHEMA }).unwrap_err();
    assert!(matches!(&e, HubError::UnknownPerson(who) if who == "stranger"), "{e}");

    // Schema older and newer than this program.
    let set = |n: u32, key: &str| {
        c.sql(&db, &format!("UPDATE codesk.hub SET value = '{n}' WHERE key = '{key}'"));
    };
    set(NEWEST - 1, "schema");
    let e = greet(&c.address(&db), None).0.unwrap_err();
    assert!(matches!(e, HubError::SchemaOld { .. }) && e.to_string().contains("codesk hub migrate"), "{e}");
    set(NEWEST + 1, "schema");
    assert!(greet(&c.address(&db), None).0.is_ok(), "a newer hub that still takes this program");
    let e = admin.migrate("postgres", false).unwrap_err();
    assert!(e.to_string().contains("newer"), "{e}");
    set(SCHEMA + 1, "min_client");
    let e = greet(&c.address(&db), None).0.unwrap_err();
    assert!(matches!(e, HubError::Upgrade { need, .. } if need == SCHEMA + 1), "{e}");
    set(NEWEST, "schema");
    set(SCHEMA, "min_client");

    // A clock that is an hour off: leases end by the hub's, and it is told.
    c.sql(
        &db,
        "CREATE OR REPLACE FUNCTION codesk.now_ms() RETURNS bigint LANGUAGE sql STABLE AS
         'SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint + 3600000'",
    );
    let dir = desk(&c.address(&db).replace("postgres:///", "postgres://dlee@/"));
    let v = sync(dir.path());
    assert_eq!(v["state"], "synced");
    assert!((v["skew_ms"].as_i64().unwrap() - 3_600_000).abs() < 60_000, "{v}");
    let said = words(&codesk(dir.path(), &["doctor"]));
    assert!(said.contains("59 minutes ahead of") || said.contains("60 minutes ahead of"), "{said}");
    let mut term = kit::Term::start(&dir, &[], (120, 30), &[("USER", "dlee")]);
    term.wait_for("min off");
    term.send(b"q");
    term.wait_exit();
}

/// A certificate authority, and a server certificate that is valid from `from` to `to` days from now.
fn certificates(folder: &Path, name: &str, from: u32, days_valid: bool) {
    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
    use openssl::x509::{X509, X509NameBuilder};
    let key = || PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let named = |text: &str| {
        let mut n = X509NameBuilder::new().unwrap();
        n.append_entry_by_text("CN", text).unwrap();
        n.build()
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let at = |days: i64| Asn1Time::from_unix(now + days * 86_400).unwrap();
    let make = |subject: &str, issuer: &str, ca: bool, own: &PKey<_>, signer: &PKey<_>| {
        let mut b = X509::builder().unwrap();
        b.set_version(2).unwrap();
        b.set_serial_number(&BigNum::from_u32(from + u32::from(ca)).unwrap().to_asn1_integer().unwrap())
            .unwrap();
        b.set_subject_name(&named(subject)).unwrap();
        b.set_issuer_name(&named(issuer)).unwrap();
        b.set_pubkey(own).unwrap();
        b.set_not_before(&at(-10)).unwrap();
        b.set_not_after(&at(if days_valid || ca { 10 } else { -1 })).unwrap();
        if ca {
            b.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        } else {
            let alt = SubjectAlternativeName::new().dns(name).build(&b.x509v3_context(None, None)).unwrap();
            b.append_extension(alt).unwrap();
        }
        b.sign(signer, MessageDigest::sha256()).unwrap();
        b.build()
    };
    let (ca_key, server_key) = (key(), key());
    let ca = make("test authority", "test authority", true, &ca_key, &ca_key);
    let server = make(name, "test authority", false, &server_key, &ca_key);
    std::fs::write(folder.join("ca.pem"), ca.to_pem().unwrap()).unwrap();
    std::fs::write(folder.join("data/server.crt"), server.to_pem().unwrap()).unwrap();
    let key_file = folder.join("data/server.key");
    std::fs::write(&key_file, server_key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    only_mine(&key_file);
    common::cluster::give_to_server(&key_file);
    common::cluster::give_to_server(&folder.join("data/server.crt"));
}

#[test]
fn a_server_has_to_show_a_certificate_that_verifies() {
    let c = strict();
    let db = fresh_name();
    make_hub(&c, &db, false);
    let mut admin = PgHub::new(PgPlace::parse(&c.address(&db), None).unwrap(), None).unwrap();
    admin.sign_in("postgres").unwrap();
    admin.set_person("dlee", None, "*", Some("correct horse battery")).unwrap();
    let greet = |extra: &str| {
        let address = format!("postgres://localhost:{}/{db}?sslmode=verify-full{extra}", c.port);
        let mut hub =
            PgHub::new(PgPlace::parse(&address, Some("correct horse battery")).unwrap(), None).unwrap();
        hub.hello(&Hello { client: id("c"), login: "dlee".into(), schema: SCHEMA })
    };
    let ca = format!("&sslrootcert={}", c.folder.join("ca.pem").display());
    // A server without TLS is refused, not talked to in the clear.
    assert!(greet(&ca).is_err());
    c.sql("postgres", "ALTER SYSTEM SET ssl = on");
    let serve = |name: &str, serial: u32, valid: bool| {
        certificates(&c.folder, name, serial, valid);
        c.sql("postgres", "SELECT pg_reload_conf()");
        std::thread::sleep(std::time::Duration::from_millis(300));
    };
    serve("localhost", 1, true);
    greet(&ca).unwrap();
    let said = |r: Result<Welcome, HubError>| match r {
        Err(e @ HubError::Certificate(_)) => e.to_string(),
        Err(e) => panic!("{e}"),
        Ok(_) => panic!("a certificate that does not verify was taken"),
    };
    assert!(said(greet("")).contains("not trusted"), "an authority nobody trusts");
    serve("localhost", 10, false);
    let expired = said(greet(&ca));
    assert!(expired.contains("expired"), "{expired}");
    serve("elsewhere.example", 20, true);
    let other = said(greet(&ca));
    assert!(other.contains("mismatch") || other.contains("name"), "{other}");
}

#[test]
fn a_full_disk_and_a_read_only_copy_are_tried_again() {
    let f = PgFactory::new();
    for (n, (code, part)) in [("53100", "disk is full"), ("25006", "read-only copy")].into_iter().enumerate()
    {
        let mut a = Pen::new(&f, "dlee", &format!("a{n}"));
        f.sql(&format!(
            "CREATE OR REPLACE FUNCTION codesk.full() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$;
             CREATE TRIGGER full_now BEFORE INSERT ON codesk.record FOR EACH ROW EXECUTE FUNCTION codesk.full()"
        ));
        let op = a.op(&new_encounter(n).1);
        let e = a.hub.push(&op, &[]).unwrap_err();
        assert!(e.kind() == codesk::sqlite::ErrorKind::Retry && e.to_string().contains(part), "{e}");
        f.sql("DROP TRIGGER full_now ON codesk.record");
        a.hub.hello(&Hello { client: id(&format!("a{n}")), login: "dlee".into(), schema: SCHEMA }).unwrap();
        assert!(a.hub.push(&op, &[]).unwrap().is_applied(), "the same edit again");
    }
}
