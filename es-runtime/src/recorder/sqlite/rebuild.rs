//! Rebuilding: copies a table of events of an older form to the current form, with the additions of other people.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use uuid::Uuid;

use super::{error, schema, select};
use crate::error::{Error, ErrorKind};
use crate::id::Slice;
use crate::recorder::sql::{EventTable, refuse_taken};

const DOING: &str = "bring a table to its new form";

/// The settings of a connection while it changes tables. No trigger runs, and no foreign row is deleted with ours.
/// Views may name missing tables for a while, and SQLite parses old texts as leniently as it once did.
const SETTINGS: [(DbConfig, bool); 4] = [
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
    (DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, true),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, true),
];

/// Runs something under [`SETTINGS`], and restores the earlier ones, even after a failure.
pub(super) fn undisturbed<T>(
    connection: &mut Connection,
    run: impl FnOnce(&mut Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let failed = error::of("set up the connection");
    let mut before = Vec::with_capacity(SETTINGS.len());
    for (setting, _) in SETTINGS {
        before.push((setting, connection.db_config(setting).map_err(&failed)?));
    }
    let set = |connection: &Connection, settings: &[(DbConfig, bool)]| {
        let mut set = settings.iter().map(|(setting, value)| connection.set_db_config(*setting, *value));
        set.try_for_each(|set| set.map(drop)).map_err(&failed)
    };
    let done = set(connection, &SETTINGS).and_then(|()| run(connection));
    let restored = set(connection, &before);
    done.and_then(|done| restored.map(|()| done))
}

/// Copies the events to a table of the current form, which takes the place of the old one.
pub(super) fn events(connection: &Connection, events: &EventTable) -> Result<(), Error> {
    let failed = error::of(DOING);
    let EventTable { name, id, version, topic, state, .. } = events;
    let new = format!("{}_form_3", name.as_str());
    refuse_taken(connection, &new)?;
    let odd = format!("SELECT EXISTS (SELECT 1 FROM {name} WHERE length({id}) <> 16)");
    if connection.query_row(&odd, [], |row| row.get(0)).map_err(&failed)? {
        return Err(select::corrupt("the table of events", "an id that is no UUID"));
    }
    let theirs = theirs(connection, events)?;
    let columns = columns(connection, events)?;
    let mut definitions: Vec<&str> = columns.iter().map(|column| &*column.definition).collect();
    let own = schema::own_columns(events);
    let is_there = |own: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(own));
    definitions.extend(own.iter().filter(|(own, _)| !is_there(own)).map(|(_, definition)| &**definition));
    let create = schema::events_alone(events, &format!("\"{new}\""), &definitions);
    let copied = columns.iter().filter(|column| column.is_stored);
    let copied: String = copied.flat_map(|column| [quoted(&column.name), ", ".to_owned()]).collect();
    let kept = format!("log_position, {id}, {version}, {topic}, commit_id, {copied}{state}");

    let deterministic = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("es_slice", 1, deterministic, |context| {
            let id = context.get_raw(0).as_blob().ok().and_then(|id| Uuid::from_slice(id).ok());
            Ok(id.map(|id| Slice::of(id).get()))
        })
        .map_err(&failed)?;
    // Until form 2, the table did not distinguish commit ids chosen by callers: all are taken for chosen.
    // The number of the newest row may be that of a row deleted since.
    let copy = format!(
        "{create}
         INSERT INTO \"{new}\" ({kept}, slice, once) SELECT {kept}, es_slice({id}), 1 FROM {name} ORDER BY log_position;
         DELETE FROM sqlite_sequence WHERE name = '{new}';
         INSERT INTO sqlite_sequence (name, seq)
             SELECT '{new}', seq FROM sqlite_sequence WHERE name = '{plain}' COLLATE NOCASE;
         DROP TABLE {name};
         ALTER TABLE \"{new}\" RENAME TO {name};",
        plain = name.as_str()
    );
    let copied = connection.execute_batch(&copy).map_err(&failed);
    connection.remove_function("es_slice", 1).map_err(&failed)?;
    copied?;
    for part in schema::PARTS {
        refuse_taken(connection, &format!("{}_{part}", name.as_str()))?;
    }
    connection.execute_batch(&schema::indexes(events)).map_err(&failed)?;
    for (object, text) in theirs {
        connection.execute_batch(&text).map_err(|cause| {
            let message = format!(
                "cannot {DOING}: `{object}`, which somebody else made on the table `{}`, cannot be made again: {cause}; \
                 drop it, and make it again afterwards",
                name.as_str()
            );
            Error::new(ErrorKind::Schema, message).with_source(cause)
        })?;
    }
    Ok(())
}

/// Returns the indexes and triggers that other people made on the table: name and text.
fn theirs(connection: &Connection, events: &EventTable) -> Result<Vec<(String, String)>, Error> {
    let ours = format!("{}_first", events.name.as_str());
    let read = || -> rusqlite::Result<Vec<(String, String)>> {
        let mut statement = connection.prepare(
            "SELECT name, sql FROM sqlite_schema
             WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL
                 AND name <> ?2 COLLATE NOCASE
             ORDER BY rowid",
        )?;
        let found =
            statement.query_map([events.name.as_str(), &ours], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.collect()
    };
    read().map_err(error::of("look for what others made on the table of events"))
}

/// A column that the current form does not know.
struct Column {
    name: String,
    /// Its part of the CREATE TABLE text, with its type and its constraints.
    definition: String,
    /// True if the column has values of its own; a generated column computes them from others.
    is_stored: bool,
}

/// Returns the user's own columns, including those that other programs added.
fn columns(connection: &Connection, events: &EventTable) -> Result<Vec<Column>, Error> {
    let EventTable { name, id, version, topic, state, .. } = events;
    let ours = [id.as_str(), version.as_str(), topic.as_str(), state.as_str(), "log_position", "commit_id"];
    let failed = error::of("look for the columns");
    let text = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let text: String = connection.query_row(text, [name.as_str()], |row| row.get(0)).map_err(&failed)?;
    let definitions = definitions(&text);
    let mut statement =
        connection.prepare("SELECT name, hidden FROM pragma_table_xinfo(?1)").map_err(&failed)?;
    let mut rows = statement.query([name.as_str()]).map_err(&failed)?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let name: String = row.get(0).map_err(&failed)?;
        if ours.iter().any(|ours| ours.eq_ignore_ascii_case(&name)) {
            continue;
        }
        let definition = definitions.iter().find(|definition| named(definition).eq_ignore_ascii_case(&name));
        let definition = definition.ok_or_else(|| {
            let message = format!(
                "cannot {DOING}: the table of events has a column `{name}` whose definition cannot be read; drop it, and \
                 add it again afterwards"
            );
            Error::new(ErrorKind::Schema, message)
        })?;
        let is_stored = row.get::<_, i64>(1).map_err(&failed)? == 0;
        columns.push(Column { definition: (*definition).to_owned(), name, is_stored });
    }
    Ok(columns)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Splits a CREATE TABLE text at its commas into the definitions of the columns and the constraints of the table.
fn definitions(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0_usize, 0, Vec::new());
    let mut rest = text;
    while let Some(token) = token(rest) {
        let at = text.len() - rest.len();
        rest = rest.get(token.len()..).unwrap_or_default();
        match token {
            "(" => {
                depth += 1;
                if depth == 1 {
                    begin = at + 1;
                }
            }
            ")" | "," if depth == 1 => {
                found.extend(text.get(begin..at).map(str::trim));
                begin = at + 1;
                depth -= usize::from(token == ")");
            }
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// Returns the token that a text begins with: a quoted text, a comment and a word are one token each.
fn token(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let until = |from: usize, end: &str| {
        let found = text.get(from..).and_then(|rest| rest.find(end));
        found.map_or(text.len(), |at| from + at + end.len())
    };
    let end = match first {
        '\'' => until(1, "'"),
        '"' => until(1, "\""),
        '`' => until(1, "`"),
        '[' => until(1, "]"),
        '-' if text.starts_with("--") => until(2, "\n"),
        '/' if text.starts_with("/*") => until(2, "*/"),
        first if is_word(first) => text.find(|letter| !is_word(letter)).unwrap_or(text.len()),
        first => first.len_utf8(),
    };
    text.get(..end)
}

/// Returns the name that a definition begins with, without its quotes.
fn named(definition: &str) -> String {
    let mut rest = definition;
    while let Some(first) = token(rest) {
        let is_nothing = first.trim().is_empty() || first.starts_with("--") || first.starts_with("/*");
        if !is_nothing {
            break;
        }
        rest = rest.get(first.len()..).unwrap_or_default();
    }
    let (mut name, mut chars) = (String::new(), rest.chars());
    let Some(quote) = chars.next() else { return name };
    let end = match quote {
        '"' | '`' | '\'' => quote,
        '[' => ']',
        _ => return token(rest).unwrap_or_default().to_owned(),
    };
    while let Some(letter) = chars.next() {
        // A doubled quote is one quote of the name.
        if letter == end && (end == ']' || chars.clone().next() != Some(end)) {
            break;
        }
        if letter == end {
            chars.next();
        }
        name.push(letter);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_of_columns_are_told_apart_whatever_is_quoted_in_them() {
        let text = "CREATE TABLE \"a (b, \" (id BLOB, -- the id, (its\n \"x, \"\"y\" TEXT DEFAULT ',)''(', /* , */ [z)] INT
                    CHECK (z IN (1, 2)), `it``s` REAL, ü TEXT, UNIQUE (id, ü)) STRICT";
        let found = definitions(text);
        let names: Vec<String> = found.iter().map(|definition| named(definition)).collect();
        assert_eq!(names, ["id", "x, \"y", "z)", "it`s", "ü", "UNIQUE"]);
        assert_eq!(found[1].lines().last().unwrap().trim(), "\"x, \"\"y\" TEXT DEFAULT ',)''('");
        assert!(found[2].ends_with("CHECK (z IN (1, 2))"), "{}", found[2]);
    }

    #[test]
    fn a_text_that_is_cut_anywhere_is_read_to_its_end() {
        let text = "CREATE TABLE t (a 'b'')', \"c\"\"d\" [e] /* ü */ -- f\n, UNIQUE (g))";
        for end in 0..=text.len() {
            for definition in text.get(..end).map(definitions).unwrap_or_default() {
                named(definition);
            }
        }
    }
}
