//! The place of a view, beside its log: a SQLite file, or a schema of the server.

use std::path::Path;

use es_runtime::view::sqlite::File;
use uuid::Uuid;

use crate::server::by_hand_as;
use crate::subscriptions::Scene;

/// The view that the writers keep inline.
pub(crate) const INLINE: &str = "inline";

/// A row of a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) id: Uuid,
    pub(crate) sum: u64,
    pub(crate) events: u64,
    pub(crate) breaks: u64,
}

/// Returns the schema of a view, for the URI of its log.
pub(crate) fn schema(uri: &str, view: &str) -> String {
    let (_, rest) = uri.split_once("schema=").expect("the log is in a schema");
    let log = rest.split('&').next().unwrap_or_default();
    format!("{log}_{}", view.replace(' ', "_"))
}

/// Returns the rows of a view.
pub(crate) fn rows(scene: &Scene, view: &str) -> Vec<Total> {
    let Scene::Postgres(server) = scene else {
        return rows_of(&if view == INLINE { scene.file() } else { scene.folder().join(view) });
    };
    let schema = schema(&scene.uri(), view);
    let rows = server.by_hand(&format!("SELECT concat_ws(' ', id, sum, events, breaks) FROM {schema}.sums"));
    let row = |text: &String| {
        let mut words = text.split(' ');
        let id = words.next()?.parse().ok()?;
        let mut number = || words.next()?.parse().ok();
        Some(Total { id, sum: number()?, events: number()?, breaks: number()? })
    };
    rows.iter().map(|text| row(text).expect("the row is whole")).collect()
}

/// Returns the rows of a view in a file.
pub(crate) fn rows_of(file: &Path) -> Vec<Total> {
    let connection = File::new(file).connect().expect("the view can be opened");
    let mut statement = connection.prepare("SELECT id, sum, events, breaks FROM sums").expect("it is there");
    let rows = statement.query_map([], |row| {
        let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let id = Uuid::from_bytes(row.get(0)?);
        Ok(Total { id, sum: number(1)?, events: number(2)?, breaks: number(3)? })
    });
    rows.and_then(Iterator::collect).expect("the view can be read")
}

/// Returns the places of a view as text; `None` if there are none yet.
pub(crate) fn places(scene: &Scene, view: &str) -> Option<String> {
    if let Scene::Postgres(server) = scene {
        let schema = schema(&scene.uri(), view);
        let places = format!("SELECT string_agg(value, ' ') FROM {schema}.es_view WHERE key LIKE 'place/%'");
        return by_hand_as(&server.server(), &places).ok()?.pop();
    }
    let connection = File::new(scene.folder().join(view)).connect().ok()?;
    let places = "SELECT group_concat(value, ' ') FROM es_view WHERE key LIKE 'place/%'";
    connection.query_row(places, [], |row| row.get(0)).ok().flatten()
}

/// Removes the views of the server.
pub(crate) fn remove_all(scene: &Scene) {
    let Scene::Postgres(server) = scene else { return };
    let all = schema(&scene.uri(), "");
    let schemas =
        server.by_hand(&format!("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, '{all}')"));
    for schema in schemas {
        server.by_hand(&format!("DROP SCHEMA {schema} CASCADE"));
    }
}
