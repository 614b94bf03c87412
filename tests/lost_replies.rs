//! Saving events again whose bytes come out in another order each time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use es_runtime::application::Batch;
use es_runtime::mapper::{Codec, Mapper};
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, EventPage, EventRange, KeyRecorder,
    MemoryRecorder, Receipt,
};
use es_runtime::{Application, Error, ErrorKind, Id, Wait, aggregate, mutator};
use uuid::Uuid;

use crate::account::Account;
use crate::application::saved;

#[aggregate]
#[derive(Debug)]
pub(crate) struct Portfolio {
    shares: HashMap<String, i64>,
    tags: HashSet<String>,
    pub(crate) orders: u32,
}

#[mutator]
impl Portfolio {
    #[event(PortfolioOpened)]
    pub(crate) fn open() -> Self {
        Self { shares: HashMap::new(), tags: HashSet::new(), orders: 0 }
    }

    #[event(Rebalanced)]
    pub(crate) fn rebalance(&mut self, shares: HashMap<String, i64>, tags: HashSet<String>) {
        self.shares.extend(shares);
        self.tags.extend(tags);
        self.orders += 1;
    }
}

impl Portfolio {
    fn order(&mut self) {
        let shares = (0..20).map(|number| (format!("share {number}"), number)).collect();
        self.rebalance(shares, (0..20).map(|number| number.to_string()).collect());
    }
}

/// A map whose keys are not text: only MessagePack can write it.
#[aggregate]
#[derive(Debug)]
pub(crate) struct Seating {
    seats: HashMap<(u8, u8), i64>,
    pub(crate) changes: u32,
}

#[mutator]
impl Seating {
    #[event(SeatingOpened)]
    pub(crate) fn open() -> Self {
        Self { seats: HashMap::new(), changes: 0 }
    }

    #[event(Seated)]
    pub(crate) fn seat(&mut self, seats: HashMap<(u8, u8), i64>) {
        self.seats.extend(seats);
        self.changes += 1;
    }
}

impl Seating {
    fn fill(&mut self) {
        self.seat((0..20).map(|row| ((row, row / 2), 1)).collect());
    }
}

/// A store that loses its next answers, and is busy at its next reads.
#[derive(Default)]
struct Weak {
    store: MemoryRecorder,
    lost: AtomicU32,
    busy: AtomicU32,
}

fn take(from: &AtomicU32) -> bool {
    from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

impl AggregateRecorder for Weak {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        let receipt = self.store.append(commit).await?;
        if take(&self.lost) { Err(Error::new(ErrorKind::OutcomeUnknown, "lost")) } else { Ok(receipt) }
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        if take(&self.busy) {
            return Err(Error::new(ErrorKind::Timeout, "busy"));
        }
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for Weak {
    delegate_keys!(store);
}

impl ApplicationRecorder for Weak {
    delegate_log!(store);
}

fn weak(codec: Codec) -> (Application, Arc<Weak>) {
    let weak = Arc::new(Weak::default());
    let mapper = Mapper::new().with_codec(codec);
    (Application::on(Arc::clone(&weak) as _).mapper(mapper).open().wait().unwrap(), weak)
}

impl Weak {
    fn lose(&self, replies: u32) {
        self.lost.store(replies, Ordering::Relaxed);
    }
}

#[test]
fn events_with_maps_are_saved_again_after_a_lost_reply() {
    let (app, weak) = weak(Codec::Json);
    for _ in 0..40 {
        let mut portfolio = Portfolio::open();
        portfolio.order();
        weak.lose(1);
        assert_eq!(app.save(&mut portfolio).wait().unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        app.save(&mut portfolio).wait().unwrap();
        portfolio.order();
        app.save(&mut portfolio).wait().unwrap();
        assert_eq!(app.get(portfolio.id()).wait().unwrap().orders, 2);
    }
}

#[test]
fn a_command_on_maps_is_done_once_though_the_reply_is_lost() {
    let (app, weak) = weak(Codec::Json);
    let mut portfolio = Portfolio::open();
    app.save(&mut portfolio).wait().unwrap();
    let id = portfolio.id();
    for round in 1..=50 {
        weak.lose(1);
        app.execute(id, |portfolio: &mut Portfolio| portfolio.order()).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().orders, round);
    }
}

#[test]
fn a_caller_that_lost_the_reply_of_a_command_on_maps_learns_that_it_did_the_command() {
    let (app, weak) = weak(Codec::Json);
    let mut portfolio = Portfolio::open();
    app.save(&mut portfolio).wait().unwrap();
    let id = portfolio.id();
    for round in 1..=50 {
        weak.lose(1);
        let request = CommitId::new();
        let once = || app.execute_once(request, id, |portfolio: &mut Portfolio| portfolio.order()).wait();
        assert!(once().unwrap().is_some(), "round {round}");
        assert!(once().unwrap().is_none());
        assert_eq!(app.get(id).wait().unwrap().orders, round);
    }
}

#[test]
fn maps_with_keys_that_are_no_text_are_saved_again() {
    let (app, weak) = weak(Codec::MessagePack);
    for _ in 0..10 {
        let mut seating = Seating::open();
        seating.fill();
        weak.lose(1);
        app.save(&mut seating).wait().unwrap_err();
        app.save(&mut seating).wait().unwrap();
        let id: Id<Seating> = seating.id();
        weak.lose(1);
        app.execute(id, |seating: &mut Seating| seating.fill()).wait().unwrap();
        weak.lose(1);
        let done = app.execute_once(CommitId::new(), id, |seating: &mut Seating| seating.fill()).wait();
        assert!(done.unwrap().is_some());
        assert_eq!(app.get(id).wait().unwrap().changes, 3);
    }
}

#[test]
fn a_busy_store_does_not_make_an_aggregate_unusable() {
    let (app, weak) = weak(Codec::Json);
    let id = saved(&app).id();
    let mut account = app.get(id).wait().unwrap();
    account.deposit(5);
    let commit = CommitId::new();
    weak.lose(1);
    app.save(Batch::new().commit_id(commit).add(&mut account)).wait().unwrap_err();
    // The receipt is marked as repeated, and the root cannot read the store to compare the stored events with its own.
    weak.busy.store(1, Ordering::Relaxed);
    let error = app.save(&mut account).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    app.save(&mut account).wait().unwrap();
    account.deposit(1);
    app.save(&mut account).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 16);
}

#[test]
fn a_busy_store_reports_that_a_command_was_done() {
    let (app, weak) = weak(Codec::Json);
    let id = saved(&app).id();
    let mut runs = 0;
    let deposit = |account: &mut Account| {
        runs += 1;
        account.deposit(5);
        // The load has ended.
        weak.lose(1);
        weak.busy.store(1, Ordering::Relaxed);
    };
    assert!(app.execute_once(CommitId::new(), id, deposit).wait().unwrap().is_some());
    assert_eq!((app.get(id).wait().unwrap().balance, runs), (15, 1));
}

#[test]
fn a_future_that_was_dropped_under_an_id_of_the_callers_is_saved_by_the_next_one() {
    let (app, weak) = weak(Codec::Json);
    for _ in 0..10 {
        let (mut portfolio, commit) = (Portfolio::open(), CommitId::new());
        portfolio.order();
        weak.lose(1);
        app.save(Batch::new().commit_id(commit).add(&mut portfolio)).wait().unwrap_err();
        // Under another id, or none, the root still knows whose id it was.
        app.save(Batch::new().add(&mut portfolio)).wait().unwrap();
        portfolio.order();
        app.save(&mut portfolio).wait().unwrap();
    }
}
