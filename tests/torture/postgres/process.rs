//! The processes that write: as their parent sees them, and from inside.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Mutex;
use std::{env, fs, thread};

use es_runtime::Error;
use es_runtime::recorder::{CommitId, PostgresOptions, PostgresRecorder, Tables};

use super::scene::Scene;
use super::writer::{Circumstances, Writer, persist};
use crate::kind::{ROLE, end_with_the_first_panic, number_of, setting};
use crate::random::Random;

pub(crate) const WORKER: &str = "postgres: worker";
const FOLDER: &str = "TORTURE_POSTGRES_FOLDER";
const URI: &str = "TORTURE_POSTGRES_URI";
const SCHEMA: &str = "TORTURE_POSTGRES_SCHEMA";
const NUMBER: &str = "TORTURE_POSTGRES_NUMBER";
const WRITERS: &str = "TORTURE_POSTGRES_WRITERS";
const CROSSING: &str = "TORTURE_POSTGRES_CROSSING";
const RESTORED: &str = "TORTURE_POSTGRES_RESTORED";

/// The name of a file that the parent makes at the end.
const END: &str = "end";
const PROCESSES: u64 = 3;

/// The way in which all writers of a round write.
#[derive(Clone, Copy)]
pub(crate) struct Habit {
    pub(crate) writers: u64,
    pub(crate) is_crossing: bool,
    pub(crate) is_restored: bool,
}

pub(crate) struct Workers<'a> {
    scene: &'a Scene,
    habit: Habit,
    children: Vec<Child>,
    next: u64,
}

impl<'a> Workers<'a> {
    pub(crate) fn start(scene: &'a Scene, habit: Habit) -> Self {
        let mut workers = Self { scene, habit, children: Vec::new(), next: 0 };
        for _ in 0..PROCESSES {
            workers.add();
        }
        workers
    }

    fn add(&mut self) {
        let mut command = Command::new(env::current_exe().expect("this program has a path"));
        let Habit { writers, is_crossing, is_restored } = self.habit;
        command.env(ROLE, WORKER).env(FOLDER, self.scene.folder.path()).env(URI, self.scene.uri());
        command.env(SCHEMA, &self.scene.schema).env(NUMBER, self.next.to_string());
        command.env(WRITERS, (writers / PROCESSES).to_string());
        command.env(CROSSING, is_crossing.to_string()).env(RESTORED, is_restored.to_string());
        self.children.push(command.spawn().expect("the process starts"));
        self.next += 1;
    }

    /// Kills a process, and starts another.
    pub(crate) fn kill_one(&mut self, random: &mut Random) {
        let mut child = self.children.swap_remove(random.index(self.children.len()));
        child.kill().expect("the process can be killed");
        let status = child.wait().expect("the process is gone");
        assert!(status.code().is_none(), "the process ended by itself: {status}");
        self.add();
    }

    /// Waits until every commit has its answer.
    pub(crate) fn finish(mut self) {
        fs::write(self.scene.folder.path().join(END), "").expect("the file can be made");
        for mut child in self.children.drain(..) {
            let status = child.wait().expect("the process is gone");
            assert!(status.success(), "a writing process failed: {status}");
        }
    }
}

impl Drop for Workers<'_> {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Writes until the end.
pub(crate) fn work() {
    end_with_the_first_panic();
    let (folder, schema, number) = (setting(FOLDER), setting(SCHEMA), number_of(NUMBER));
    let folder = Path::new(&folder);
    let is_crossing = setting(CROSSING) == "true";
    let of = Circumstances {
        recorder: open(&setting(URI)),
        known: Mutex::new(HashMap::new()),
        shared: Scene::shared(&schema, if is_crossing { 8 } else { 24 }),
        is_crossing,
        is_restored: setting(RESTORED) == "true",
    };
    let is_end = || folder.join(END).exists();
    thread::scope(|scope| {
        for writer in 0..number_of(WRITERS) {
            let name = format!("{schema}-{number}-{writer}");
            let (seed, _) = CommitId::from_key(&name).uuid().as_u64_pair();
            let writer = Writer::new(&of, folder, name, seed);
            scope.spawn(move || writer.write_until(is_end));
        }
    });
}

/// Opens the database, which may be away.
fn open(uri: &str) -> PostgresRecorder {
    persist(|| try_to_open(uri))
}

pub(crate) fn try_to_open(uri: &str) -> Result<PostgresRecorder, Error> {
    let options: PostgresOptions = uri.parse().expect("it is a URI");
    options.without_creating().open()?.recorder(&Tables::default())
}
