//! A copy holds what the source holds, goes on where it was, and is compared.

#[path = "../support/copied.rs"]
pub(crate) mod copied;
mod cut;
mod live;
mod moved;
mod wrong;

use std::future::IntoFuture;

use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, CopyStage, LogRange, MemoryRecorder,
    Notification, Receipt, SqliteOptions, SqliteRecorder, StoredKey, Tables, copied_mark, copy,
};
use es_runtime::testing::faults::{Call, Faulty, When};
use es_runtime::{ErrorKind, Wait};
use uuid::Uuid;

use self::copied::{are_equal, event, fill, log};

fn sqlite() -> SqliteRecorder {
    SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap()
}

fn filled() -> MemoryRecorder {
    let store = MemoryRecorder::new();
    fill(&store);
    store
}

#[test]
fn a_copy_holds_what_the_source_holds() {
    for page in [1, 40, 4 << 20] {
        let (memory, file, again) = (MemoryRecorder::new(), sqlite(), MemoryRecorder::new());
        let sample = fill(&memory);
        let copied = copy(&memory, &file).page_bytes(page).wait().unwrap();
        assert_eq!((copied.events, copied.compared), (18, 18));
        assert_eq!(copied.source, log(&memory).last().map(Notification::mark));
        assert_eq!(copied.target, log(&file).last().map(Notification::mark));
        are_equal(&memory, &file);
        copy(&file, &again).page_bytes(page).wait().unwrap();
        are_equal(&memory, &again);
        assert!(again.has_commit(sample.plain, sample.chosen).wait().unwrap());
        for id in [sample.forgotten, sample.erased] {
            assert_eq!(copied::keys(&again, vec![id]), [StoredKey::forgotten(id)]);
            let refused = again.append(Commit::new(vec![event(id, 9, "Vault.Used", "")])).wait().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Forgotten);
        }
    }
}

/// A copy asks each store once for all commits of a page, and each store answers as for one commit.
#[test]
fn the_commits_of_a_page_are_looked_for_at_once() {
    let (from, to) = (Faulty::new(sqlite()), Faulty::new(MemoryRecorder::new()));
    let sample = fill(from.inner());
    // The source once for the copy, and both once for the comparison.
    let late = [
        from.faults().fail_before(Call::HasCommit, When::at_call(3), ErrorKind::Storage),
        to.faults().fail_before(Call::HasCommit, When::at_call(2), ErrorKind::Storage),
    ];
    copy(&from, &to).wait().unwrap();
    assert_eq!(late.map(|late| late.strikes()), [0, 0]);
    let asked =
        vec![(sample.plain, CommitId::new()), (sample.plain, sample.chosen), (Uuid::nil(), sample.chosen)];
    assert_eq!(from.inner().has_commits(asked.clone()).wait().unwrap(), [false, true, false]);
    assert_eq!(to.inner().has_commits(asked).wait().unwrap(), [false, true, false]);
}

#[test]
fn a_later_copy_may_leave_out_what_an_earlier_one_compared() {
    let (from, to) = (filled(), sqlite());
    let earlier = copy(&from, &to).wait().unwrap();
    let (source, target) = earlier.source.zip(earlier.target).unwrap();
    let again = copy(&from, &to).compare_after(source, target).wait().unwrap();
    assert_eq!((again.compared, again.source, again.target), (0, Some(source), Some(target)));
    let id = Uuid::now_v7();
    from.append(Commit::new(vec![event(id, 1, "Topic", "x"), event(id, 2, "Topic", "y")])).wait().unwrap();
    let later = copy(&from, &to).compare_after(source, target).wait().unwrap();
    assert_eq!((later.events, later.compared), (2, 2));
    assert_eq!(later.target, log(&to).last().map(Notification::mark));
    to.append(Commit::new(vec![event(id, 3, "Topic", "")])).wait().unwrap();
    let source = later.source.unwrap();
    assert!(
        copy(&from, &to).compare_after(source, later.target.unwrap()).wait().is_err(),
        "the target has more"
    );
    let mixed = copy(&from, &to).compare_after(source, target).wait().unwrap_err();
    assert_eq!(mixed.kind(), ErrorKind::Invalid);
}

#[test]
fn a_copy_into_a_file_holds_what_the_source_holds() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let database = SqliteOptions::file(folder.path().join("copy.db")).open().unwrap();
        database.recorder(&Tables::default()).unwrap()
    };
    let memory = filled();
    copy(&memory, &open()).wait().unwrap();
    are_equal(&memory, &open());
}

#[test]
fn nothing_is_copied_from_nothing() {
    let copied = copy(&MemoryRecorder::new(), &sqlite()).wait().unwrap();
    assert_eq!((copied.events, copied.compared, copied.source, copied.target), (0, 0, None, None));
}

#[test]
fn a_copy_runs_on_an_executor() {
    let (from, to) = (filled(), sqlite());
    futures_executor::block_on(copy(&from, &to).page_bytes(40).into_future()).unwrap();
    are_equal(&from, &to);
    let again = sqlite();
    smol::block_on(copy(&to, &again).into_future()).unwrap();
    are_equal(&from, &again);
}

#[test]
fn large_commits_stay_whole() {
    let from = MemoryRecorder::new();
    for many in [1, 1_500, 3, 5_000, 1] {
        let id = Uuid::now_v7();
        let events = (1..=many).map(|version| event(id, version, "Topic", vec![b'x'; 100])).collect();
        from.append(Commit::new(events)).wait().unwrap();
    }
    // A page of 10,000 bytes holds a hundred of these events.
    let to = Faulty::new(sqlite());
    copy(&from, &to).page_bytes(10_000).wait().unwrap();
    are_equal(&from, to.inner());
    let receipts: Vec<_> =
        copied::commits(&from).into_iter().map(|commit| to.append(commit).wait().unwrap()).collect();
    assert!(receipts.iter().all(Receipt::is_repeated), "each is stored as a whole");
}

#[test]
fn progress_is_seen() {
    let (from, to) = (filled(), MemoryRecorder::new());
    let mut seen = Vec::new();
    let end = log(&from).last().unwrap().mark();
    copy(&from, &to).page_bytes(1).on_progress(|progress| seen.push(*progress)).wait().unwrap();
    for stage in [CopyStage::Copying, CopyStage::Comparing] {
        let counts: Vec<_> = seen.iter().filter(|seen| seen.stage == stage).map(|seen| seen.events).collect();
        assert!(counts.len() > 5 && counts.is_sorted(), "{stage:?}: {counts:?}");
        assert_eq!(counts.last(), Some(&18));
    }
    assert!(seen.iter().all(|seen| seen.end == end && seen.reached.position() <= end.position()));
    let last = seen.last().unwrap();
    assert_eq!((last.stage, last.reached), (CopyStage::Comparing, end));
}

#[test]
fn a_target_keeps_marks_and_keys_or_is_refused() {
    let from = filled();
    let without_marks = Faulty::plain(MemoryRecorder::new()).with_keys();
    let without_keys = Faulty::plain(MemoryRecorder::new()).with_process();
    for (to, named) in [(without_marks, "ProcessRecorder"), (without_keys, "KeyRecorder")] {
        let refused = copy(&from, &to).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config);
        assert!(refused.to_string().contains(named), "{refused}");
    }
}

#[test]
fn a_source_may_keep_no_data_keys() {
    let from = MemoryRecorder::new();
    from.append(Commit::new(vec![event(Uuid::now_v7(), 1, "Topic", "{}")])).wait().unwrap();
    let from = Faulty::plain(from);
    let to = Faulty::plain(MemoryRecorder::new()).with_process();
    copy(&from, &to).wait().unwrap();
    are_equal(&from, &to);
}

#[test]
fn a_mark_is_found_in_the_target() {
    let (from, to) = (filled(), MemoryRecorder::new());
    // The target counts other positions: only as a store by itself, without a copy.
    to.append(Commit::new(vec![event(Uuid::now_v7(), 1, "Account.Paid", "")])).wait().unwrap();
    for commit in copied::commits(&from) {
        to.append(commit).wait().unwrap();
    }
    for (at, entry) in log(&from).into_iter().enumerate() {
        let found = copied_mark(&from, &to, entry.mark()).wait().unwrap().unwrap();
        assert_eq!((found.position().get(), found.commit()), (at as u64 + 2, entry.mark().commit()));
    }
    let elsewhere = log(&to)[0].mark();
    let error = copied_mark(&from, &to, elsewhere).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
    let first = log(&from)[0].mark();
    assert_eq!(copied_mark(&from, &MemoryRecorder::new(), first).wait().unwrap(), None);
}

#[test]
fn a_target_that_is_open_as_an_object_is_a_target() {
    let from: std::sync::Arc<dyn es_runtime::recorder::DynApplicationRecorder> =
        std::sync::Arc::new(filled());
    let to: std::sync::Arc<dyn es_runtime::recorder::DynApplicationRecorder> = std::sync::Arc::new(sqlite());
    copy(&from, &to).wait().unwrap();
    copy(&*from, &*to).wait().unwrap();
    assert_eq!(to.read_log(LogRange::all()).wait().unwrap().entries.len(), 18);
}
