//! The state at a time, found with the help of snapshots.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use es_runtime::clock::Timestamp;
use es_runtime::recorder::{EventRange, MemoryRecorder, SnapshotRecorder};
use es_runtime::testing::ManualClock;
use es_runtime::{Application, Wait};

use crate::account::{Account, open};

use super::breakable::*;
use super::*;

#[test]
fn a_time_before_the_snapshot_does_not_begin_with_it() {
    for app in apps(|builder| builder.snapshot_every::<Account>(2)) {
        let clock = ManualClock::default();
        let _guard = clock.install();
        let mut account = open();
        for _ in 0..5 {
            clock.advance(Duration::from_secs(1));
            account.deposit(1);
            app.save(&mut account).wait().unwrap();
        }
        assert_eq!(versions(&app, &account), [2, 4, 6]);
        for seconds in 0_u32..6 {
            let at: Timestamp = ManualClock::START + Duration::from_secs(seconds.into());
            let then = app.get_at(account.id(), at).wait().unwrap();
            assert_eq!(then.balance, i64::from(seconds));
        }
    }
}

/// Makes an account with 64 versions, one a second, each in a save of its own.
fn one_a_second(app: &Application, clock: &ManualClock) -> Account {
    let mut account = open();
    for _ in 1..=64 {
        app.save(&mut account).wait().unwrap();
        clock.advance(Duration::from_secs(1));
        account.deposit(1);
    }
    account
}

#[test]
fn a_time_is_found_among_many_snapshots_with_few_reads() {
    let (app, snapshots, told) =
        told(Arc::new(MemoryRecorder::new()), |builder| builder.snapshot_every::<Account>(1));
    let clock = ManualClock::default();
    let _guard = clock.install();
    let account = one_a_second(&app, &clock);
    let id = account.id();
    let of_version = |version: u64| ManualClock::START + Duration::from_secs(version - 1);
    let at = |version: u64| {
        snapshots.reads.store(0, Ordering::Relaxed);
        let then = app.get_at(id, of_version(version)).wait().unwrap();
        assert_eq!((then.version().get(), then.balance.unsigned_abs()), (version, version - 1));
        snapshots.reads.load(Ordering::Relaxed)
    };
    for version in 1..=64 {
        let reads = at(version);
        assert!(reads <= 8, "{reads} reads for version {version}");
    }
    snapshots.reads.store(0, Ordering::Relaxed);
    app.get(id).wait().unwrap();
    assert_eq!(snapshots.reads.load(Ordering::Relaxed), 1, "the newest is found at once");

    // If a snapshot cannot be used, the repository replays events instead.
    let rows = snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap();
    for broken in [&rows[..20], &rows[20..40], &rows[30..33], &rows[..]] {
        for change in ["{\"fp\":12345,\"other\":", "broken"] {
            for row in broken {
                let text = String::from_utf8(row.state.clone()).unwrap();
                let mut row = row.clone();
                row.state = text.replacen("{\"fp\":", change, 1).into_bytes();
                snapshots.store.put(row).wait().unwrap();
            }
            for version in 1..=64 {
                let reads = at(version);
                assert!(reads <= 8, "{reads} reads for version {version}");
            }
            assert_eq!(told.lock().unwrap().is_empty(), change != "broken");
            told.lock().unwrap().clear();
            for row in broken {
                snapshots.store.put(row.clone()).wait().unwrap();
            }
        }
    }
}

#[test]
fn after_a_release_the_snapshots_since_then_are_found_by_time() {
    let (app, snapshots, _) =
        told(Arc::new(MemoryRecorder::new()), |builder| builder.snapshot_every::<Account>(1));
    let clock = ManualClock::default();
    let _guard = clock.install();
    let account = one_a_second(&app, &clock);
    // Other code took the first 40; the test marks the rest, to recognize them.
    for mut row in snapshots.store.select(account.id().uuid(), "Account", EventRange::all()).wait().unwrap() {
        let text = String::from_utf8(row.state.clone()).unwrap();
        let text = text.replace("\"owner\":\"Ann\"", "\"owner\":\"Ben\"");
        let is_old = row.version.get() <= 40;
        row.state = if is_old { text.replacen("\"fp\":", "\"fp\":1,\"x\":", 1) } else { text }.into_bytes();
        snapshots.store.put(row).wait().unwrap();
    }
    for version in 1_u64..=64 {
        let time = ManualClock::START + Duration::from_secs(version - 1);
        let then = app.get_at(account.id(), time).wait().unwrap();
        assert_eq!(then.owner == "Ben", version > 40, "version {version}");
    }
}
