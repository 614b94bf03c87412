//! The process whose disk fails, as its parent sees it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::cue::Cue;
use crate::look::{Saves, Told};

pub(crate) const FILE: &str = "FAILING_DISK_FILE";

pub(crate) struct Process {
    run: PathBuf,
    child: Child,
    lines: Receiver<String>,
    writers: usize,
    saves: Saves,
}

impl Process {
    pub(crate) fn start(run: &Path, library: &Path, synchronous: &str, writers: usize) -> Self {
        let disk = run.join("disk").canonicalize().expect("it is there");
        let mut child = Command::new(env::current_exe().expect("this program has a path"))
            .env(FILE, disk.join("events.db"))
            .env("FAILING_DISK_SYNCHRONOUS", synchronous)
            .env("FAILING_DISK_WRITERS", writers.to_string())
            .env("FAILING_DISK_FOLDER", disk)
            .env("FAILING_DISK_CUE", run.join("cue"))
            .env("LD_PRELOAD", library)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (send, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { run: run.to_owned(), child, lines, writers, saves: Saves::default() }
    }

    fn next(&mut self) -> Told {
        let line = self.lines.recv_timeout(Duration::from_secs(10)).expect("it goes on, and tells so");
        let told = Told::parse(&line).unwrap_or_else(|| panic!("not understood: {line}"));
        self.saves.note(&told);
        told
    }

    /// Makes the disk fail for `time`, and then, if the cue demands it, until every writer has reported a failure.
    pub(crate) fn fail(&mut self, cue: Cue, time: Duration) {
        give_cue(&self.run, cue.text);
        let until = Instant::now() + time;
        let mut failed = vec![!cue.always; self.writers];
        while Instant::now() < until || failed.contains(&false) {
            let told = self.next();
            cue.judge(&told, self.writers);
            failed[told.writer] |= told.failure.is_some();
        }
    }

    /// Makes the disk work again after that failure, and waits until each writer saves again.
    pub(crate) fn work_again(&mut self, failed: Cue) {
        give_cue(&self.run, "");
        let mut saved = vec![0; self.writers];
        // The first saves may have begun before.
        while saved.iter().any(|count| *count < 3) {
            let told = self.next();
            failed.judge(&told, self.writers);
            saved[told.writer] += usize::from(told.failure.is_none());
        }
    }

    /// Returns the only line of a process that cannot open the file.
    pub(crate) fn refused(mut self) -> String {
        let line = self.lines.recv_timeout(Duration::from_secs(10)).expect("it says why");
        assert!(!self.child.wait().expect("it is gone").success(), "{line}");
        line
    }

    pub(crate) fn end(mut self) -> Saves {
        drop(self.child.stdin.take());
        self.note_the_rest();
        assert!(self.child.wait().expect("it is gone").success(), "it ended well");
        self.saves
    }

    pub(crate) fn kill(mut self) -> Saves {
        self.child.kill().expect("it can be killed");
        self.note_the_rest();
        self.child.wait().expect("it is gone");
        self.saves
    }

    fn note_the_rest(&mut self) {
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(10)) {
            // The last line may be cut.
            if let Some(told) = Told::parse(&line) {
                self.saves.note(&told);
            }
        }
    }
}

/// Writes the cue so that it is whole at any moment, since another process reads it.
pub(crate) fn give_cue(run: &Path, text: &str) {
    fs::write(run.join("next-cue"), text).expect("the cue can be written");
    fs::rename(run.join("next-cue"), run.join("cue")).expect("the cue can be given");
}
