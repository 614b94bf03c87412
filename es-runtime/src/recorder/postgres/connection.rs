//! A connection to the server, with the statements that it has prepared.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::{join, select, try_join, try_join_all};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{
    AsyncMessage, Client, Error as DriverError, Row, RowStream, SimpleQueryMessage, Socket, Statement,
};

use super::error;
use super::hidden::Hidden;
use super::options::PostgresOptions;
use super::text::Text;
use crate::error::{Error, ErrorKind};
use crate::wait::Bell;

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

pub(crate) struct Connection {
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

/// The value of a setting of our own, by which a session is known that has got our settings: an operator may set the others
/// for a role.
pub(super) const OWN: &str = "own";

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
    /// Makes a connection, which a task drives. A pooler keeps no statements.
    pub(super) fn new<S>(
        client: Client,
        driver: tokio_postgres::Connection<Socket, S>,
        bell: Option<Bell>,
        keeps_statements: bool,
    ) -> Self
    where
        S: tokio_postgres::tls::TlsStream + Unpin + Send + 'static,
    {
        let (held, left) = oneshot::channel();
        let driver = tokio::spawn(drive(driver, bell, left)).abort_handle();
        let prepared = keeps_statements.then(Mutex::default);
        Self { client, driver, _held: held, is_over: AtomicBool::new(false), prepared }
    }

    /// Refuses a server that takes no writes, and sessions that would break the order of the log. Returns whether commits wait
    /// for the disk.
    pub(super) async fn check(&self, options: &PostgresOptions) -> Result<bool, Error> {
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

    /// Returns the client of the driver.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
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
