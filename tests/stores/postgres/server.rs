//! The server of the tests: one that they start, or one that `ES_POSTGRES_URL` names.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use es_runtime::recorder::PostgresOptions;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::postgres::{Pooler, Server, by_hand_as};

const VARIABLE: &str = "ES_POSTGRES_URL";

static FOUND: OnceLock<Found> = OnceLock::new();

struct Found {
    uri: String,
    /// The server of these tests, if they started one. It stops when this process ends.
    own: Option<Server>,
}

/// Finds or starts the server; tells why there is none.
pub(crate) fn find() -> Result<(), String> {
    let found = if let Ok(uri) = env::var(VARIABLE) {
        Found { uri, own: None }
    } else {
        let named = |why| format!("{why}, or name a database by {VARIABLE}");
        let own = Server::start("fsync = off\nmax_prepared_transactions = 4").map_err(named)?;
        Found { uri: own.uri(), own: Some(own) }
    };
    FOUND.set(found).map_err(|_| "the server is there already".to_owned())
}

/// Returns whether the server is one that these tests started.
pub(crate) fn is_own() -> bool {
    env::var_os(VARIABLE).is_none()
}

/// Returns whether the tests can start a pooler, before a server of their own.
pub(crate) fn has_pooler() -> bool {
    is_own() && Pooler::is_installed()
}

/// Returns the pooler before the server that these tests started.
pub(crate) fn pooler() -> &'static Pooler {
    static POOLER: OnceLock<Pooler> = OnceLock::new();
    POOLER.get_or_init(|| {
        let own = FOUND.get().and_then(|found| found.own.as_ref()).expect("a server of these tests");
        Pooler::start(own).expect("the pooler starts")
    })
}

pub(crate) fn new_schema() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("es_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn in_schema(schema: &str) -> PostgresOptions {
    let options: PostgresOptions = uri().parse().expect("the URI of the server");
    options.schema(schema).expect("a plain name").connections(4)
}

/// Returns the URI of the server with another host or database.
pub(crate) fn at(host: Option<u16>, database: Option<&str>) -> PostgresOptions {
    let mut uri = uri().to_owned();
    if let Some(port) = host {
        let (name, known) = self::host();
        uri = uri.replace(&format!("{name}:{known}"), &format!("127.0.0.1:{port}"));
    }
    if let Some(database) = database
        && let Some((before, _)) = uri.rsplit_once('/')
    {
        uri = format!("{before}/{database}");
    }
    uri.parse().expect("the URI of the server")
}

pub(crate) fn uri() -> &'static str {
    &FOUND.get().expect("the program found a server at its start").uri
}

/// Returns the host and the port of the server.
pub(crate) fn host() -> (String, u16) {
    let config: tokio_postgres::Config = uri().parse().expect("the URI of the server");
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        _ => "127.0.0.1".to_owned(),
    };
    (host, config.get_ports().first().copied().unwrap_or(5432))
}

/// Runs statements on a connection of their own, and returns the first column of the last answer.
pub(crate) fn by_hand(statements: &str) -> Vec<String> {
    by_hand_as(uri(), statements).expect("the statements of a test")
}

/// A session by hand, whose transaction stays open until the test ends it.
pub(crate) struct Session {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Session {
    pub(crate) fn connect() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(uri(), NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }

    /// Runs statements, and returns the first column of their answers.
    pub(crate) fn run(&self, statements: &str) -> Vec<String> {
        let answer = self.runtime.block_on(self.client.simple_query(statements)).unwrap();
        let texts = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        texts.collect()
    }
}

/// Runs statements by hand in a transaction that stays open for so long, and then the last ones. Returns once it is open.
pub(crate) fn hold(statements: &str, seconds: f64, end: &str) -> thread::JoinHandle<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("hold_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let all =
        format!("SET application_name = '{name}'; BEGIN; {statements}; SELECT pg_sleep({seconds}); {end}");
    let holding = thread::spawn(move || drop(by_hand(&all)));
    let look = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND wait_event = 'PgSleep'"
    );
    let began = Instant::now();
    while by_hand(&look) != ["1"] {
        assert!(began.elapsed() < Duration::from_secs(30), "the transaction was not opened: {statements}");
        thread::sleep(Duration::from_millis(5));
    }
    holding
}

/// Ends sessions of an application, a few at a time, until the work is done; returns the number of them.
pub(crate) fn kill_while(is_under_way: impl Fn() -> bool, application: &str, at_once: usize) -> usize {
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{application}'
         ORDER BY random() LIMIT {at_once}"
    );
    let mut killed = 0;
    while is_under_way() {
        killed += by_hand(&kill).len();
        thread::sleep(Duration::from_millis(20));
    }
    killed
}
