//! The PostgreSQL server of the examples: the database that `ES_POSTGRES_URL` names, or else a private server.

use std::{env, process};

#[path = "../tests/support/postgres.rs"]
mod postgres;

use self::postgres::{Server, by_hand_as};

/// A new schema in a database. It goes with its tables when this value is dropped.
pub(crate) struct Database {
    uri: String,
    schema: String,
    _own: Option<Server>,
}

/// Finds a database, or prints why there is none and what is left out.
pub(crate) fn find(example: &str) -> Option<Database> {
    let schema = format!("es_{example}_{}", process::id());
    if let Ok(uri) = env::var("ES_POSTGRES_URL") {
        return Some(Database { uri, schema, _own: None });
    }
    match Server::start("fsync = off") {
        Ok(own) => Some(Database { uri: own.uri(), schema, _own: Some(own) }),
        Err(why) => {
            println!("left out: all of the example `{example}`, which needs PostgreSQL: {why}");
            println!("name a database by ES_POSTGRES_URL=postgresql://user:password@host/database");
            None
        }
    }
}

impl Database {
    /// Returns the URI by which an application opens the schema.
    #[allow(dead_code, reason = "not every example keeps events here")]
    pub(crate) fn uri(&self) -> String {
        let join = if self.uri.contains('?') { '&' } else { '?' };
        format!("{}{join}schema={}", self.uri, self.schema)
    }

    /// Returns the URI of the database, for other drivers.
    #[allow(dead_code, reason = "not every example reads by another driver")]
    pub(crate) fn plain_uri(&self) -> &str {
        &self.uri
    }

    /// Returns the name of the schema for a view. It goes when this value is dropped.
    #[allow(dead_code, reason = "not every example keeps a view here")]
    pub(crate) fn view(&self) -> String {
        format!("{}_view", self.schema)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for schema in [&self.schema, &format!("{}_view", self.schema)] {
            let dropped = by_hand_as(&self.uri, &format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE"));
            if let Err(error) = dropped {
                println!("the schema {schema} stays: {error}");
            }
        }
    }
}
