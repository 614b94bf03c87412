//! A log with all that a copy has to keep, and a comparison of two stores that owes nothing to the copy.
#![allow(dead_code, reason = "not every program that includes this file needs all of it")]

use std::collections::BTreeSet;

use es_runtime::id::DataKeyId;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, KeyRecorder, LogRange, Notification,
    ProcessRecorder, StoredEvent, StoredKey,
};
use es_runtime::{Version, Wait};
use uuid::Uuid;

pub(crate) fn event(id: Uuid, version: u64, topic: &str, state: impl Into<Vec<u8>>) -> StoredEvent {
    StoredEvent::new(id, Version::new(version).unwrap(), topic.to_owned(), state.into()).unwrap()
}

pub(crate) fn key(id: Uuid) -> StoredKey {
    StoredKey::new(id, DataKeyId::from_bytes(id.as_bytes()[8..].try_into().unwrap()), vec![7; 40])
}

/// Returns the cursor of a copy in its target.
pub(crate) fn cursor() -> Cursor {
    Cursor::new("es_runtime.copy", "source").unwrap()
}

/// The aggregates of a sample.
pub(crate) struct Sample {
    pub(crate) plain: Uuid,
    pub(crate) keyed: Uuid,
    pub(crate) forgotten: Uuid,
    /// Forgotten without a notice.
    pub(crate) erased: Uuid,
    pub(crate) chosen: CommitId,
}

/// Fills a store with 12 commits of 18 events.
pub(crate) fn fill(store: &(impl ApplicationRecorder + KeyRecorder)) -> Sample {
    let [plain, keyed, forgotten, erased, other] = [(); 5].map(|()| Uuid::now_v7());
    let chosen = CommitId::new();
    let append = |commit: Commit| store.append(commit).wait().unwrap();
    append(Commit::new(vec![event(plain, 1, "Account.Opened", "{}"), event(other, 0, "Zero", "")]));
    append(Commit::once(chosen, vec![event(plain, 2, "Account.Paid", vec![0, 255, 128])]));
    append(
        Commit::new(vec![event(keyed, 1, "Vault.Opened", "x"), event(plain, 3, "Account.Paid", "3")])
            .with_keys(vec![key(keyed)]),
    );
    append(Commit::new(vec![event(forgotten, 1, "Vault.Opened", "y")]).with_keys(vec![key(forgotten)]));
    append(Commit::new(vec![event(erased, 1, "Vault.Opened", "z")]).with_keys(vec![key(erased)]));
    append(
        Commit::once(
            CommitId::new(),
            vec![event(keyed, 2, "Vault.Used", "x"), event(forgotten, 2, "Vault.Used", "y")],
        )
        .with_keys(vec![key(keyed), key(forgotten)]),
    );
    let notice = Commit::new(vec![event(forgotten, 3, "Vault.Forgotten", "{}")]);
    store.forget(forgotten, notice).wait().unwrap();
    // An event that looks like a notice, and is none.
    append(Commit::new(vec![
        event(plain, 4, "Account.Forgotten", "{}"),
        event(plain, 900, "Account.Paid", "gap"),
    ]));
    append(Commit::new((10..14).map(|version| event(other, version, "Many", "m")).collect()));
    append(Commit::new(vec![event(erased, 2, "Vault.Used", "z")]).with_keys(vec![key(erased)]));
    store.forget(erased, Commit::new(Vec::new())).wait().unwrap();
    append(Commit::new(vec![event(plain, 901, "Account.Paid", "last")]));
    Sample { plain, keyed, forgotten, erased, chosen }
}

/// Reads the whole log.
pub(crate) fn log(store: &(impl ApplicationRecorder + ?Sized)) -> Vec<Notification> {
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = store.read_log(LogRange::all().after(after).limit(1_000)).wait().unwrap();
        after = page.through;
        read.extend(page.entries);
        if !page.more {
            return read;
        }
    }
}

/// Returns the commits of a log, as they were stored.
pub(crate) fn commits(store: &(impl ApplicationRecorder + ?Sized)) -> Vec<Commit> {
    let mut found: Vec<(CommitId, Vec<StoredEvent>)> = Vec::new();
    for entry in log(store) {
        match found.last_mut() {
            Some((id, events)) if *id == entry.mark().commit() => events.push(entry.event),
            _ => found.push((entry.mark().commit(), vec![entry.event])),
        }
    }
    let made = |(id, events): (CommitId, Vec<StoredEvent>)| {
        let is_once = store.has_commit(events[0].id, id).wait().unwrap();
        let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
        let keys = keys(store, ids.into_iter().collect());
        let keys = keys.into_iter().filter(|key| !key.is_forgotten()).collect();
        if is_once { Commit::once(id, events) } else { Commit::with_id(id, events) }.with_keys(keys)
    };
    found.into_iter().map(made).collect()
}

pub(crate) fn keys(store: &(impl AggregateRecorder + ?Sized), ids: Vec<Uuid>) -> Vec<StoredKey> {
    let Some(keys) = store.as_keys() else { return Vec::new() };
    let mut found = keys.select_keys(ids).wait().unwrap();
    found.sort_by_key(StoredKey::aggregate);
    found
}

/// Checks that two stores hold the same, but for positions.
#[track_caller]
pub(crate) fn are_equal(
    from: &(impl ApplicationRecorder + ?Sized),
    to: &(impl ApplicationRecorder + ?Sized),
) {
    let rows = |store: &[Notification]| -> Vec<(CommitId, StoredEvent)> {
        store.iter().map(|entry| (entry.mark().commit(), entry.event.clone())).collect()
    };
    let (source, target) = (log(from), log(to));
    assert_eq!(source.len(), target.len(), "so many events");
    assert!(rows(&source) == rows(&target), "the events");
    let mut ids: Vec<_> = source.iter().map(|entry| entry.event.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(keys(from, ids.clone()), keys(to, ids), "the data keys");
    for (mark, entry) in source.iter().map(|entry| (entry.mark(), entry)) {
        let has = [
            from.has_commit(entry.event.id, mark.commit()).wait(),
            to.has_commit(entry.event.id, mark.commit()).wait(),
        ];
        let [one, other] = has.map(Result::unwrap);
        assert_eq!(one, other, "the chosen id of {mark}");
    }
}

/// Copies commits of a store by hand into another, after a change to them, as a copy that has done its work.
pub(crate) fn copy_wrongly(
    from: &impl ApplicationRecorder,
    to: &impl ProcessRecorder,
    change: impl FnOnce(&mut Vec<Commit>),
) {
    let mut wrong = commits(from);
    change(&mut wrong);
    for commit in wrong {
        to.append(commit).wait().unwrap();
    }
    let end = from.read_log(LogRange::all().limit(0)).wait().unwrap().through.unwrap();
    to.track(es_runtime::recorder::Step::new(cursor(), None, end).unwrap()).wait().unwrap();
}
