//! Hooks after a save: they learn of the stored events, and cannot fail the save.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use es_runtime::application::{Batch, SavedCommit};
use es_runtime::recorder::{CommitId, MemoryRecorder, Receipt};
use es_runtime::standalone::Bus;
use es_runtime::store::Cache;
use es_runtime::{Application, Envelope, Error, ErrorKind, Metadata, Recorded, Version, Wait};
use uuid::Uuid;

use crate::account::{Account, AccountEvent, Deposited, open};
use crate::application::{Branch, RateChanged, saved};
use crate::failure::failure;
use crate::saving_again::{Fault, unreliable_recorder};

/// The commits that hooks received: for each, its receipt and its topics.
type Told = Arc<Mutex<Vec<(Receipt, Vec<String>)>>>;

fn noting() -> (Told, impl Fn(&SavedCommit) + Send + Sync + 'static) {
    let told = Told::default();
    let noting = Arc::clone(&told);
    let hook = move |saved: &SavedCommit| {
        let topics = saved.rows().iter().map(|row| row.topic.to_string()).collect();
        noting.lock().unwrap().push((saved.receipt().clone(), topics));
    };
    (told, hook)
}

#[test]
fn a_hook_learns_all_events_of_a_save() {
    for uri in ["memory:", "sqlite::memory:"] {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (noting, (told, hook)) = (Arc::clone(&seen), noting());
        let typed = move |saved: &SavedCommit| {
            let mut seen = noting.lock().unwrap();
            seen.extend(saved.events::<Account>().map(|event| {
                assert_eq!(event.metadata().actor(), Some("ann"));
                format!("{} {:?}", event.envelope().version(), event.event())
            }));
            seen.extend(saved.events::<Branch>().map(|event| format!("{:?}", event.event())));
            seen.extend(saved.loose::<RateChanged>().map(|rate| {
                assert_eq!(rate.metadata().actor(), Some("ann"));
                format!("{} {:?}", rate.envelope().version(), rate.event())
            }));
        };
        let app = Application::builder(uri).on_saved(hook).on_saved(typed).open().wait().unwrap();
        let (mut account, mut branch) = (open(), Branch::found());
        account.deposit(3);
        let batch = Batch::new().add((&mut account, &mut branch));
        let batch = batch.event(Uuid::now_v7(), Version::INITIAL, RateChanged { per_mille: 7 });
        let receipt = app.with_metadata(Metadata::new().with_actor("ann")).save(batch).wait().unwrap();
        assert_eq!(
            *seen.lock().unwrap(),
            [
                "1 Opened { owner: \"Ann\" }",
                "2 Deposited { amount: 3 }",
                "BranchOpened",
                "1 RateChanged { per_mille: 7 }"
            ]
        );
        let topics = ["Account.Opened", "Account.Deposited", "Branch.BranchOpened", "RateChanged"];
        assert_eq!(*told.lock().unwrap(), [(receipt, topics.map(str::to_owned).to_vec())]);
        // The save stores nothing, and calls no hook.
        app.save(&mut account).wait().unwrap();
        assert_eq!(told.lock().unwrap().len(), 1);
    }
}

#[test]
fn a_hook_learns_of_commands_and_not_of_what_somebody_else_did() {
    let recorder = Arc::new(MemoryRecorder::new());
    let (told, hook) = noting();
    let app = Application::on(Arc::clone(&recorder) as _).on_saved(hook).open().wait().unwrap();
    let other = Application::on(recorder).open().wait().unwrap();
    let id = saved(&other).id();
    let (request, theirs) = (CommitId::new(), CommitId::new());
    app.execute(id, |account| account.deposit(1)).wait().unwrap();
    app.execute_once(request, id, |account| account.deposit(1)).wait().unwrap().unwrap();
    assert!(app.execute_once(request, id, |account| account.deposit(1)).wait().unwrap().is_none());
    assert_eq!(told.lock().unwrap().len(), 2);
    assert_eq!(told.lock().unwrap()[1].0.commit(), request);
    // Another caller has used this commit id: once at the same version, once at an earlier one.
    let (mut mine, mut same) = (app.get(id).wait().unwrap(), app.get(id).wait().unwrap());
    mine.deposit(1);
    same.deposit(1);
    other.save(Batch::new().commit_id(theirs).add(&mut mine)).wait().unwrap();
    assert!(app.save(Batch::new().commit_id(theirs).add(&mut same)).wait().unwrap().is_repeated());
    let mut late = app.get(id).wait().unwrap();
    late.deposit(1);
    assert!(app.save(Batch::new().commit_id(theirs).add(&mut late)).wait().unwrap().is_repeated());
    // A refused command, and a conflict.
    assert!(app.execute(id, |account| account.withdraw(1_000)).wait().unwrap().is_err());
    let mut conflicting = Account::open_with_id(id, "Bo".into());
    assert_eq!(app.save(&mut conflicting).wait().unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[test]
fn a_hook_learns_of_a_commit_once_though_the_reply_is_lost() {
    let (told, hook) = noting();
    let recorder = unreliable_recorder(&[Fault::LostReply, Fault::None, Fault::Down]);
    let app = Application::on(recorder).on_saved(hook).open().wait().unwrap();
    let mut account = open();
    app.save(&mut account).wait().unwrap_err();
    assert!(told.lock().unwrap().is_empty());
    account.deposit(1);
    // The store acknowledges the first commit, and not the second.
    app.save(&mut account).wait().unwrap_err();
    assert_eq!(told.lock().unwrap()[0].1, ["Account.Opened"]);
    app.save(&mut account).wait().unwrap();
    let topics: Vec<_> = told.lock().unwrap().iter().flat_map(|(_, topics)| topics.clone()).collect();
    assert_eq!(topics, ["Account.Opened", "Account.Deposited"]);
}

#[test]
fn a_push_that_fails_leaves_the_command_successful() {
    for cache in [None, Some(Cache::of(10))] {
        let failures: Arc<Mutex<Vec<String>>> = Arc::default();
        let (noting, (told, hook)) = (Arc::clone(&failures), noting());
        let push = |_: &SavedCommit| Err(Error::new(ErrorKind::Unavailable, "nobody listens"));
        let mut builder = Application::builder("memory:").on_saved(push).on_saved(hook);
        if let Some(cache) = cache {
            builder = builder.cache(cache);
        }
        let builder = builder.on_hook_error(move |error| noting.lock().unwrap().push(error.to_string()));
        let app = builder.open().wait().unwrap();
        let id = saved(&app).id();
        let left = app.execute(id, |account| account.withdraw(3).map(|()| account.balance)).wait().unwrap();
        assert_eq!((left, app.get(id).wait().unwrap().balance), (Ok(7), 7));
        assert_eq!(*failures.lock().unwrap(), ["nobody listens", "nobody listens"]);
        assert_eq!(told.lock().unwrap().len(), 2, "the hooks after it are called all the same");
    }
}

#[test]
fn a_hook_that_panics_leaves_the_command_successful() {
    let app = Application::builder("memory:")
        .on_saved(|_| -> () { panic!("on purpose") })
        .on_hook_error(|error| {
            assert_eq!(error.kind(), ErrorKind::Invalid);
            panic!("on purpose, too");
        })
        .open()
        .wait()
        .unwrap();
    // The application catches both panics, which are printed as usual.
    let outcome = failure(|| {
        let mut account = open();
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(account.id()).wait().unwrap().version(), 1_u64);
        panic!("all is well");
    });
    assert_eq!(outcome.message, "all is well");
}

#[test]
fn a_hook_publishes_saved_events_on_a_bus() {
    let (bus, total) = (Bus::<Recorded<AccountEvent>>::new(), Arc::new(AtomicU32::new(0)));
    let adding = Arc::clone(&total);
    bus.subscribe_to(move |deposited: &Deposited, _: &Envelope| {
        adding.fetch_add(u32::try_from(deposited.amount).unwrap(), Ordering::Relaxed);
    })
    .forget();
    let publish = move |saved: &SavedCommit| {
        let events: Vec<_> = saved.events::<Account>().cloned().collect();
        bus.publish(&events)
    };
    let app = Application::builder("memory:").on_saved(publish).open().wait().unwrap();
    let id = saved(&app).id();
    app.execute(id, |account| account.deposit(5)).wait().unwrap();
    assert_eq!(total.load(Ordering::Relaxed), 15);
}
