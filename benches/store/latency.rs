//! The latency of a save while many tasks save and a follower reads the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::recorder::{ApplicationRecorder, LogRange, Mark, Synchronous};
use es_runtime::{Application, Wait};

use crate::account::{Account, REFERENCE};
use crate::harness::{Folder, open, runtime};

/// One task saves `alone` times; several tasks save `together` times in sum.
pub(crate) fn latency(alone: usize, together: usize) {
    println!(
        "\n{:<44} {:>9} {:>9} {:>9} {:>9}",
        "a save, FULL, tokio, one follower", "p50 µs", "p99 µs", "p99.9 µs", "saves/s"
    );
    for tasks in [1, 16, 256] {
        let saves = if tasks == 1 { alone } else { together };
        let start = Instant::now();
        let mut taken = saves_with_a_follower(tasks, saves.div_ceil(tasks));
        let rate = f64::from(u32::try_from(taken.len()).unwrap_or(u32::MAX)) / start.elapsed().as_secs_f64();
        taken.sort_unstable();
        let at = |per_mille: usize| {
            let place = taken.len() * per_mille / 1_000;
            taken[place.min(taken.len() - 1)].as_secs_f64() * 1e6
        };
        let name = format!("{tasks} tasks");
        println!("{name:<44} {:>9.0} {:>9.0} {:>9.0} {rate:>9.0}", at(500), at(990), at(999));
    }
}

fn saves_with_a_follower(tasks: usize, each: usize) -> Vec<Duration> {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Full);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let (mut position, mut seen) = (None, 0);
            loop {
                let is_last = is_done.load(Ordering::Acquire);
                let read = read_behind(&app, &mut position);
                seen += read;
                if read == 0 {
                    if is_last {
                        return seen;
                    }
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let taken = saves(&app, tasks, each);
        is_done.store(true, Ordering::Release);
        assert_eq!(follower.join().expect("it ends"), tasks * (each + 1), "the follower sees every event");
        taken
    })
}

/// Reads a page of the log behind a mark, and returns the number of the page's events.
fn read_behind(app: &Application, place: &mut Option<Mark>) -> usize {
    let range = LogRange::all().after(*place).limit(1_000);
    let page = app.recorder().read_log(range).wait().expect("it is read");
    *place = page.through;
    page.entries.len()
}

fn saves(app: &Application, tasks: usize, each: usize) -> Vec<Duration> {
    let saves = |app: Application| async move {
        let mut account = Account::open("Ann".to_owned());
        app.save(&mut account).await.expect("it is saved");
        let mut taken = Vec::with_capacity(each);
        for _ in 0..each {
            account.deposit(1, REFERENCE.to_owned());
            let start = Instant::now();
            app.save(&mut account).await.expect("it is saved");
            taken.push(start.elapsed());
        }
        taken
    };
    runtime().block_on(async {
        let tasks: Vec<_> = (0..tasks).map(|_| tokio::spawn(saves(app.clone()))).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("it ends"));
        }
        all
    })
}
