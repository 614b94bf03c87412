//! The stores that have to answer as the store in memory does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use es_runtime::recorder::{EventTable, MemoryRecorder, SqliteOptions, SqliteRecorder, Synchronous, Tables};
use es_runtime::testing::differential::{DifferentialCounts, differential};
use es_runtime::testing::faults::Faulty;

use super::erased::Erased;
use super::sparse::Sparse;

/// Runs that many operations of a seed on stores of one kind, with their files in the folder.
pub(crate) type Run = fn(u64, usize, &Path) -> DifferentialCounts;

/// Lists stores by name, each with the function that makes new ones in a folder. Each store is a test, too.
macro_rules! stores {
    ($($name:ident: $stores:expr;)+) => {
        pub(crate) const STORES: &[(&str, Run)] = &[$((stringify!($name), |seed, operations, folder| {
            let stores = $stores;
            differential(seed, operations, stores(folder.to_owned()))
        })),+];

        $(
            #[test]
            fn $name() {
                crate::check(stringify!($name));
            }
        )+
    };
}

stores! {
    memory: |_| MemoryRecorder::new;
    memory_in_pointers: |_| || Arc::new(Box::new(MemoryRecorder::new()));
    memory_as_objects: |_| || Erased::new(MemoryRecorder::new());
    memory_with_faults_that_nobody_asked_for: |_| || Faulty::new(MemoryRecorder::new());
    a_store_whose_positions_have_gaps: |_| Sparse::new;
    sqlite_file: |folder| on_files(folder, |file| recorder(file, &Tables::default()));
    sqlite_file_normal: |folder| on_files(folder, |file| recorder(normal(file), &Tables::default()));
    sqlite_one_reader: |folder| on_files(folder, |file| recorder(normal(file).readers(1), &Tables::default()));
    sqlite_memory: |_| || recorder(SqliteOptions::in_memory(), &Tables::default());
    sqlite_own_names: |folder| on_files(folder, |file| recorder(normal(file), &own_names()));
    sqlite_second_application: |folder| on_files(folder, |file| second_application(normal(file)));
    sqlite_as_objects: |folder| on_files(folder, |file| Erased::new(recorder(normal(file), &Tables::default())));
}

/// Makes each store on a new file.
fn on_files<R>(folder: PathBuf, open: impl Fn(SqliteOptions) -> R) -> impl FnMut() -> R {
    let mut number = 0;
    move || {
        number += 1;
        open(SqliteOptions::file(folder.join(format!("{number}.db"))))
    }
}

fn normal(options: SqliteOptions) -> SqliteOptions {
    options.synchronous(Synchronous::Normal)
}

fn recorder(options: SqliteOptions, tables: &Tables) -> SqliteRecorder {
    options.open().unwrap().recorder(tables).unwrap()
}

fn own_names() -> Tables {
    let tables = Tables::with_prefix("bank").unwrap();
    tables.with_events(EventTable::sequenced_items("bank_items").unwrap())
}

/// Opens the second application of a file, whose first one is full of other operations.
fn second_application(options: SqliteOptions) -> SqliteRecorder {
    let database = options.open().unwrap();
    let first = Tables::with_prefix("first").unwrap();
    differential(77, 60, || database.recorder(&first).unwrap());
    database.recorder(&Tables::with_prefix("second").unwrap()).unwrap()
}
