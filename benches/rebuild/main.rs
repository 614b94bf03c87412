//! The time of a save while a projection follows the log into its own file, and while the view is made anew.
//!
//! `cargo xtask bench rebuild` lets one writer save one event at a time to a SQLite file, without a rest: alone, while a
//! projection follows, and while the view is rebuilt from 200,000 events. The file of the view is on the disk of the log,
//! and then on a disk of its own: a folder in memory, or that of `B_REBUILD_FOLDER`. `B_REBUILD_EVENTS` sets the number of
//! events, and `B_REBUILD_SAVES` that of saves in each row; during a rebuild there are as many as it takes.

mod account;
mod saves;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use es_benches::{measuring, setting};
use es_runtime::{Application, Wait};

use crate::account::{Account, Balances, fill};
use crate::saves::{Saves, print_header};

fn main() {
    let (events, saves) = if measuring() { (200_000, 2_000) } else { (500, 20) };
    let (events, saves) = (setting("B_REBUILD_EVENTS", events), setting("B_REBUILD_SAVES", saves));
    let name = format!("es-rebuild-{}", std::process::id());
    let own = std::env::temp_dir().join(&name);
    let other = setting("B_REBUILD_FOLDER", "/dev/shm".to_owned());
    let other = Path::new(&other).join(&name);
    std::fs::create_dir_all(&own).expect("the folder can be made");
    print_header();
    measure("one disk", &own, &own, events, saves);
    match std::fs::create_dir_all(&other) {
        Ok(()) => measure("a disk for each", &own, &other, events, saves),
        Err(cause) => println!("a disk for each is left out: {}: {cause}", other.display()),
    }
    for folder in [own, other] {
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn measure(name: &str, log: &Path, view: &Path, events: usize, saves: usize) {
    let (log, view): (PathBuf, PathBuf) =
        (log.join(format!("{name}.log")), view.join(format!("{name}.view")));
    let app = Application::open(&format!("sqlite:{}", log.display())).wait().expect("it opens");
    fill(&app, events);
    save(&app, |many| many >= saves).print(&format!("{name}: alone"));

    let balances = app.project(Balances).in_file(&view).start().wait().expect("it starts");
    balances.caught_up().wait().expect("it follows");
    save(&app, |many| many >= saves).print(&format!("{name}: a projection follows"));

    let (is_over, begun) = (AtomicBool::new(false), Instant::now());
    let rebuild = app.project(Balances).in_file(&view).rebuild();
    let (during, took) = thread::scope(|scope| {
        let writer = scope.spawn(|| save(&app, |_| is_over.load(Ordering::SeqCst)));
        rebuild.wait().expect("it is rebuilt");
        let took = begun.elapsed();
        is_over.store(true, Ordering::SeqCst);
        (writer.join().expect("it does not panic"), took)
    });
    during.print(&format!("{name}: the view is rebuilt, in {took:.1?}"));
    balances.drain().wait().expect("it ends");
    app.close();
}

/// Saves one event at a time.
fn save(app: &Application, is_end: impl Fn(usize) -> bool) -> Saves {
    let mut saves = Saves::default();
    while !is_end(saves.len()) {
        let mut account = Account::open(1);
        saves.time(|| app.save(&mut account).wait().expect("it is saved"));
    }
    saves
}
