//! This test binary as another process: the process runs one of the tests, and the two exchange lines.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write, stdin};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PATH: &str = "ES_TESTS_FILE";
const ARGUMENT: &str = "ES_TESTS_ARGUMENT";
/// The prefix of the child's own lines, since the harness prints lines too.
const MARK: &str = "=> ";

/// A process that this test started.
pub(crate) struct Other {
    process: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

/// Returns the command that runs a test of this binary, which gets the file and the argument from [`asked`].
pub(crate) fn command(test: &str, file: &Path, argument: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    arguments(&mut command, test);
    command.env(PATH, file).env(ARGUMENT, argument);
    command
}

pub(crate) fn arguments(command: &mut Command, test: &str) {
    command.args(["--exact", test, "--nocapture", "--include-ignored"]);
}

impl Other {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, input, lines }
    }

    /// Returns the next line that the process reports.
    pub(crate) fn hear(&mut self) -> String {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        let line = lines.find_map(|line| line.split_once(MARK).map(|(_, said)| said.to_owned()));
        line.expect("the other process ended before it reported")
    }

    /// Makes the process go on.
    pub(crate) fn go(&mut self) {
        writeln!(self.input, "go").unwrap();
    }

    pub(crate) fn end(mut self) {
        assert!(self.process.wait().unwrap().success());
    }
}

/// Returns the file and the argument if another test started this process.
pub(crate) fn asked() -> Option<(PathBuf, String)> {
    Some((env::var_os(PATH)?.into(), env::var(ARGUMENT).ok()?))
}

pub(crate) fn report(line: impl std::fmt::Display) {
    println!("{MARK}{line}");
}

/// Waits until the other process makes this one go on.
pub(crate) fn wait_for_go() {
    assert!(stdin().read_line(&mut String::new()).unwrap() > 0, "the other process ended");
}
