//! The processes that write and follow, as their parent sees them: started, killed, watched.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use super::scene::Scene;
use super::subscriber::Manner;
use crate::kind::ROLE;
use crate::random::Random;

pub(crate) const WRITER: &str = "subscriptions: writer";
pub(crate) const SUBSCRIBER: &str = "subscriptions: subscriber";
pub(crate) const FOLDER: &str = "TORTURE_SUBSCRIPTIONS_FOLDER";
pub(crate) const URI: &str = "TORTURE_SUBSCRIPTIONS_URI";
pub(crate) const MANNER: &str = "TORTURE_SUBSCRIPTIONS_MANNER";
pub(crate) const NUMBER: &str = "TORTURE_SUBSCRIPTIONS_NUMBER";
/// The name of a file that the parent makes once the writers shall end.
pub(crate) const WRITTEN: &str = "written";
/// The name of the file in which the parent names the last position of the log.
pub(crate) const END: &str = "end";

const WRITERS: usize = 4;

/// The time after which a subscriber that gets nothing is stalled, while there is something to get.
const STALLED: Duration = Duration::from_secs(10);

pub(crate) struct Processes<'a> {
    scene: &'a Scene,
    writers: Vec<Child>,
    subscribers: Vec<Subscriber>,
    next: u64,
    pub(crate) stalled: u64,
}

struct Subscriber {
    manner: Manner,
    child: Child,
    /// The records, each with its last known length, and the time since which it has that length.
    records: Vec<(PathBuf, u64, Instant)>,
}

impl<'a> Processes<'a> {
    pub(crate) fn start(scene: &'a Scene) -> Self {
        let mut processes = Self { scene, writers: Vec::new(), subscribers: Vec::new(), next: 0, stalled: 0 };
        for _ in 0..WRITERS {
            let writer = processes.run(WRITER, "");
            processes.writers.push(writer);
        }
        for manner in Manner::ALL {
            let child = processes.run(SUBSCRIBER, manner.name());
            let path = |name| (scene.folder().join(name), 0, Instant::now());
            let records = manner.records().into_iter().map(path).collect();
            processes.subscribers.push(Subscriber { manner, child, records });
        }
        processes
    }

    fn run(&mut self, role: &str, manner: &str) -> Child {
        let mut command = Command::new(env::current_exe().expect("this program has a path"));
        command.env(ROLE, role).env(FOLDER, self.scene.folder()).env(URI, self.scene.uri());
        command.env(MANNER, manner).env(NUMBER, self.next.to_string());
        self.next += 1;
        command.spawn().expect("the process starts")
    }

    /// Kills a writer or a subscriber, and starts another in its place.
    pub(crate) fn kill_one(&mut self, random: &mut Random) {
        if random.chance(2) {
            let at = random.index(self.writers.len());
            kill(&mut self.writers[at]);
            self.writers[at] = self.run(WRITER, "");
        } else {
            let at = random.index(self.subscribers.len());
            self.restart(at);
        }
    }

    fn restart(&mut self, at: usize) {
        kill(&mut self.subscribers[at].child);
        self.subscribers[at].child = self.run(SUBSCRIBER, self.subscribers[at].manner.name());
    }

    /// Looks for subscribers that get nothing any more, and restarts them. Returns the number of those that run.
    pub(crate) fn watch(&mut self) -> usize {
        let mut running = 0;
        for at in 0..self.subscribers.len() {
            let Subscriber { manner, child, records } = &mut self.subscribers[at];
            match child.try_wait().expect("the process can be asked") {
                Some(status) => assert!(status.success(), "a subscriber failed: {status}"),
                None => running += 1,
            }
            let mut is_stalled = false;
            for (path, known, since) in records {
                let length = fs::metadata(path).map_or(0, |file| file.len());
                if length != *known {
                    (*known, *since) = (length, Instant::now());
                } else if since.elapsed() > STALLED && child.try_wait().is_ok_and(|status| status.is_none()) {
                    println!("stalled: the subscriber by `{}`, at {length} bytes", manner.name());
                    *since = Instant::now();
                    is_stalled = true;
                }
            }
            if is_stalled {
                self.stalled += 1;
                self.restart(at);
            }
        }
        running
    }

    /// Lets the writers end.
    pub(crate) fn finish_writing(&mut self) {
        fs::write(self.scene.folder().join(WRITTEN), "").expect("the file can be made");
        for mut child in self.writers.drain(..) {
            let status = child.wait().expect("the process is gone");
            assert!(status.success(), "a writing process failed: {status}");
        }
    }

    /// Lets the subscribers read to the last position.
    pub(crate) fn finish(&mut self, last: u64) {
        // The name changes at once: nobody reads a part of the number.
        let (new, end) = (self.scene.folder().join("end.new"), self.scene.folder().join(END));
        fs::write(&new, last.to_string())
            .and_then(|()| fs::rename(&new, &end))
            .expect("the file can be made");
        while self.watch() > 0 && self.stalled < 10 {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Processes<'_> {
    fn drop(&mut self) {
        for child in self.writers.iter_mut().chain(self.subscribers.iter_mut().map(|one| &mut one.child)) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn kill(child: &mut Child) {
    if let Some(status) = child.try_wait().expect("the process can be asked") {
        panic!("a process ended by itself: {status}");
    }
    child.kill().expect("the process can be killed");
    child.wait().expect("the process is gone");
}
