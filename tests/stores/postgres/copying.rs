//! Copies into PostgreSQL, out of it, and from one schema into another.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::{Mark, Position};
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, KeyRecorder, LogRange, MemoryRecorder,
    PostgresRecorder, ProcessRecorder, Receipt, SqliteOptions, SqliteRecorder, Step, StoredKey, Tables,
    TrackingRecorder, copied_mark, copy,
};
use es_runtime::testing::faults::{Call, Faulty, When};
use es_runtime::{Application, ErrorKind, Wait, aggregate, mutator};
use uuid::Uuid;

use super::copied::{self, are_equal, commits, event, fill, key};
use super::{Database, log, open};
use crate::server::{self, by_hand};

fn sqlite() -> SqliteRecorder {
    SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap()
}

pub(crate) fn from_sqlite_and_back() {
    for page in [1, 9, 4 << 20] {
        let (file, Database { recorder, .. }, back) = (sqlite(), open(), sqlite());
        let sample = fill(&file);
        assert_eq!(copy(&file, &recorder).page_bytes(page).wait().unwrap().compared, 18);
        are_equal(&file, &recorder);
        copy(&recorder, &back).page_bytes(page).wait().unwrap();
        are_equal(&file, &back);
        for id in [sample.forgotten, sample.erased] {
            assert_eq!(copied::keys(&recorder, vec![id]), [StoredKey::forgotten(id)]);
        }
        assert!(recorder.has_commit(sample.plain, sample.chosen).wait().unwrap());
        let asked =
            [(sample.plain, CommitId::new()), (sample.plain, sample.chosen), (Uuid::nil(), sample.chosen)];
        assert_eq!(recorder.has_commits(asked.to_vec()).wait().unwrap(), [false, true, false]);
    }
}

pub(crate) fn into_another_schema() {
    let (one, other) = (open(), open());
    fill(&one.recorder);
    copy(&one.recorder, &other.recorder).wait().unwrap();
    are_equal(&one.recorder, &other.recorder);
    // Only commits with chosen ids stand in the index of chosen ids.
    let chosen = by_hand(&format!("SELECT count(*) FROM \"{}\".stored_events WHERE once", other.schema));
    assert_eq!(chosen, ["3"]);
    // Positions differ from those of a file; a mark is found by its commit.
    let file = sqlite();
    copy(&other.recorder, &file).wait().unwrap();
    for entry in log(&other.recorder) {
        let found = copied_mark(&other.recorder, &file, entry.mark()).wait().unwrap().unwrap();
        assert_eq!(found.commit(), entry.mark().commit());
        let again = copied_mark(&file, &other.recorder, found).wait().unwrap();
        assert_eq!(again, Some(entry.mark()));
    }
}

pub(crate) fn many_commits_go_together_and_large_ones_stay_whole() {
    let (file, Database { recorder, schema, .. }) = (sqlite(), open());
    let ids = [(); 3].map(|()| Uuid::now_v7());
    for (round, id) in (1..=400).zip(ids.into_iter().cycle()) {
        file.append(Commit::new(vec![event(id, round, "Topic", vec![b'x'; 50])])).wait().unwrap();
    }
    for many in [1_500, 5_000] {
        let id = Uuid::now_v7();
        let events = (1..=many).map(|version| event(id, version, "Topic", vec![b'x'; 100])).collect();
        file.append(Commit::new(events)).wait().unwrap();
    }
    file.append(Commit::new(vec![event(ids[0], 900, "Topic", "")])).wait().unwrap();
    copy(&file, &recorder).page_bytes(10_000).wait().unwrap();
    are_equal(&file, &recorder);
    for commit in commits(&file) {
        assert!(recorder.append(commit).wait().unwrap().is_repeated(), "each is stored as a whole");
    }
    let transactions = by_hand(&format!(
        "SELECT count(DISTINCT xmin::text) FROM \"{schema}\".stored_events WHERE octet_length(state) = 50"
    ));
    let transactions: u64 = transactions[0].parse().unwrap();
    assert!(transactions < 20, "400 commits took {transactions} transactions");
}

/// Commits with data keys of the same aggregates go together, too.
pub(crate) fn keyed_commits_go_together() {
    let (file, Database { recorder, schema, .. }, id) = (sqlite(), open(), Uuid::now_v7());
    for round in 1..=200 {
        let commit = Commit::new(vec![event(id, round, "Topic", "x")]).with_keys(vec![key(id)]);
        file.append(commit).wait().unwrap();
    }
    copy(&file, &recorder).wait().unwrap();
    are_equal(&file, &recorder);
    let transactions = by_hand(&format!("SELECT count(DISTINCT xmin::text) FROM \"{schema}\".stored_events"));
    assert_eq!(transactions, ["1"]);
}

pub(crate) fn a_copy_killed_at_any_call_goes_on() {
    for (is_after, kind) in
        [(false, ErrorKind::Storage), (true, ErrorKind::Storage), (true, ErrorKind::OutcomeUnknown)]
    {
        for number in 1_u64.. {
            let source = MemoryRecorder::new();
            fill(&source);
            let to = Faulty::new(open().recorder);
            let (faults, at) = (to.faults(), When::at_call(number));
            let call = if kind == ErrorKind::OutcomeUnknown { Call::Append } else { Call::Any };
            let fault =
                if is_after { faults.fail_after(call, at, kind) } else { faults.fail_before(call, at, kind) };
            let copied = copy(&source, &to).page_bytes(16).wait();
            assert!(fault.strikes() > 0 || copied.is_ok(), "{copied:?}");
            faults.all_off();
            copy(&source, &to).wait().unwrap();
            are_equal(&source, to.inner());
            if fault.strikes() == 0 {
                assert!(number > 5, "the copy called the target {} times", number - 1);
                break;
            }
        }
    }
}

pub(crate) fn a_copy_survives_cut_connections() {
    let (file, Database { recorder, schema, .. }) = (sqlite(), open());
    for round in 0..3_000_u64 {
        let commit = Commit::new(vec![event(
            Uuid::from_u128(u128::from(round % 40)),
            round,
            "Topic",
            vec![b'x'; 200],
        )]);
        file.append(commit).wait().unwrap();
    }
    let is_done = AtomicBool::new(false);
    let cut = thread::scope(|scope| {
        let cutting = scope.spawn(|| {
            let mut cut = 0;
            while !is_done.load(Ordering::SeqCst) {
                let ours = format!("FROM pg_stat_activity WHERE application_name = '{schema}'");
                cut += by_hand(&format!("SELECT pg_terminate_backend(pid) {ours}")).len();
                thread::sleep(Duration::from_millis(60));
            }
            cut
        });
        let began = Instant::now();
        while let Err(error) = copy(&file, &recorder).page_bytes(4_000).wait() {
            let is_expected = error.is_transient() || error.kind() == ErrorKind::Conflict;
            assert!(is_expected, "{:?}: {error}", error.kind());
            if began.elapsed() > Duration::from_secs(20) {
                break;
            }
        }
        is_done.store(true, Ordering::SeqCst);
        cutting.join().unwrap()
    });
    assert!(cut > 5, "only {cut} connections were cut");
    copy(&file, &recorder).wait().unwrap();
    are_equal(&file, &recorder);
}

pub(crate) fn of_two_copies_one_goes_on() {
    let file = sqlite();
    fill(&file);
    let mut conflicts = 0;
    for _ in 0..5 {
        let to = server::new_schema();
        let targets: Vec<PostgresRecorder> = (0..2)
            .map(|_| server::in_schema(&to).open().unwrap().recorder(&Tables::default()).unwrap())
            .collect();
        let ended: Vec<_> = thread::scope(|scope| {
            let copying: Vec<_> =
                targets.iter().map(|to| scope.spawn(|| copy(&file, to).page_bytes(1).wait())).collect();
            copying.into_iter().map(|copying| copying.join().unwrap()).collect()
        });
        let kinds: Vec<_> =
            ended.iter().filter_map(|ended| ended.as_ref().err()).map(es_runtime::Error::kind).collect();
        assert!(kinds.len() < 2 && kinds.iter().all(|kind| *kind == ErrorKind::Conflict), "{ended:?}");
        conflicts += kinds.len();
        copy(&file, &targets[0]).wait().unwrap();
        are_equal(&file, &targets[0]);
    }
    assert!(conflicts > 0, "no copy met another one");
}

pub(crate) fn a_target_with_events_of_others_is_refused_with_the_remedy() {
    let (file, Database { recorder, .. }) = (sqlite(), open());
    fill(&file);
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1, "Mine", "")])).wait().unwrap();
    let refused = copy(&file, &recorder).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert!(refused.to_string().contains("another schema"), "{refused}");
}

/// Several commits by one statement get the same answers as one after the other.
pub(crate) fn several_commits_are_judged_as_one_after_the_other() {
    let answers = |recorder: &dyn Fn(Vec<(Commit, Step)>) -> Result<Vec<bool>, ErrorKind>| {
        let id = Uuid::from_u128(5);
        let commit = |number: u128, version| {
            (
                Commit::with_id(
                    CommitId::from_uuid(Uuid::from_u128(number)),
                    vec![event(id, version, "T", "")],
                ),
                number,
            )
        };
        let chain = |commits: Vec<(Commit, u128)>, mut from: Option<u64>| -> Vec<(Commit, Step)> {
            let mark = |number: u64| {
                let commit = CommitId::from_uuid(Uuid::from_u128(u128::from(number)));
                es_runtime::id::Mark::new(es_runtime::id::Position::new(number).unwrap(), commit)
            };
            let step = |(commit, number): (Commit, u128)| {
                let to = u64::try_from(number).unwrap();
                let step = Step::new(copied::cursor(), from.map(mark), mark(to)).unwrap();
                from = Some(to);
                (commit, step)
            };
            commits.into_iter().map(step).collect()
        };
        let first = chain(vec![commit(1, 1), commit(2, 2)], None);
        let gapless =
            chain(vec![(commit(3, 3).0.without_gaps(), 3), (commit(4, 4).0.without_gaps(), 4)], Some(2));
        let twice = chain(vec![commit(5, 5), commit(6, 5)], Some(4));
        let late = chain(vec![commit(7, 7), commit(8, 8)], Some(2));
        let mut keyed = chain(vec![commit(9, 9), commit(10, 10)], Some(5));
        keyed[0].0 = keyed[0].0.clone().with_keys(vec![key(id)]);
        let empty = chain(vec![(Commit::new(Vec::new()), 11), commit(12, 12)], Some(9));
        let order = [first.clone(), first, gapless, twice, late, keyed, empty];
        order.map(recorder)
    };
    let (memory, Database { recorder, .. }, file) = (MemoryRecorder::new(), open(), sqlite());
    let expected = answers(&ask(&memory));
    assert_eq!(answers(&ask(&recorder)), expected, "on PostgreSQL");
    assert_eq!(
        recorder.tracked(&copied::cursor()).wait().unwrap(),
        memory.tracked(&copied::cursor()).wait().unwrap()
    );
    are_equal(&memory, &recorder);
    // A file stores all or nothing, where memory stores the commits before the refused one.
    assert_eq!(answers(&ask(&file))[..3], expected[..3]);
}

/// A reader that waits for a transaction opened by hand keeps neither other readers waiting nor changes of aggregates.
pub(crate) fn steps_of_one_reader_keep_no_other_waiting() {
    let Database { recorder, schema, .. } = open();
    let mark = |number| Mark::new(Position::new(number).unwrap(), CommitId::new());
    let store = |reader: &str, from: Option<Mark>| {
        let cursor = Cursor::new(reader.to_owned(), "source").unwrap();
        let mut from = from;
        let commits = (0..2).map(|_| {
            let to = mark(from.map_or(1, |from| from.position().get() + 1));
            let step = Step::new(cursor.clone(), from.replace(to), to).unwrap();
            (Commit::new(vec![event(Uuid::now_v7(), 1, "T", "")]), step)
        });
        recorder.append_tracked_all(commits.collect()).wait().unwrap();
        from
    };
    let reached = store("waiting", None);
    let statements =
        format!("BEGIN; SELECT 1 FROM \"{schema}\".tracking FOR UPDATE; SELECT pg_sleep(2); COMMIT");
    let holding = thread::spawn(move || drop(by_hand(&statements)));
    thread::sleep(Duration::from_millis(200));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| store("waiting", reached));
        thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished());
        // Readers of the same turn wait for each other: few of many.
        let others: Vec<_> =
            (0..4).map(|number| scope.spawn(move || store(&format!("reader {number}"), None))).collect();
        let key = StoredKey::new(Uuid::nil(), es_runtime::id::DataKeyId::random(), vec![7]);
        recorder.replace_key(key.clone(), key).wait().unwrap();
        let began = Instant::now();
        while !others.iter().any(thread::ScopedJoinHandle::is_finished)
            && began.elapsed() < Duration::from_secs(1)
        {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(others.iter().any(thread::ScopedJoinHandle::is_finished), "all readers wait for one");
        assert!(!waiting.is_finished() && !holding.is_finished());
    });
    holding.join().unwrap();
}

fn ask<R: ProcessRecorder>(store: &R) -> impl Fn(Vec<(Commit, Step)>) -> Result<Vec<bool>, ErrorKind> {
    |commits| {
        let stored = store.append_tracked_all(commits).wait();
        stored
            .map(|receipts| receipts.iter().map(Receipt::is_repeated).collect())
            .map_err(|error| error.kind())
    }
}

#[aggregate]
#[derive(Debug)]
struct Purse {
    coins: u64,
}

#[mutator]
impl Purse {
    #[event(PurseOpened)]
    fn open() -> Self {
        Self { coins: 0 }
    }

    #[event(CoinAdded)]
    fn add(&mut self, coins: u64) {
        self.coins += coins;
    }
}

pub(crate) fn an_encrypted_application_moves_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mapper = || Mapper::new().with_data_keys(AesGcm::new(&Key::from_bytes(&[7; 32]).unwrap()));
    let open = |uri: &str| Application::builder(uri).mapper(mapper()).open().wait().unwrap();
    let schema = server::new_schema();
    let join = if server::uri().contains('?') { '&' } else { '?' };
    let old = open(&file_uri(folder.path()));
    let new = open(&format!("{}{join}schema={schema}", server::uri()));
    let (mut kept, mut gone) = (Purse::open(), Purse::open());
    kept.add(7);
    gone.add(9);
    old.save((&mut kept, &mut gone)).wait().unwrap();
    copy(old.recorder(), new.recorder()).wait().unwrap();
    old.forget(gone.id()).wait().unwrap();
    old.execute(kept.id(), |purse: &mut Purse| purse.add(1)).wait().unwrap();
    copy(old.recorder(), new.recorder()).wait().unwrap();
    assert_eq!(new.get(kept.id()).wait().unwrap().coins, 8);
    assert_eq!(new.get(gone.id()).wait().unwrap_err().kind(), ErrorKind::Forgotten);
    let rows = new.recorder().read_log(LogRange::all()).wait().unwrap().entries;
    assert!(rows.iter().all(|row| !String::from_utf8_lossy(&row.event.state).contains("coins")));
    new.execute(kept.id(), |purse: &mut Purse| purse.add(2)).wait().unwrap();
    assert_eq!(new.get(kept.id()).wait().unwrap().coins, 10);
    assert!(new.recorder().as_keys().unwrap().sample_keys().wait().unwrap().len() == 1);
}

fn file_uri(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("purses.db").display())
}
