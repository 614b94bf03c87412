//! The server, and the schemas in which both sides keep their tables.

use std::cell::Cell;
use std::env;
use std::ops::Deref;
use std::sync::Arc;

use es_runtime::recorder::{PostgresOptions, PostgresRecorder, Tables};
use es_runtime::{Application, Wait};

use crate::by_hand;
use crate::measure::Processors;
use crate::postgres::{Server as Started, by_hand_as};

const VARIABLE: &str = "ES_POSTGRES_URL";

pub(crate) struct Server {
    pub(crate) processors: Processors,
    uri: String,
    schemas: Cell<u32>,
    /// The server of this bench, if it started one. It stops when it is dropped.
    _own: Option<Started>,
}

impl Server {
    /// Finds or starts the server; tells why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let (uri, own) = if let Ok(uri) = env::var(VARIABLE) {
            (uri, None)
        } else {
            let named = |why| format!("{why}, or name a database by {VARIABLE}");
            let own = Started::start("").map_err(named)?;
            (own.uri(), Some(own))
        };
        let processors = Processors::of(&uri);
        Ok(Self { processors, uri, schemas: Cell::new(0), _own: own })
    }

    /// Makes a schema with the table by hand.
    pub(crate) fn by_hand(&self) -> Schema {
        let schema = self.schema();
        by_hand_as(&schema.uri, &by_hand::table(&schema.name)).expect("the table is made");
        schema
    }

    /// Makes an empty schema.
    pub(crate) fn schema(&self) -> Schema {
        let number = self.schemas.get();
        self.schemas.set(number + 1);
        let name = format!("b6_{}_{number}", std::process::id());
        by_hand_as(&self.uri, &format!("CREATE SCHEMA {name}")).expect("the schema is made");
        Schema(Place { uri: self.uri.clone(), name })
    }
}

/// A schema of the server, removed at the end.
pub(crate) struct Schema(Place);

impl Deref for Schema {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let _ = by_hand_as(&self.uri, &format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name));
    }
}

/// The place of the tables of one side.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) uri: String,
    /// The name of the schema.
    pub(crate) name: String,
}

impl Place {
    pub(crate) fn recorder(&self) -> PostgresRecorder {
        let options: PostgresOptions = self.uri.parse().expect("the URI of the server");
        let database = options.schema(&self.name).expect("a plain name").open().expect("it can be opened");
        database.recorder(&Tables::default()).expect("the tables can be made")
    }

    pub(crate) fn application(&self) -> Application {
        Application::on(Arc::new(self.recorder())).open().wait().expect("it can be opened")
    }

    /// Brings the server's knowledge of all tables up to date, and marks what every reader may see.
    pub(crate) fn vacuum(&self) {
        by_hand_as(&self.uri, "VACUUM ANALYZE").expect("it runs");
    }

    /// Runs statements in the schema; returns the first column of the last answer.
    pub(crate) fn run(&self, statements: &str) -> Vec<String> {
        by_hand_as(&self.uri, &format!("SET search_path TO {}; {statements}", self.name)).expect("they run")
    }
}
