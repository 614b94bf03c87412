//! A connection to the server, with the statements that it has prepared.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{try_join, try_join_all};
use futures_util::{TryFutureExt, TryStreamExt};
use tokio::task::AbortHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{
    AsyncMessage, Client, Config, Error as DriverError, Row, SimpleQueryMessage, Socket, Statement,
};

use super::error;
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

/// The number of bytes that are read in vain rather than to make another connection.
pub(super) const LITTLE: usize = 1 << 20;

pub(super) struct Connection {
    client: Client,
    /// The task that drives the connection.
    driver: AbortHandle,
    /// True once the connection is given up.
    is_over: AtomicBool,
    /// The prepared statements, by the numbers of their texts. Nothing is prepared through a pooler.
    prepared: Option<Mutex<HashMap<usize, Statement>>>,
}

/// The way to the server, and the options of each connection.
pub(super) struct Way {
    options: PostgresOptions,
    connector: Connector,
}

impl Way {
    pub(super) fn new(options: PostgresOptions) -> Result<Self, Error> {
        let connector = tls::connector(&options)?;
        Ok(Self { options, connector })
    }

    pub(super) const fn options(&self) -> &PostgresOptions {
        &self.options
    }

    /// Makes a connection, which a task of the runtime drives. The bell rings at each notification.
    pub(super) async fn connect(&self, bell: Option<Bell>) -> Result<Connection, Error> {
        let place = self.options.place();
        let config = self.config().await?;
        let connecting = config
            .connect(Connector::clone(&self.connector))
            .map_err(|cause| error::connecting(&place, cause));
        let limit = self.options.connect_timeout;
        let Ok(connected) = tokio::time::timeout(limit, connecting).await else {
            let message = format!(
                "the database {place} did not answer within {limit:?}; check the host and the network, or raise \
                 `connect_timeout`"
            );
            return Err(Error::new(ErrorKind::Unavailable, message));
        };
        let (client, driver) = connected?;
        let driver = tokio::spawn(drive(driver, bell)).abort_handle();
        let prepared = (!self.options.is_pooled).then(Mutex::default);
        let connection = Connection { client, driver, is_over: AtomicBool::new(false), prepared };
        connection.check(&place).await?;
        Ok(connection)
    }

    async fn config(&self) -> Result<Config, Error> {
        let options = &self.options;
        let mut config = Config::new();
        for (host, port) in &options.hosts {
            config.host(host).port(*port);
        }
        config.dbname(&options.database).application_name(&options.application_name);
        config.ssl_mode(tls::mode(options));
        config.connect_timeout(options.connect_timeout).keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        if options.hosts.len() > 1 {
            config.target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
        }
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
        if !options.is_pooled {
            config.options(settings(options));
        }
        Ok(config)
    }
}

/// Returns the settings of each session.
///
/// The plan of a statement must not depend on the parameters: the server would plan a group of commits anew for ever.
/// No statement here gains from a scan of a whole table, or from a join by hash. The server ends the statement of a program
/// that is gone: it would hold readers back.
fn settings(options: &PostgresOptions) -> String {
    let milliseconds = options.timeout.as_millis().max(1);
    format!(
        "-c plan_cache_mode=force_generic_plan -c jit=off -c enable_seqscan=off -c enable_hashjoin=off \
         -c enable_mergejoin=off -c default_transaction_isolation=read\\ committed \
         -c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds} \
         -c client_connection_check_interval=1000"
    )
}

/// Drives a connection until it ends.
async fn drive<S>(mut driver: tokio_postgres::Connection<Socket, S>, bell: Option<Bell>)
where
    S: tokio_postgres::tls::TlsStream + Unpin,
{
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
}

impl Connection {
    /// Refuses a server that takes no writes, and sessions that would break the order of the log.
    async fn check(&self, place: &str) -> Result<(), Error> {
        const LOOK: &str = "SELECT pg_is_in_recovery(), current_setting('transaction_isolation'), \
                            current_setting('synchronous_commit')";
        let failed = error::of("set up the connection");
        let answer = self.client.simple_query(LOOK).await.map_err(&failed)?;
        let Some(row) = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        }) else {
            return Err(Error::new(ErrorKind::Storage, "the server answers nothing to a question"));
        };
        let [recovery, isolation, synchronous] =
            [0, 1, 2].map(|column| row.try_get(column).ok().flatten().unwrap_or_default());
        if recovery == "t" {
            return Err(error::is_replica(place));
        }
        if isolation != "read committed" {
            return Err(error::other_isolation(isolation));
        }
        if synchronous == "off" {
            // A reader must not see an event that a power cut takes back.
            if self.prepared.is_none() {
                return Err(error::asynchronous());
            }
            self.client.batch_execute("SET synchronous_commit = on").await.map_err(&failed)?;
        }
        Ok(())
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

    pub(super) async fn query(
        &self,
        text: &Text,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DriverError> {
        let Some(prepared) = &self.prepared else {
            return self.client.query_typed(&text.sql, &typed(text, parameters)).await;
        };
        let statement = self.statement(prepared, text).await?;
        self.client.query(&statement, parameters).await
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
        let rows = match &self.prepared {
            None => self.client.query_typed_raw(&text.sql, typed(text, values)).await?,
            Some(prepared) => {
                let statement = self.statement(prepared, text).await?;
                self.client.query_raw(&statement, values.iter().copied()).await?
            }
        };
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

    pub(super) async fn execute(
        &self,
        text: &Text,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, DriverError> {
        let Some(prepared) = &self.prepared else {
            return self.client.execute_typed(&text.sql, &typed(text, parameters)).await;
        };
        let statement = self.statement(prepared, text).await?;
        self.client.execute(&statement, parameters).await
    }

    /// Runs a statement that nobody prepares, and returns its rows.
    pub(super) async fn query_once(
        &self,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, DriverError> {
        self.client.query_typed(sql, parameters).await
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

/// Returns the parameters of a text with their types.
fn typed<'a>(text: &Text, parameters: &[&'a (dyn ToSql + Sync)]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().copied().zip(text.types.iter().cloned()).collect()
}
