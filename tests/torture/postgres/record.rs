//! The record of a writer: a line before each attempt, and one after each answer. It outlives the process.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use es_runtime::recorder::CommitId;
use uuid::Uuid;

use super::plan::Plan;

/// A line of the record. Times are in microseconds.
pub(crate) enum Line {
    /// The writer begins to try a commit.
    Try(u64, Plan),
    Answer(CommitId, Answer),
}

/// The answer to an attempt on a commit.
pub(crate) enum Answer {
    Stored {
        first: u64,
        last: u64,
        is_repeated: bool,
        end: u64,
    },
    /// The commit would begin at a version of an aggregate that is taken, or follows none; the newest one is `found`.
    Taken {
        id: Uuid,
        begins: u64,
        found: u64,
        end: u64,
    },
    /// The recorded place of the reader is another.
    Behind {
        end: u64,
    },
    /// The commit is not stored, and will not be.
    Refused,
    /// The same, since the trigger of the table raised.
    Raised,
    Unknown,
    /// An answer that may not be.
    Wrong(String),
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Try(at, plan) => format!("try {at} {plan}\n"),
            Self::Answer(commit, answer) => format!("{}\n", answer.text(commit.uuid())),
        }
    }

    fn read(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        if kind == "try" {
            let (at, plan) = rest.split_once(' ')?;
            return Some(Self::Try(at.parse().ok()?, Plan::read(plan)?));
        }
        let words: Vec<&str> = rest.split(' ').collect();
        let number = |at: usize| words.get(at)?.parse::<u64>().ok();
        let uuid = |at: usize| words.get(at)?.parse::<Uuid>().ok();
        let answer = match kind {
            "stored" => {
                let is_repeated = number(3)? == 1;
                Answer::Stored { first: number(1)?, last: number(2)?, is_repeated, end: number(4)? }
            }
            "taken" => Answer::Taken { id: uuid(1)?, begins: number(2)?, found: number(3)?, end: number(4)? },
            "behind" => Answer::Behind { end: number(1)? },
            "refused" => Answer::Refused,
            "raised" => Answer::Raised,
            "unknown" => Answer::Unknown,
            "wrong" => Answer::Wrong(rest.to_owned()),
            _ => return None,
        };
        Some(Self::Answer(CommitId::from_uuid(uuid(0)?), answer))
    }
}

impl Answer {
    pub(crate) fn text(&self, commit: Uuid) -> String {
        match self {
            Self::Stored { first, last, is_repeated, end } => {
                format!("stored {commit} {first} {last} {} {end}", u8::from(*is_repeated))
            }
            Self::Taken { id, begins, found, end } => format!("taken {commit} {id} {begins} {found} {end}"),
            Self::Behind { end } => format!("behind {commit} {end}"),
            Self::Refused => format!("refused {commit}"),
            Self::Raised => format!("raised {commit}"),
            Self::Unknown => format!("unknown {commit}"),
            Self::Wrong(text) => format!("wrong {commit} {}", text.replace('\n', " ")),
        }
    }
}

pub(crate) struct Record(File);

impl Record {
    pub(crate) fn new(folder: &Path, writer: &str) -> Self {
        let file =
            OpenOptions::new().create_new(true).append(true).open(folder.join(format!("{writer}.txt")));
        Self(file.expect("the record can be made"))
    }

    pub(crate) fn note(&mut self, line: &Line) {
        self.0.write_all(line.text().as_bytes()).expect("the line is written");
    }
}

/// Returns the lines of all writers, those of each writer in their order.
pub(crate) fn read_all(folder: &Path) -> Vec<Line> {
    let mut lines = Vec::new();
    for file in fs::read_dir(folder).expect("the folder is there").flatten() {
        if file.path().extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = fs::read_to_string(file.path()).expect("the record can be read");
        // The last line of a killed writer may be cut.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        lines.extend(whole.lines().map(|line| Line::read(line).expect("the line is whole")));
    }
    lines
}

/// Returns the time in microseconds on a clock that all processes share.
pub(crate) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
