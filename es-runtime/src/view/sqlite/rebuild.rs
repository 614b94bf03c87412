//! New rows take the place of old ones: the tables are made again in the file, and the rows copied, in one transaction.
//!
//! Renaming the files would be faster. But a process that has the old file open would go on with it, and the log of one
//! file would be taken for that of the other.

use std::path::Path;
use std::{fs, io};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ffi};

use crate::error::{Error, ErrorKind};
use crate::view::Object;

/// Returns the objects of a database that statements made, in the order of their making.
pub(super) fn objects(connection: &Connection, database: &str) -> rusqlite::Result<Vec<Object>> {
    let sql = format!(
        "SELECT type, name FROM {database}.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         AND name <> 'es_view' ORDER BY rowid"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| Ok(Object { kind: row.get(0)?, name: row.get(1)? }))?;
    rows.collect()
}

pub(super) fn attach(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    // The true bytes: a path need not be UTF-8.
    let path = ToSqlOutput::Borrowed(ValueRef::Text(path.as_os_str().as_encoded_bytes()));
    connection.execute("ATTACH ?1 AS rebuilt", [path]).map(drop)
}

/// Drops the old objects, makes the new ones, and copies their rows.
pub(super) fn replace(connection: &Connection, old: &[Object], new: &[Object]) -> rusqlite::Result<()> {
    // A table takes its indexes and triggers along; a view may need a table.
    for kind in ["trigger", "view", "table"] {
        for Object { name, .. } in old.iter().filter(|object| object.kind == kind) {
            connection.execute_batch(&format!("DROP {kind} IF EXISTS main.{}", quoted(name)))?;
        }
    }
    let of_kind = |kind: &'static str| new.iter().filter(move |object| object.kind == kind);
    for table in of_kind("table") {
        // The tables in which a virtual table keeps its rows come with that one.
        if kind_of_table(connection, &table.name)? == "shadow" {
            continue;
        }
        make(connection, table)?;
        copy(connection, &table.name)?;
    }
    for kind in ["index", "view", "trigger"] {
        for object in of_kind(kind) {
            make(connection, object)?;
        }
    }
    copy_counters(connection, new)
}

fn kind_of_table(connection: &Connection, name: &str) -> rusqlite::Result<String> {
    const KIND: &str = "SELECT type FROM pragma_table_list WHERE schema = 'rebuilt' AND name = ?1";
    connection.query_row(KIND, [name], |row| row.get(0)).optional()?.ok_or_else(|| {
        let message = format!("the new rows lack the table `{name}`");
        rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(message))
    })
}

fn make(connection: &Connection, Object { kind, name }: &Object) -> rusqlite::Result<()> {
    let sql: String = connection.query_row(
        "SELECT sql FROM rebuilt.sqlite_schema WHERE type = ?1 AND name = ?2",
        [kind, name],
        |row| row.get(0),
    )?;
    connection.execute_batch(&sql)
}

/// Copies the rows of a table, but for columns that are computed.
fn copy(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare("SELECT name FROM pragma_table_xinfo(?1, 'rebuilt') WHERE hidden = 0 ORDER BY cid")?;
    let columns: Vec<String> =
        statement.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let (name, columns) = (quoted(name), columns.join(", "));
    let insert = |columns: &str| {
        connection
            .execute(&format!("INSERT INTO main.{name} ({columns}) SELECT {columns} FROM rebuilt.{name}"), [])
    };
    // A table may have no row ids.
    insert(&format!("rowid, {columns}")).or_else(|_| insert(&columns)).map(drop)
}

/// Copies the counters of `AUTOINCREMENT`.
fn copy_counters(connection: &Connection, new: &[Object]) -> rusqlite::Result<()> {
    let has = "SELECT EXISTS (SELECT 1 FROM rebuilt.sqlite_schema WHERE name = 'sqlite_sequence')";
    if !connection.query_row(has, [], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    for Object { name, .. } in new.iter().filter(|object| object.kind == "table") {
        connection.execute("DELETE FROM main.sqlite_sequence WHERE name = ?1", [name])?;
        connection.execute(
            "INSERT INTO main.sqlite_sequence (name, seq) SELECT name, seq FROM rebuilt.sqlite_sequence WHERE name = ?1",
            [name],
        )?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Removes a file with the files that SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    for end in ["", "-wal", "-shm", "-queue"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        match fs::remove_file(&file) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                let message = format!("cannot remove {}: {cause}; remove it by hand", path.display());
                return Err(Error::new(ErrorKind::Storage, message).with_source(cause));
            }
            _ => {}
        }
    }
    Ok(())
}
