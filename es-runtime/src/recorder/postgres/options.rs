use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::recorder::sql::Identifier;

/// The longest time that the server counts.
const LONGEST: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);
/// The time that the server has to answer beyond the limit that it counts itself.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// The use of TLS between this process and the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SslMode {
    /// Never uses TLS.
    Disable,
    /// Uses TLS if the server offers it and this build has the feature `postgres-tls`, with any certificate unless
    /// [`root_certificate`](PostgresOptions::root_certificate) names those to trust. This keeps nobody out: whoever sits
    /// between can switch it off.
    #[default]
    Prefer,
    /// Refuses a server without TLS, or with a certificate that this process does not trust or that names another
    /// host.
    Require,
}

/// The password, or the function that returns it for each connection.
#[derive(Clone)]
pub(super) enum Password {
    Fixed(String),
    From(Arc<dyn Fn() -> Result<String, Error> + Send + Sync>),
}

impl PartialEq for Password {
    /// Functions are equal if they are one function.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fixed(one), Self::Fixed(other)) => one == other,
            (Self::From(one), Self::From(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// The options by which a database on a PostgreSQL server is opened.
///
/// ```no_run
/// use es_runtime::recorder::{PostgresOptions, Tables};
///
/// let options = PostgresOptions::new("db.example.org", "bank").user("ann").password_from(|| {
///     std::fs::read_to_string("/run/secrets/bank").map_err(|cause| {
///         es_runtime::Error::new(es_runtime::ErrorKind::Config, "the password is not there").with_source(cause)
///     })
/// });
/// let recorder = options.open()?.recorder(&Tables::default())?;
/// # let _ = recorder;
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// An application on such options keeps its recorder at hand, here to ask who
/// [holds readers back](super::PostgresRecorder::held_back):
///
/// ```no_run,standalone_crate
/// use std::sync::Arc;
///
/// use es_runtime::recorder::{PostgresOptions, Tables};
/// use es_runtime::{Application, Wait};
///
/// let options = PostgresOptions::new("db.example.org", "bank").password_from(|| {
///     std::fs::read_to_string("/run/secrets/bank").map_err(|cause| {
///         es_runtime::Error::new(es_runtime::ErrorKind::Config, "the password is not there").with_source(cause)
///     })
/// });
/// let tables = Tables::default(); // those of `Application::open`; `from_env("bank")` has `Tables::with_prefix("bank")?`
/// let database = options.open()?;
/// let (recorder, snapshots) = (Arc::new(database.recorder(&tables)?), Arc::new(database.snapshots(&tables)?));
/// let app = Application::on(recorder.clone()).snapshots_in(snapshots).snapshot_every_aggregate(100).open().wait()?;
///
/// if let Some(held) = recorder.held_back().wait()? {
///     eprintln!("{held}");
/// }
/// app.close();
/// database.close(); // an application closes only a database that it opened itself
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct PostgresOptions {
    /// The hosts, with the ports that they have of their own.
    pub(super) hosts: Vec<(String, Option<u16>)>,
    port: u16,
    pub(super) database: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) schema: Option<Identifier>,
    pub(super) application_name: String,
    pub(super) ssl_mode: SslMode,
    pub(super) root_certificate: Option<String>,
    pub(super) connections: usize,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) create: bool,
    pub(super) is_pooled: bool,
    pub(super) is_serial: bool,
}

impl PostgresOptions {
    /// Names a database on a host. A host that begins with `/` is the folder of a Unix socket.
    pub fn new(host: impl Into<String>, database: impl Into<String>) -> Self {
        Self {
            hosts: vec![(host.into(), None)],
            port: 5432,
            database: database.into(),
            user: None,
            password: None,
            schema: None,
            application_name: "es-runtime".to_owned(),
            ssl_mode: SslMode::default(),
            root_certificate: None,
            connections: 8,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            create: true,
            is_pooled: false,
            is_serial: false,
        }
    }

    /// Sets the port of the hosts that have none of their own; 5432 by default.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Adds another host of the same database, with a port of its own. The recorder uses the first that accepts writes.
    pub fn other_host(mut self, host: impl Into<String>, port: u16) -> Self {
        self.hosts.push((host.into(), Some(port)));
        self
    }

    /// Sets the role that connects; by default the name of the system's user.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets the password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Password::Fixed(password.into()));
        self
    }

    /// Sets a function that returns the password for each connection, for passwords that change. It may block.
    pub fn password_from(
        mut self,
        password: impl Fn() -> Result<String, Error> + Send + Sync + 'static,
    ) -> Self {
        self.password = Some(Password::From(Arc::new(password)));
        self
    }

    /// Sets the schema of the tables; `public` by default. [`Postgres::recorder`](super::Postgres::recorder) makes the
    /// schema if it is missing.
    ///
    /// # Errors
    ///
    /// `Config` if the name is no [`Identifier`].
    pub fn schema(mut self, schema: &str) -> Result<Self, Error> {
        self.schema = Some(schema.parse()?);
        Ok(self)
    }

    /// Sets the name under which the server lists the connections; `es-runtime` by default.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    /// Sets the use of TLS; [`SslMode::Prefer`] by default.
    pub fn ssl_mode(mut self, mode: SslMode) -> Self {
        self.ssl_mode = mode;
        self
    }

    /// Names a file of certificates in PEM that this process trusts, instead of those of the system.
    ///
    /// They are certificates of authorities, one of which has signed that of the server. A self-signed certificate that
    /// the server shows itself is refused if it is marked as one of an authority, as `openssl req -x509` marks it.
    pub fn root_certificate(mut self, file: impl Into<String>) -> Self {
        self.root_certificate = Some(file.into());
        self
    }

    /// Sets the number of connections that read, renew keys and keep snapshots, at least 1; the default is 8. Further
    /// calls queue. Three more connections append and listen.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Sets the time to make one connection, the function of [`password_from`](Self::password_from) included; 10 seconds
    /// by default. Several hosts share it, as do the addresses of one.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.clamp(Duration::from_millis(1), LONGEST);
        self
    }

    /// Sets the time that a call takes at most, with all that it waits for; 30 seconds by default. After that time
    /// it fails as `Timeout` or `Unavailable`, and a save that may be stored as `OutcomeUnknown`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(Duration::from_millis(1), LONGEST);
        self
    }

    /// Fails if a table does not exist, instead of making it: for a role that may not make tables.
    /// [`script`](Self::script) returns the statements that make them.
    pub fn without_creating(mut self) -> Self {
        self.create = false;
        self
    }

    /// Goes through a pooler that gives each transaction another session, as `PgBouncer` does with
    /// `pool_mode = transaction`.
    ///
    /// With `pool_mode = session`, `PgBouncer` needs this too if it refuses or drops the settings with which a session starts;
    /// the recorder reports that when it connects.
    ///
    /// Such a session keeps no prepared statements and no settings. So the server plans each statement anew, and the
    /// operator sets, for the role, what the recorder sets otherwise. The recorder refuses a role whose first two
    /// settings differ; the others are for speed and safety. Use the role for the recorder alone, since the settings also
    /// govern all other queries of the role:
    ///
    /// ```sql
    /// ALTER ROLE bank SET default_transaction_isolation = 'read committed';
    /// ALTER ROLE bank SET synchronous_commit = 'on';
    /// ALTER ROLE bank SET jit = off;
    /// ALTER ROLE bank SET plan_cache_mode = force_generic_plan;
    /// ALTER ROLE bank SET enable_seqscan = off;
    /// ALTER ROLE bank SET enable_hashjoin = off;
    /// ALTER ROLE bank SET enable_mergejoin = off;
    /// ALTER ROLE bank SET statement_timeout = '30s';
    /// ALTER ROLE bank SET idle_in_transaction_session_timeout = '30s';
    /// ALTER ROLE bank SET client_connection_check_interval = '1s';
    /// ```
    ///
    /// No notification comes through such a pooler: a reader looks for events of other processes 20 times in a second.
    ///
    /// ```no_run
    /// # use es_runtime::recorder::PostgresOptions;
    /// let database = PostgresOptions::new("pooler.example.org", "bank").port(6432).through_pooler().open()?;
    /// # let _ = database;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn through_pooler(mut self) -> Self {
        self.is_pooled = true;
        self
    }

    /// Lets the appends to a log wait for each other, those of all processes: for a server that does not show its locks in
    /// `pg_locks`.
    ///
    /// Otherwise appends run side by side, and readers look in `pg_locks` for those that are under way. The tables are
    /// made for one way, and are refused the other way.
    ///
    /// ```no_run
    /// # use es_runtime::recorder::PostgresOptions;
    /// let database = PostgresOptions::new("localhost", "bank").serial_appends().open()?;
    /// # let _ = database;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn serial_appends(mut self) -> Self {
        self.is_serial = true;
        self
    }

    /// Returns the hosts with their ports.
    pub(super) fn hosts(&self) -> impl ExactSizeIterator<Item = (&str, u16)> {
        self.hosts.iter().map(|(host, own)| (host.as_str(), own.unwrap_or(self.port)))
    }

    /// Returns whether both connect to the same database as the same role, with the same proof, on the same way.
    pub(super) fn is_same_way(&self, other: &Self) -> bool {
        self.hosts().eq(other.hosts())
            && self.database == other.database
            && self.user == other.user
            && self.password == other.password
            && self.ssl_mode == other.ssl_mode
            && self.root_certificate == other.root_certificate
            && self.is_pooled == other.is_pooled
    }

    /// Returns whether missing tables are made.
    pub(crate) const fn creates(&self) -> bool {
        self.create
    }

    /// Returns whether the connections go through a pooler that gives each transaction another session.
    pub(crate) const fn goes_through_pooler(&self) -> bool {
        self.is_pooled
    }

    /// Returns the time after which a server is silent: it counts the time for a statement itself, and then answers.
    pub(super) fn patience(&self) -> Duration {
        self.timeout + GRACE
    }

    /// Returns the place of the database, for messages: without user and password.
    pub(crate) fn place(&self) -> String {
        let hosts: Vec<String> = self.hosts().map(|(host, port)| format!("{host}:{port}")).collect();
        format!("`{}` at {}", self.database, hosts.join(", "))
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("hosts", &self.hosts().collect::<Vec<_>>())
            .field("database", &self.database)
            .field("user", &self.user)
            .field("schema", &self.schema)
            .field("application_name", &self.application_name)
            .field("ssl_mode", &self.ssl_mode)
            .field("root_certificate", &self.root_certificate)
            .field("connections", &self.connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("create", &self.create)
            .field("is_pooled", &self.is_pooled)
            .field("is_serial", &self.is_serial)
            // The password is left out.
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_that_of_the_hosts_without_one_of_their_own() {
        let options = PostgresOptions::new("a", "bank").other_host("b", 7).port(6000);
        assert_eq!(options.hosts().collect::<Vec<_>>(), [("a", 6000), ("b", 7)]);
        let options = PostgresOptions::new("a", "bank").other_host("b", 7);
        assert_eq!(options.place(), "`bank` at a:5432, b:7");
    }
}
