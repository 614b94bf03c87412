//! Others write while a copy runs, and between two of its runs.

use std::thread;

use es_runtime::recorder::{
    AggregateRecorder, Commit, CopyProgress, CopyStage, KeyRecorder, MemoryRecorder, StoredKey,
    TrackingRecorder, copy,
};
use es_runtime::{Error, ErrorKind, Wait};
use uuid::Uuid;

use super::copied::{are_equal, cursor, event, fill, key, keys, log};
use super::{filled, sqlite};

fn one() -> Commit {
    Commit::new(vec![event(Uuid::now_v7(), 1, "Account.Opened", "new")])
}

#[test]
fn a_later_call_copies_what_came_since() {
    let (from, to) = (MemoryRecorder::new(), sqlite());
    let sample = fill(&from);
    let mut is_first = true;
    // The source goes on while the copy runs.
    let go_on = |_: &_| {
        from.append(one()).wait().unwrap();
        if std::mem::take(&mut is_first) {
            let notice = Commit::new(vec![event(sample.keyed, 3, "Vault.Forgotten", "{}")]);
            from.forget(sample.keyed, notice).wait().unwrap();
        }
    };
    let first = copy(&from, &to).page_bytes(1).on_progress(go_on).wait().unwrap();
    assert_eq!((first.events, first.compared), (18, 18), "what the source held when the copy began");
    assert!(log(&from).len() > 20);
    let second = copy(&from, &to).wait().unwrap();
    assert_eq!(second.events, log(&from).len() as u64 - 18);
    are_equal(&from, &to);
    assert_eq!(keys(&to, vec![sample.keyed]), [StoredKey::forgotten(sample.keyed)]);
    assert_eq!(copy(&from, &to).wait().unwrap().events, 0);
}

#[test]
fn data_keys_that_change_in_the_source_change_in_the_target() {
    let (from, to) = (MemoryRecorder::new(), sqlite());
    let sample = fill(&from);
    copy(&from, &to).wait().unwrap();
    let old = key(sample.keyed);
    let renewed = StoredKey::new(sample.keyed, old.key().unwrap(), vec![9; 40]);
    assert!(from.replace_key(old, renewed.clone()).wait().unwrap());
    copy(&from, &to).wait().unwrap();
    assert_eq!(keys(&to, vec![sample.keyed]), [renewed]);
    // Forgotten without a notice, long after the last event was copied.
    from.forget(sample.keyed, Commit::new(Vec::new())).wait().unwrap();
    copy(&from, &to).wait().unwrap();
    are_equal(&from, &to);
}

#[test]
fn an_aggregate_gets_its_data_key_in_a_later_commit() {
    let (from, to, id) = (MemoryRecorder::new(), sqlite(), Uuid::now_v7());
    from.append(Commit::new(vec![event(id, 1, "Vault.Opened", "clear")])).wait().unwrap();
    let mut is_first = true;
    let encrypt = |_: &_| {
        if std::mem::take(&mut is_first) {
            let commit = Commit::new(vec![event(id, 2, "Vault.Used", "x")]).with_keys(vec![key(id)]);
            from.append(commit).wait().unwrap();
        }
    };
    copy(&from, &to).on_progress(encrypt).wait().unwrap();
    copy(&from, &to).wait().unwrap();
    are_equal(&from, &to);
}

#[test]
fn of_two_copies_at_once_one_goes_on() {
    let (from, to) = (filled(), MemoryRecorder::new());
    let mut is_first = true;
    let meanwhile = |_: &_| {
        if std::mem::take(&mut is_first) {
            copy(&from, &to).wait().unwrap();
        }
    };
    let refused = copy(&from, &to).page_bytes(1).on_progress(meanwhile).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains("another copy"), "{refused}");
    are_equal(&from, &to);

    // The source goes on, and another copy stores that while the first one compares.
    let (source, target) = (filled(), MemoryRecorder::new());
    let meanwhile = |progress: &CopyProgress| {
        if progress.stage == CopyStage::Comparing {
            source.append(one()).wait().unwrap();
            copy(&source, &target).wait().unwrap();
        }
    };
    let refused = copy(&source, &target).page_bytes(1).on_progress(meanwhile).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    are_equal(&source, &target);

    for _ in 0..20 {
        let to = sqlite();
        let ended: Vec<Result<_, Error>> = thread::scope(|scope| {
            let copying: Vec<_> =
                (0..3).map(|_| scope.spawn(|| copy(&from, &to).page_bytes(1).wait())).collect();
            copying.into_iter().map(|copying| copying.join().unwrap()).collect()
        });
        let wrong = ended.iter().filter_map(|ended| ended.as_ref().err());
        let kinds: Vec<_> = wrong.map(Error::kind).collect();
        assert!(kinds.len() < 3 && kinds.iter().all(|kind| *kind == ErrorKind::Conflict), "{ended:?}");
        copy(&from, &to).wait().unwrap();
        are_equal(&from, &to);
    }
}

#[test]
fn a_target_with_events_of_others_is_refused() {
    let from = filled();
    let to = MemoryRecorder::new();
    to.append(one()).wait().unwrap();
    let refused = copy(&from, &to).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert!(refused.to_string().contains("copy into an empty target"), "{refused}");
    assert_eq!(
        (log(&to).len(), to.tracked(&cursor()).wait().unwrap()),
        (1, None),
        "the target stays as it was"
    );

    // Somebody works with the target already.
    let to = MemoryRecorder::new();
    copy(&from, &to).wait().unwrap();
    to.append(one()).wait().unwrap();
    from.append(one()).wait().unwrap();
    let refused = copy(&from, &to).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
}

#[test]
fn events_of_others_that_come_meanwhile_are_found() {
    for at in 1..12 {
        let (from, to) = (filled(), MemoryRecorder::new());
        let mut calls = 0;
        let intrude = |_: &_| {
            calls += 1;
            if calls == at {
                to.append(one()).wait().unwrap();
            }
        };
        let refused = copy(&from, &to).page_bytes(1).on_progress(intrude).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
        assert!(refused.to_string().contains("the target has"), "{refused}");
    }
    // An event of somebody else stands where the copy has to store one.
    let (from, to) = (MemoryRecorder::new(), MemoryRecorder::new());
    let sample = fill(&from);
    let intrude = |_: &_| drop(to.append(Commit::new(vec![event(sample.plain, 901, "Mine", "")])).wait());
    let refused = copy(&from, &to).page_bytes(1).on_progress(intrude).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains("another program stores events"), "{refused}");
}

#[test]
fn a_source_that_is_another_one_is_refused() {
    let (from, to) = (filled(), MemoryRecorder::new());
    copy(&from, &to).wait().unwrap();
    // Restored to an earlier state; another log; an empty one.
    let restored = MemoryRecorder::new();
    for commit in super::copied::commits(&from).into_iter().take(3) {
        restored.append(commit).wait().unwrap();
    }
    for other in [restored, filled(), MemoryRecorder::new()] {
        let refused = copy(&other, &to).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Diverged, "{refused}");
        assert!(refused.to_string().contains("empty the target"), "{refused}");
    }
    are_equal(&from, &to);
}

#[test]
fn a_source_that_was_changed_is_found() {
    let (from, to, changed) = (filled(), MemoryRecorder::new(), MemoryRecorder::new());
    copy(&from, &to).wait().unwrap();
    for (at, commit) in super::copied::commits(&from).into_iter().enumerate() {
        let mut parts = commit.into_parts();
        if at == 1 {
            parts.events[0].state.push(1);
        }
        changed.append(Commit::with_id(parts.id, parts.events).with_keys(parts.keys)).wait().unwrap();
    }
    let refused = copy(&changed, &to).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt);
    assert!(refused.to_string().contains("another state"), "{refused}");
}

#[test]
fn a_target_that_lost_events_is_refused() {
    let (from, to) = (filled(), MemoryRecorder::new());
    let end = log(&from).last().unwrap().mark();
    to.track(es_runtime::recorder::Step::new(cursor(), None, end).unwrap()).wait().unwrap();
    let refused = copy(&from, &to).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
}
