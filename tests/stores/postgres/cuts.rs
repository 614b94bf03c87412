//! Connections that are cut, backends that are killed: no commit is lost, doubled, or refused without a reason.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use es_runtime::application::Batch;
use es_runtime::id::DataKeyId;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, KeyRecorder, LogRange, ProcessRecorder,
    StoredKey, Tables, TrackingRecorder,
};
use es_runtime::{Application, ErrorKind, Wait, aggregate, mutator};
use uuid::Uuid;

use super::{Database, cursor, event, follow, log, notice, open, step};
use crate::proxy::{Cut, Proxy};
use crate::server;

/// Opens a database through a proxy.
fn through_proxy() -> (Database, Proxy) {
    let database = open();
    let proxy = Proxy::new(server::host());
    let options = server::at(Some(proxy.port), None).schema(&database.schema).unwrap();
    let recorder = options.open().unwrap().recorder(&Tables::default()).unwrap();
    (Database { recorder, ..database }, proxy)
}

pub(crate) fn a_lost_answer_doubles_nothing_and_refuses_nothing() {
    let (Database { recorder, .. }, proxy) = through_proxy();
    let mut stored = Vec::new();
    let mut cuts = 0;
    let mut reached = None;
    let mut expected_repeats = 0;
    for round in 0..60_u32 {
        let id = Uuid::now_v7();
        let key = StoredKey::new(id, DataKeyId::random(), vec![7]);
        let kind = [Cut::No, Cut::AfterTheServer, Cut::BeforeTheServer][round as usize % 3];
        proxy.cut(kind);
        let commit = match round % 4 {
            0 => Commit::new(vec![event(id, 1)]),
            1 => Commit::new(vec![event(id, 1), event(Uuid::now_v7(), 1)]),
            2 => Commit::once(CommitId::new(), vec![event(id, 1)]).with_keys(vec![key]),
            _ => Commit::new((1..=1_500).map(|version| event(id, version)).collect()),
        };
        let receipt = if round % 5 == 4 {
            let step = step(reached, u64::from(round) + 1);
            reached = Some(step.to());
            recorder.append_tracked(commit.clone(), step).wait()
        } else {
            recorder.append(commit.clone()).wait()
        };
        let receipt = receipt.unwrap_or_else(|error| panic!("round {round}, cut {kind:?}: {error}"));
        expected_repeats += usize::from(receipt.is_repeated());
        cuts += usize::from(!matches!(kind, Cut::No) && proxy.has_cut());
        stored.push((commit, receipt));
    }
    proxy.cut(Cut::No);
    assert!(
        cuts >= 30 && expected_repeats > 5,
        "{cuts} cuts, {expected_repeats} commits that were stored before the cut"
    );
    assert_eq!(recorder.tracked(&cursor()).wait().unwrap(), reached);
    let mut found: HashMap<CommitId, Vec<u64>> = HashMap::new();
    for entry in log(&recorder) {
        found.entry(entry.mark().commit()).or_default().push(entry.position().get());
    }
    for (commit, receipt) in stored {
        let positions = found.remove(&commit.id()).unwrap();
        assert_eq!(positions.len(), commit.events().len());
        let (first, last) = receipt.positions().unwrap();
        assert_eq!((positions[0], *positions.last().unwrap()), (first.get(), last.get()));
    }
    assert!(found.is_empty());
}

#[aggregate]
struct Counter {
    count: i64,
}

#[mutator]
impl Counter {
    #[event(Started)]
    fn start() -> Self {
        Self { count: 0 }
    }

    #[event(Counted)]
    fn count(&mut self) {
        self.count += 1;
    }
}

/// The recorder finds that its own attempt stored the commit: the aggregate is saved, and goes on.
pub(crate) fn an_aggregate_whose_answer_was_lost_goes_on() {
    let (Database { recorder, .. }, proxy) = through_proxy();
    let app = Application::on(Arc::new(recorder)).open().wait().unwrap();
    let mut repeated = 0;
    for round in 0..30 {
        let mut counter = Counter::start();
        // The save looks for the commit first.
        proxy.cut_after(round % 3, Cut::AfterTheServer);
        let receipt = app.save(Batch::new().commit_id(CommitId::new()).add(&mut counter)).wait().unwrap();
        proxy.cut(Cut::No);
        repeated += usize::from(receipt.is_repeated());
        counter.count();
        app.save(&mut counter).wait().unwrap();
    }
    assert!(repeated > 5, "{repeated} answers were lost");
}

pub(crate) fn a_step_whose_answer_is_lost_is_recorded_once() {
    let (Database { recorder, .. }, proxy) = through_proxy();
    let mut reached = None;
    for round in 1..=20 {
        proxy.cut(if round % 2 == 0 { Cut::AfterTheServer } else { Cut::BeforeTheServer });
        let step = step(reached, round);
        recorder.track(step.clone()).wait().unwrap();
        reached = Some(step.to());
    }
    proxy.cut(Cut::No);
    assert_eq!(recorder.tracked(&cursor()).wait().unwrap(), reached);
    let again = recorder.track(step(None, 3)).wait().unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
}

pub(crate) fn a_lost_answer_changes_no_conflict() {
    let (Database { recorder, .. }, proxy) = through_proxy();
    let id = Uuid::now_v7();
    recorder.append(Commit::new(vec![event(id, 1)])).wait().unwrap();
    for round in 0..10 {
        proxy.cut(if round % 2 == 0 { Cut::AfterTheServer } else { Cut::BeforeTheServer });
        let refused = recorder.append(Commit::new(vec![event(id, 1)])).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists, "{refused}");
    }
}

pub(crate) fn reading_and_forgetting_survive_a_cut() {
    let (Database { recorder, .. }, proxy) = through_proxy();
    for round in 0..12 {
        let id = Uuid::now_v7();
        let key = StoredKey::new(id, DataKeyId::random(), vec![7]);
        recorder.append(Commit::new(vec![event(id, 1)]).with_keys(vec![key.clone()])).wait().unwrap();
        let cut = if round % 2 == 0 { Cut::AfterTheServer } else { Cut::BeforeTheServer };
        proxy.cut(cut);
        assert!(!log(&recorder).is_empty());
        proxy.cut(cut);
        let new = StoredKey::new(id, key.key().unwrap(), vec![8]);
        assert!(recorder.replace_key(key.clone(), new).wait().unwrap(), "round {round}");
        proxy.cut(cut);
        assert!(recorder.forget(id, Commit::new(vec![notice(id, 2)])).wait().unwrap().old_pages);
        assert!(recorder.select_keys(vec![id]).wait().unwrap()[0].is_forgotten());
    }
    proxy.cut(Cut::No);
    assert_eq!(log(&recorder).len(), 24);
}

pub(crate) fn a_cut_while_it_opens_is_no_fault_of_the_tables() {
    let (database, proxy) = through_proxy();
    // They stay open: a connection that ends sends a message, too.
    let mut opened = vec![database.recorder];
    let mut cuts = 0;
    loop {
        proxy.cut_after(cuts, Cut::BeforeTheServer);
        let options = server::at(Some(proxy.port), None).schema(&database.schema).unwrap();
        let made = options.open().and_then(|database| database.recorder(&Tables::default()));
        if !proxy.has_cut() {
            made.unwrap();
            break;
        }
        cuts += 1;
        match made {
            Ok(recorder) => opened.push(recorder),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "cut {cuts}: {error}"),
        }
    }
    assert!(cuts > 10, "{cuts} messages");
}

pub(crate) fn killed_backends_lose_nothing() {
    const WRITERS: u64 = 6;
    const COMMITS: u64 = 60;
    let Database { recorder, schema, .. } = open();
    let ended = AtomicBool::new(false);
    let (killed, seen) = thread::scope(|scope| {
        let killer = scope.spawn(|| server::kill_while(|| !ended.load(Ordering::Relaxed), &schema, 1));
        let follower = scope.spawn(|| follow(&recorder, WRITERS * COMMITS * 2));
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    let id = Uuid::now_v7();
                    for version in 1..=COMMITS {
                        let events = vec![event(id, version), event(Uuid::now_v7(), 1)];
                        recorder.append(Commit::new(events)).wait().unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        let seen = follower.join().unwrap();
        ended.store(true, Ordering::Relaxed);
        (killer.join().unwrap(), seen)
    });
    assert!(killed > 5, "only {killed} backends were killed");
    assert_eq!(seen, log(&recorder), "a follower beside {killed} killed backends");
}

pub(crate) fn a_server_that_is_away_is_reported_and_found_again() {
    let (Database { recorder, .. }, proxy) = through_proxy();
    let refused = server::at(Some(1), None).open().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.to_string().contains("check the host, the port"), "{refused}");
    proxy.cut(Cut::AfterTheServer);
    recorder.read_log(LogRange::all().limit(0)).wait().unwrap();
}
