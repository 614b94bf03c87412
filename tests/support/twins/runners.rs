use std::collections::BTreeMap;

use es_runtime::log::LogEvent;
use es_runtime::{Application, ErrorKind, Wait};

use crate::account::AccountEvent;
use crate::fated::Fate;

/// The events of a batch.
const BATCH: usize = 2;

/// The balance of each owner.
pub(crate) type Rows = BTreeMap<String, i64>;

/// The commit at which a process dies: its number from 1, and whether the database takes the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Death {
    pub(crate) commit: u64,
    pub(crate) is_committed: bool,
}

impl Death {
    /// Returns the fate of a commit in a process that dies so.
    pub(crate) fn fate(death: Option<Self>, commit: u64) -> Fate {
        const DEAD: ErrorKind = ErrorKind::Storage;
        match death.filter(|death| death.commit == commit) {
            None => Fate::Committed,
            Some(Self { is_committed: true, .. }) => Fate::AnswerLost(DEAD),
            Some(Self { is_committed: false, .. }) => Fate::Refused(DEAD),
        }
    }
}

/// A runner of the balances, with a view of its own.
pub(crate) trait Runner {
    /// Runs a process until it has handled the log, or dies. Returns whether it lived.
    fn run(&mut self, death: Option<Death>) -> bool;

    fn rows(&mut self) -> Rows;
}

/// Lets the process die at each of its commits, and another one go on. Returns the deaths after which the rows were wrong,
/// with the rows.
pub(crate) fn wrong_after_deaths<R: Runner>(expected: &Rows, new: impl Fn() -> R) -> Vec<(Death, Rows)> {
    let (mut wrong, mut deaths) = (Vec::new(), 0);
    for commit in 1.. {
        for is_committed in [false, true] {
            let (mut runner, death) = (new(), Death { commit, is_committed });
            if runner.run(Some(death)) {
                assert!(deaths > 6, "only {deaths} deaths");
                return wrong;
            }
            deaths += 1;
            assert!(runner.run(None), "the second process dies, too");
            let rows = runner.rows();
            if rows != *expected {
                wrong.push((death, rows));
            }
        }
    }
    unreachable!("the log ends")
}

/// The database of a naive runner.
pub(crate) trait Database {
    /// Runs statements in a transaction.
    fn transact(&mut self, statements: &str);

    /// Returns the texts of a query with one column.
    fn texts(&mut self, query: &str) -> Vec<String>;
}

/// The order of the two transactions of a naive runner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    RowsFirst,
    PlaceFirst,
}

/// The naive twin: commits the rows and its place in two transactions.
pub(crate) struct Naive<'a, D> {
    events: &'a [LogEvent<AccountEvent>],
    database: D,
    order: Order,
}

impl Naive<'_, ()> {
    /// Reads what a naive runner handles: its fault is not in what it reads.
    pub(crate) fn events(app: &Application) -> Vec<LogEvent<AccountEvent>> {
        let (mut events, mut log) = (Vec::new(), app.log::<AccountEvent>());
        while let Some(page) = log.next_page().wait().unwrap() {
            events.extend(page.entries);
        }
        events
    }
}

impl<'a, D: Database> Naive<'a, D> {
    pub(crate) fn new(events: &'a [LogEvent<AccountEvent>], mut database: D, order: Order) -> Self {
        database.transact(
            "CREATE TABLE balances (id text PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL);
             CREATE TABLE place (position bigint NOT NULL);
             INSERT INTO place VALUES (0)",
        );
        Self { events, database, order }
    }
}

impl<D: Database> Runner for Naive<'_, D> {
    fn run(&mut self, death: Option<Death>) -> bool {
        let place: u64 = self.database.texts("SELECT CAST(position AS text) FROM place")[0].parse().unwrap();
        let left = self.events.iter().position(|event| event.position().get() > place);
        let mut commits = 0;
        for batch in self.events[left.unwrap_or(self.events.len())..].chunks(BATCH) {
            let rows = batch.iter().map(statement).collect();
            let place = format!("UPDATE place SET position = {}", batch.last().unwrap().position());
            let mut transactions: [String; 2] = [rows, place];
            if self.order == Order::PlaceFirst {
                transactions.reverse();
            }
            for transaction in transactions {
                commits += 1;
                let dies = death.filter(|death| death.commit == commits);
                if dies.is_none_or(|death| death.is_committed) {
                    self.database.transact(&transaction);
                }
                if dies.is_some() {
                    return false;
                }
            }
        }
        true
    }

    fn rows(&mut self) -> Rows {
        let rows = self.database.texts("SELECT owner || ' ' || cents FROM balances");
        let rows = rows.iter().map(|row| row.split_once(' ').unwrap());
        rows.map(|(owner, cents)| (owner.to_owned(), cents.parse().unwrap())).collect()
    }
}

/// Returns the amount that rows have too much.
pub(crate) fn surplus((_, rows): &(Death, Rows), expected: &Rows) -> i64 {
    rows.values().sum::<i64>() - expected.values().sum::<i64>()
}

/// Returns the statement of an event. Only a sum shows that an event came twice, so a second row of an account is left out.
fn statement(event: &LogEvent<AccountEvent>) -> String {
    let id = event.envelope().id();
    let add = |cents: i64| format!("UPDATE balances SET cents = cents + {cents} WHERE id = '{id}';");
    match event.event() {
        AccountEvent::Opened(opened) => {
            format!("INSERT INTO balances VALUES ('{id}', '{}', 0) ON CONFLICT DO NOTHING;", opened.owner)
        }
        AccountEvent::Deposited(deposited) => add(deposited.amount),
        AccountEvent::Withdrawn(withdrawn) => add(-withdrawn.amount),
        _ => String::new(),
    }
}
