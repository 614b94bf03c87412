//! An older copy of the log replaces the file while a program runs: the program's memory of the lost events leaves no
//! trace in the log.

use std::sync::Barrier;
use std::thread;

use es_runtime::id::Id;
use es_runtime::store::Cache;
use es_runtime::{Application, aggregate, mutator};

use super::*;

#[aggregate]
struct Meter {
    total: u64,
}

#[mutator]
impl Meter {
    #[event(MeterInstalled)]
    fn install() -> Self {
        Self { total: 0 }
    }

    #[event(MeterCounted)]
    fn count(&mut self, by: u64) {
        self.total += by;
    }
}

fn application(folder: &Folder, cache: Option<Cache>) -> Application {
    let builder = Application::builder(format!("sqlite:{}", folder.file("events.db").display()));
    let builder = match cache {
        Some(cache) => builder.cache(cache),
        None => builder,
    };
    builder.open().wait().unwrap()
}

/// Runs a test for each way to keep loaded aggregates, with a loaded aggregate of five events.
fn each(test: impl Fn(&Folder, &Application, Id<Meter>)) {
    for cache in [None, Some(Cache::of(10)), Some(Cache::of(10).trusting())] {
        let folder = Folder::new();
        let app = application(&folder, cache);
        let mut meter = Meter::install();
        for by in 1..=4 {
            meter.count(by);
            app.save(&mut meter).wait().unwrap();
        }
        assert_eq!(app.get(meter.id()).wait().unwrap().total, 10);
        test(&folder, &app, meter.id());
    }
}

/// Leaves in the file only the events of a copy that was made after the third event.
fn restore(folder: &Folder) {
    let lost = by_hand(folder).execute("DELETE FROM stored_events WHERE version > 3", []).unwrap();
    assert_eq!(lost, 2);
}

/// Returns the versions in the file.
fn versions(folder: &Folder) -> Vec<i64> {
    let connection = by_hand(folder);
    let mut read = connection.prepare("SELECT version FROM stored_events ORDER BY version").unwrap();
    read.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_root_from_before_a_restore_leaves_no_gap() {
    each(|folder, app, id| {
        let mut meter = app.get(id).wait().unwrap();
        restore(folder);
        meter.count(7);
        let error = app.save(&mut meter).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(
            error.to_string().contains("follow version 5, which is not stored; the last one stored is 3"),
            "{error}"
        );
        // The lost events stay lost.
        assert_eq!(versions(folder), [1, 2, 3]);
        let mut meter = app.get(id).wait().unwrap();
        meter.count(7);
        app.save((&mut meter, &mut Meter::install())).wait().unwrap();
        assert_eq!(versions(folder), [1, 1, 2, 3, 4]);
    });
}

#[test]
fn a_follower_of_a_concurrent_event_conflicts_or_is_stored() {
    let folder = Folder::new();
    let ((_one, first), (_other, second)) = (open(&folder), open(&folder));
    let ids: Vec<Uuid> = (0..1_000).map(|_| Uuid::now_v7()).collect();
    first.append(Commit::new(ids.iter().flat_map(|id| events(*id, 1..=1)).collect())).wait().unwrap();
    let (both, mut refused) = (Barrier::new(2), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            for id in &ids {
                both.wait();
                first.append(commit(*id, 2..=2)).wait().unwrap();
            }
        });
        for id in &ids {
            both.wait();
            refused.extend(second.append(commit(*id, 3..=3).without_gaps()).wait().err());
        }
    });
    refused.retain(|error| error.kind() != ErrorKind::Conflict);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn a_command_after_a_restore_goes_on_from_what_is_stored() {
    each(|folder, app, id| {
        restore(folder);
        app.execute(id, |meter: &mut Meter| meter.count(7)).wait().unwrap();
        assert_eq!(versions(folder), [1, 2, 3, 4]);
        assert_eq!(app.get(id).wait().unwrap().total, 1 + 2 + 7);
    });
}

#[test]
fn events_that_others_stored_after_a_restore_are_seen() {
    each(|folder, app, id| {
        restore(folder);
        let other = application(folder, None);
        for _ in 0..4 {
            other.execute(id, |meter: &mut Meter| meter.count(100)).wait().unwrap();
        }
        // Version 5 has another history now. A cache that trusts that it is alone does not see it.
        app.execute(id, |meter: &mut Meter| meter.count(7)).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().total, 1 + 2 + 400 + 7);
        assert_eq!(versions(folder), [1, 2, 3, 4, 5, 6, 7, 8]);
    });
}
