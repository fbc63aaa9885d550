//! Where a PostgreSQL hub is and how its server proves who it is.
//!
//! Owns reading an address. A server beyond this machine has to show a certificate that verifies for its name;
//! over a Unix socket the system itself knows who calls (peer login). A password is never part of an address.

use crate::hub::HubError;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_postgres::config::{Config, Host, SslMode};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// An address, read and found safe.
#[derive(Clone)]
pub struct PgPlace {
    /// One for each server of the address, in its order.
    pub(super) servers: Vec<Config>,
    login: Option<String>,
    database: String,
    /// The authority that signs the server's certificate, where it is not one the system trusts.
    authority: Option<PathBuf>,
    pub(super) tls: bool,
}

fn bad(why: impl Into<String>) -> HubError {
    HubError::Address(why.into())
}

/// `sslrootcert` and `sslmode` are ours to read: tokio-postgres knows no verification.
fn split(address: &str) -> Result<(String, Option<PathBuf>, Option<String>), HubError> {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let (mut authority, mut mode, mut rest) = (None, None, Vec::new());
    for part in query.split('&').filter(|p| !p.is_empty()) {
        match part.split_once('=') {
            Some(("sslrootcert", v)) => authority = Some(PathBuf::from(v.replace("%2F", "/"))),
            Some(("sslmode", v)) => mode = Some(v.to_string()),
            Some(("password", _)) => return Err(bad(NO_PASSWORD)),
            _ => rest.push(part),
        }
    }
    let plain = if rest.is_empty() { base.to_string() } else { format!("{base}?{}", rest.join("&")) };
    Ok((plain, authority, mode))
}

const NO_PASSWORD: &str = "leave the password out, everybody on this machine could read it in the list of processes; codesk asks for it";

impl PgPlace {
    /// Reads `postgres://[login@]host[:port]/database[?sslrootcert=FILE]` or
    /// `postgres:///database?host=/run/postgresql`. Of several hosts, divided by commas, the one that takes edits is
    /// used.
    pub fn parse(address: &str, password: Option<&str>) -> Result<PgPlace, HubError> {
        let (plain, authority, mode) = split(address)?;
        let config: Config =
            plain.parse().map_err(|_| bad("it is not of the form postgres://login@host:port/database"))?;
        if config.get_password().is_some() {
            return Err(bad(NO_PASSWORD));
        }
        let Some(database) = config.get_dbname().map(str::to_string) else {
            return Err(bad("it names no database: postgres://host/DATABASE"));
        };
        if config.get_hosts().is_empty() {
            return Err(bad("it names no server: postgres://HOST/database, or ?host=/run/postgresql"));
        }
        let hosts: Vec<Host> = config.get_hosts().iter().flat_map(each_of).collect();
        let here = hosts.iter().all(is_here);
        let tls = match mode.as_deref() {
            None => !here,
            Some("verify-full" | "verify-ca" | "require") => true,
            Some("disable" | "prefer" | "allow") if here => false,
            Some("disable" | "prefer" | "allow") => {
                return Err(bad(
                    "a server beyond this machine is reached over verified TLS only; leave sslmode out",
                ));
            }
            Some(other) => return Err(bad(format!("sslmode {other:?} is not known"))),
        };
        let ports = config.get_ports();
        let mut servers = Vec::new();
        for (n, host) in hosts.iter().enumerate() {
            let mut one = Config::new();
            match host {
                Host::Tcp(name) => one.host(name),
                #[cfg(unix)]
                Host::Unix(path) => one.host_path(path),
            };
            if let Some(port) = ports.get(n).or(ports.first()) {
                one.port(*port);
            }
            one.dbname(&database);
            one.ssl_mode(if tls { SslMode::Require } else { SslMode::Disable });
            one.application_name("codesk");
            one.connect_timeout(CONNECT);
            one.keepalives_idle(Duration::from_secs(30));
            one.tcp_user_timeout(Duration::from_secs(30));
            // A call that the server cannot finish is given up by it too.
            one.options(
                "-c statement_timeout=60000 -c lock_timeout=20000 -c idle_in_transaction_session_timeout=60000",
            );
            if let Some(p) = password {
                one.password(p);
            }
            servers.push(one);
        }
        Ok(PgPlace { servers, login: config.get_user().map(str::to_string), database, authority, tls })
    }

    /// The login of the address, if it names one.
    pub fn login(&self) -> Option<&str> {
        self.login.as_deref()
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    /// What went wrong with a certificate is left in `said`: the handshake itself says only that it failed.
    pub(super) fn connector(&self, said: &Arc<Mutex<Option<String>>>) -> Result<SslConnector, HubError> {
        let fail = |e: openssl::error::ErrorStack| HubError::Certificate(e.to_string());
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(fail)?;
        let said = Arc::clone(said);
        builder.set_verify_callback(SslVerifyMode::PEER, move |whole, chain| {
            if !whole && let Ok(mut words) = said.lock() {
                words.get_or_insert_with(|| chain.error().error_string().to_string());
            }
            whole
        });
        match &self.authority {
            Some(file) => builder.set_ca_file(file).map_err(|_| {
                HubError::Certificate(format!("{} is not a readable certificate", file.display()))
            })?,
            None => builder.set_default_verify_paths().map_err(fail)?,
        }
        Ok(builder.build())
    }
}

/// `?host=/run/a,/run/b` is two servers.
fn each_of(host: &Host) -> Vec<Host> {
    match host {
        #[cfg(unix)]
        Host::Unix(path) => path.to_string_lossy().split(',').map(|p| Host::Unix(p.into())).collect(),
        tcp => vec![tcp.clone()],
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(address: &str) -> String {
        match PgPlace::parse(address, None) {
            Ok(_) => panic!("{address} was taken"),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn only_this_machine_goes_without_tls_and_no_address_holds_a_password() {
        assert!(PgPlace::parse("postgres://dlee@hub.example/codesk", None).unwrap().tls);
        assert!(!PgPlace::parse("postgres:///codesk?host=/run/postgresql", None).unwrap().tls);
        assert!(!PgPlace::parse("postgres://127.0.0.1:5433/codesk", None).unwrap().tls);
        assert!(PgPlace::parse("postgres://127.0.0.1/codesk?sslmode=verify-full", None).unwrap().tls);
        assert!(refusal("postgres://hub.example/codesk?sslmode=disable").contains("TLS"));
        for secret in ["postgres://dlee:hunter2@hub/codesk", "postgres://hub/codesk?password=hunter2"] {
            let said = refusal(secret);
            assert!(said.contains("list of processes") && !said.contains("hunter2"), "{said}");
        }
        for two in
            ["postgres:///codesk?host=/run/a,/run/b&port=1,2", "postgres://127.0.0.1:1,localhost:2/codesk"]
        {
            assert_eq!(PgPlace::parse(two, None).unwrap().servers.len(), 2, "{two}");
        }
        assert!(!PgPlace::parse("postgres://localhost,127.0.0.1/codesk", None).unwrap().tls);
        assert!(PgPlace::parse("postgres://localhost,hub.example/codesk", None).unwrap().tls);
        assert!(refusal("postgres://hub.example").contains("database"));
        assert!(refusal("postgres:///codesk").contains("server"));
    }
}
