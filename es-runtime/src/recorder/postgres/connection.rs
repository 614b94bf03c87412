//! A connection to the server, with the statements that it has prepared.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::{join, select, try_join, try_join_all};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{
    AsyncMessage, Client, Config, Error as DriverError, Row, RowStream, SimpleQueryMessage, Socket, Statement,
};

use super::error;
use super::hidden::Hidden;
use super::options::{Password, PostgresOptions};
use super::text::Text;
use super::tls::{self, Connector};
use crate::error::{Error, ErrorKind};
use crate::recorder::bell::Bell;

/// The time after which the system asks a silent server whether it is there.
const SILENCE: Duration = Duration::from_secs(30);

/// A statement with its parameters.
pub(super) type Request<'a> = (&'a Text, Vec<&'a (dyn ToSql + Sync)>);

/// A request for rows, and the number of bytes that their states may have together.
pub(super) struct Page<'a> {
    pub(super) request: Request<'a>,
    pub(super) bytes: usize,
}

/// The time in which a connection that nobody holds any more takes leave of the server.
const LEAVE: Duration = Duration::from_secs(1);

/// The number of bytes that are read in vain rather than to make another connection.
pub(super) const LITTLE: usize = 1 << 20;

pub(super) struct Connection {
    client: Client,
    /// The task that drives the connection.
    driver: AbortHandle,
    /// Tells the task, when it is dropped with the connection, that nobody waits for an answer any more.
    _held: oneshot::Sender<()>,
    /// True once the connection is given up.
    is_over: AtomicBool,
    /// The prepared statements, by the numbers of their texts. Nothing is prepared through a pooler.
    prepared: Option<Mutex<HashMap<usize, Statement>>>,
}

/// The way to the server, and the options of each connection.
pub(super) struct Way {
    options: PostgresOptions,
    connector: Connector,
    /// True once a session was found whose commits do not wait for the disk: each session asks for it from then on.
    insists: AtomicBool,
}

impl Way {
    pub(super) fn new(options: PostgresOptions) -> Result<Self, Error> {
        let connector = tls::connector(&options)?;
        Ok(Self { options, connector, insists: AtomicBool::new(false) })
    }

    pub(super) const fn options(&self) -> &PostgresOptions {
        &self.options
    }

    /// Makes a connection, which a task of the runtime drives. The bell rings at each notification.
    ///
    /// The hosts share the time: one that takes connections and never answers leaves enough for the others.
    pub(super) async fn connect(&self, bell: Option<Bell>) -> Result<Connection, Error> {
        let until = Instant::now() + self.options.connect_timeout;
        let config = timeout_at(until, self.config()).await.unwrap_or_else(|_| Err(self.late()))?;
        let hosts = self.options.hosts();
        let (mut left, mut failed) = (hosts.len(), None);
        for (host, port) in hosts {
            let until = share(until, left);
            left -= 1;
            let mut config = config.clone();
            config.host(host).port(port);
            let connecting = self.connect_to_host(host, port, &config, until, bell.as_ref());
            match timeout_at(until, connecting).await.unwrap_or_else(|_| Err(self.late())) {
                Ok(connection) => return Ok(connection),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| self.late()))
    }

    /// Tries the addresses of a host, which share its time.
    async fn connect_to_host(
        &self,
        host: &str,
        port: u16,
        config: &Config,
        until: Instant,
        bell: Option<&Bell>,
    ) -> Result<Connection, Error> {
        if host.starts_with('/') {
            return self.connect_to(config, bell.cloned()).await;
        }
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|cause| error::unknown_host(&self.options.place(), host, cause))?;
        let addresses: Vec<_> = found.map(|address| address.ip()).collect();
        let (mut left, mut failed) = (addresses.len(), None);
        for address in addresses {
            let until = share(until, left);
            left -= 1;
            let mut config = config.clone();
            config.hostaddr(address);
            let connecting = self.connect_to(&config, bell.cloned());
            match timeout_at(until, connecting).await.unwrap_or_else(|_| Err(self.late())) {
                Ok(connection) => return Ok(connection),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| self.late()))
    }

    /// Makes a connection to one address, and checks its session.
    async fn connect_to(&self, config: &Config, bell: Option<Bell>) -> Result<Connection, Error> {
        loop {
            let insists = self.insists.load(Ordering::Relaxed);
            let connection = self.begin(config.clone(), insists, bell.clone()).await?;
            if connection.check(&self.options).await? {
                return Ok(connection);
            }
            // A reader must not see an event that a power cut takes back.
            if insists || self.options.is_pooled {
                return Err(error::asynchronous());
            }
            self.insists.store(true, Ordering::Relaxed);
        }
    }

    async fn begin(
        &self,
        mut config: Config,
        insists: bool,
        bell: Option<Bell>,
    ) -> Result<Connection, Error> {
        if !self.options.is_pooled {
            config.options(settings(&self.options, insists));
        }
        let connecting = config.connect(Connector::clone(&self.connector)).await;
        let (client, driver) = connecting.map_err(|cause| error::connecting(&self.options.place(), cause))?;
        let (held, left) = oneshot::channel();
        let driver = tokio::spawn(drive(driver, bell, left)).abort_handle();
        let prepared = (!self.options.is_pooled).then(Mutex::default);
        Ok(Connection { client, driver, _held: held, is_over: AtomicBool::new(false), prepared })
    }

    fn late(&self) -> Error {
        let (place, limit) = (self.options.place(), self.options.connect_timeout);
        let message = format!(
            "the database {place} did not answer within {limit:?}; check the host and the network, or raise \
             `connect_timeout`"
        );
        Error::new(ErrorKind::Unavailable, message)
    }

    /// Returns the settings of the driver for every host.
    async fn config(&self) -> Result<Config, Error> {
        let options = &self.options;
        let mut config = Config::new();
        config.dbname(&options.database).application_name(&options.application_name);
        config.ssl_mode(tls::mode(options));
        config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        if let Some(user) = &options.user {
            config.user(user);
        }
        match &options.password {
            None => {}
            Some(Password::Fixed(password)) => drop(config.password(password)),
            Some(Password::From(password)) => {
                let password = Arc::clone(password);
                let asked = tokio::task::spawn_blocking(move || password()).await;
                config.password(asked.map_err(|_| {
                    Error::new(ErrorKind::Config, "the function that returns the password panicked")
                })??);
            }
        }
        Ok(config)
    }
}

/// Returns the end of the time for one of several attempts that are left.
fn share(until: Instant, left: usize) -> Instant {
    let now = Instant::now();
    now + until.saturating_duration_since(now) / u32::try_from(left.max(1)).unwrap_or(u32::MAX)
}

/// The value of a setting of our own, by which a session is known that has got our settings: an operator may set the others
/// for a role.
const OWN: &str = "own";

/// Returns the settings of each session.
///
/// The plan of a statement must not depend on the parameters: the server would plan a group of commits anew for ever.
/// No statement here gains from a scan of a whole table, or from a join by hash. A session whose commits wait for its
/// replicas too is left as it is, unless the recorder insists.
fn settings(options: &PostgresOptions, insists: bool) -> String {
    let milliseconds = options.timeout.as_millis().max(1);
    let synchronous = if insists { " -c synchronous_commit=on" } else { "" };
    format!(
        "-c plan_cache_mode=force_generic_plan -c jit=off -c enable_seqscan=off -c enable_hashjoin=off \
         -c enable_mergejoin=off -c default_transaction_isolation=read\\ committed \
         -c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds} \
         -c es_runtime.session={OWN}{synchronous}"
    )
}

/// Drives a connection until it ends, or until nobody holds it and a silent server keeps it from ending.
async fn drive<S>(
    mut driver: tokio_postgres::Connection<Socket, S>,
    bell: Option<Bell>,
    left: oneshot::Receiver<()>,
) where
    S: tokio_postgres::tls::TlsStream + Unpin,
{
    let driving = async {
        while let Some(message) = poll_fn(|context| driver.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(_)) => {
                    if let Some(bell) = &bell {
                        bell.ring();
                    }
                }
                Ok(_) => {}
                // Each call on the connection reports that it is closed.
                Err(_) => break,
            }
        }
    };
    let leaving = async {
        let _ = left.await;
        sleep(LEAVE).await;
    };
    select(pin!(driving), pin!(leaving)).await;
}

impl Connection {
    /// Refuses a server that takes no writes, and sessions that would break the order of the log. Returns whether commits wait
    /// for the disk.
    async fn check(&self, options: &PostgresOptions) -> Result<bool, Error> {
        const LOOK: &str = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only'), \
                            current_setting('transaction_isolation'), current_setting('synchronous_commit'), \
                            current_setting('es_runtime.session', true)";
        // The server ends the statement of a program that is gone: it would hold readers back.
        const MIND: &str = "SET client_connection_check_interval = 1000";
        let failed = error::of("set up the connection");
        let look = self.client.simple_query(LOOK);
        let answer = if options.is_pooled {
            look.await
        } else {
            // Both are on their way before the first answer.
            let (minds, answer) = join(self.client.simple_query(MIND), look).await;
            match minds {
                // Some systems do not tell the server whether its client is there.
                Err(cause) if cause.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => answer,
                Err(cause) => return Err(failed(cause)),
                Ok(_) => answer,
            }
        };
        let answer = answer.map_err(&failed)?;
        let Some(row) = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        }) else {
            return Err(Error::new(ErrorKind::Storage, "the server answers nothing to a question"));
        };
        let [recovery, read_only, isolation, synchronous, session] =
            [0, 1, 2, 3, 4].map(|column| row.try_get(column).ok().flatten().unwrap_or_default());
        // Another host may take writes.
        if recovery == "t" || (read_only == "on" && options.hosts.len() > 1) {
            return Err(error::is_replica(&options.place()));
        }
        if !options.is_pooled && session != OWN {
            return Err(error::lost_settings());
        }
        if isolation != "read committed" {
            return Err(error::other_isolation(isolation));
        }
        Ok(synchronous != "off")
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || self.client.is_closed()
    }

    /// Closes the connection at once: the driver would wait for all that the server still sends.
    pub(super) fn abandon(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.driver.abort();
    }

    /// Returns the prepared statement of a text.
    async fn statement(
        &self,
        prepared: &Mutex<HashMap<usize, Statement>>,
        text: &Text,
    ) -> Result<Statement, DriverError> {
        let known = prepared.lock().unwrap_or_else(PoisonError::into_inner).get(&text.number).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let made = self.client.prepare_typed(&text.sql, &text.types).await?;
        prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(text.number, made.clone());
        Ok(made)
    }

    /// Sends a statement with its parameters, and returns its rows as they come.
    async fn rows(&self, text: &Text, parameters: &[&(dyn ToSql + Sync)]) -> Result<RowStream, DriverError> {
        let hidden = parameters.iter().copied().map(Hidden);
        match &self.prepared {
            None => self.client.query_typed_raw(&text.sql, hidden.zip(text.types.iter().cloned())).await,
            Some(prepared) => {
                let statement = self.statement(prepared, text).await?;
                self.client.query_raw(&statement, hidden).await
            }
        }
    }

    pub(super) async fn query(
        &self,
        text: &Text,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DriverError> {
        self.rows(text, parameters).await?.try_collect().await
    }

    /// Runs statements one right after the other, and then one that reads a page: all are on their way before the first
    /// answer. Through a pooler each waits for the one before it: a pooler may hand the answers that a closed connection
    /// has not taken to somebody else.
    pub(super) async fn query_all(
        &self,
        requests: &[Request<'_>],
        page: Option<&Page<'_>>,
    ) -> Result<(Vec<Vec<Row>>, Vec<Row>), DriverError> {
        let last = async {
            match page {
                Some(page) => self.page(page).await,
                None => Ok(Vec::new()),
            }
        };
        let Some(prepared) = &self.prepared else {
            let mut answers = Vec::with_capacity(requests.len());
            for (text, values) in requests {
                answers.push(self.query(text, values).await?);
            }
            return Ok((answers, last.await?));
        };
        for (text, _) in requests.iter().chain(page.map(|page| &page.request)) {
            self.statement(prepared, text).await?;
        }
        // They are polled in their order, and so they are sent in their order.
        let first = try_join_all(requests.iter().map(|(text, values)| self.query(text, values)));
        try_join(first, last).await
    }

    /// Reads rows until the states in their last columns have more than so many bytes.
    ///
    /// The server goes on to send. If that is much, the connection is closed: the caller asks nothing more on it.
    pub(super) async fn page(&self, page: &Page<'_>) -> Result<Vec<Row>, DriverError> {
        let (text, values) = &page.request;
        let rows = self.rows(text, values).await?;
        let (mut rows, mut read, mut bytes) = (pin!(rows), Vec::new(), 0_usize);
        while let Some(row) = rows.try_next().await? {
            let is_full = bytes > page.bytes;
            bytes = bytes.saturating_add(state_of(&row));
            if !is_full {
                read.push(row);
            } else if bytes / 2 > page.bytes.max(LITTLE) {
                self.abandon();
                break;
            }
        }
        Ok(read)
    }

    /// Runs a statement without rows, and returns the number of rows that it changed.
    pub(super) async fn execute(
        &self,
        text: &Text,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, DriverError> {
        let mut rows = pin!(self.rows(text, parameters).await?);
        while rows.try_next().await?.is_some() {}
        Ok(rows.rows_affected().unwrap_or(0))
    }

    /// Runs a statement that nobody prepares, and returns its rows.
    pub(super) async fn query_once(
        &self,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, DriverError> {
        let hidden = parameters.iter().map(|(value, of)| (Hidden(*value), of.clone()));
        self.client.query_typed_raw(sql, hidden).await?.try_collect().await
    }

    /// Runs statements without parameters in one transaction; returns the first value of the last row.
    pub(super) async fn ask(&self, statements: &str) -> Result<Option<String>, DriverError> {
        let answer = self.client.simple_query(statements).await?;
        let rows = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        Ok(rows.last())
    }

    /// Runs statements without parameters.
    pub(super) async fn run(&self, statements: &str) -> Result<(), DriverError> {
        self.client.batch_execute(statements).await
    }
}

/// Returns the number of bytes of the state, which is the last column of an event.
pub(super) fn state_of(row: &Row) -> usize {
    row.try_get::<_, &[u8]>(row.len().saturating_sub(1)).map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::recorder::postgres::fake::{self, Fake};

    const TEXT: u32 = 25;

    /// A server that answers the setting which minds gone programs as the function says.
    fn server(minding: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Fake {
        Fake::new(move |kind, content| {
            let content = String::from_utf8_lossy(content);
            let minds = content.contains("client_connection_check_interval");
            match kind {
                fake::TLS => b"N".to_vec(),
                fake::BEGIN if minds => {
                    fake::error(&[(b'S', "FATAL"), (b'C', "22023"), (b'M', "it must be 0")])
                }
                fake::BEGIN => fake::welcome(),
                b'Q' if minds => minding(),
                b'Q' => {
                    let values = ["f", "off", "read committed", "on", "own"];
                    [fake::row(TEXT, &values), fake::ready()].concat()
                }
                _ => Vec::new(),
            }
        })
    }

    fn connect(options: PostgresOptions) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connected = runtime.block_on(async { Way::new(options)?.connect(None).await.map(drop) });
        runtime.shutdown_background();
        connected
    }

    fn at(fake: &Fake) -> PostgresOptions {
        PostgresOptions::new("127.0.0.1", "bank").port(fake.port).user("es")
    }

    /// The value is refused where the system does not tell the server whether its client is there.
    #[test]
    fn a_server_that_cannot_mind_gone_programs_is_used() {
        let refusing = |code| {
            let fields =
                [(b'S', "ERROR"), (b'V', "ERROR"), (b'C', code), (b'M', "client_connection_check_interval")];
            server(move || fake::error(&fields))
        };
        connect(at(&refusing("22023"))).unwrap();
        let old = connect(at(&refusing("42704"))).unwrap_err();
        assert_eq!(old.kind(), ErrorKind::Config);
        assert!(old.to_string().contains("PostgreSQL 14"), "{old}");
    }

    #[test]
    fn the_time_to_connect_counts_the_password_and_the_check() {
        const LIMIT: Duration = Duration::from_millis(200);
        let silent = at(&server(Vec::new));
        let slow = at(&server(Vec::new)).password_from(|| {
            thread::sleep(Duration::from_secs(60));
            Ok(String::new())
        });
        for options in [silent, slow] {
            let connecting = thread::spawn(move || connect(options.connect_timeout(LIMIT)).unwrap_err());
            thread::sleep(LIMIT * 10);
            assert!(connecting.is_finished(), "it still waits");
            assert_eq!(connecting.join().unwrap().kind(), ErrorKind::Unavailable);
        }
    }
}
