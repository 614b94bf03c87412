//! The processes as their parent sees them: started, listened to, killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use super::follower::END;
use crate::kind::ROLE;

pub(crate) const WRITER: &str = "kill: writer";
pub(crate) const FOLLOWER: &str = "kill: follower";
pub(crate) const FOLDER: &str = "TORTURE_KILL_FOLDER";
pub(crate) const MODE: &str = "TORTURE_KILL_MODE";
pub(crate) const NUMBER: &str = "TORTURE_KILL_NUMBER";

/// A save that the store has acknowledged: its number, and each aggregate with its version after the save.
pub(crate) struct Acknowledged {
    pub(crate) save: u64,
    pub(crate) versions: Vec<(String, u64)>,
}

impl Acknowledged {
    /// Reads a line of a writer; `None` if the line is cut.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let save = words.next()?.parse().ok()?;
        let mut versions = Vec::new();
        while let Some(id) = words.next() {
            versions.push((id.to_owned(), words.next()?.parse().ok()?));
        }
        Some(Self { save, versions })
    }
}

fn start(role: &str, folder: &Path, mode: &str, number: u64) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.env(ROLE, role).env(FOLDER, folder).env(MODE, mode).env(NUMBER, number.to_string());
    command
}

/// Starts a writer, kills it some microseconds after its first save, and notes the lines that it printed.
pub(crate) fn kill_a_writer(
    folder: &Path,
    mode: &str,
    number: u64,
    micros: u64,
    acknowledged: &mut Vec<Acknowledged>,
) {
    let mut writer =
        start(WRITER, folder, mode, number).stdout(Stdio::piped()).spawn().expect("the writer starts");
    let mut output = BufReader::new(writer.stdout.take().expect("it is piped"));
    // Every fourth writer is killed at any moment, also while it opens the file.
    let mut text = String::new();
    if !number.is_multiple_of(4) {
        output.read_line(&mut text).expect("the writer prints");
    }
    let reader = thread::spawn(move || {
        // The pipe holds everything that the writer printed, also once the writer is gone.
        while output.read_line(&mut text).is_ok_and(|bytes| bytes > 0) {}
        text
    });
    thread::sleep(Duration::from_micros(micros));
    writer.kill().expect("the writer can be killed");
    let status = writer.wait().expect("the writer is gone");
    assert!(status.code().is_none(), "the writer ended by itself: {status}");
    let text = reader.join().expect("the reader ends");
    // The last line may be cut.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    acknowledged.extend(whole.lines().map(|line| Acknowledged::read(line).expect("a whole line is a save")));
}

pub(crate) struct Follower {
    folder: PathBuf,
    mode: &'static str,
    child: Child,
}

impl Follower {
    pub(crate) fn start(folder: &Path, mode: &'static str) -> Self {
        let child = start(FOLLOWER, folder, mode, 0).spawn().expect("the follower starts");
        Self { folder: folder.to_owned(), mode, child }
    }

    pub(crate) fn kill_and_start_again(mut self) -> Self {
        self.child.kill().expect("the follower can be killed");
        let status = self.child.wait().expect("the follower is gone");
        assert!(status.code().is_none(), "the follower ended by itself: {status}");
        Self::start(&self.folder, self.mode)
    }

    /// Lets the follower read to the end of the log.
    pub(crate) fn finish(mut self) {
        fs::write(self.folder.join(END), "").expect("the file can be made");
        let status = self.child.wait().expect("the follower is gone");
        assert!(status.success(), "the follower failed: {status}");
    }
}
