use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::types::{ToSql, ToSqlOutput, Value};

use super::twice::Twice;
use super::{SIZES, ViewScenario, or_panic};
use crate::projection::{BatchSize, Blocking};
use crate::view::BoxError;
use crate::view::sqlite::{File, Tx};
use crate::wait::Wait;

impl<P: Blocking<Tx = Tx>, F: Fn() -> P> ViewScenario<P, F> {
    /// Makes the view with batches of each size, and compares the rows of a query.
    ///
    /// # Panics
    ///
    /// If a handler or the query fails, or the rows are others.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the last call of a test")]
    pub fn then_rows<R: Values>(self, query: &str, rows: impl IntoIterator<Item = R>) -> Self {
        let expected: Vec<Vec<Value>> = rows.into_iter().map(|row| row.values()).collect();
        for size in SIZES {
            let file = Temporary::new();
            let open = Twice { file: file.view(), is_second: Arc::default() };
            let project = self.app.project((self.make)()).batch(BatchSize::new().events(size));
            let runner = or_panic(project.in_blocking_view(open).open().wait());
            or_panic(runner.handle().ask_to_drain().wait());
            or_panic(runner.run().wait());
            let found = match read(&file.view(), query) {
                Ok(found) => found,
                Err(cause) => panic!("the query cannot be run: {cause}"),
            };
            assert!(
                found == expected || size != SIZES[0],
                "the rows are others\n expected: {}\n    found: {}",
                shown(&expected),
                shown(&found)
            );
            assert!(
                found == expected,
                "the view is another one when it is made {size} events at a time; a handler may use nothing but the event, \
                 its origin and the rows\n expected: {}\n    found: {}",
                shown(&expected),
                shown(&found)
            );
        }
        self
    }
}

/// The values of a row that a query returns: a tuple of up to eight.
pub trait Values {
    /// Returns the values.
    fn values(&self) -> Vec<Value>;
}

macro_rules! values {
    ($($of:ident $at:tt),+) => {
        impl<$($of: ToSql),+> Values for ($($of,)+) {
            fn values(&self) -> Vec<Value> {
                vec![$(value(&self.$at)),+]
            }
        }
    };
}
values!(A 0);
values!(A 0, B 1);
values!(A 0, B 1, C 2);
values!(A 0, B 1, C 2, D 3);
values!(A 0, B 1, C 2, D 3, E 4);
values!(A 0, B 1, C 2, D 3, E 4, F 5);
values!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
values!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

#[track_caller]
fn value(of: &impl ToSql) -> Value {
    match of.to_sql() {
        Ok(ToSqlOutput::Borrowed(value)) => match value.try_into() {
            Ok(value) => value,
            Err(cause) => panic!("the value of the expected row is none of SQLite: {cause}"),
        },
        Ok(ToSqlOutput::Owned(value)) => value,
        Ok(_) => panic!("the value of the expected row has a type that no query returns"),
        Err(cause) => panic!("the value of the expected row is none of SQLite: {cause}"),
    }
}

fn read(file: &File, query: &str) -> Result<Vec<Vec<Value>>, BoxError> {
    let connection = file.connect()?;
    let mut statement = connection.prepare(query)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn shown(rows: &[Vec<Value>]) -> String {
    let row = |row: &Vec<Value>| {
        let values: Vec<String> = row
            .iter()
            .map(|value| match value {
                Value::Null => "NULL".to_owned(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => format!("{text:?}"),
                Value::Blob(bytes) => format!("{} bytes", bytes.len()),
            })
            .collect();
        format!("({})", values.join(", "))
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

/// A file that is removed at the end.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("es-view-{}-{number}.db", std::process::id());
        let temporary = Self { path: std::env::temp_dir().join(name) };
        temporary.remove();
        temporary
    }

    fn view(&self) -> File {
        File::new(&self.path)
    }

    fn remove(&self) {
        for end in ["", "-wal", "-shm", "-queue"] {
            let mut file = self.path.as_os_str().to_owned();
            file.push(end);
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.remove();
    }
}
