//! Projections whose processes are killed, stopped, drained and rebuilt, while other processes write.

mod audit;
mod naive;
mod place;
mod process;
mod runner;
mod view;

use std::thread;
use std::time::{Duration, Instant};

use self::audit::Counts;
use self::process::{NAIVE_RUNNER, Processes, RUNNER, WRITER};
use crate::kind::{Kind, Length, Table};
use crate::postgres::{SETTINGS, now};
use crate::random::Random;
use crate::server::Server;
use crate::subscriptions::Scene;

/// The longest time of a round: the logs stay short enough for rebuilds.
const LONGEST: Duration = Duration::from_secs(12);

pub(crate) struct Projections;

impl Kind for Projections {
    fn name(&self) -> &'static str {
        "projections"
    }

    fn about(&self) -> &'static str {
        "Four processes with 16 writers save commits of 1 to some dozens of events to aggregates that all share, now in a\n\
         hurry and now with rests. Two views keep a sum and a number of events for each aggregate, by increments: one with a\n\
         worker, one with three. The writers keep a third view inline. The views stand in SQLite files, or in schemas of the\n\
         server that holds the log. Two processes compete for each view with a runner. They stop, drain, or close the\n\
         application, and now and then rebuild the view beside it. A process is killed (`SIGKILL`) each fraction of a second,\n\
         five in six of them projecting ones; on PostgreSQL connections of log and views, too. At the end each view has to be\n\
         exact against the log. A naive runner applies events in one transaction and keeps its place in a second one: its\n\
         wrong sums show that the run could find some. A view that does not move for 10 seconds is stalled."
    }

    fn run(&self, length: Length) -> Table {
        let work = &[
            "commits",
            "events",
            "projecting processes killed",
            "writers and connections killed",
            "stopped",
            "drained",
            "rebuilds begun",
            "rebuilt",
            "rebuilds given up",
            "wrong sums of the naive runner",
        ];
        let faults = &["lost", "applied twice", "wrong sums", "out of order", "stalled", "failed"];
        let mut table = Table::new(work, faults);
        let server = Server::start(SETTINGS);
        if let Err(why) = &server {
            println!("projections on PostgreSQL are left out: {why}");
        }
        let time = match length {
            Length::OneRound => Duration::from_secs(4),
            Length::Time(time) => (time / 4).min(LONGEST),
        };
        let mut random = Random::new(now());
        length.rounds(|_| {
            table.add("SQLite", &round(Scene::sqlite(), time, &mut random));
            if let Ok(server) = &server {
                table.add("PostgreSQL", &round(Scene::postgres(server), time, &mut random));
            }
        });
        if table.rows.iter().any(|(_, counts)| counts[9] == 0) {
            println!("a naive runner made no mistake: that the views are right proves little");
        }
        table
    }

    fn play(&self, role: &str) -> bool {
        match role {
            WRITER => runner::write(),
            RUNNER => runner::project(),
            NAIVE_RUNNER => naive::project(),
            _ => return false,
        }
        true
    }
}

/// Lets writers and runners work for a while, and returns the counts in the order of the columns.
fn round(scene: Scene, time: Duration, random: &mut Random) -> Vec<u64> {
    let mut processes = Processes::start(&scene);
    let (until, mut cut) = (Instant::now() + time, 0);
    while Instant::now() < until {
        thread::sleep(Duration::from_millis(30 + random.below(250)));
        if random.chance(6) {
            cut += scene.kill_connection();
        } else {
            processes.kill_one(random);
        }
        processes.watch();
    }
    processes.finish_writing();
    scene.come_to_rest();
    processes.finish();
    let Counts { commits, events, done, naive_wrong, faults } = Counts::of(&scene);
    let counts = vec![
        commits,
        events,
        processes.killed_runners,
        processes.killed_writers + cut,
        done.stopped,
        done.drained,
        done.rebuilds,
        done.rebuilt,
        done.given_up,
        naive_wrong,
        faults.lost,
        faults.twice,
        faults.wrong,
        faults.breaks,
        processes.stalled,
        done.failed,
    ];
    drop(processes);
    place::remove_all(&scene);
    scene.remove();
    counts
}
