//! The writers: what they remember, the order that they keep, and the time that they take.

use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::{CommitId, DataKeyId};
use es_runtime::recorder::{
    AggregateRecorder, ColumnType, Commit, EventTable, KeyRecorder, PostgresRecorder, ProcessRecorder,
    StoredKey, Tables, TrackingRecorder,
};
use es_runtime::{Error, ErrorKind, Wait};
use uuid::Uuid;

use super::{Database, cursor, event, log, notice, open, step};
use crate::server::{self, by_hand};

/// Inserts a row by hand, and takes it back after so many seconds. Returns once the row is there.
fn occupy(schema: &str, id: Uuid, position: u64, seconds: f64) -> thread::JoinHandle<()> {
    let row = format!(
        "INSERT INTO \"{schema}\".stored_events (log_position, version, id, commit_id, slice, once, topic, state)
         VALUES ({position}, 1, '{id}', gen_random_uuid(), 0, false, 'Topic', '')"
    );
    server::hold(&row, seconds, "ROLLBACK")
}

fn follow(recorder: &PostgresRecorder, ids: &[Uuid], version: u64) -> Result<(), ErrorKind> {
    let events = ids.iter().map(|id| event(*id, version)).collect();
    let stored = recorder.append(Commit::new(events).without_gaps()).wait();
    stored.map(|_| ()).map_err(|error| error.kind())
}

/// A session remembers what it saw stored, and learns that the table is another one, or was emptied.
pub(crate) fn a_gap_is_seen_after_somebody_empties_or_replaces_the_table() {
    let Database { recorder, schema, .. } = open();
    let table = format!("\"{schema}\".stored_events");
    let replaced = format!(
        "CREATE TABLE \"{schema}\".other (LIKE {table} INCLUDING ALL);
         ALTER TABLE {table} RENAME TO kept; ALTER TABLE \"{schema}\".other RENAME TO stored_events"
    );
    for change in [format!("TRUNCATE {table}"), replaced] {
        for many in [1, 2] {
            let ids: Vec<Uuid> = (0..many).map(|_| Uuid::now_v7()).collect();
            for version in 1..=3 {
                follow(&recorder, &ids, version).unwrap();
            }
            let (others, last) = (vec![Uuid::now_v7(); 1], 4);
            follow(&recorder, &others, 1).unwrap();
            by_hand(&change);
            assert_eq!(follow(&recorder, &ids, last), Err(ErrorKind::Conflict), "{many} after {change}");
            assert_eq!(follow(&recorder, &others, 2), Err(ErrorKind::Conflict), "{many} after {change}");
            follow(&recorder, &others, 1).unwrap();
            follow(&recorder, &others, 2).unwrap();
            if change.contains("RENAME") {
                by_hand(&format!(
                    "DROP TABLE {table}; ALTER TABLE \"{schema}\".kept RENAME TO stored_events"
                ));
            }
        }
    }
}

/// The second event of an aggregate waits for the first, even while the first waits for the server.
pub(crate) fn commits_of_one_aggregate_keep_their_order() {
    let Database { recorder, schema, .. } = open();
    let (id, free) = (Uuid::now_v7(), Uuid::now_v7());
    let occupied = occupy(&schema, id, 1, 0.6);
    let later = |id: Uuid, version: u64, after: u64| {
        let recorder = recorder.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(after));
            let began = Instant::now();
            (follow(&recorder, &[id], version), began.elapsed())
        })
    };
    let commits: Vec<_> = (1..=4).map(|version| later(id, version, version * 30)).collect();
    let (others, _) = later(free, 1, 200).join().unwrap();
    assert_eq!(others, Ok(()), "another aggregate goes on");
    assert!(!occupied.is_finished(), "the first writer still waits");
    for commit in commits {
        assert_eq!(commit.join().unwrap().0, Ok(()));
    }
    occupied.join().unwrap();
    assert_eq!(log(&recorder).len(), 5);
}

/// Both writers wait for the server; the commits behind them are answered in their time.
pub(crate) fn a_commit_that_waits_for_others_is_answered_in_time() {
    const TIME: Duration = Duration::from_secs(1);
    let schema = server::new_schema();
    let handle = server::in_schema(&schema).timeout(TIME).open().unwrap();
    let recorder = handle.recorder(&Tables::default()).unwrap();
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    let occupied = [(ids[0], 1), (ids[1], 2)].map(|(id, at)| occupy(&schema, id, at, 8.0));
    let callers: Vec<_> = (0..12)
        .map(|number| {
            let recorder = recorder.clone();
            thread::sleep(Duration::from_millis(40));
            thread::spawn(move || {
                let began = Instant::now();
                let id = ids.get(number).copied().unwrap_or_else(Uuid::now_v7);
                (id, follow(&recorder, &[id], 1), began.elapsed())
            })
        })
        .collect();
    let answers: Vec<_> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    assert!(occupied.iter().all(|one| !one.is_finished()), "the places were free too early");
    for (id, answer, took) in &answers {
        assert!(*took < TIME + Duration::from_secs(3), "{took:?} for an answer within {TIME:?}");
        assert!(matches!(answer, Ok(()) | Err(ErrorKind::Timeout)), "{answer:?}");
        if ids.contains(id) {
            assert_eq!(*answer, Err(ErrorKind::Timeout));
        }
    }
    let stored = answers.iter().filter(|(_, answer, _)| answer.is_ok()).count();
    for one in occupied {
        one.join().unwrap();
    }
    assert_eq!(log(&recorder).len(), stored);
}

/// An index of the user's own refuses a commit, and the commit is not tried again.
pub(crate) fn a_unique_column_of_the_user_refuses_at_once() {
    let schema = server::new_schema();
    let events = EventTable::stored_events("stored_events").unwrap();
    let tables = Tables::default().with_events(events.with_column("note", ColumnType::Text).unwrap());
    let recorder = server::in_schema(&schema).open().unwrap().recorder(&tables).unwrap();
    by_hand(&format!("CREATE UNIQUE INDEX ON \"{schema}\".stored_events (note)"));
    let noted = |version| {
        let mut noted = event(Uuid::now_v7(), version);
        noted.columns = [("note".into(), "one".into())].into_iter().collect();
        noted
    };
    recorder.append(Commit::new(vec![noted(1)])).wait().unwrap();
    let drawn = || {
        let last = format!("SELECT pg_sequence_last_value('\"{schema}\".stored_events_block'::regclass)");
        by_hand(&last)[0].parse::<i64>().unwrap()
    };
    for events in [vec![noted(1)], vec![noted(1), event(Uuid::now_v7(), 1)]] {
        let before = drawn();
        let refused = recorder.append(Commit::new(events)).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
        assert!(refused.to_string().contains("note"), "{refused}");
        assert!(drawn() - before < 4, "{} attempts", drawn() - before);
    }
    assert_eq!(log(&recorder).len(), 1);
}

/// A trigger leaves rows out: the commit is refused as a whole, and so is forgetting without its notice.
pub(crate) fn rows_that_a_trigger_leaves_out_refuse_the_commit() {
    let Database { recorder, schema, .. } = open();
    let key = |id| StoredKey::new(id, DataKeyId::random(), vec![7]);
    let known = key(Uuid::now_v7());
    let first = Commit::new(vec![event(known.aggregate(), 1)]).with_keys(vec![known.clone()]);
    recorder.append(first).wait().unwrap();
    by_hand(&format!(
        "CREATE FUNCTION {schema}.leave() RETURNS trigger LANGUAGE plpgsql
             AS 'BEGIN IF new.version % 2 = 0 THEN RETURN NULL; END IF; RETURN new; END';
         CREATE TRIGGER leaves BEFORE INSERT ON {schema}.stored_events
             FOR EACH ROW EXECUTE FUNCTION {schema}.leave()"
    ));
    let id = Uuid::now_v7();
    let refused = |answer: Result<(), Error>| {
        let refused = answer.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Schema, "{refused}");
        let numbers = ["took 0 of 1 rows", "took 2 of 3 rows"];
        let shown = refused.to_string();
        assert!(shown.contains("leaves rows out"), "{shown}");
        assert!(numbers.iter().any(|took| shown.contains(took)), "{shown}");
    };
    for events in [vec![event(id, 2)], vec![event(id, 1), event(id, 2), event(Uuid::now_v7(), 3)]] {
        refused(recorder.append(Commit::new(events.clone())).wait().map(drop));
        refused(recorder.append(Commit::once(CommitId::new(), events.clone())).wait().map(drop));
        let tracked = recorder.append_tracked(Commit::new(events), step(None, 1));
        refused(tracked.wait().map(drop));
    }
    refused(
        recorder.forget(known.aggregate(), Commit::new(vec![notice(known.aggregate(), 2)])).wait().map(drop),
    );
    assert!(recorder.tracked(&cursor()).wait().unwrap().is_none(), "a step is recorded without its events");
    assert_eq!(recorder.select_keys(vec![known.aggregate()]).wait().unwrap(), [known]);
    assert_eq!(log(&recorder).len(), 1);
    recorder.append(Commit::new(vec![event(id, 1), event(id, 3)])).wait().unwrap();
    assert_eq!(log(&recorder).len(), 3);
}

/// The sequence begins again, and has drawn nothing: the error names the remedy, and the remedy helps.
pub(crate) fn a_sequence_that_begins_again_is_refused_with_the_remedy() {
    let Database { recorder, schema, .. } = open();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    by_hand(&format!("TRUNCATE {schema}.stored_events RESTART IDENTITY"));
    let refused = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
    let at_start = server::in_schema(&schema).open().unwrap().recorder(&Tables::default()).unwrap_err();
    assert_eq!(at_start.to_string(), refused.to_string());
    by_hand(refused.to_string().split_once("run ").unwrap().1);
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    assert_eq!(log(&recorder).len(), 1);
}

/// The settings of a role change nothing of what the statements mean.
pub(crate) fn a_role_with_old_strings_forgets() {
    let Database { recorder, schema, .. } = open();
    let key = StoredKey::new(Uuid::now_v7(), DataKeyId::random(), vec![7]);
    let id = key.aggregate();
    recorder.append(Commit::new(vec![event(id, 1)]).with_keys(vec![key])).wait().unwrap();
    by_hand(&format!(
        "CREATE ROLE {schema} LOGIN SUPERUSER; ALTER ROLE {schema} SET standard_conforming_strings = off"
    ));
    let old = server::in_schema(&schema).user(&*schema).open().unwrap();
    let old = old.recorder(&Tables::default()).unwrap();
    old.forget(id, Commit::new(vec![notice(id, 2)])).wait().unwrap();
    assert!(recorder.select_keys(vec![id]).wait().unwrap()[0].is_forgotten());
}

/// The sequence goes round: nothing is stored at the place before the first.
pub(crate) fn a_sequence_that_goes_round_stores_nothing() {
    for many in [1, 2] {
        let Database { recorder, schema, .. } = open();
        let commit = || Commit::new((1..=many).map(|version| event(Uuid::from_u128(7), version)).collect());
        recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
        let block = format!("{schema}.stored_events_block");
        by_hand(&format!("ALTER SEQUENCE {block} MAXVALUE 100 CYCLE; SELECT setval('{block}', 100)"));
        let refused = recorder.append(commit()).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
        assert_eq!(by_hand(&format!("SELECT count(*) FROM {schema}.stored_events")), ["1"]);
        by_hand(refused.to_string().split_once("run ").unwrap().1);
        recorder.append(commit()).wait().unwrap();
        assert_eq!(log(&recorder).len() as u64, 1 + many);
    }
}
