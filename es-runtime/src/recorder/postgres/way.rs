//! The way to the server: its hosts, and the options of each connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::Config;

use super::connection::{Connection, OWN};
use super::error;
use super::options::{Password, PostgresOptions};
use super::tls::{self, Connector};
use crate::error::{Error, ErrorKind};
use crate::recorder::sql::Identifier;
use crate::wait::Bell;

/// The time after which the system asks a silent server whether it is there.
const SILENCE: Duration = Duration::from_secs(30);

/// The use of the sessions of a way.
pub(crate) enum Sessions {
    /// A recorder stores and reads events.
    OfRecorder,
    /// A view in this schema runs the statements of its user.
    OfView(Identifier),
}

/// The way to the server, and the options of each connection.
pub(crate) struct Way {
    options: PostgresOptions,
    sessions: Sessions,
    connector: Connector,
    /// True once a session was found whose commits do not wait for the disk: each session asks for it from then on.
    insists: AtomicBool,
}

impl Way {
    pub(super) fn new(options: PostgresOptions) -> Result<Self, Error> {
        Self::with(options, Sessions::OfRecorder)
    }

    pub(crate) fn with(options: PostgresOptions, sessions: Sessions) -> Result<Self, Error> {
        let texts = [Some(&options.database), Some(&options.application_name), options.user.as_ref()];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            let message =
                "the name of the database, of the user or of the program has a zero byte; leave it out";
            return Err(Error::new(ErrorKind::Config, message));
        }
        let connector = tls::connector(&options)?;
        Ok(Self { options, sessions, connector, insists: AtomicBool::new(false) })
    }

    /// Returns the same way for a view in another schema.
    pub(crate) fn to_view(&self, schema: Identifier) -> Self {
        Self {
            options: self.options.clone(),
            sessions: Sessions::OfView(schema),
            connector: Connector::clone(&self.connector),
            insists: AtomicBool::new(false),
        }
    }

    pub(crate) const fn options(&self) -> &PostgresOptions {
        &self.options
    }

    /// Makes a connection, which a task of the runtime drives. The bell rings at each notification.
    ///
    /// The hosts share the time: one that takes connections and never answers leaves enough for the others.
    pub(crate) async fn connect(&self, bell: Option<Bell>) -> Result<Connection, Error> {
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
            // A reader must not see an event that a power cut takes back; and a runner does not look again at the place of a
            // view that has taken all events.
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
            config.options(match &self.sessions {
                Sessions::OfRecorder => settings(&self.options, insists),
                Sessions::OfView(schema) => settings_of_view(&self.options, schema, insists),
            });
        }
        let connecting = config.connect(Connector::clone(&self.connector)).await;
        let (client, driver) = connecting.map_err(|cause| error::connecting(&self.options.place(), cause))?;
        Ok(Connection::new(client, driver, bell, !self.options.is_pooled))
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

/// Returns the settings of the session of a view. The plans are left to the server: it runs the statements of the user.
///
/// The server limits the time of statements, and of a transaction without any: a process
/// that is gone, or does not go on, keeps no other from the view.
fn settings_of_view(options: &PostgresOptions, schema: &Identifier, insists: bool) -> String {
    let milliseconds = options.timeout.as_millis().max(1);
    let synchronous = if insists { " -c synchronous_commit=on" } else { "" };
    format!(
        "-c search_path={schema} -c default_transaction_isolation=read\\ committed \
         -c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds} \
         -c es_runtime.session={OWN}{synchronous}"
    )
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
