//! The parts of this kind: what happens to writers and readers while they work.

use std::thread;
use std::time::{Duration, Instant};

use es_runtime::recorder::PostgresOptions;

use super::audit::Restored;
use super::process::Workers;
use super::proxy::Proxy;
use super::restore::restore;
use super::scene::{NAME, Scene};
use crate::random::Random;
use crate::server::{Pooler, Server, by_hand_as};

/// The trouble that comes over writers and readers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Connections are killed.
    Backends,
    /// All processes of the server are killed.
    Servers,
    /// Writing processes are killed.
    Processes,
    /// Answers to commits are cut off, and statements take too long.
    Cuts,
    /// Nothing, but every commit crosses another.
    Crossing,
    /// A backup takes the place of the database.
    Restore,
    /// Other transactions stay open.
    Bystanders,
}

pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) trouble: Trouble,
    pub(crate) has_pooler: bool,
}

const PARTS: [Part; 9] = [
    part("killed: connections", Trouble::Backends),
    part("killed: the server", Trouble::Servers),
    part("killed: writing processes", Trouble::Processes),
    part("cut: answers to commits; time-outs", Trouble::Cuts),
    part("crossing commits", Trouble::Crossing),
    part("restored into a younger cluster", Trouble::Restore),
    part("transactions that stay open", Trouble::Bystanders),
    Part { name: "killed: connections behind PgBouncer", trouble: Trouble::Backends, has_pooler: true },
    Part { name: "killed: the server behind PgBouncer", trouble: Trouble::Servers, has_pooler: true },
];

const fn part(name: &'static str, trouble: Trouble) -> Part {
    Part { name, trouble, has_pooler: false }
}

/// The option of a URI that leads through a pooler.
pub(crate) const POOLER: &str = "pooler=yes";

/// The options of a recorder that gives up before a server is there again.
const IMPATIENT: &str = "connections=4&connect_timeout=5&timeout=800ms";
const IMPATIENT_POOLER: &str = "pooler=yes&connect_timeout=5&timeout=800ms";

/// Returns the parts that can run; prints those that are left out.
pub(crate) fn parts() -> impl Iterator<Item = &'static Part> {
    let has_option = format!("postgresql://host/database?{POOLER}").parse::<PostgresOptions>().is_ok();
    PARTS.iter().filter(move |part| !part.has_pooler || has_option)
}

/// The way of writers and readers to the server.
pub(crate) struct Way {
    pub(crate) uri: String,
    pub(crate) options: &'static str,
    pub(crate) proxy: Option<Proxy>,
    _pooler: Option<Pooler>,
}

impl Way {
    /// Makes the way of a part; tells why it cannot.
    pub(crate) fn new(part: &Part, server: &Server) -> Result<Self, String> {
        let is_cut = matches!(part.trouble, Trouble::Cuts | Trouble::Restore);
        let proxy = is_cut.then(|| Proxy::new(server.port()));
        let pooler = part.has_pooler.then(|| Pooler::start(server)).transpose()?;
        let (mut uri, mut options) = (server.uri(), "connections=4&connect_timeout=5");
        if let Some(proxy) = &proxy {
            uri = uri.replace(&format!(":{}/", server.port()), &format!(":{}/", proxy.port));
        }
        if let Some(pooler) = &pooler {
            (uri, options) = (pooler.uri(), POOLER);
        }
        if matches!(part.trouble, Trouble::Cuts | Trouble::Servers) {
            // The recorder gives up before the trouble is over.
            options = if part.has_pooler { IMPATIENT_POOLER } else { IMPATIENT };
        }
        Ok(Self { uri, options, proxy, _pooler: pooler })
    }
}

/// The things that a trouble happens to.
pub(crate) struct Stage<'a, 'b> {
    pub(crate) scene: &'a Scene,
    pub(crate) server: &'a mut Server,
    pub(crate) proxy: Option<&'a Proxy>,
    pub(crate) workers: &'a mut Workers<'b>,
    pub(crate) random: &'a mut Random,
    pub(crate) until: Instant,
}

/// The counts of a part so far.
#[derive(Default)]
pub(crate) struct Happened {
    pub(crate) times: u64,
    pub(crate) restored: Option<Restored>,
}

impl Stage<'_, '_> {
    /// Makes trouble until the time is over.
    pub(crate) fn happen(mut self, trouble: Trouble) -> Happened {
        let mut happened = Happened::default();
        match trouble {
            Trouble::Backends => happened.times = self.kill_backends(),
            Trouble::Servers => happened.times = self.kill_servers(),
            Trouble::Processes => {
                while self.pauses(300, 1_500) {
                    self.workers.kill_one(self.random);
                    happened.times += 1;
                }
            }
            Trouble::Cuts => happened.times = self.cut(),
            Trouble::Crossing => thread::sleep(self.left()),
            Trouble::Restore => {
                let proxy = self.proxy.expect("the part has one");
                happened.restored = Some(restore(self.scene, self.server, proxy, self.until));
                happened.times = 1;
            }
            Trouble::Bystanders => happened.times = self.stand_by(),
        }
        happened
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits some milliseconds; returns false at the end of the time.
    fn pauses(&mut self, least: u64, most: u64) -> bool {
        let pause = Duration::from_millis(least + self.random.below(most - least));
        thread::sleep(pause.min(self.left()));
        !self.left().is_zero()
    }

    fn kill_backends(&mut self) -> u64 {
        let kill = format!(
            "SELECT pid FROM (SELECT pid FROM pg_stat_activity WHERE application_name = '{NAME}' ORDER BY random() LIMIT 1) one
              WHERE pg_terminate_backend(pid)"
        );
        let mut killed = 0;
        while self.pauses(100, 400) {
            killed += self.scene.by_hand(&kill).len() as u64;
        }
        killed
    }

    fn kill_servers(&mut self) -> u64 {
        let mut killed = 0;
        // Recovery takes a part of the time. A short run has one kill too.
        let most = if self.left() > Duration::from_secs(5) { 5_000 } else { 800 };
        while self.pauses(400, most) {
            self.server.kill();
            self.server.run().expect("the server starts again");
            killed += 1;
        }
        killed
    }

    /// Cuts connections between commit and answer. Beside that, locks the table, or a place of it, for a while.
    fn cut(&mut self) -> u64 {
        let proxy = self.proxy.expect("the part has one");
        let schema = &self.scene.schema;
        proxy.cut_one_in(8);
        while self.pauses(300, 2_000) {
            let milliseconds = 200 + self.random.below(2_500);
            let hold = format!("SELECT pg_sleep({milliseconds} / 1000.0); ROLLBACK");
            let begin = if self.random.chance(2) {
                format!("BEGIN; LOCK TABLE {schema}.stored_events IN SHARE ROW EXCLUSIVE MODE;")
            } else {
                // The next place of a shared aggregate.
                let shared = Scene::shared(schema, 24);
                let id = self.random.pick(&shared).expect("there are some");
                format!(
                    "BEGIN; INSERT INTO {schema}.stored_events (log_position, version, id, commit_id, slice, once, topic, state)
                     SELECT 1, 1 + coalesce(max(version), 0), '{id}', '{id}', 0, false, 'Gone', 'x'
                       FROM {schema}.stored_events WHERE id = '{id}';"
                )
            };
            // Another may have taken the place first.
            let _ = by_hand_as(&self.scene.server(), &(begin + &hold));
        }
        proxy.cut_one_in(0);
        proxy.cuts()
    }

    /// Holds a transaction of another database open, and one of this database that has nothing to do with the log.
    fn stand_by(&mut self) -> u64 {
        let seconds = self.left().as_secs_f64();
        let other = self.scene.server().replace("/postgres", "/bystander");
        if by_hand_as(&other, "SELECT 1").is_err() {
            self.scene.by_hand("CREATE DATABASE bystander");
        }
        let hold = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE TABLE unrelated (number int); INSERT INTO unrelated VALUES (1);
             SELECT pg_sleep({seconds}); ROLLBACK"
        );
        let uris = [other, self.scene.server()];
        thread::scope(|scope| {
            // All begin before the first is waited for.
            let waiting: Vec<_> = uris.iter().map(|uri| scope.spawn(|| by_hand_as(uri, &hold))).collect();
            let ended = waiting.into_iter().filter_map(|waiting| waiting.join().expect("it ends").ok());
            ended.count() as u64
        })
    }
}
