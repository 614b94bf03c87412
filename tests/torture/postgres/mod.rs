//! Processes append to one PostgreSQL database and follow its log, while connections, servers and processes are killed,
//! answers are cut off, and a backup takes the place of the database.

mod audit;
mod counts;
mod follower;
pub(crate) mod naive;
mod part;
mod plan;
mod process;
mod proxy;
mod readers;
mod record;
mod restore;
mod row;
mod scene;
mod writer;

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use self::audit::Audit;
use self::counts::{Counts, Faults};
use self::follower::{PAGES, follow};
pub(crate) use self::naive::Naive;
use self::naive::write_unsorted;
use self::part::{Part, Stage, Trouble, Way, parts};
use self::process::{Habit, WORKER, Workers, work};
pub(crate) use self::record::now;
use self::restore::age;
pub(crate) use self::row::Row;
pub(crate) use self::scene::{NAME, Scene};
use crate::kind::{Kind, Length, Table};
use crate::random::Random;
use crate::server::{Server, by_hand_as};

/// The variable that names a part, to run it alone: a piece of its name.
const PART: &str = "TORTURE_PART";

/// The settings of the servers. What is written is written: `fsync` is on.
pub(crate) const SETTINGS: &str = "fsync = on\ndeadlock_timeout = 200ms\nmax_wal_size = 2GB";

/// The longest time of one round of a part: the audit holds all of a round in memory.
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) struct Postgres;

impl Kind for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn about(&self) -> &'static str {
        "Three processes with 12 writers, in every other round 24, append to one PostgreSQL database: commits of 1 to\n\
         4,000 events, most of them to aggregates that all share, with data keys and steps, through a trigger that sleeps\n\
         and raises. Unknown outcomes are sent again; \"found stored\" counts commits whose answer was lost, and which\n\
         a repetition found. Three followers with pages of 3 or 200, of 50 and of all keep their last\n\
         mark only. A naive reader asks for all behind its last position; another asks for floors and page in one\n\
         statement: their losses show that the run could find some. A delay is the time from the call of `append` until a\n\
         follower has the commit."
    }

    fn run(&self, length: Length) -> Table {
        let work = &[
            "commits",
            "events",
            "conflicts",
            "refused",
            "unknown",
            "found stored",
            "killed or cut",
            "steps",
            "read",
            "told `Diverged`",
            "naive reader missed",
            "one-statement reader missed",
            "deadlocks of unsorted writers",
        ];
        let faults =
            &["lost", "mixed", "reversed", "twice", "wrong answers", "missed", "stalled", "deadlocks"];
        let mut table = Table::new(work, faults).with_highest(&["delay, µs, p50", "p99"]);
        let mut server = match Server::start(SETTINGS) {
            Ok(server) => server,
            Err(why) => {
                println!("the torture of PostgreSQL is left out: {why}");
                return table;
            }
        };
        let only = env::var(PART).unwrap_or_default();
        let parts: Vec<&Part> = parts().filter(|part| part.name.contains(&only)).collect();
        let each = match length {
            Length::OneRound => Duration::from_secs(1),
            Length::Time(time) => (time / u32::try_from(parts.len()).unwrap_or(1)).min(LONGEST),
        };
        let mut random = Random::new(now());
        let mut twins = [0; 2];
        length.rounds(|number| {
            for part in &parts {
                let writers = if number % 2 == 0 { 12 } else { 24 };
                match round(part, &mut server, writers, each, &mut random) {
                    Ok(counts) => {
                        table.add(part.name, &counts);
                        if part.trouble != Trouble::Restore {
                            twins = [twins[0] + counts[10], twins[1] + counts[11]];
                        }
                    }
                    Err(why) => println!("left out: {}: {why}", part.name),
                }
            }
        });
        if twins.contains(&0) {
            println!(
                "a naive reader missed nothing ({twins:?}): that the followers missed nothing proves little"
            );
        }
        table
    }

    fn play(&self, role: &str) -> bool {
        let is_own = role == WORKER;
        if is_own {
            work();
        }
        is_own
    }
}

/// Runs one part for a while, and returns its counts.
fn round(
    part: &Part,
    server: &mut Server,
    writers: u64,
    time: Duration,
    random: &mut Random,
) -> Result<Vec<u64>, String> {
    let way = Way::new(part, server)?;
    let scene = Scene::new(server.uri(), way.uri.clone(), way.options);
    if part.trouble == Trouble::Restore {
        age(server);
    }
    let is_crossing = part.trouble == Trouble::Crossing;
    let habit = Habit { writers, is_crossing, is_restored: part.trouble == Trouble::Restore };
    let (is_written, is_end) = (AtomicBool::new(false), AtomicBool::new(false));
    let deadlocks_before = scene.deadlocks();
    let (uri, seed) = (scene.uri(), random.below(u64::MAX));
    let counts = thread::scope(|scope| {
        let follow_all = (0..).zip(PAGES).map(|(number, page)| {
            let (uri, is_end) = (&uri, &is_end);
            scope.spawn(move || follow(uri, page, is_end, seed ^ number))
        });
        let followers: Vec<_> = follow_all.collect();
        let naive: Vec<_> = [Naive::Plain, Naive::OneStatement]
            .map(|how| {
                let (scene, is_end) = (&scene, &is_end);
                let uri = format!("{}?application_name={}", scene.way, NAME);
                scope.spawn(move || naive::follow(&uri, &scene.schema, how, is_end))
            })
            .into_iter()
            .collect();
        let unsorted = is_crossing.then(|| {
            let (uri, is_written) = (server.uri(), &is_written);
            scope.spawn(move || deadlocks_of_twins(&uri, is_written))
        });
        let mut workers = Workers::start(&scene, habit);
        let until = Instant::now() + time;
        let stage =
            Stage { scene: &scene, server, proxy: way.proxy.as_ref(), workers: &mut workers, random, until };
        let happened = stage.happen(part.trouble);
        workers.finish();
        is_written.store(true, Ordering::SeqCst);
        scene.come_to_rest();
        let mut audit = Audit::new(&scene, happened.restored);
        is_end.store(true, Ordering::SeqCst);
        let join = "the reader ends";
        let followers: Vec<_> = followers.into_iter().map(|reader| reader.join().expect(join)).collect();
        let missed: Vec<u64> =
            naive.into_iter().map(|reader| audit.compare(&reader.join().expect(join)).missed).collect();
        let unsorted = unsorted.map_or(0, |writers| writers.join().expect("the writers end"));
        audit.followers(&followers);
        let deadlocks = scene.deadlocks().saturating_sub(deadlocks_before);
        counts(&audit.counts, happened.times, [missed[0], missed[1], unsorted], deadlocks)
    });
    scene.remove();
    Ok(counts)
}

/// Returns the number of deadlocks among writers that do not sort, in a database of their own.
fn deadlocks_of_twins(uri: &str, is_end: &AtomicBool) -> u64 {
    let own = uri.replace("/postgres", "/unsorted");
    by_hand_as(uri, "DROP DATABASE IF EXISTS unsorted").expect("the server answers");
    by_hand_as(uri, "CREATE DATABASE unsorted").expect("the server answers");
    write_unsorted(&own, is_end)
}

/// Returns the counts in the order of the columns.
fn counts(counts: &Counts, times: u64, twins: [u64; 3], deadlocks: u64) -> Vec<u64> {
    let Counts { commits, events, conflicts, refused, unknown, found_stored, steps, read, diverged, .. } =
        *counts;
    let [plain, one_statement, unsorted] = twins;
    let Faults { lost, mixed, reversed, twice, wrong, missed, stalled } = counts.faults;
    let [half, most] = counts.delays;
    vec![
        commits,
        events,
        conflicts,
        refused,
        unknown,
        found_stored,
        times,
        steps,
        read,
        diverged,
        plain,
        one_statement,
        unsorted,
        half,
        most,
        lost,
        mixed,
        reversed,
        twice,
        wrong,
        missed,
        stalled,
        deadlocks,
    ]
}
