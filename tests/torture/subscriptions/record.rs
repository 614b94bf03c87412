//! The record of a subscriber: a line for each event that it got, and one for each place that it kept. The record
//! outlives the process, and a subscriber that comes back goes on after the last place in it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use es_runtime::id::Mark;
use es_runtime::log::LogEvent;

use super::domain::LedgerEvent;
use crate::postgres::Row;

/// The way in which a subscription ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It goes on: the subscriber keeps a place meanwhile.
    Not,
    ByHandle,
    ByDrop,
}

pub(crate) struct Record {
    file: File,
    kept: Option<Mark>,
}

impl Record {
    /// Opens a record behind its last whole line; for a subscriber `by_page`, behind the last place that it kept.
    pub(crate) fn go_on(path: &Path, by_page: bool) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let (mut whole, mut at, mut kept) = (0, 0, None);
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            at += line.len();
            let is_place = line.starts_with("through ");
            if is_place || !by_page {
                whole = at;
                kept = mark(line.trim_end()).or(kept);
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(path).expect("it can be opened");
        file.set_len(whole as u64).expect("a cut line can be removed");
        Self { file, kept }
    }

    /// Returns the place that the subscriber kept.
    pub(crate) const fn kept(&self) -> Option<Mark> {
        self.kept
    }

    /// Notes an event, whose mark is the place to keep.
    pub(crate) fn event(&mut self, event: &LogEvent<LedgerEvent>) {
        self.write(&line(event));
        self.kept = Some(event.mark());
    }

    /// Notes the events of a page and the place to keep in one piece, as a transaction would.
    pub(crate) fn page(&mut self, events: &[LogEvent<LedgerEvent>], through: Option<Mark>) {
        let lines: String = events.iter().map(line).collect();
        self.write(&(lines + &place("on", through)));
        self.kept = through;
    }

    /// Notes the place that the subscription has reached, if it is another one or the end.
    pub(crate) fn through(&mut self, through: Option<Mark>, stopped: Stopped) {
        if stopped == Stopped::Not && through == self.kept {
            return;
        }
        let how = match stopped {
            Stopped::Not => "on",
            Stopped::ByHandle => "handle",
            Stopped::ByDrop => "drop",
        };
        self.write(&place(how, through));
        self.kept = through;
    }

    /// Notes an answer that may not be.
    pub(crate) fn wrong(&mut self, text: &str) {
        self.write(&format!("wrong {}\n", text.replace('\n', " ")));
    }

    fn write(&mut self, lines: &str) {
        self.file.write_all(lines.as_bytes()).expect("the lines are written");
    }
}

fn line(event: &LogEvent<LedgerEvent>) -> String {
    let (envelope, mark) = (event.envelope(), event.mark());
    format!("event {} {} {mark}\n", envelope.id(), envelope.version())
}

fn place(how: &str, through: Option<Mark>) -> String {
    through.map_or_else(|| format!("through {how} -\n"), |mark| format!("through {how} {mark}\n"))
}

/// Reads the mark at the end of a line.
fn mark(line: &str) -> Option<Mark> {
    line.get(line.find("position ")?..)?.parse().ok()
}

/// All that a subscriber has got.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) rows: Vec<Row>,
    pub(crate) stops: u64,
    pub(crate) wrong: Vec<String>,
}

impl Read {
    pub(crate) fn from(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut read = Self::default();
        let mut last = None;
        for line in text.lines() {
            let (kind, rest) = line.split_once(' ').unwrap_or_default();
            match kind {
                "event" => {
                    let row = row(rest).expect("the line is whole");
                    read.rows.push(row);
                    last = Some(row.position);
                }
                "through" => {
                    read.stops += u64::from(!rest.starts_with("on "));
                    let through = mark(line).map(|mark| mark.position().get());
                    if through < last {
                        read.wrong.push(format!("the place goes back from {last:?} to {through:?}"));
                    }
                    last = through;
                }
                _ => read.wrong.push(rest.to_owned()),
            }
        }
        read
    }
}

fn row(text: &str) -> Option<Row> {
    let mark = mark(text)?;
    let mut words = text.split(' ');
    let (id, version) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Row { position: mark.position().get(), commit: mark.commit().uuid(), id, version, at: 0 })
}
