//! The statements that append.
//!
//! An append is one statement. It takes a shared lock that announces a floor ("I draw above this"), and then draws a
//! block of positions. Events of one statement stand together in their block, so those of a commit do. A reader keeps
//! below the lowest announced floor.

use super::names::{Names, literal};
use super::schema::type_of;
use super::text::Text;
use super::trouble::LEFT_OUT;
use crate::recorder::sql::EventTable;

/// The number of positions in a block.
pub(super) const BLOCK: usize = 1 << 10;

/// The parts of a statement that appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one part of the statement")]
pub(super) struct Shape {
    pub(super) has_keys: bool,
    pub(super) has_step: bool,
    /// True if the events need several blocks.
    pub(super) is_large: bool,
    /// True if the server has to look for events before those of the commits.
    pub(super) looks: bool,
}

#[derive(Debug)]
pub(super) struct Texts {
    /// Stores one event, after a look for the event before it.
    pub(super) one: Text,
    /// Stores one event that follows none, or one in the same file of the table.
    pub(super) next: Text,
    /// The texts of all shapes, by their bits.
    shapes: [Text; 16],
}

impl Texts {
    pub(super) fn new(names: &Names, table: &EventTable) -> Self {
        let shape = |bits: usize| Shape {
            has_keys: bits & 1 > 0,
            has_step: bits & 2 > 0,
            is_large: bits & 4 > 0,
            looks: bits & 8 > 0,
        };
        let EventTable { id, version, .. } = table;
        let look = format!(
            "($8::int8 IS NULL OR (SELECT 1 FROM {} e WHERE e.{id} = $1 AND e.{version} = $8 LIMIT 1) IS NOT NULL)",
            names.events
        );
        Self {
            one: Text::new(one(names, table, &look)),
            next: Text::new(one(names, table, &is_same(names, "$8"))),
            shapes: std::array::from_fn(|bits| Text::new(many(names, table, shape(bits)))),
        }
    }

    pub(super) fn of(&self, shape: Shape) -> &Text {
        let bits = [shape.has_keys, shape.has_step, shape.is_large, shape.looks];
        let at = bits.iter().rev().fold(0, |at, bit| at << 1 | usize::from(*bit));
        self.shapes.get(at).unwrap_or(&self.one)
    }
}

/// Returns the value that draws a block, after the lock is taken: SQL evaluates the condition first. Block 0 is none: a
/// sequence that begins again draws it.
///
/// Positions are blocks multiplied by their size: the server refuses a number that is too large, and would shift it into a
/// negative one.
///
/// The lock is shared, and the second part of its name is the low half of the floor, which was drawn before. If appends
/// wait for each other, it is one lock that nobody shares.
fn draw(names: &Names) -> String {
    let (events, block) = (literal(&names.events), literal(&names.block));
    let lock = if names.is_serial {
        format!("pg_advisory_xact_lock({events}::regclass::oid::int4, 0) IS NOT NULL")
    } else {
        format!(
            "pg_try_advisory_xact_lock_shared({events}::regclass::oid::int4,
                   ((pg_sequence_last_value({block}::regclass) << 32) >> 32)::int4)"
        )
    };
    format!("CASE WHEN {lock} THEN nullif(nextval({block}::regclass), 0) END")
}

/// Returns the part of a statement that takes the gate's lock, when the server binds the statement: before the
/// statement sees the tables. Nothing refers to this part, so the server locks the table and runs nothing.
fn gate(names: &Names) -> String {
    format!("gate AS (SELECT FROM {} FOR KEY SHARE)", names.gate)
}

/// Returns the number of the file of the table of events.
fn file(names: &Names) -> String {
    format!("pg_relation_filenode({}::regclass)", literal(&names.events))
}

/// Returns the condition that the table has this file, if one is named.
fn is_same(names: &Names, parameter: &str) -> String {
    format!("({parameter}::oid IS NULL OR {parameter} = {})", file(names))
}

/// The number of parameters of one event, without those of the user's own columns.
const ONE: usize = 9;

/// Returns the text that stores one event on a condition. Its aggregate has the data key in parameter 9, or none.
///
/// The event gets no position if a fact stands against it, and the table refuses such a row.
fn one(names: &Names, table: &EventTable, condition: &str) -> String {
    let own = &table.own;
    let Names { events, data_keys, .. } = names;
    let own_types = own.iter().map(|(_, of)| type_of(*of));
    let values = listed((ONE + 1..).zip(own_types).map(|(at, of)| format!("${at}::{of}")));
    format!(
        "WITH {}
         INSERT INTO {events} ({}) VALUES (
           CASE WHEN coalesce((SELECT NOT d.forgotten AND d.key_id IS NOT DISTINCT FROM $9::bytea
                                 FROM {data_keys} d WHERE d.id = $1), $9::bytea IS NULL)
                 AND {condition}
                THEN {} * {BLOCK} END,
           $1::uuid, $2::int8, $3::uuid, $4::text, $5::bytea, $6::int2, $7::bool{values})
         RETURNING log_position, {}",
        gate(names),
        columns(table),
        draw(names),
        file(names)
    )
}

/// Joins the parts of a list that goes on.
fn listed(parts: impl Iterator<Item = String>) -> String {
    parts.flat_map(|part| [", ".to_owned(), part]).collect()
}

fn columns(table: &EventTable) -> String {
    let EventTable { own, id, version, topic, state, .. } = table;
    let own = listed(own.iter().map(|(own, _)| own.to_string()));
    format!("log_position, {id}, {version}, commit_id, {topic}, {state}, slice, once{own}")
}

/// Returns the text that stores the events of several commits, with their keys and a step.
///
/// If a trigger of the user's own leaves a row out, the statement reads a text as a truth value, which the server refuses
/// with the text: so nothing is stored.
///
/// All statements take their locks in one order: the step, the keys by id, the events by id and version. The parts of
/// the statement refer to each other, so that the server runs them in this order.
fn many(names: &Names, table: &EventTable, shape: Shape) -> String {
    let EventTable { own, id, version, .. } = table;
    let Names { events, tracking, data_keys, .. } = names;
    let Shape { has_keys, has_step, is_large, looks } = shape;
    let mut last = 10;
    let mut next = |of: &str| {
        last += 1;
        format!("${last}::{of}")
    };
    let block = if is_large {
        // Blocks that follow each other, or none: then nothing is stored.
        format!(
            "SELECT min(drawn) * {BLOCK} AS base
               FROM (SELECT CASE WHEN number > 1 THEN nextval({}::regclass) ELSE {} END AS drawn
                       FROM generate_series(1, (cardinality($1::int4[]) + {}) / {BLOCK}) AS number) all_drawn
             HAVING max(drawn) - min(drawn) + 1 = count(*)",
            literal(&names.block),
            draw(names),
            BLOCK - 1
        )
    } else {
        format!("SELECT {} * {BLOCK} AS base", draw(names))
    };
    let mut look = String::new();
    if looks {
        let [ids, versions] = ["uuid[]", "int8[]"].map(&mut next);
        look = format!(
            " AND NOT EXISTS (
                    SELECT 1 FROM unnest({ids}, {versions}) AS b(id, version)
                     WHERE (SELECT 1 FROM {events} e WHERE e.{id} = b.id AND e.{version} = b.version LIMIT 1) IS NULL)"
        );
    }
    let (mut key_look, mut key_part, mut key_guard) = (String::new(), String::new(), "");
    if has_keys {
        let [ids, keys, wrapped] = ["uuid[]", "bytea[]", "bytea[]"].map(&mut next);
        key_look = format!(
            " AND NOT EXISTS (
                    SELECT 1 FROM unnest({ids}, {keys}) AS a(id, key_id)
                     WHERE (SELECT d.forgotten OR a.key_id <> d.key_id FROM {data_keys} d WHERE d.id = a.id))"
        );
        key_part = format!(
            "keys AS (
               INSERT INTO {data_keys} (id, key_id, wrapped, forgotten)
               SELECT k.id, CASE WHEN ready.is_open THEN k.key_id END, k.wrapped, false
                 FROM ready, unnest({ids}, {keys}, {wrapped}) AS k(id, key_id, wrapped)
                WHERE (SELECT 1 FROM {data_keys} d WHERE d.id = k.id LIMIT 1) IS NULL
                ORDER BY k.id
               RETURNING 1),"
        );
        key_guard = " AND (SELECT count(*) FROM keys) >= 0";
    }
    let (mut step_part, mut step_guard) = (String::new(), "");
    if has_step {
        let cursor = [next("text"), next("text"), next("int2"), next("int2")];
        let [to, commit, from, from_commit] = [next("int8"), next("uuid"), next("int8"), next("uuid")];
        let [consumer, upstream, first, last] = &cursor;
        step_part = format!(
            "first_step AS (
               INSERT INTO {tracking} (consumer, upstream, first_slice, last_slice, position, commit_id)
               SELECT {}, {to}, {commit} FROM block WHERE {from} IS NULL
               ON CONFLICT DO NOTHING RETURNING 1),
             next_step AS (
               UPDATE {tracking} SET position = {to}, commit_id = {commit} FROM block
                WHERE consumer = {consumer} AND upstream = {upstream} AND first_slice = {first} AND last_slice = {last}
                  AND position = {from} AND commit_id = {from_commit} RETURNING 1),",
            cursor.join(", ")
        );
        step_guard = "(SELECT count(*) FROM first_step) + (SELECT count(*) FROM next_step) = 1 AND ";
    }
    let arrays = listed(own.iter().map(|(_, of)| next(&format!("{}[]", type_of(*of)))));
    let aliases = listed((0..own.len()).map(|at| format!("own_{at}")));
    let values = listed((0..own.len()).map(|at| format!("i.own_{at}")));
    format!(
        "WITH block AS MATERIALIZED ({block}), {},
         {step_part}
         ready AS MATERIALIZED (
           SELECT block.base, {step_guard}NOT EXISTS (SELECT 1 FROM {data_keys} d WHERE d.id = ANY($9::uuid[]))
                AND {}{look}{key_look} AS is_open
             FROM block),
         {key_part}
         inserted AS (
           INSERT INTO {events} ({})
           SELECT CASE WHEN ready.is_open{key_guard} THEN ready.base + i.at END,
                  i.id, i.version, i.commit, i.topic, i.state, i.slice, i.once{values}
             FROM ready, unnest($1::int4[], $2::uuid[], $3::int8[], $4::uuid[], $5::text[], $6::bytea[], $7::int2[],
                                $8::bool[]{arrays}) AS i(at, id, version, commit, topic, state, slice, once{aliases})
           RETURNING 1)
         SELECT base, is_open, {}, CASE WHEN many <> cardinality($1)
                THEN ('{LEFT_OUT}' || many || ' of ' || cardinality($1))::bool END
           FROM ready, (SELECT count(*) FROM inserted) counted(many)",
        gate(names),
        is_same(names, "$10"),
        columns(table),
        file(names)
    )
}
