//! The statements for the tables of one application.

use tokio_postgres::Error as DriverError;
use tokio_postgres::types::Type;

use super::error;
use super::insert::{Shape, Texts};
use super::names::{Names, dialect, literal};
use super::schema;
use super::text::Text;
use super::trouble::Trouble;
use crate::recorder::LogRange;
use crate::recorder::sql::{EventTable, Identifier, LogTexts, Needed, Ranges, SnapshotTexts, Tables};

/// The texts of all statements; each connection prepares those that it uses.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) names: Names,
    pub(super) append: Texts,
    pub(super) facts: Text,
    pub(super) has_commit: Text,
    /// Selects the places, among several commits, of those that are stored under chosen ids.
    pub(super) has_commits: Text,
    pub(super) events: Ranges<Text>,
    pub(super) log: LogTexts<Text>,
    pub(super) last_up_to: Text,
    pub(super) commit_at: Text,
    /// Selects the floors of the appends under way, unless appends wait for each other.
    pub(super) floors: Option<Text>,
    /// Selects the floors of the appends of others.
    pub(super) other_floors: Option<Text>,
    /// Selects who holds these floors.
    pub(super) holders: Text,
    pub(super) count: Text,
    pub(super) is_behind: Text,
    pub(super) tracked: Text,
    pub(super) keys: Text,
    /// Selects the newest data keys that are not destroyed.
    pub(super) newest_keyed: Text,
    pub(super) replace_key: Text,
    pub(super) forget: Text,
    /// The table of events, which may have columns that this program does not know.
    pub(super) events_table: EventTable,
    data_keys_table: Identifier,
}

const RANGE: [Type; 4] = [Type::UUID, Type::INT8, Type::INT8, Type::INT8];
const LOG: [Type; 6] = [Type::INT8, Type::INT8, Type::INT8, Type::TEXT_ARRAY, Type::INT2, Type::INT2];

impl Statements {
    pub(super) fn new(schema: &Identifier, tables: &Tables, is_serial: bool) -> Self {
        let EventTable { id, version, topic, state, .. } = &tables.events;
        let dialect = dialect(schema);
        let names = Names::new(schema, tables, is_serial);
        let Names { events, block, tracking, data_keys, .. } = &names;
        let floors = |joined: &str| {
            format!(
                "pg_locks l {joined}
             WHERE l.locktype = 'advisory' AND l.classid = {}::regclass::oid AND l.objsubid = 2
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                literal(events)
            )
        };
        let cursor = "consumer = $1::text AND upstream = $2::text AND first_slice = $3::int2 AND last_slice = $4::int2";
        Self {
            append: Texts::new(&names, &tables.events),
            facts: Text::new(facts(&names, &tables.events)),
            has_commit: Text::new(format!(
                "SELECT EXISTS (SELECT 1 FROM {events} WHERE once AND commit_id = $2::uuid AND {id} = $1::uuid)"
            )),
            has_commits: Text::new(format!(
                "SELECT c.at FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS c(id, commit, at)
                  WHERE (SELECT 1 FROM {events} e WHERE e.once AND e.commit_id = c.commit AND e.{id} = c.id LIMIT 1)
                        IS NOT NULL"
            )),
            events: Ranges::new(&dialect, &tables.events, &format!("{version}, {topic}, {state}"))
                .map(|sql| Text::typed(sql, RANGE.to_vec())),
            log: LogTexts::new(&dialect, &tables.events).map(|sql| Text::typed(sql, LOG.to_vec())),
            last_up_to: Text::new(format!(
                "SELECT log_position, commit_id FROM {events} WHERE log_position <= $1::int8
                 ORDER BY log_position DESC LIMIT 1"
            )),
            commit_at: Text::new(format!(
                "SELECT log_position, commit_id FROM {events} WHERE log_position = $1::int8"
            )),
            floors: (!is_serial).then(|| Text::new(format!("SELECT l.objid::int8 FROM {}", floors("")))),
            other_floors: (!is_serial).then(|| {
                let floors = floors("");
                // A prepared transaction has no process.
                Text::new(format!(
                    "SELECT l.objid::int8 FROM {floors} AND l.pid IS DISTINCT FROM pg_backend_pid()"
                ))
            }),
            holders: Text::new(format!(
                "SELECT l.objid::int8, l.pid, extract(epoch FROM clock_timestamp() - a.xact_start)::float8,
                        a.application_name::text
                 FROM {}",
                floors("LEFT JOIN pg_stat_activity a ON a.pid = l.pid")
            )),
            count: Text::new(format!(
                "SELECT count(*) FROM {events} WHERE log_position > $1::int8 AND log_position <= $2::int8"
            )),
            is_behind: Text::new(format!(
                "SELECT coalesce((SELECT max(log_position) >> 10 FROM {events}) > last, false)
                     OR (last IS NULL AND has_sequence_privilege({0}::regclass, 'USAGE, SELECT'))
                   FROM pg_sequence_last_value({0}::regclass) AS last",
                literal(block)
            )),
            tracked: Text::new(format!("SELECT position, commit_id FROM {tracking} WHERE {cursor}")),
            keys: Text::new(format!(
                "SELECT id, key_id, wrapped, forgotten FROM {data_keys} WHERE id = ANY($1::uuid[])"
            )),
            newest_keyed: Text::new(format!(
                "SELECT id, key_id, wrapped, forgotten FROM {data_keys} WHERE NOT forgotten
                 ORDER BY number DESC LIMIT 3"
            )),
            replace_key: Text::new(format!(
                "UPDATE {data_keys} SET wrapped = $4::bytea
                 WHERE id = $1::uuid AND key_id = $2::bytea AND wrapped = $3::bytea AND NOT forgotten"
            )),
            forget: Text::new(format!(
                "INSERT INTO {data_keys} (id, key_id, wrapped, forgotten)
                 VALUES ($1::uuid, decode('0000000000000000', 'hex'), '', true)
                 ON CONFLICT (id) DO UPDATE
                 SET key_id = excluded.key_id, wrapped = excluded.wrapped, forgotten = true"
            )),
            events_table: tables.events.clone(),
            data_keys_table: tables.data_keys.clone(),
            names,
        }
    }

    /// Classifies the error of an append.
    pub(super) fn trouble(&self, cause: DriverError) -> Trouble {
        let Names { events, block, .. } = &self.names;
        let (named, data_keys) = (self.events_table.name.as_str(), self.data_keys_table.as_str());
        Trouble::of(cause, named, data_keys, || error::behind(block, events))
    }

    /// Returns the tables that the statements use.
    pub(super) fn needed(&self, tables: &Tables) -> Needed {
        Needed {
            tables: schema::tables(&self.names, tables),
            owner: tables.events.name.as_str().to_owned(),
            checks: vec![
                self.append
                    .of(Shape { has_keys: true, has_step: true, is_large: false, looks: true })
                    .sql
                    .clone(),
                self.log.of(&LogRange::all()).sql.clone(),
                self.keys.sql.clone(),
            ],
        }
    }
}

/// Returns the text that reads the facts about several commits, in one look at the tables. Its parameters are the
/// places of their events, the places before them, the aggregates, and the readers whose steps come with them.
///
/// `LIMIT 1` keeps the plan that was made when the table was empty from reading all of a large one.
fn facts(names: &Names, table: &EventTable) -> String {
    let EventTable { id, version, topic, .. } = table;
    let Names { events, tracking, data_keys, .. } = names;
    format!(
        "SELECT 0::int2 AS what, i.at, e.log_position AS number, e.commit_id AS commit, e.{topic} AS topic, NULL::bytea AS key
           FROM unnest($1::uuid[], $2::int8[]) WITH ORDINALITY AS i(id, version, at)
          CROSS JOIN LATERAL (SELECT * FROM {events} e WHERE e.{id} = i.id AND e.{version} = i.version LIMIT 1) e
         UNION ALL
         SELECT 1::int2, i.at, NULL, NULL, NULL, NULL
           FROM unnest($3::uuid[], $4::int8[]) WITH ORDINALITY AS i(id, version, at)
          WHERE (SELECT 1 FROM {events} e WHERE e.{id} = i.id AND e.{version} = i.version LIMIT 1) IS NULL
         UNION ALL
         SELECT 2::int2, a.at, NULL, NULL, NULL, CASE WHEN d.forgotten THEN NULL ELSE d.key_id END
           FROM unnest($5::uuid[]) WITH ORDINALITY AS a(id, at)
          CROSS JOIN LATERAL (SELECT * FROM {data_keys} d WHERE d.id = a.id LIMIT 1) d
         UNION ALL
         SELECT 3::int2, a.at, (SELECT e.{version} FROM {events} e WHERE e.{id} = a.id ORDER BY e.{version} DESC LIMIT 1), NULL, NULL, NULL
           FROM unnest($5::uuid[]) WITH ORDINALITY AS a(id, at)
         UNION ALL
         SELECT 4::int2, s.at, t.position, t.commit_id, NULL, NULL
           FROM unnest($6::text[], $7::text[], $8::int2[], $9::int2[]) WITH ORDINALITY AS s(consumer, upstream, first, last, at)
          CROSS JOIN LATERAL (SELECT * FROM {tracking} t WHERE t.consumer = s.consumer AND t.upstream = s.upstream
                                 AND t.first_slice = s.first AND t.last_slice = s.last LIMIT 1) t"
    )
}

/// The texts for snapshots.
pub(super) fn of_snapshots(schema: &Identifier, table: &EventTable) -> SnapshotTexts<Text> {
    let of_kind = [&RANGE[..], &[Type::TEXT]].concat();
    SnapshotTexts::new(&dialect(schema), table).map(|sql| {
        let types = if sql.starts_with("INSERT") {
            vec![Type::UUID, Type::INT8, Type::TEXT, Type::BYTEA]
        } else if sql.contains("$5") {
            of_kind.clone()
        } else {
            vec![Type::UUID]
        };
        Text::typed(sql, types)
    })
}
