//! A PostgreSQL server of our own for a test or a bench: started as an unprivileged user in a temporary folder,
//! reached over a Unix socket (and a free loopback port where that is asked for), gone with the process that
//! started it, however that ends.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The one server of this process; each test has a database of its own in it.
pub fn shared() -> &'static Cluster {
    static ONE: OnceLock<Cluster> = OnceLock::new();
    ONE.get_or_init(|| Cluster::start(&[]))
}

/// A name no other test of this server uses.
pub fn fresh_name() -> String {
    static N: AtomicU32 = AtomicU32::new(0);
    format!("t{}", N.fetch_add(1, Ordering::SeqCst))
}

pub struct Cluster {
    bin: PathBuf,
    pub folder: PathBuf,
    pub port: u16,
    /// Ends the server when this process ends: it waits for its input to close.
    watch: Child,
}

/// The folder of PostgreSQL's programs, the newest first. Without them the tests cannot say anything, so they fail.
pub fn binaries() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
        .filter(|(_, p)| p.join("initdb").exists())
        .collect();
    found.sort();
    if let Some((_, path)) = found.pop() {
        return path;
    }
    let on_path = std::env::var_os("PATH").and_then(|p| {
        std::env::split_paths(&p).find(|d| d.join("initdb").exists() && d.join("postgres").exists())
    });
    on_path.unwrap_or_else(|| {
        panic!(
            "POSTGRESQL IS MISSING: these tests start a PostgreSQL server (13 or later) and found no initdb in \
             /usr/lib/postgresql/*/bin or on the PATH. `tests/run` installs it, or: apt-get install postgresql"
        )
    })
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// The server refuses to run as root: then it runs as `nobody`.
fn as_user(program: &Path) -> Command {
    if is_root() {
        let mut c = Command::new("setpriv");
        c.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
        c
    } else {
        Command::new(program)
    }
}

fn run(mut command: Command) -> String {
    command.current_dir("/");
    let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Takes everybody else's rights to a file away.
pub fn only_mine(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Lets the server own a file that it insists on owning.
pub fn give_to_server(file: &Path) {
    if is_root() {
        let mut c = Command::new("chown");
        c.arg("nobody:nogroup").arg(file);
        run(c);
    }
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Cluster {
    /// `settings` are lines of `postgresql.conf`.
    pub fn start(settings: &[&str]) -> Cluster {
        let bin = binaries();
        // Short: the path of a Unix socket has to fit into 107 bytes.
        let folder = tempfile::Builder::new().prefix("cpg").tempdir_in("/tmp").unwrap().keep();
        if is_root() {
            run({
                let mut c = Command::new("chown");
                c.arg("nobody:nogroup").arg(&folder);
                c
            });
            run({
                let mut c = Command::new("chmod");
                c.arg("755").arg(&folder);
                c
            });
        }
        let mut init = as_user(&bin.join("initdb"));
        init.arg("-D").arg(folder.join("data")).args([
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            "--username=postgres",
        ]);
        run(init);
        Cluster::open(bin, folder, settings)
    }

    /// Starts a server on the data that is in `folder` already.
    pub fn open(bin: PathBuf, folder: PathBuf, settings: &[&str]) -> Cluster {
        let port = free_port();
        let mut conf = std::fs::read_to_string(folder.join("data/postgresql.conf")).unwrap();
        conf.push_str(&format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\n\
             max_connections = 400\nshared_buffers = 256MB\n",
            folder.display()
        ));
        for s in settings {
            conf.push_str(s);
            conf.push('\n');
        }
        std::fs::write(folder.join("data/postgresql.conf"), conf).unwrap();
        let stop = format!(
            "trap '' TERM INT HUP; read x; {} {}/pg_ctl -D {}/data -m immediate stop >/dev/null 2>&1; rm -rf {}",
            if is_root() { "setpriv --reuid=nobody --regid=nogroup --clear-groups --" } else { "" },
            bin.display(),
            folder.display(),
            folder.display()
        );
        let watch = Command::new("sh")
            .args(["-c", &stop])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let c = Cluster { bin, folder, port, watch };
        c.up();
        c
    }

    /// A streaming copy of this server, in a folder of its own.
    pub fn replica(&self) -> Cluster {
        let folder = tempfile::Builder::new().prefix("cpg").tempdir_in("/tmp").unwrap().keep();
        give_to_server(&folder);
        run({
            let mut c = Command::new("chmod");
            c.arg("755").arg(&folder);
            c
        });
        let mut c = self.tool("pg_basebackup");
        c.arg("-D").arg(folder.join("data")).args([
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
        ]);
        run(c);
        Cluster::open(self.bin.clone(), folder, &[])
    }

    fn pg_ctl(&self, args: &[&str]) {
        let mut c = as_user(&self.bin.join("pg_ctl"));
        c.arg("-D").arg(self.folder.join("data")).args(args).arg("-w").arg("-l").arg(self.folder.join("log"));
        c.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        let ok = c.current_dir("/").status().unwrap().success();
        assert!(ok, "{c:?}: {}", std::fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }
    pub fn up(&self) {
        self.pg_ctl(&["start"]);
    }
    /// The server dies as if it had been killed; what it had acknowledged has to be there afterwards.
    pub fn crash(&self) {
        self.pg_ctl(&["stop", "-m", "immediate"]);
    }
    pub fn down(&self) {
        self.pg_ctl(&["stop", "-m", "fast"]);
    }
    pub fn promote(&self) {
        self.pg_ctl(&["promote"]);
    }

    /// One of PostgreSQL's programs as the server's user.
    pub fn tool(&self, name: &str) -> Command {
        let mut c = as_user(&self.bin.join(name));
        c.env("PGHOST", &self.folder).env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        c
    }

    /// SQL as the superuser, each statement by itself; the rows, a line each.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.sql_as("postgres", database, statements).unwrap_or_else(|e| panic!("{statements}: {e}"))
    }

    /// SQL as anybody, past every function.
    pub fn sql_as(&self, login: &str, database: &str, statements: &str) -> Result<String, String> {
        let mut c = self.tool("psql");
        c.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            login,
            "-d",
            database,
            "-c",
            statements,
        ]);
        let out = c.current_dir("/").output().unwrap();
        match out.status.success() {
            true => Ok(String::from_utf8_lossy(&out.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
        }
    }

    /// The address over the Unix socket; no login, so that everybody names their own.
    pub fn address(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&port={}", self.folder.display(), self.port)
    }
    pub fn tcp_address(&self, database: &str) -> String {
        format!("postgres://127.0.0.1:{}/{database}", self.port)
    }

    /// Ends every connection to a database, so that it can be copied or replaced.
    pub fn empty(&self, database: &str) {
        self.sql(
            "postgres",
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"),
        );
    }

    /// A backup as the runbook makes it, while clients go on.
    pub fn dump(&self, database: &str, file: &Path) {
        let mut c = self.tool("pg_dump");
        c.args(["--format=custom", "--compress=0", "--file"]).arg(file).arg(database);
        run(c);
    }

    /// Puts a backup in the place of a database: every client loses its connection and finds an older hub.
    pub fn restore(&self, database: &str, file: &Path) {
        self.sql(
            "postgres",
            &format!("UPDATE pg_database SET datallowconn = false WHERE datname = '{database}'"),
        );
        // A connection that is just ending is still counted for a moment.
        for attempt in 0.. {
            self.empty(database);
            match self.sql_as("postgres", "postgres", &format!("DROP DATABASE IF EXISTS {database}")) {
                Ok(_) => break,
                Err(_) if attempt < 100 => std::thread::sleep(std::time::Duration::from_millis(50)),
                Err(e) => panic!("{e}"),
            }
        }
        let fresh = format!("{database}_restored");
        self.sql("postgres", &format!("CREATE DATABASE {fresh}"));
        let mut c = self.tool("pg_restore");
        c.args(["--exit-on-error", "--dbname"]).arg(&fresh).arg(file);
        run(c);
        // Only whole does it get its name.
        self.sql("postgres", &format!("ALTER DATABASE {fresh} RENAME TO {database}"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}
