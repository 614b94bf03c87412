//! Forgetting beside other transactions, and by a role that may not.

use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::DataKeyId;
use es_runtime::recorder::{
    AggregateRecorder, Commit, KeyRecorder, ProcessRecorder, StoredKey, Tables, TrackingRecorder,
};
use es_runtime::{ErrorKind, Wait};
use uuid::Uuid;

use super::{Database, cursor, event, notice, open, step, track};
use crate::server::{self, by_hand};

pub(crate) fn a_refused_forgetting_leaves_no_transaction() {
    let Database { schema, .. } = open();
    by_hand(&format!(
        "CREATE ROLE {schema} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {schema};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {schema};
         GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {schema}"
    ));
    let options = server::in_schema(&schema).user(&*schema).without_creating().connections(1);
    let database = options.open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let id = Uuid::now_v7();
    let refused = recorder.forget(id, Commit::new(vec![notice(id, 1)])).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Storage, "{refused}");
    let within = format!(
        "SELECT state FROM pg_stat_activity WHERE usename = '{schema}' AND state LIKE 'idle in transaction%'"
    );
    assert_eq!(by_hand(&within), [""; 0]);
}

/// An append that waits for a transaction opened by hand keeps the lock from forgetting, and others go on meanwhile.
pub(crate) fn appends_go_on_while_forgetting_waits() {
    let Database { recorder, schema, .. } = open();
    track(&recorder);
    let (id, blocked) = (Uuid::now_v7(), Uuid::now_v7());
    let key = StoredKey::new(id, DataKeyId::random(), vec![7]);
    recorder.append(Commit::new(vec![event(id, 1)]).with_keys(vec![key])).wait().unwrap();
    let other = server::in_schema(&schema).open().unwrap().recorder(&Tables::default()).unwrap();
    let holding = server::hold(&format!("SELECT 1 FROM \"{schema}\".tracking FOR UPDATE"), 4.0, "COMMIT");
    let waits = |for_what: &str| {
        let look = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{schema}' AND {for_what}"
        );
        let began = Instant::now();
        while by_hand(&look) != ["1"] {
            assert!(began.elapsed() < Duration::from_secs(3), "nothing waits: {for_what}");
            thread::sleep(Duration::from_millis(5));
        }
    };
    let tracked = recorder.tracked(&cursor()).wait().unwrap();
    thread::scope(|scope| {
        let began = Instant::now();
        let waiting = scope.spawn(|| {
            recorder.append_tracked(Commit::new(vec![event(blocked, 1)]), step(tracked, 3)).wait().unwrap()
        });
        waits("wait_event_type = 'Lock'");
        let forgetting =
            scope.spawn(|| recorder.forget(id, Commit::new(vec![notice(id, 2)])).wait().unwrap());
        waits("query LIKE '%LOCK TABLE%'");
        for _ in 0..20 {
            other.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
        }
        assert!(!waiting.is_finished() && !forgetting.is_finished());
        assert!(began.elapsed() < Duration::from_secs(3), "20 appends took {:?}", began.elapsed());
        waiting.join().unwrap();
        forgetting.join().unwrap();
    });
    holding.join().unwrap();
    assert!(recorder.select_keys(vec![id]).wait().unwrap()[0].is_forgotten());
}
