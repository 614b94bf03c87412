//! Roles: the rights that they need, and settings that they bring.

use std::sync::Arc;
use std::time::Duration;

use es_runtime::id::DataKeyId;
use es_runtime::recorder::{
    AggregateRecorder, ColumnType, Commit, Cursor, EventRange, EventTable, KeyRecorder, SnapshotRecorder,
    StoredKey, Tables, TrackingRecorder,
};
use es_runtime::{Application, ErrorKind, Wait};
use uuid::Uuid;

use super::{Database, event, log, notice, open};
use crate::server::{self, by_hand};

/// The rights that the script lists are enough for what they are listed for, and no more.
pub(crate) fn a_role_with_the_listed_rights_is_enough() {
    let schema = server::new_schema();
    let tables = Tables::default();
    let script = server::in_schema(&schema).script(&tables).unwrap();
    by_hand(&script);
    by_hand(&format!("CREATE ROLE {schema} LOGIN"));
    let lists: Vec<_> = script.split(" needs").skip(1).collect();
    let [to_store, to_renew, to_forget, to_read] = lists[..] else { panic!("{script}") };
    let grant = |list| grants_of(list).for_each(|grant| drop(by_hand(&grant.replace("your_role", &schema))));
    grant(to_store);
    let database = server::in_schema(&schema).user(&*schema).without_creating().open().unwrap();
    let recorder = database.recorder(&tables).unwrap();
    let id = Uuid::now_v7();
    let key = StoredKey::new(id, DataKeyId::random(), vec![7]);
    let commit = |events| Commit::new(events).with_keys(vec![key.clone()]);
    recorder.append(commit(vec![event(id, 1)])).wait().unwrap();
    recorder.append(commit(vec![event(id, 2), event(id, 3)])).wait().unwrap();
    super::track(&recorder);
    let snapshots = database.snapshots(&tables).unwrap();
    snapshots.put(event(id, 3)).wait().unwrap();
    snapshots.clear(id).wait().unwrap();
    assert_eq!(log(&recorder).len(), 3);
    let lacks = |refused: es_runtime::Error| {
        assert_eq!(refused.kind(), ErrorKind::Storage, "{refused}");
        assert!(refused.to_string().contains("lacks a right"), "{refused}");
    };
    let renewed = StoredKey::new(id, key.key().unwrap(), vec![8]);
    lacks(recorder.replace_key(key.clone(), renewed.clone()).wait().unwrap_err());
    grant(to_renew);
    assert!(recorder.replace_key(key.clone(), renewed).wait().unwrap());
    lacks(recorder.forget(id, Commit::new(vec![notice(id, 4)])).wait().unwrap_err());
    assert_eq!(log(&recorder).len(), 3, "a notice is stored, and the key is not destroyed");
    recorder.append(commit(vec![event(id, 4)])).wait().expect("the aggregate is not forgotten");
    by_hand(&format!("REVOKE UPDATE ON {schema}.data_keys FROM {schema}"));
    grant(to_forget);
    let may_change = format!("SELECT has_table_privilege('{schema}', '{schema}.stored_events', 'UPDATE')");
    assert_eq!(by_hand(&may_change), ["f"], "without columns of the user's own, forgetting changes no event");
    recorder.forget(id, Commit::new(vec![notice(id, 5)])).wait().unwrap();
    assert_eq!(recorder.select_keys(vec![id]).wait().unwrap(), [StoredKey::forgotten(id)]);
    let reader = format!("{schema}_reader");
    by_hand(&format!("CREATE ROLE {reader} LOGIN"));
    grants_of(to_read).for_each(|grant| drop(by_hand(&grant.replace("your_role", &reader))));
    let database = server::in_schema(&schema).user(&*reader).without_creating().open().unwrap();
    let recorder = Arc::new(database.recorder(&tables).unwrap());
    let snapshots = Arc::new(database.snapshots(&tables).unwrap());
    assert_eq!(log(&recorder).len(), 5);
    assert_eq!(recorder.select(id, EventRange::all()).wait().unwrap().events.len(), 5);
    recorder.tracked(&Cursor::new("reader", "log").unwrap()).wait().unwrap();
    lacks(recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap_err());
    lacks(recorder.forget(id, Commit::new(vec![notice(id, 6)])).wait().unwrap_err());
    lacks(snapshots.clear(id).wait().unwrap_err());
    Application::on(recorder)
        .snapshots_in(snapshots)
        .open()
        .wait()
        .expect("an application opens that only reads");
}

/// With columns of the user's own, the script also lists the right to empty them.
pub(crate) fn a_role_that_empties_own_columns_needs_one_right_more() {
    let schema = server::new_schema();
    let events = EventTable::stored_events("stored_events").unwrap();
    let tables = Tables::default().with_events(events.with_column("note", ColumnType::Text).unwrap());
    let script = server::in_schema(&schema).script(&tables).unwrap();
    by_hand(&script);
    by_hand(&format!("CREATE ROLE {schema} LOGIN"));
    let to_use = script.split("-- A role that only reads").next().unwrap();
    let (to_forget, to_empty) = to_use.split_once("-- To empty columns").unwrap();
    let grant = |list| grants_of(list).for_each(|grant| drop(by_hand(&grant.replace("your_role", &schema))));
    grant(to_forget);
    let database = server::in_schema(&schema).user(&*schema).without_creating().open().unwrap();
    let recorder = database.recorder(&tables).unwrap();
    let id = Uuid::now_v7();
    let mut filled = event(id, 1);
    filled.columns = [("note".into(), "seven".into())].into_iter().collect();
    recorder.append(Commit::new(vec![filled])).wait().unwrap();
    let forget = || recorder.forget(id, Commit::new(vec![notice(id, 2)])).wait();
    let refused = forget().unwrap_err();
    assert!(refused.to_string().contains("`note`"), "{refused}");
    grant(to_empty);
    forget().unwrap();
}

/// Returns the statements that a list of rights consists of.
fn grants_of(list: &str) -> impl Iterator<Item = String> {
    list.lines().filter_map(|line| line.strip_prefix("-- GRANT")).map(|grant| format!("GRANT{grant}"))
}

pub(crate) fn a_read_only_role_is_refused_as_unavailable() {
    let Database { schema, .. } = open();
    by_hand(&format!(
        "CREATE ROLE {schema} LOGIN SUPERUSER; ALTER ROLE {schema} SET default_transaction_read_only = on"
    ));
    let recorder = server::in_schema(&schema).user(&*schema).timeout(Duration::from_millis(300));
    let recorder = recorder.open().unwrap().recorder(&Tables::default()).unwrap();
    let refused = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.to_string().contains("name the primary"), "{refused}");
}

pub(crate) fn an_unknown_database_or_role_is_refused_as_configuration() {
    for options in [server::in_schema("x").user("nobody_of_this_name"), server::at(None, Some("none"))] {
        let refused = options.open().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
    }
}

/// A session waits for the disk at each commit. A role may ask for more, or for less than its replicas.
pub(crate) fn commits_wait_for_the_disk_whatever_the_role_asks() {
    let Database { schema, .. } = open();
    by_hand(&format!(
        "ALTER TABLE {schema}.stored_events ADD COLUMN waits text DEFAULT current_setting('synchronous_commit')"
    ));
    for (asked, found) in [("off", "on"), ("remote_apply", "remote_apply"), ("local", "local")] {
        let role = format!("{schema}_{asked}");
        by_hand(&format!(
            "CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET synchronous_commit = '{asked}'"
        ));
        let recorder = server::in_schema(&schema).user(&*role).open().unwrap();
        let recorder = recorder.recorder(&Tables::default()).unwrap();
        for version in 1..=2 {
            recorder.append(Commit::new(vec![event(Uuid::now_v7(), version)])).wait().unwrap();
        }
        let waits = by_hand(&format!("DELETE FROM {schema}.stored_events RETURNING waits"));
        assert_eq!(waits, [found, found], "{asked}");
    }
}
