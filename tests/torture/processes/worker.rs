//! One of the processes: a thread writes, two run consumers, and one follows the log.

use std::path::Path;
use std::{fs, thread};

use super::follower::follow;
use super::report::Report;
use super::runner::{CONSUMERS, run};
use super::writer::write;
use super::{FOLDER, NUMBER, OPERATIONS, PROCESSES, SEED, domain};
use crate::kind::{end_with_the_first_panic, number_of, setting};

pub(crate) fn work() {
    end_with_the_first_panic();
    let folder = setting(FOLDER);
    let folder = Path::new(&folder);
    let (number, operations) = (number_of(NUMBER), number_of(OPERATIONS));
    let seed = (number_of(SEED) * PROCESSES + number) << 8;
    let app = domain::open(folder, number);
    let mut report = Report::default();
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(&app, seed, operations));
        let runners: Vec<_> = (1..)
            .zip(CONSUMERS)
            .map(|(at, consumer)| {
                let app = &app;
                scope.spawn(move || run(app, consumer, seed + at, || all_are(folder, "written")))
            })
            .collect();
        let follower = scope.spawn(|| follow(&app, || all_are(folder, "processed")));
        report.add(writer.join().expect("the writer ends"));
        is(folder, "written", number);
        for runner in runners {
            report.add(runner.join().expect("the runner ends"));
        }
        is(folder, "processed", number);
        report.add(follower.join().expect("the follower ends"));
    });
    app.close();
    report.write(folder, number);
}

/// Reports the state of this process to the others.
fn is(folder: &Path, state: &str, number: u64) {
    fs::write(folder.join(format!("{state} {number}")), "").expect("the file can be made");
}

fn all_are(folder: &Path, state: &str) -> bool {
    (0..PROCESSES).all(|number| folder.join(format!("{state} {number}")).exists())
}
