//! Subscriptions that stop and come back, while processes write to one store, and connections and processes are killed.

mod audit;
mod domain;
mod process;
mod record;
mod scene;
mod subscriber;
mod writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use self::audit::Counts;
pub(crate) use self::domain::{Ledger, LedgerEntered, LedgerOpened, TOPICS, open, persist};
pub(crate) use self::process::{FOLDER, NUMBER, URI, WRITTEN};
use self::process::{Processes, SUBSCRIBER, WRITER};
pub(crate) use self::scene::Scene;
pub(crate) use self::writer::work_with;
use crate::kind::{Kind, Length, Table};
use crate::postgres::{SETTINGS, now};
use crate::random::Random;
use crate::server::Server;

/// The longest time of a round: the audit holds all of a round in memory.
const LONGEST: Duration = Duration::from_secs(10);

pub(crate) struct Subscriptions;

impl Kind for Subscriptions {
    fn name(&self) -> &'static str {
        "subscriptions"
    }

    fn about(&self) -> &'static str {
        "Four processes with 16 writers save commits of 1 to some dozens of events to aggregates that all share, now in a\n\
         hurry and now with rests. Three more processes subscribe: by `next`, by `next_page` with pages of 3 or 200, and by\n\
         the blocking iterator for each quarter of the slices. Subscribers stop by a handle or drop their subscription\n\
         (\"stopped\"), and go on after the mark that they kept. Processes of both sorts are killed (`SIGKILL`); on\n\
         PostgreSQL connections, too. A naive reader asks the table for all behind its last position. A subscriber that\n\
         gets nothing for 10 seconds is stalled."
    }

    fn run(&self, length: Length) -> Table {
        let work = &["commits", "events", "conflicts", "killed", "stopped", "read", "naive reader missed"];
        let faults = &["lost", "repeated", "out of order", "stalled", "wrong answers"];
        let mut table = Table::new(work, faults);
        let server = Server::start(SETTINGS);
        if let Err(why) = &server {
            println!("subscriptions on PostgreSQL are left out: {why}");
        }
        let time = match length {
            Length::OneRound => Duration::from_millis(1_500),
            Length::Time(time) => (time / 4).min(LONGEST),
        };
        let mut random = Random::new(now());
        length.rounds(|_| {
            table.add("SQLite", &round(Scene::sqlite(), time, &mut random));
            if let Ok(server) = &server {
                table.add("PostgreSQL", &round(Scene::postgres(server), time, &mut random));
            }
        });
        table
    }

    fn play(&self, role: &str) -> bool {
        match role {
            WRITER => writer::work(),
            SUBSCRIBER => subscriber::follow(),
            _ => return false,
        }
        true
    }
}

/// Lets writers and subscribers work for a while, and returns the counts in the order of the columns.
fn round(scene: Scene, time: Duration, random: &mut Random) -> Vec<u64> {
    let is_end = AtomicBool::new(false);
    let (counts, killed, stalled) = thread::scope(|scope| {
        let naive = scope.spawn(|| scene.follow_naively(&is_end));
        let mut processes = Processes::start(&scene);
        let (until, mut killed) = (Instant::now() + time, 0);
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(50 + random.below(400)));
            if random.chance(3) {
                killed += scene.kill_connection();
            } else {
                processes.kill_one(random);
                killed += 1;
            }
            processes.watch();
        }
        processes.finish_writing();
        let log = scene.log();
        let last = log.iter().rev().find(|stored| stored.is_asked_for);
        processes.finish(last.map_or(0, |stored| stored.row.position));
        is_end.store(true, Ordering::SeqCst);
        let naive = naive.join().expect("the reader ends");
        (Counts::of(&scene, &log, &naive), killed, processes.stalled)
    });
    scene.remove();
    let Counts { commits, events, conflicts, stops, read, missed_by_naive, .. } = counts;
    let Counts { lost, repeated, reversed, wrong, .. } = counts;
    vec![
        commits,
        events,
        conflicts,
        killed,
        stops,
        read,
        missed_by_naive,
        lost,
        repeated,
        reversed,
        stalled,
        wrong,
    ]
}
