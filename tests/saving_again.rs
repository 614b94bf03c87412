//! Saving again after any failure: the store keeps everything once.

use std::sync::{Arc, Mutex};

use es_runtime::application::Batch;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, EventPage, EventRange, KeyRecorder,
    MemoryRecorder, MemorySnapshots, Receipt,
};
use es_runtime::store::Cache;
use es_runtime::{Application, Error, ErrorKind, Metadata, Version, Wait, event};
use uuid::Uuid;

use crate::account::{Account, open};
use crate::application::{Branch, RateChanged, apps, log, saved};

/// A store that answers by a plan, one fault for each save: it may store and still fail.
pub(crate) struct Unreliable {
    store: MemoryRecorder,
    plan: Mutex<Vec<Fault>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The store keeps the events, but the answer is lost.
    LostReply,
    /// The store does not keep the events.
    Down,
    /// The store does not keep the events, and never will.
    Closed,
    None,
}

impl AggregateRecorder for Unreliable {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        let fault = self.plan.lock().unwrap().pop().unwrap_or(Fault::None);
        match fault {
            Fault::Down => Err(Error::new(ErrorKind::Unavailable, "down")),
            Fault::Closed => Err(Error::new(ErrorKind::Closed, "closed")),
            Fault::LostReply => {
                self.store.append(commit).await?;
                Err(Error::new(ErrorKind::OutcomeUnknown, "lost"))
            }
            Fault::None => self.store.append(commit).await,
        }
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for Unreliable {
    delegate_keys!(store);
}

impl ApplicationRecorder for Unreliable {
    delegate_log!(store);
}

#[test]
fn saving_again_after_any_failure_stores_everything_once() {
    for first in [Fault::Down, Fault::LostReply] {
        for second in [Fault::Down, Fault::LostReply, Fault::None] {
            let unreliable =
                Unreliable { store: MemoryRecorder::new(), plan: Mutex::new(vec![second, first]) };
            let app = Application::on(Arc::new(unreliable)).open().wait().unwrap();
            let (mut account, mut branch) = (open(), Branch::found());
            account.deposit(1);
            app.save((&mut account, &mut branch)).wait().unwrap_err();
            assert_eq!(account.pending().len(), 2, "kept until it is known");
            // The events recorded meanwhile are a commit of their own.
            account.deposit(2);
            let again = app.save((&mut account, &mut branch)).wait();
            assert_eq!(again.is_ok(), second == Fault::None, "{first:?} {second:?}");
            if again.is_err() {
                branch.count();
                app.save((&mut account, &mut branch)).wait().unwrap();
            }
            assert!(account.pending().is_empty() && branch.pending().is_empty());
            let topics: Vec<_> = log(&app).iter().map(|row| row.event.topic.to_string()).collect();
            let mut expected =
                vec!["Account.Opened", "Account.Deposited", "Branch.BranchOpened", "Account.Deposited"];
            if second != Fault::None {
                expected.push("Branch.AccountCounted");
            }
            assert_eq!(topics, expected, "{first:?} {second:?}");
            assert_eq!(app.get(account.id()).wait().unwrap().balance, 3);
        }
    }
}

/// Makes a store that fails by the plan, and works from then on.
pub(crate) fn unreliable_recorder(plan: &[Fault]) -> Arc<Unreliable> {
    let plan = Mutex::new(plan.iter().rev().copied().collect());
    Arc::new(Unreliable { store: MemoryRecorder::new(), plan })
}

fn unreliable(plan: &[Fault]) -> Application {
    Application::on(unreliable_recorder(plan)).open().wait().unwrap()
}

#[test]
fn a_command_runs_once_though_the_reply_is_lost() {
    for faults in
        [&[Fault::None, Fault::LostReply][..], &[Fault::None, Fault::Down, Fault::LostReply, Fault::Down]]
    {
        let app = unreliable(faults);
        let id = saved(&app).id();
        let mut runs = 0;
        let executed = app.execute(id, |account: &mut Account| {
            runs += 1;
            account.deposit(5);
        });
        executed.wait().unwrap();
        assert_eq!((app.get(id).wait().unwrap().balance, runs), (15, 1));
    }
}

#[test]
fn a_root_that_the_store_never_saw_takes_new_metadata() {
    for app in apps() {
        let (mut account, mut branch) = (open(), Branch::found());
        // An event that the mapper cannot write.
        let odd = Batch::new().add((&mut account, &mut branch)).event(
            Uuid::now_v7(),
            Version::INITIAL,
            Weighed { value: f64::NAN },
        );
        let as_ann = app.with_metadata(Metadata::new().with_actor("ann"));
        assert_eq!(as_ann.save(odd).wait().unwrap_err().kind(), ErrorKind::Invalid);
        account.deposit(5);
        app.save((&mut account, &mut branch)).wait().unwrap();
        let events = app.store().get(account.id(), EventRange::all()).wait().unwrap();
        assert!(events.iter().all(|event| event.metadata().is_empty()), "ann saved nothing");
        let places: Vec<u64> = log(&app).iter().map(|row| row.position().get()).collect();
        assert_eq!(places, [1, 2, 3]);
    }
}

#[event]
struct Weighed {
    value: f64,
}

#[test]
fn loose_events_do_not_mix_with_a_save_of_unknown_outcome() {
    let app = unreliable(&[Fault::LostReply]);
    let (mut account, loose) = (open(), Uuid::now_v7());
    let rate = || RateChanged { per_mille: 1 };
    let batch = Batch::new().add(&mut account).event(loose, Version::INITIAL, rate());
    assert_eq!(app.save(batch).wait().unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    let batch = Batch::new().add(&mut account).event(loose, Version::INITIAL, rate());
    let error = app.save(batch).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("save the aggregates alone first"), "{error}");
    app.save(&mut account).wait().unwrap();
    assert_eq!(log(&app).len(), 2);
}

#[test]
fn a_future_that_is_dropped_half_way_is_saved_by_the_next_one() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};
    for app in apps() {
        for polls in 0..3 {
            let mut account = open();
            {
                let mut save = pin!(app.save(&mut account));
                for _ in 0..polls {
                    // The future is polled without the mark that allows it to block, so the store's own thread does
                    // the work, sooner or later.
                    if save.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                        break;
                    }
                }
            }
            account.deposit(4);
            app.save(&mut account).wait().unwrap();
            let again = app.get(account.id()).wait().unwrap();
            assert_eq!((again.balance, again.version().get()), (4, 2), "{polls} polls");
        }
    }
}

#[test]
fn a_later_refusal_keeps_the_events_that_may_be_stored() {
    let app = unreliable(&[Fault::LostReply, Fault::Closed]);
    let mut account = open();
    assert_eq!(app.save(&mut account).wait().unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(app.save(&mut account).wait().unwrap_err().kind(), ErrorKind::Closed);
    account.deposit(1);
    app.save(&mut account).wait().unwrap();
    assert_eq!(app.get(account.id()).wait().unwrap().version(), 2_u64);
}

#[test]
fn events_that_may_be_stored_leave_no_gap_in_another_store() {
    let (here, there) = (unreliable(&[Fault::None, Fault::Down]), unreliable(&[]));
    let mut account = saved(&here);
    account.deposit(1);
    here.save(&mut account).wait().unwrap_err();
    assert_eq!(there.save(&mut account).wait().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(log(&there).len(), 0);
    here.save(&mut account).wait().unwrap();
}

#[test]
fn a_batch_under_an_id_of_the_callers_is_saved_again_as_it_was() {
    for fault in [Fault::LostReply, Fault::Down] {
        let app = unreliable(&[Fault::None, Fault::None, fault]);
        let (mut one, mut other) = (saved(&app), saved(&app));
        let commit = CommitId::new();
        one.deposit(1);
        let batch = Batch::new().commit_id(commit).add(&mut one).add(&mut other);
        app.save(batch).wait().unwrap_err();
        // The events recorded meanwhile, also by the other one, are a commit of their own.
        one.deposit(2);
        other.deposit(3);
        app.save(Batch::new().commit_id(commit).add(&mut one).add(&mut other)).wait().unwrap();
        assert!(one.pending().is_empty() && other.pending().is_empty());
        assert_eq!(app.get(one.id()).wait().unwrap().balance, 13);
        assert_eq!(app.get(other.id()).wait().unwrap().balance, 13);
        one.deposit(1);
        app.save(&mut one).wait().unwrap();
    }
}

#[test]
fn a_root_does_not_take_the_events_of_another_for_its_own() {
    for fault in [Fault::Down, Fault::LostReply] {
        let recorder =
            Arc::new(Unreliable { store: MemoryRecorder::new(), plan: Mutex::new(vec![fault, Fault::None]) });
        let builder = Application::on(recorder).snapshots_in(Arc::new(MemorySnapshots::new()));
        let app = builder.snapshot_every::<Account>(1).cache(Cache::of(10).trusting()).open().wait().unwrap();
        let id = saved(&app).id();
        let (mut mine, mut other) = (app.get(id).wait().unwrap(), app.get(id).wait().unwrap());
        let commit = CommitId::new();
        mine.deposit(222);
        other.deposit(111);
        app.save(Batch::new().commit_id(commit).add(&mut mine)).wait().unwrap_err();
        let receipt = app.save(Batch::new().commit_id(commit).add(&mut other)).wait().unwrap();
        assert_eq!(receipt.is_repeated(), fault == Fault::LostReply);
        assert!(app.save(Batch::new().commit_id(commit).add(&mut mine)).wait().unwrap().is_repeated());
        // The stored events decide, and a root that holds others can go no further.
        let (stored, winner, loser) = match fault {
            Fault::Down => (121, &mut other, &mut mine),
            _ => (232, &mut mine, &mut other),
        };
        assert_eq!(app.get(id).wait().unwrap().balance, stored);
        assert_eq!(app.get_at(id, 3).wait().unwrap().balance, stored);
        loser.deposit(1);
        assert_eq!(app.save(loser).wait().unwrap_err().kind(), ErrorKind::Invalid);
        winner.deposit(1);
        app.save(winner).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().balance, stored + 1);
    }
}
