//! The comparison finds each way in which a target may differ, and names the first difference.

use es_runtime::id::DataKeyId;
use es_runtime::recorder::{
    AggregateRecorder, Commit, CommitId, KeyRecorder, MemoryRecorder, StoredEvent, StoredKey, copy,
};
use es_runtime::{ErrorKind, Version, Wait};
use uuid::Uuid;

use super::copied::{are_equal, copy_wrongly, event, key};

/// A source of six commits, the fifth by a chosen id, the third with a data key.
struct Source {
    store: MemoryRecorder,
    plain: Uuid,
    keyed: Uuid,
}

fn source() -> Source {
    let (store, plain, keyed) = (MemoryRecorder::new(), Uuid::now_v7(), Uuid::now_v7());
    let commits = [
        Commit::new(vec![event(plain, 1, "Topic", "1")]),
        Commit::new(vec![event(plain, 2, "Topic", "2"), event(plain, 3, "Topic", "3")]),
        Commit::new(vec![event(keyed, 1, "Vault", "1")]).with_keys(vec![key(keyed)]),
        Commit::new(vec![event(plain, 4, "Topic", "4")]),
        Commit::once(CommitId::new(), vec![event(plain, 5, "Topic", "5")]),
        Commit::new(vec![event(plain, 6, "Topic", "6")]),
    ];
    for commit in commits {
        store.append(commit).wait().unwrap();
    }
    Source { store, plain, keyed }
}

/// Returns the commit after a change to its events.
fn with(commit: &Commit, change: impl FnOnce(&mut Vec<StoredEvent>)) -> Commit {
    let mut parts = commit.clone().into_parts();
    change(&mut parts.events);
    let made = if parts.is_once { Commit::once } else { Commit::with_id };
    made(parts.id, parts.events).with_keys(parts.keys)
}

#[track_caller]
fn is_found(source: &Source, to: &MemoryRecorder, named: &str) {
    let found = copy(&source.store, to).wait().unwrap_err();
    assert_eq!(found.kind(), ErrorKind::Corrupt, "{found}");
    let message = found.to_string();
    assert!(message.contains(named), "{named:?} is missing in {message}");
    assert!(message.ends_with("empty it and copy again"), "{message}");
}

#[test]
fn a_right_target_is_accepted() {
    let (source, to) = (source(), MemoryRecorder::new());
    copy_wrongly(&source.store, &to, |_| {});
    assert_eq!(copy(&source.store, &to).wait().unwrap().compared, 7);
    are_equal(&source.store, &to);
}

#[test]
fn each_difference_of_events_is_found() {
    type Change = fn(&mut Vec<Commit>);
    let cases: [(&str, Change); 11] = [
        ("event 2 of aggregate", |commits| drop(commits.remove(1))),
        ("the target has event 4 of aggregate", |commits| commits.swap(2, 3)),
        ("event 3 of aggregate", |commits| commits[1] = with(&commits[1], |events| drop(events.pop()))),
        ("another state", |commits| commits[3] = with(&commits[3], |events| events[0].state.push(0))),
        ("another state", |commits| commits[0] = with(&commits[0], |events| events[0].state.clear())),
        ("the topic `Topic2`", |commits| {
            commits[3] = with(&commits[3], |events| events[0].topic = "Topic2".parse().unwrap());
        }),
        ("the target has event 44 of aggregate", |commits| {
            commits[3] = with(&commits[3], |events| events[0].version = Version::from(44));
        }),
        ("of aggregate 00000000-0000-0000-0000-000000000001", |commits| {
            commits[3] = with(&commits[3], |events| events[0].id = Uuid::from_u128(1));
        }),
        ("the target has it in commit", |commits| {
            commits[3] = Commit::with_id(CommitId::new(), commits[3].events().to_vec());
        }),
        ("the target has it in commit", |commits| {
            // A commit is divided.
            let [first, second] = [0, 1].map(|at| vec![commits[1].events()[at].clone()]);
            commits[1] = Commit::with_id(commits[1].id(), first);
            commits.insert(2, Commit::new(second));
        }),
        ("event 1 of aggregate", |commits| {
            let last = commits.pop().unwrap();
            commits.clear();
            commits.push(last);
        }),
    ];
    for (named, change) in cases {
        let (source, to) = (source(), MemoryRecorder::new());
        copy_wrongly(&source.store, &to, change);
        is_found(&source, &to, named);
    }
}

#[test]
fn an_end_that_is_missing_or_too_much_is_found() {
    // The last event of the last commit is missing: its commit still ends the log.
    let (store, id) = (MemoryRecorder::new(), Uuid::now_v7());
    let both = vec![event(id, 1, "Topic", "1"), event(id, 2, "Topic", "2")];
    store.append(Commit::new(both)).wait().unwrap();
    let source = Source { store, plain: id, keyed: id };
    let to = MemoryRecorder::new();
    copy_wrongly(&source.store, &to, |commits| commits[0] = with(&commits[0], |events| drop(events.pop())));
    is_found(&source, &to, "the target ends before it");
    let to = MemoryRecorder::new();
    copy_wrongly(&source.store, &to, |commits| {
        commits[0] = with(&commits[0], |events| events.push(event(id, 3, "Topic", "3")));
    });
    is_found(&source, &to, "the target has an event beyond the last one of the source: event 3");
}

#[test]
fn a_chosen_id_that_is_lost_or_made_up_is_found() {
    for (at, named) in [(4, "the target does not find it"), (3, "the target finds it")] {
        let (source, to) = (source(), MemoryRecorder::new());
        copy_wrongly(&source.store, &to, |commits| {
            let (id, events) = (commits[at].id(), commits[at].events().to_vec());
            commits[at] = if at == 4 { Commit::with_id(id, events) } else { Commit::once(id, events) };
        });
        is_found(&source, &to, named);
    }
}

#[test]
fn each_difference_of_data_keys_is_found() {
    let rekeyed = |keys: Vec<StoredKey>| {
        let (source, to) = (source(), MemoryRecorder::new());
        copy_wrongly(&source.store, &to, |commits| {
            commits[2] = Commit::with_id(commits[2].id(), commits[2].events().to_vec()).with_keys(keys);
        });
        (source, to)
    };
    let (source_of_none, to) = rekeyed(Vec::new());
    is_found(&source_of_none, &to, "it has a data key in the source, and no data key in the target");

    let (source, to) = (source(), MemoryRecorder::new());
    copy_wrongly(&source.store, &to, |commits| {
        let other = StoredKey::new(source.keyed, DataKeyId::from_bytes([1; 8]), vec![7; 40]);
        commits[2] = Commit::with_id(commits[2].id(), commits[2].events().to_vec()).with_keys(vec![other]);
    });
    is_found(&source, &to, "it has a data key in the source, and another one in the target");

    let (source, to) = (self::source(), MemoryRecorder::new());
    copy_wrongly(&source.store, &to, |commits| {
        let key = key(source.plain);
        commits[0] =
            Commit::with_id(commits[0].id(), commits[0].events().to_vec()).with_keys(vec![key.clone()]);
        for at in [1, 3, 4, 5] {
            commits[at] = commits[at].clone().with_keys(vec![key.clone()]);
        }
    });
    is_found(&source, &to, "it has no data key in the source, and a data key in the target");

    let (source, to) = (self::source(), MemoryRecorder::new());
    copy_wrongly(&source.store, &to, |_| {});
    to.forget(source.keyed, Commit::new(Vec::new())).wait().unwrap();
    is_found(&source, &to, "it has a data key in the source, and a destroyed data key in the target");
}
