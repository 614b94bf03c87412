//! The process that is killed. It prints each save after the store has acknowledged it.

use std::env;
use std::io::Write;
use std::path::Path;
use std::thread;

use es_runtime::{Application, ErrorKind, Id, Wait};

use super::domain::Tally;
use super::mode::Mode;
use super::process::{FOLDER, MODE, NUMBER};

pub(crate) fn save_for_ever() {
    let setting = |name| env::var(name).expect("the parent has set it");
    let mode = Mode::named(&setting(MODE));
    let app = mode.open(Path::new(&setting(FOLDER)));
    let number: u64 = setting(NUMBER).parse().expect("it is a number");
    thread::scope(|scope| {
        for thread in 0..3 {
            let app = &app;
            scope.spawn(move || save(app, mode, thread, (number * 3 + thread) << 32));
        }
    });
}

/// Saves from the save with this number on.
fn save(app: &Application, mode: &Mode, thread: u64, first: u64) {
    // An earlier process began these aggregates and was killed: this thread goes on with them.
    let mut tallies: Vec<Tally> = Vec::new();
    for place in 0..mode.together {
        tallies.extend(begun(app, Id::from_key(format!("{thread} {place}"))));
    }
    for save in first.. {
        let parts = mode.together as u64 * mode.events;
        let mut part = 0..parts;
        let is_new = tallies.is_empty();
        for place in 0..mode.together {
            for event in 0..mode.events {
                let part = part.next().expect("a save has that many parts");
                if is_new && event == 0 {
                    tallies.push(if save == first {
                        Tally::make_with_id(Id::from_key(format!("{thread} {place}")), save, part, parts)
                    } else {
                        Tally::make(save, part, parts)
                    });
                } else {
                    tallies[place].tally(save, part, parts, "x".repeat((save % 200) as usize));
                }
            }
        }
        app.save(&mut tallies).wait().expect("it is saved");
        let words = tallies.iter().flat_map(|tally| [tally.id().to_string(), tally.version().to_string()]);
        let words: Vec<String> = [save.to_string()].into_iter().chain(words).collect();
        print(&(words.join(" ") + "\n"));
        if save % mode.renewed == mode.renewed - 1 {
            tallies.clear();
        }
    }
}

/// Loads the aggregate; `None` if no process has stored it yet.
fn begun(app: &Application, id: Id<Tally>) -> Option<Tally> {
    match app.get(id).wait() {
        Ok(tally) => Some(tally),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{error}"),
    }
}

/// Prints the line in one piece.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
}
