use es_runtime::id::Mark;
use es_runtime::log::Log;
use es_runtime::projection::{Handle, Memory};
use es_runtime::recorder::{ApplicationRecorder, LogRange};
use es_runtime::{Application, Wait, projection};

use super::{DEPOSITED, Row, Stage};
use crate::account::{Account, AccountEvent, Deposited};

/// The rows that a reader asks for at a time.
const PAGE: usize = 3;

/// A reader of the deposits that keeps its place.
pub(crate) trait Reader<S: Stage> {
    /// Reads on until it finds nothing new. Returns the deposits in the order in which it saw them.
    fn read_on(&mut self, stage: &S) -> Vec<i64>;
}

/// Ours: keeps the mark up to which the log is complete.
pub(crate) struct ThroughMark(Log<AccountEvent>);

impl ThroughMark {
    pub(crate) fn new(app: &Application) -> Self {
        Self(app.log().page_events(PAGE))
    }
}

impl<S: Stage> Reader<S> for ThroughMark {
    fn read_on(&mut self, _: &S) -> Vec<i64> {
        let mut seen = Vec::new();
        while let Some(page) = self.0.next_page().wait().unwrap() {
            seen.extend(page.entries.iter().filter_map(|entry| match entry.event() {
                AccountEvent::Deposited(deposited) => Some(deposited.amount),
                _ => None,
            }));
        }
        seen
    }
}

/// The naive twin: keeps the highest position that it saw.
#[derive(Default)]
pub(crate) struct Highest(u64);

impl<S: Stage> Reader<S> for Highest {
    fn read_on(&mut self, stage: &S) -> Vec<i64> {
        let rows = stage.query(self.0);
        self.0 = rows.last().map_or(self.0, |row| row.position);
        rows.iter().filter_map(Row::deposit).collect()
    }
}

/// Ours: lets the store filter, and keeps the mark up to which the filtered log is complete.
#[derive(Default)]
pub(crate) struct FilteredRange(Option<Mark>);

impl<S: Stage> Reader<S> for FilteredRange {
    fn read_on(&mut self, stage: &S) -> Vec<i64> {
        let mut seen = Vec::new();
        loop {
            let range = LogRange::all().after(self.0).topics([DEPOSITED]).limit(PAGE);
            let page = stage.app().recorder().read_log(range).wait().unwrap();
            let rows = page.entries.iter();
            let rows = rows.map(|row| Row::new(row.position().get(), &row.event.topic, &row.event.state));
            seen.extend(rows.filter_map(|row| row.deposit()));
            if page.through == self.0 {
                return seen;
            }
            self.0 = page.through;
        }
    }
}

/// Ours: a projection that handles one kind of event.
pub(crate) struct Partial {
    handle: Handle<Memory<Deposits>>,
    taken: usize,
}

#[derive(Default)]
pub(crate) struct Deposits(Vec<i64>);

#[projection(Account, ..)]
impl Deposits {
    #[event]
    fn deposited(&mut self, event: &Deposited) {
        self.0.push(event.amount);
    }
}

impl Partial {
    pub(crate) fn new(app: &Application) -> Self {
        Self { handle: app.project(Deposits::default()).in_memory().start().wait().unwrap(), taken: 0 }
    }
}

impl<S: Stage> Reader<S> for Partial {
    fn read_on(&mut self, _: &S) -> Vec<i64> {
        self.handle.caught_up().wait().unwrap();
        let seen = self.handle.read(|view| view.0[self.taken..].to_vec());
        self.taken += seen.len();
        seen
    }
}

/// A naive twin: asks for its rows, and then for the head of the log, to which it moves if there were none.
#[derive(Default)]
pub(crate) struct FilterByHead(u64);

impl<S: Stage> Reader<S> for FilterByHead {
    fn read_on(&mut self, stage: &S) -> Vec<i64> {
        let rows = stage.query(self.0);
        let mine: Vec<_> = rows.iter().filter_map(|row| Some((row.position, row.deposit()?))).collect();
        let head = || stage.query(self.0).last().map(|row| row.position);
        let reached = mine.last().map(|(position, _)| *position).or_else(head);
        self.0 = reached.unwrap_or(self.0);
        mine.into_iter().map(|(_, amount)| amount).collect()
    }
}

/// A naive twin: filters a page by itself, and moves to the last row that it handled.
#[derive(Default)]
pub(crate) struct FilterByHandled(u64);

impl<S: Stage> Reader<S> for FilterByHandled {
    fn read_on(&mut self, stage: &S) -> Vec<i64> {
        let mut seen = Vec::new();
        loop {
            let page = stage.query(self.0).into_iter().take(PAGE);
            let mine: Vec<_> = page.filter_map(|row| Some((row.position, row.deposit()?))).collect();
            let Some((last, _)) = mine.last() else { return seen };
            self.0 = *last;
            seen.extend(mine.iter().map(|(_, amount)| amount));
        }
    }
}
