//! Runnable programs, one for each chapter: `cargo run --example hello`.
//!
//! - `hello`: a bank account on SQLite, saved, loaded, as it was, and its events.
//! - `quick_start`: create, read, update, delete.
//! - `aggregates`: entities inside a root; events that are saved together.
//! - `snapshotting`: snapshots every second event.
//! - `encryption`: what is stored cannot be read without the key.
//! - `optimistic_concurrency`: of two changes of one version, one wins.
//! - `view`: a table that follows each save, cannot fail it, and notices what it missed; the same table as a projection,
//!   which misses nothing; and as a sequence of versions, in which a late writer overwrites nothing.
//! - `follower`: reads the log, and keeps its mark beside what it counted.
//! - `derived_log`: a log made of another, without names; a copy of it, which notices pushed rows that went missing.
//! - `read_model`: balances as rows of an SQLite file; they are made anew, with a progress bar, while the old ones serve;
//!   the same on a PostgreSQL server.
//! - `sqlx_view`: balances in a database that the framework does not know, through sqlx.
//! - `alternative_schema`: table and columns with names of your own.
//! - `deployment`: one application in each process, and workers that take tasks from the store and may be killed.
//! - `postgres`: the bank on a PostgreSQL server, from several processes; two applications in one database.
//! - `moving`: all events of an SQLite file go into PostgreSQL.
//! - `web`: a service on axum and tokio: idempotent commands, history, problems as JSON; events live; the log over HTTP.
//! - `standalone`: without macros, by a bus, policies and a mutator function.
//! - `everything`: all of it in one application.
//!
//! A program that keeps its events for years also writes `events_lock!()`, as `hello` does.
