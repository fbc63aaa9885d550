//! A data directory opened: settings, cache, clock, who sits here.
//!
//! Owns what every subcommand and the workstation need first. Reading needs only the read-only connection, so
//! scripts can look while a workstation is open; what writes opens the one writer.

use super::place::{HubPlace, open_hub};
use super::{CliError, PlaceArgs};
use crate::app::Me;
use crate::config::{Config, ConfigError};
use crate::demo::{self, Practice};
use crate::domain::{Chart, EditSet, Id, IdMint, Role, SHARED_SCOPE, Scope, WorkItem, WorkQuery, WorkView};
use crate::edit_tables;
use crate::edits::{EditPolicy, tables::Tables};
use crate::facts::Codes;
use crate::hub::{Clock, HubAdmin, HubError, LeaseAnswer};
use crate::store::{ImportBatch, Imported, Reader, Store, StoreError, StorePaths};
use crate::sync::{Engine, Progress, SyncError, SyncState, SyncStatus};
use crate::table_store::TableStore;
use chrono::{DateTime, NaiveDate, Utc};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Codes(#[from] crate::codes_file::CodesFileError),
    #[error(transparent)]
    Tables(#[from] crate::table_store::TableStoreError),
    #[error("there is no encounter {0:?} here: give its account number or its id")]
    NoEncounter(String),
    #[error("{account} is not unique: {scopes}. Give the id instead")]
    Ambiguous { account: String, scopes: String },
    #[error("{0}")]
    Held(String),
    #[error("cannot use {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
}

/// The setting that marks a sample practice.
const PRACTICE: &str = "practice";

/// The wall clock, or the practice's: it stands at its own day and runs from there.
#[derive(Clone, Copy, Debug)]
pub struct SiteClock {
    offset_ms: i64,
}

impl SiteClock {
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now_ms()).unwrap_or_default()
    }
}

impl Clock for SiteClock {
    fn now_ms(&self) -> i64 {
        Utc::now().timestamp_millis() + self.offset_ms
    }
}

pub struct Site {
    pub config: Config,
    pub me: Me,
    pub name: String,
    pub today: NaiveDate,
    pub clock: SiteClock,
    paths: StorePaths,
    reader: Reader,
    store: Option<Store>,
    codes: OnceLock<Arc<Codes>>,
    mint: IdMint,
}

impl Site {
    pub fn open(place: &PlaceArgs) -> Result<Site, SiteError> {
        Site::open_as(place, false)
    }

    /// For the sample practice: the same, but an empty folder becomes the practice's.
    pub fn open_demo(place: &PlaceArgs) -> Result<Site, SiteError> {
        Site::open_as(place, true)
    }

    fn open_as(place: &PlaceArgs, demo: bool) -> Result<Site, SiteError> {
        let config = Config::load(place.data_dir.as_deref())?;
        config.create_dir()?;
        let paths = StorePaths::in_folder(&config.dir);
        let mut store = None;
        if !paths.database.exists() {
            store = Some(Store::open(&paths)?);
        }
        let reader = match &store {
            Some(s) => s.reader()?,
            None => Reader::open(&paths)?,
        };
        let practice = reader.setting(PRACTICE)?.is_some() || (demo && store.is_some());
        let offset_ms = if practice { demo::CLOCK * 1000 - Utc::now().timestamp_millis() } else { 0 };
        let clock = SiteClock { offset_ms };
        let place = HubPlace::of(&config)?;
        let (me, name) = match practice {
            true => (Me { login: demo::ME.into(), role: Role::Coder }, "Lakeside Health".to_string()),
            false if place.is_remote() => {
                // The hub said who this is at the last exchange; before the first one, only looking is safe.
                let said = reader.setting(crate::sync::MY_ROLE)?;
                let role = said.as_deref().and_then(Role::from_label).unwrap_or(Role::ReadOnly);
                (Me { login: place.login().unwrap_or_else(|| login(&config)), role }, String::new())
            }
            false => (Me { login: login(&config), role: Role::Admin }, String::new()),
        };
        let today = if practice { demo::today() } else { calendar_today() };
        Ok(Site {
            me,
            name,
            today,
            clock,
            paths,
            reader,
            store,
            codes: OnceLock::new(),
            mint: IdMint::new(random_seed()),
            config,
        })
    }

    /// Whether nobody has the cache open for writing.
    pub fn check_free(config: &Config) -> Result<(), SiteError> {
        let paths = StorePaths::in_folder(&config.dir);
        if paths.database.exists() {
            match Store::open(&paths) {
                Ok(_) => {}
                // A damaged or foreign file may be reset; one that is in use may not.
                Err(e @ StoreError::Db(crate::sqlite::DbError::InUse { .. })) => return Err(e.into()),
                Err(_) => {}
            }
        }
        Ok(())
    }

    pub fn is_demo(&self) -> bool {
        matches!(self.reader.setting(PRACTICE), Ok(Some(_)))
    }

    pub fn is_empty(&self) -> Result<bool, SiteError> {
        Ok(self.total()? == 0)
    }

    pub fn total(&self) -> Result<u64, SiteError> {
        let query = WorkQuery { view: WorkView::All, limit: 1, ..WorkQuery::default() };
        Ok(self.reader.queue(&query)?.1)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn seed(&self) -> u64 {
        random_seed()
    }

    pub fn new_id(&mut self) -> Id {
        let ms = u64::try_from(self.clock.now_ms()).unwrap_or(0);
        self.mint.next(ms)
    }

    pub fn setting(&self, key: &str) -> Option<String> {
        self.reader.setting(key).ok().flatten()
    }

    pub fn codes(&self) -> Result<&Arc<Codes>, SiteError> {
        if let Some(c) = self.codes.get() {
            return Ok(c);
        }
        let (tables, policy, wrong) = edit_settings(&self.config);
        wrong.iter().for_each(|w| eprintln!("{w}"));
        let loaded = Arc::new(open_codes(&self.config)?.with_edits(tables, policy));
        Ok(self.codes.get_or_init(|| loaded))
    }

    pub fn facts(&self) -> Result<&Codes, SiteError> {
        Ok(self.codes()?)
    }

    fn writer(&mut self) -> Result<&mut Store, SiteError> {
        match self.store {
            Some(ref mut s) => Ok(s),
            None => {
                let mut store = Store::open(&self.paths)?;
                store.set_learning(self.config.history);
                Ok(self.store.insert(store))
            }
        }
    }

    /// The writer and a reader of their own for the threads of the workstation.
    pub fn take_store(&mut self) -> Result<(Store, Reader), SiteError> {
        let store = match self.store.take() {
            Some(s) => s,
            None => Store::open(&self.paths)?,
        };
        let reader = store.reader()?;
        Ok((store, reader))
    }

    pub fn hub(&self) -> Result<Box<dyn HubAdmin>, SiteError> {
        open_hub(&self.config, self.clock)
    }

    /// The hub, greeted as the person of this folder.
    pub fn signed_in_hub(&self) -> Result<Box<dyn HubAdmin>, SiteError> {
        let mut hub = self.hub()?;
        hub.hello(&super::hub::hello(self, &self.me.login))?;
        Ok(hub)
    }

    /// The id under which the hub counts this cache's edits.
    pub fn client(&self) -> Id {
        self.setting("client").as_deref().and_then(Id::parse).unwrap_or(Id::NIL)
    }

    pub fn pending(&self) -> Result<u64, SiteError> {
        Ok(self.reader.pending_count()?)
    }

    pub fn set_role(&mut self, role: Role) -> Result<(), SiteError> {
        Ok(self.writer()?.set_setting(crate::sync::MY_ROLE, role.label())?)
    }

    /// What is wrong with the cache's own trail, if anything.
    pub fn audit_verify(&self) -> Result<Option<String>, SiteError> {
        Ok(self.reader.audit_verify()?.map(|f| format!("{}, row {}: {}", f.scope, f.n, f.why)))
    }

    pub fn queue(&self, query: &WorkQuery) -> Result<(Vec<WorkItem>, u64), SiteError> {
        Ok(self.reader.queue(query)?)
    }

    /// An encounter by id or account number.
    fn id_of(&self, text: &str) -> Result<Id, SiteError> {
        if let Some(id) = Id::parse(text) {
            return Ok(id);
        }
        let found = self.reader.find(text)?;
        match found.as_slice() {
            [] => Err(SiteError::NoEncounter(text.to_string())),
            [one] => Ok(one.id),
            many => {
                let scopes: Vec<String> = many.iter().map(|i| format!("{} in {}", i.id, i.scope)).collect();
                Err(SiteError::Ambiguous { account: text.to_string(), scopes: scopes.join(", ") })
            }
        }
    }

    pub fn chart(&self, text: &str) -> Result<Chart, SiteError> {
        let id = self.id_of(text)?;
        self.reader.chart(id)?.ok_or_else(|| SiteError::NoEncounter(text.to_string()))
    }

    /// Every encounter of the cache that is not final, one after another.
    pub fn open_charts(&self) -> Result<impl Iterator<Item = Result<Chart, SiteError>>, SiteError> {
        let ids = self.reader.encounters()?;
        let charts =
            ids.into_iter().filter_map(|id| self.reader.chart(id).map_err(SiteError::from).transpose());
        Ok(charts
            .filter(|c| c.as_ref().map_or(true, |c| c.header().state != crate::domain::CodingState::Final)))
    }

    pub fn commit(&mut self, set: &EditSet) -> Result<(), SiteError> {
        let (id, now, me) = (self.new_id(), self.clock.now_ms(), self.me.login.clone());
        self.writer()?.commit(set, &me, now, id)?;
        Ok(())
    }

    /// Several edits, all or none, with texts and settings.
    pub fn commit_all(
        &mut self,
        sets: &[EditSet],
        texts: &[(String, String)],
        settings: &[(&str, &str)],
    ) -> Result<(), SiteError> {
        let (now, me) = (self.clock.now_ms(), self.me.login.clone());
        let ms = u64::try_from(now).unwrap_or(0);
        let mut mint = IdMint::new(random_seed());
        self.writer()?.commit_all(sets, texts, settings, &me, now, &mut || mint.next(ms))?;
        Ok(())
    }

    pub fn set_setting(&mut self, key: &str, value: &str) -> Result<(), SiteError> {
        Ok(self.writer()?.set_setting(key, value)?)
    }

    /// The text of a document or a sent file, by its hash.
    pub fn text(&self, hash: &str) -> Result<Option<String>, SiteError> {
        Ok(self.reader.text(hash)?.map(|t| t.to_string()))
    }

    pub fn directory(&self, scope: &Scope) -> Result<crate::domain::chart::Directory, SiteError> {
        Ok(self.reader.directory(scope)?)
    }

    pub fn scope_of(&self, id: Id) -> Result<Option<Scope>, SiteError> {
        Ok(self.reader.scope_of(id)?)
    }

    pub fn item<T: crate::domain::Body>(&self, id: Id) -> Result<Option<crate::domain::Item<T>>, SiteError> {
        Ok(self.reader.item(id)?)
    }

    /// The first of `n` control numbers of a sender, taken for good.
    pub fn reserve_control_numbers(&mut self, sender: &str, n: u32) -> Result<u64, SiteError> {
        use crate::hub::{Hello, SCHEMA};
        let mut hub = self.hub()?;
        let client = self.writer()?.client();
        hub.hello(&Hello { client, login: self.me.login.clone(), schema: SCHEMA })?;
        Ok(hub.reserve_control_numbers(sender, n)?)
    }

    pub fn import(&mut self, batch: &ImportBatch) -> Result<Imported, SiteError> {
        let (now, me) = (self.clock.now_ms(), self.me.login.clone());
        let mut mint = IdMint::new(random_seed());
        Ok(self.writer()?.import(batch, &me, now, &mut mint)?)
    }

    /// Stores the sample practice; `n` encounters, copies of the varied ones past what it has.
    pub fn import_practice(&mut self, practice: &Practice, n: usize) -> Result<(), CliError> {
        let shared = Scope(SHARED_SCOPE.into());
        let mut batch = ImportBatch::new("demo");
        let store_error = |e: StoreError| CliError::Site(e.into());
        for p in practice.directory.payers.values() {
            batch.add_item(&shared, p).map_err(store_error)?;
        }
        for p in practice.directory.providers.values() {
            batch.add_item(&shared, p).map_err(store_error)?;
        }
        for (scope, site) in &practice.sites {
            batch.add_item(scope, site).map_err(store_error)?;
        }
        let fees = crate::domain::Item::new(
            Id::from_sender(&["lakeside", "fees"]),
            crate::domain::OrderKey::default(),
            (*practice.directory.fees).clone(),
        );
        batch.add_item(&shared, &fees).map_err(store_error)?;
        for e in practice.encounters.iter().take(n) {
            batch.add_chart(&e.chart, e.texts.clone()).map_err(store_error)?;
        }
        self.import(&batch)?;
        let base = practice.encounters.len();
        let mut done = base;
        while done < n {
            let mut batch = ImportBatch::new("demo");
            for i in done..(done + 500).min(n) {
                let e = demo::multiplied(practice, i);
                batch.add_chart(&e.chart, e.texts).map_err(store_error)?;
            }
            self.import(&batch)?;
            done = (done + 500).min(n);
        }
        let mut hub = self.hub()?;
        for (login, role) in demo::STAFF {
            let role = match role {
                "supervisor" => Role::Supervisor,
                "biller" => Role::Biller,
                "trainee" => Role::Trainee,
                _ => Role::Coder,
            };
            hub.set_person(login, Some(role), "*", None).map_err(SiteError::from)?;
        }
        self.writer()?.set_setting(PRACTICE, "lakeside").map_err(store_error)?;
        Ok(())
    }

    /// Exchanges with the hub once. A hub that does not answer is told on stderr, never an error: the work is
    /// in the cache.
    pub fn sync(&mut self) {
        let result = self.try_sync();
        if let Err(e) = result {
            eprintln!("not synced yet: {e}");
        }
    }

    fn try_sync(&mut self) -> Result<(), SiteError> {
        match self.exchange()?.0.state {
            SyncState::Halted { why } | SyncState::Offline { why, .. } => {
                eprintln!("not synced yet: {why}");
            }
            _ => {}
        }
        Ok(())
    }

    /// One round with the hub: what state that left us in, and what it changed.
    pub fn exchange(&mut self) -> Result<(SyncStatus, Progress), SiteError> {
        let mut hub = self.hub()?;
        let (login, now) = (self.me.login.clone(), self.clock.now_ms());
        let mut engine = Engine::new(&login, random_seed());
        let done = engine.step(self.writer()?, hub.as_mut(), now)?;
        Ok((engine.status().clone(), done))
    }

    pub fn repair(&mut self) -> Result<u64, SiteError> {
        Ok(self.writer()?.repair_work_items()?)
    }

    pub fn assign(&mut self, account: &str, user: &str) -> Result<(), SiteError> {
        let chart = self.chart(account)?;
        let edit = chart.set_header(|e| e.assigned = Some(user.to_string()));
        self.commit(&EditSet {
            scope: chart.scope.clone(),
            root: chart.id(),
            label: "assign".into(),
            edits: vec![edit],
            whole: false,
            fence: None,
        })?;
        self.sync();
        Ok(())
    }

    /// Leases the next `n` free encounters of my list for twelve hours.
    pub fn take(&mut self, n: u32) -> Result<Vec<String>, SiteError> {
        let mut hub = self.hub()?;
        let login = self.me.login.clone();
        let mut engine = Engine::new(&login, random_seed());
        let now = self.clock.now_ms();
        engine.step(self.writer()?, hub.as_mut(), now)?;
        let query = WorkQuery { view: WorkView::Mine, me: login.clone(), ..WorkQuery::default() };
        let mut taken = Vec::new();
        let mut after = None;
        while taken.len() < n as usize {
            let Some(item) = self.reader.next_after(&query, after, now)? else { break };
            if taken.contains(&item.account) {
                break;
            }
            after = Some(item.id);
            let answer = engine.lease(self.writer()?, hub.as_mut(), &item.scope, item.id, 12 * 60)?;
            if matches!(answer, LeaseAnswer::Granted(_)) {
                taken.push(item.account);
            }
        }
        Ok(taken)
    }

    pub fn release(&mut self, account: &str) -> Result<(), SiteError> {
        let chart = self.chart(account)?;
        let (mut engine, mut hub) = self.signed_in()?;
        let now = self.clock.now_ms();
        engine.step(self.writer()?, hub.as_mut(), now)?;
        engine.release(self.writer()?, hub.as_mut(), &chart.scope, chart.id(), chart.lease.fence)?;
        Ok(())
    }

    pub fn break_lease(&mut self, account: &str) -> Result<(), SiteError> {
        let chart = self.chart(account)?;
        let (mut engine, mut hub) = self.signed_in()?;
        let now = self.clock.now_ms();
        engine.step(self.writer()?, hub.as_mut(), now)?;
        engine.break_lease(
            self.writer()?,
            hub.as_mut(),
            &chart.scope,
            chart.id(),
            "from the command line",
        )?;
        Ok(())
    }

    fn signed_in(&self) -> Result<(Engine, Box<dyn HubAdmin>), SiteError> {
        Ok((Engine::new(&self.me.login, random_seed()), self.hub()?))
    }
}

/// The imported payment tables and the site's severities, with a sentence for all that could not be used.
pub fn edit_settings(config: &Config) -> (Tables, EditPolicy, Vec<String>) {
    let (tables, damaged) = edit_tables::load(&config.dir);
    let mut wrong: Vec<String> = damaged.iter().map(ToString::to_string).collect();
    let policy = match edit_tables::policy(&config.dir) {
        Ok((policy, errors)) => {
            wrong.extend(errors.iter().map(ToString::to_string));
            policy
        }
        Err(e) => {
            wrong.push(e.to_string());
            EditPolicy::default()
        }
    };
    (tables, policy, wrong)
}

/// The code book of a data directory, made with a line of progress when it has to be.
pub fn open_codes(config: &Config) -> Result<Codes, SiteError> {
    config.create_dir()?;
    let mut told = false;
    let store = TableStore::open(&config.dir)?;
    Ok(Codes::open_site(&config.book_dir(), &store, &mut |_, _| {
        if !std::mem::replace(&mut told, true) {
            eprintln!("making the code book, once");
        }
    })?)
}

/// Sign-in name: the settings', else the system's.
pub fn login(config: &Config) -> String {
    config
        .user
        .clone()
        .or_else(|| std::env::var("USER").ok())
        .or_else(|| std::env::var("LOGNAME").ok())
        .filter(|u| !u.is_empty())
        .unwrap_or_else(|| "me".into())
}

pub fn calendar_today() -> NaiveDate {
    chrono::Local::now().date_naive()
}

fn random_seed() -> u64 {
    let mut bytes = [0u8; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        // Ids still differ by time; only two clients in the same millisecond could meet.
        Err(_) => Utc::now().timestamp_nanos_opt().unwrap_or(0).unsigned_abs(),
    }
}

/// What is used here, for the order of a search; nothing where that is switched off or there is no cache.
pub fn uses(config: &Config) -> Vec<crate::store::CodeUse> {
    let paths = StorePaths::in_folder(&config.dir);
    let reader = (config.history && paths.database.exists()).then(|| Reader::open(&paths).ok()).flatten();
    reader.and_then(|r| r.uses(Utc::now().timestamp_millis()).ok()).unwrap_or_default()
}

/// The fee table of a data directory, if there is one that opens; a search needs no more.
pub fn fees(place: &PlaceArgs) -> Option<crate::domain::FeeTable> {
    let config = Config::load(place.data_dir.as_deref()).ok()?;
    let paths = StorePaths::in_folder(&config.dir);
    let reader = paths.database.exists().then(|| Reader::open(&paths).ok()).flatten()?;
    let fees = reader.item::<crate::domain::FeeTable>(Id::from_sender(&["lakeside", "fees"])).ok()??;
    Some(fees.body)
}
