//! The fault rig: clients in processes of their own that edit the same charts, a link that is cut or eats answers,
//! a server that crashes, a hub that is put back from a backup. In the end every edit that was called saved is in the
//! hub exactly once or is a proposal of the client that made it, and every cache is what the hub is.
//!
//! `benches/hub.rs rig` runs it long, `tests/hub_rig.rs` short.

use super::cluster::{Cluster, fresh_name};
use super::pg::make_hub;
use super::*;
use codesk::hub::postgres::{PgHub, PgPlace};
use codesk::hub::*;
use codesk::sync::{Engine, SyncState};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Charts that everybody edits: few, so that they meet.
const CHARTS: usize = 12;

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub clients: usize,
    pub seconds: u64,
    pub seed: u64,
    pub crashes: u32,
    pub restores: u32,
    /// Numbers changes by the sequence of their rows instead of in the order of their commits: has to lose some.
    pub by_sequence: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub acknowledged: usize,
    pub in_hub: usize,
    pub proposals: usize,
    pub kills: u64,
    pub crashes: u32,
    pub cuts: u64,
    pub eaten: u64,
    pub restores: u32,
    /// Edits called saved that are neither in the hub nor a proposal.
    pub lost: usize,
    /// Records an op wrote more than once.
    pub twice: usize,
    /// Records and rows of caches that are not what the hub has.
    pub unequal: usize,
    pub chain: Option<String>,
}

struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below.max(1)
    }
}

/// A link between clients and server that can be cut, or swallow one answer first.
struct Proxy {
    port: u16,
    links: Arc<Mutex<Vec<Link>>>,
}

#[derive(Clone)]
struct Link {
    client: Arc<TcpStream>,
    server: Arc<TcpStream>,
    /// 0 open, 1 the next answer is eaten and then it is cut.
    mode: Arc<AtomicU8>,
    gone: Arc<AtomicBool>,
}

impl Link {
    fn cut(&self) {
        self.gone.store(true, SeqCst);
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

impl Proxy {
    fn start(to: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let links: Arc<Mutex<Vec<Link>>> = Arc::default();
        let all = links.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let link = Link {
                    client: Arc::new(client),
                    server: Arc::new(server),
                    mode: Arc::default(),
                    gone: Arc::default(),
                };
                let mut open = all.lock().unwrap();
                open.retain(|l| !l.gone.load(SeqCst));
                open.push(link.clone());
                let up = link.clone();
                std::thread::spawn(move || carry(&up, true));
                std::thread::spawn(move || carry(&link, false));
            }
        });
        Proxy { port, links }
    }
    fn any(&self, random: &mut Random) -> Option<Link> {
        let open = self.links.lock().unwrap();
        let live: Vec<&Link> = open.iter().filter(|l| !l.gone.load(SeqCst)).collect();
        let n = live.len() as u64;
        (n > 0).then(|| live[random.next(n) as usize].clone())
    }
}

fn carry(link: &Link, up: bool) {
    let (mut from, mut to) = if up { (&*link.client, &*link.server) } else { (&*link.server, &*link.client) };
    let mut buffer = [0u8; 65536];
    loop {
        match from.read(&mut buffer) {
            Ok(n) if n > 0 => {
                if !up && link.mode.load(SeqCst) == 1 {
                    break;
                }
                if to.write_all(&buffer[..n]).is_err() {
                    break;
                }
            }
            _ => break,
        }
    }
    link.cut();
}

fn edit(store: &mut Store, login: &str, op: Id, random: &mut Random) -> Option<String> {
    let name = format!("e{}", random.next(CHARTS as u64));
    let chart = store.reader().ok()?.chart(id(&name)).ok()??;
    let mut made = String::new();
    let edit = match random.next(10) {
        0 | 1 => chart.set_header(|e| e.priority = 10 + random.next(1000) as i32),
        2 => chart.set_header(|e| e.place = Some(format!("{}", 10 + random.next(89)))),
        3 if chart.diagnoses.len() > 4 => {
            let at = random.next(chart.diagnoses.len() as u64) as usize;
            Edit::Diagnosis(Change::Remove(chart.diagnoses[at].clone()))
        }
        4 if chart.diagnoses.len() > 1 => {
            let last = chart.diagnoses.last()?;
            let to = OrderKey::between(None, chart.diagnoses.first().map(|d| &d.order));
            Edit::Diagnosis(Change::Move { id: last.id, from: last.order.clone(), to })
        }
        _ => {
            let dx = Item::new(
                Id::from_sender(&["dx", &op.to_string()]),
                OrderKey::after(chart.diagnoses.last().map(|d| &d.order)),
                Diagnosis { code: "I10".into(), ..Diagnosis::default() },
            );
            made = dx.id.to_string();
            Edit::Diagnosis(Change::Add(dx))
        }
    };
    let done = store.commit(&step(&chart, "edit", vec![edit]), login, NOW, op).ok()?;
    (done.seq > 0).then_some(made)
}

/// What a client process does until it is killed or told to finish. Returns at once in any other process.
pub fn client_main() {
    let Ok(name) = std::env::var("RIG_CLIENT") else { return };
    let dir = PathBuf::from(std::env::var("RIG_DIR").unwrap());
    let address = std::env::var("RIG_ADDRESS").unwrap();
    let mut random = Random(std::env::var("RIG_SEED").unwrap().parse().unwrap());
    let mut store = Store::open(&StorePaths::in_folder(&dir)).unwrap();
    let mut ledger = std::fs::OpenOptions::new().append(true).create(true).open(dir.join("ledger")).unwrap();
    let mut hub = PgHub::new(PgPlace::parse(&address, None).unwrap(), None).unwrap();
    let mut engine = Engine::new(&name, random.next(1 << 40));
    let mut mint = IdMint::new(random.next(u64::MAX));
    let stop = dir.parent().unwrap().join("stop");
    let pause = dir.parent().unwrap().join("pause");
    let exchange = |engine: &mut Engine, store: &mut Store, hub: &mut PgHub| {
        engine.step(store, hub, NOW).unwrap();
        engine.status().state == SyncState::Synced
    };
    let parent = rustix::process::getppid();
    loop {
        // A rig that was killed leaves nobody behind.
        if rustix::process::getppid() != parent {
            return;
        }
        if stop.exists() {
            if exchange(&mut engine, &mut store, &mut hub) && store.pending_count().unwrap() == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
            continue;
        }
        if !pause.exists() {
            for _ in 0..=random.next(4) {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
                let op = mint.next(now.as_millis() as u64);
                if let Some(made) = edit(&mut store, &name, op, &mut random) {
                    // Only now it is called saved.
                    writeln!(ledger, "{op} {made}").unwrap();
                }
            }
        }
        if !exchange(&mut engine, &mut store, &mut hub) {
            if let SyncState::Halted { why } = &engine.status().state
                && why.contains("copied")
            {
                panic!("{name}: {why}");
            }
            std::thread::sleep(Duration::from_millis(20 + random.next(80)));
        }
    }
}

/// How a client process is started: the same program, which then calls `client_main`.
pub type Spawn = fn() -> Command;

fn spawn(how: Spawn, root: &Path, n: usize, address: &str, seed: u64) -> Child {
    how()
        .env("RIG_CLIENT", format!("rig{n}"))
        .env("RIG_DIR", root.join(format!("c{n}")))
        .env("RIG_ADDRESS", address)
        .env("RIG_SEED", seed.to_string())
        .stdout(Stdio::null())
        .stderr(std::fs::OpenOptions::new().append(true).create(true).open(root.join("errors")).unwrap())
        .spawn()
        .unwrap()
}

pub fn run(plan: Plan, how: Spawn) -> Report {
    let cluster = Cluster::start(&["fsync = on", "log_min_messages = fatal"]);
    let database = fresh_name();
    make_hub(&cluster, &database, false);
    if plan.by_sequence {
        number_by_sequence(&cluster, &database);
    }
    let direct = cluster.tcp_address(&database);
    let open = |address: &str| PgHub::new(PgPlace::parse(address, None).unwrap(), None).unwrap();
    let mut admin = open(&cluster.address(&database));
    admin.sign_in("postgres").unwrap();
    for n in 0..plan.clients {
        admin.set_person(&format!("rig{n}"), Some(Role::Coder), CLINIC, None).unwrap();
    }
    drop(admin);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (_first, mut store) = store_with(CHARTS);
    Engine::new("dlee", 1).step(&mut store, &mut open(&direct), NOW).unwrap();
    assert_eq!(store.pending_count().unwrap(), 0);

    let proxy = Proxy::start(cluster.port);
    let address = format!("postgres://127.0.0.1:{}/{database}", proxy.port);
    let mut random = Random(plan.seed);
    let mut report = Report::default();
    for n in 0..plan.clients {
        std::fs::create_dir(root.join(format!("c{n}"))).unwrap();
    }
    let mut children: Vec<Child> =
        (0..plan.clients).map(|n| spawn(how, root, n, &address, random.next(u64::MAX))).collect();
    let start = Instant::now();
    let whole = Duration::from_secs(plan.seconds);
    let (cuts, eaten) = (AtomicU64::new(0), AtomicU64::new(0));
    let over = AtomicBool::new(false);
    let link_seed = random.next(u64::MAX);
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut random = Random(link_seed);
            while !over.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(30 + random.next(100)));
                let Some(link) = proxy.any(&mut random) else { continue };
                if random.next(4) == 0 {
                    link.mode.store(1, SeqCst);
                    eaten.fetch_add(1, SeqCst);
                } else {
                    link.cut();
                    cuts.fetch_add(1, SeqCst);
                }
            }
        });
        let dump = cluster.folder.join("backup");
        // A backup and a restore take turns; crashes lie between them.
        let mut events: Vec<(Duration, u8)> = Vec::new();
        for i in 0..plan.restores {
            let part = whole / (plan.restores + 1);
            events.push((part * i + part / 3, 0));
            events.push((part * (i + 1), 1));
        }
        for i in 0..plan.crashes {
            events.push((whole * (2 * i + 1) / (2 * plan.crashes + 1), 2));
        }
        events.sort();
        let mut events = events.into_iter().peekable();
        while start.elapsed() < whole {
            while let Some((_, what)) = events.next_if(|(at, _)| *at <= start.elapsed()) {
                match what {
                    0 => cluster.dump(&database, &dump),
                    1 => {
                        cluster.restore(&database, &dump);
                        report.restores += 1;
                    }
                    _ => {
                        cluster.crash();
                        cluster.up();
                        report.crashes += 1;
                    }
                }
            }
            std::thread::sleep(Duration::from_millis(40 + random.next(120)));
            let n = random.next(plan.clients as u64) as usize;
            children[n].kill().unwrap();
            children[n].wait().unwrap();
            report.kills += 1;
            children[n] = spawn(how, root, n, &address, random.next(u64::MAX));
        }
        over.store(true, SeqCst);
    });
    (report.cuts, report.eaten) = (cuts.load(SeqCst), eaten.load(SeqCst));
    std::fs::write(root.join("stop"), "").unwrap();
    let until = Instant::now() + Duration::from_secs(180);
    for child in &mut children {
        loop {
            match child.try_wait().unwrap() {
                Some(status) => {
                    let errors = std::fs::read_to_string(root.join("errors")).unwrap_or_default();
                    assert!(status.success(), "a client failed: {errors}");
                    break;
                }
                None => assert!(Instant::now() < until, "a client does not come to an end"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    judge(&cluster, &database, root, plan, &mut report, &open(&direct));
    report
}

fn judge(cluster: &Cluster, database: &str, root: &Path, plan: Plan, report: &mut Report, _hub: &PgHub) {
    let open = || PgHub::new(PgPlace::parse(&cluster.address(database), None).unwrap(), None).unwrap();
    let mut stores: Vec<(String, Store)> = (0..plan.clients)
        .map(|n| {
            (format!("rig{n}"), Store::open(&StorePaths::in_folder(&root.join(format!("c{n}")))).unwrap())
        })
        .collect();
    for _ in 0..2 {
        for (name, store) in &mut stores {
            let mut engine = Engine::new(name, 1);
            engine.step(store, &mut open(), NOW).unwrap();
            assert_eq!(engine.status().state, SyncState::Synced, "{name} cannot come to rest");
        }
    }
    // Every edit that was called saved.
    let in_log = cluster.sql(database, "SELECT DISTINCT op_id FROM codesk.log WHERE what = 'record'");
    let in_log: BTreeSet<&str> = in_log.lines().collect();
    let records = cluster.sql(database, "SELECT id FROM codesk.record WHERE kind = 'diagnosis'");
    let records: BTreeSet<&str> = records.lines().collect();
    for (n, (_, store)) in stores.iter().enumerate() {
        let proposals: BTreeSet<String> =
            store.proposals(None).unwrap().iter().map(|p| p.op.op_id.to_string()).collect();
        report.proposals += proposals.len();
        for line in std::fs::read_to_string(root.join(format!("c{n}/ledger"))).unwrap().lines() {
            // A line that a kill cut short was not yet said.
            let Some((op, made)) = line.split_once(' ').filter(|(op, _)| op.len() == 36) else { continue };
            report.acknowledged += 1;
            if in_log.contains(op) {
                report.in_hub += 1;
                report.lost += usize::from(!made.is_empty() && !records.contains(made));
            } else if !proposals.contains(op) {
                report.lost += 1;
            }
        }
    }
    let twice = cluster.sql(
        database,
        "SELECT count(*) FROM (SELECT 1 FROM codesk.log WHERE what = 'record' GROUP BY op_id, id HAVING count(*) > 1) t",
    );
    report.twice = twice.trim().parse().unwrap();
    // Every cache against one that is read from the start by somebody new.
    let (_folder, mut fresh) = store_with(0);
    Engine::new("kwong", 1).step(&mut fresh, &mut open(), NOW).unwrap();
    let truth = hub_records(cluster, database);
    for (name, store) in &stores {
        let reader = store.reader().unwrap();
        let mine = cached_records(&reader);
        report.unequal += truth.symmetric_difference(&mine).count();
        for c in 0..CHARTS {
            let chart = id(&format!("e{c}"));
            let same = reader.work_item(chart).unwrap() == fresh.reader().unwrap().work_item(chart).unwrap();
            report.unequal += usize::from(!same);
        }
        assert_eq!(store.audit_verify().unwrap(), None, "{name}");
    }
    let mut boss = open();
    boss.hello(&Hello { client: id("judge"), login: "kwong".into(), schema: SCHEMA }).unwrap();
    report.chain = boss.verify().unwrap().map(|f| format!("{} {}: {}", f.table, f.pos, f.why));
}

/// (id, version, deleted, order, code) of every diagnosis of the charts.
fn hub_records(cluster: &Cluster, database: &str) -> BTreeSet<String> {
    let rows = cluster.sql(
        database,
        "SELECT id || ' ' || version || ' ' || ord || ' ' || (body ->> 'code') FROM codesk.record
         WHERE kind = 'diagnosis' AND NOT deleted",
    );
    rows.lines().filter(|l| !l.is_empty()).map(str::to_string).collect()
}

fn cached_records(reader: &codesk::store::Reader) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for c in 0..CHARTS {
        for d in &reader.chart(id(&format!("e{c}"))).unwrap().unwrap().diagnoses {
            out.insert(format!("{} {} {} {}", d.id, d.version, d.order.0, d.body.code));
        }
    }
    out
}

/// Changes get the number of their row instead of their place in the order of commits.
fn number_by_sequence(cluster: &Cluster, database: &str) {
    let body = cluster.sql(database, "SELECT pg_get_functiondef('codesk.number_scope(text)'::regprocedure)");
    let stamp = "h.pos := h.pos + 1;";
    let end = "SET pos = h.pos, hash = h.hash,";
    assert!(body.contains(stamp) && body.contains(end), "the function is not what this switch knows");
    let body = body.replace(stamp, "h.pos := f.n;").replace(
        end,
        "SET pos = greatest(x.pos, h.pos), hash = CASE WHEN h.pos > x.pos THEN h.hash ELSE x.hash END,",
    );
    cluster.sql(database, &body);
}

pub fn print(plan: Plan, r: &Report) {
    println!(
        "seed {}  {} clients  {} s  {}",
        plan.seed,
        plan.clients,
        plan.seconds,
        if plan.by_sequence { "numbered by sequence (has to fail)" } else { "stamped" }
    );
    println!(
        "kill -9 {}  server crashes {}  cut links {}  lost acknowledgements {}  restored hubs {}",
        r.kills, r.crashes, r.cuts, r.eaten, r.restores
    );
    println!(
        "acknowledged edits {}: in the hub {}, kept as proposals {}; lost {}, applied twice {}",
        r.acknowledged, r.in_hub, r.proposals, r.lost, r.twice
    );
    println!(
        "rows of caches that are not the hub's: {}   chain: {}",
        r.unequal,
        r.chain.as_deref().unwrap_or("whole")
    );
}
