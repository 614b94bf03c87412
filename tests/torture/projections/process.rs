//! The processes that write and project, as their parent sees them: started, killed, watched.

use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use super::place::places;
use super::runner::VIEWS;
use crate::kind::ROLE;
use crate::random::Random;
use crate::subscriptions::{FOLDER, NUMBER, Scene, URI, WRITTEN};

pub(crate) const WRITER: &str = "projections: writer";
pub(crate) const RUNNER: &str = "projections: runner";
pub(crate) const NAIVE_RUNNER: &str = "projections: naive runner";
pub(crate) const VIEW: &str = "TORTURE_PROJECTIONS_VIEW";
/// The name of a file that the parent makes once the log is whole.
pub(crate) const END: &str = "end";

/// Four threads write in each.
const WRITERS: usize = 4;
/// The processes that project into one view.
const COMPETING: usize = 2;
/// The time after which a view whose place does not move is stalled, while there are events to take.
const STALLED: Duration = Duration::from_secs(10);
/// The time between two looks at the places of the views.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) struct Processes<'a> {
    scene: &'a Scene,
    writers: Vec<Child>,
    runners: Vec<Runner>,
    /// The places of each view, and the time since which they stand.
    places: Vec<(Option<String>, Instant)>,
    looked: Instant,
    next: u64,
    pub(crate) killed_runners: u64,
    pub(crate) killed_writers: u64,
    pub(crate) stalled: u64,
}

struct Runner {
    role: &'static str,
    view: &'static str,
    child: Child,
}

impl<'a> Processes<'a> {
    pub(crate) fn start(scene: &'a Scene) -> Self {
        let mut processes = Self {
            scene,
            writers: Vec::new(),
            runners: Vec::new(),
            places: vec![(None, Instant::now()); VIEWS.len()],
            looked: Instant::now(),
            next: 0,
            killed_runners: 0,
            killed_writers: 0,
            stalled: 0,
        };
        for _ in 0..WRITERS {
            let writer = processes.run(WRITER, "");
            processes.writers.push(writer);
        }
        let mut roles = vec![(NAIVE_RUNNER, "")];
        roles.extend(VIEWS.iter().flat_map(|(view, _)| [(RUNNER, *view); COMPETING]));
        for (role, view) in roles {
            let child = processes.run(role, view);
            processes.runners.push(Runner { role, view, child });
        }
        processes
    }

    fn run(&mut self, role: &str, view: &str) -> Child {
        let mut command = Command::new(env::current_exe().expect("this program has a path"));
        command.env(ROLE, role).env(FOLDER, self.scene.folder()).env(URI, self.scene.uri());
        command.env(VIEW, view).env(NUMBER, self.next.to_string());
        self.next += 1;
        command.spawn().expect("the process starts")
    }

    /// Kills a process, of six times five one that projects, and starts another in its place.
    pub(crate) fn kill_one(&mut self, random: &mut Random) {
        if random.chance(6) {
            let at = random.index(self.writers.len());
            kill(&mut self.writers[at]);
            self.writers[at] = self.run(WRITER, "");
            self.killed_writers += 1;
        } else {
            let at = random.index(self.runners.len());
            self.restart(at);
            self.killed_runners += 1;
        }
    }

    fn restart(&mut self, at: usize) {
        let Runner { role, view, .. } = self.runners[at];
        kill(&mut self.runners[at].child);
        self.runners[at].child = self.run(role, view);
    }

    /// Looks for views whose place stands still, and restarts their processes. Returns the number of those that run.
    pub(crate) fn watch(&mut self) -> usize {
        let mut running = vec![0; VIEWS.len()];
        let mut all = 0;
        for Runner { view, child, .. } in &mut self.runners {
            if let Some(status) = child.try_wait().expect("the process can be asked") {
                assert!(status.success(), "a projecting process failed: {status}");
                continue;
            }
            all += 1;
            for (at, (known, _)) in VIEWS.iter().enumerate() {
                running[at] += usize::from(known == view);
            }
        }
        if self.looked.elapsed() < LOOK {
            return all;
        }
        self.looked = Instant::now();
        for (at, (view, _)) in VIEWS.iter().enumerate() {
            let places = places(self.scene, view);
            let (known, since) = &mut self.places[at];
            if places != *known || running[at] == 0 {
                (*known, *since) = (places, Instant::now());
            } else if since.elapsed() > STALLED {
                println!("stalled: the view `{view}`, at {places:?}");
                *since = Instant::now();
                self.stalled += 1;
                let of_view = |runner: &Runner| runner.view == *view;
                let stalled: Vec<usize> =
                    (0..self.runners.len()).filter(|at| of_view(&self.runners[*at])).collect();
                for at in stalled {
                    if self.runners[at].child.try_wait().is_ok_and(|ended| ended.is_none()) {
                        self.restart(at);
                    }
                }
            }
        }
        all
    }

    /// Lets the writers end.
    pub(crate) fn finish_writing(&mut self) {
        fs::write(self.scene.folder().join(WRITTEN), "").expect("the file can be made");
        for mut child in self.writers.drain(..) {
            let status = child.wait().expect("the process is gone");
            assert!(status.success(), "a writing process failed: {status}");
        }
    }

    /// Lets all views reach the end of the log.
    pub(crate) fn finish(&mut self) {
        fs::write(self.scene.folder().join(END), "").expect("the file can be made");
        while self.watch() > 0 && self.stalled < 10 {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Processes<'_> {
    fn drop(&mut self) {
        for child in self.writers.iter_mut().chain(self.runners.iter_mut().map(|one| &mut one.child)) {
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
