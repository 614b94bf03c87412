//! A view: a table of balances that a reader queries without any event, kept in four ways.
//!
//! | | `synchronous` | `asynchronous` | `inline` | `versions` |
//! |---|---|---|---|---|
//! | the view follows | each save of this process | the log, also of other processes | each save, in its transaction | the log, beside other writers |
//! | after `save` | the row is there | `reached(&receipt)` waits for the row | the row is there | as `asynchronous` |
//! | the view fails | the save goes on, and the row is missing | the projection waits, and misses nothing | the save fails, and nothing is stored | as `asynchronous` |
//! | a new table | is filled by hand | is filled from the log | is filled from the log | is filled from the log |
//!
//! Take `asynchronous` first. `inline` is for rows that a command, or a user right after it, must be able to rely on.
//! `synchronous` is for a view outside a database that can do without a row until the store mends it. `versions` is for a
//! table that other programs write to. The example `read_model` rebuilds a view.

mod account;
mod asynchronous;
mod inline;
mod synchronous;
mod versions;

use es_runtime::view::BoxError;

fn main() -> Result<(), BoxError> {
    synchronous::run()?;
    asynchronous::run()?;
    inline::run()?;
    versions::run()
}

#[test]
fn the_synchronous_half_runs() {
    synchronous::run().unwrap();
}

#[test]
fn the_inline_view_runs() {
    inline::run().unwrap();
}

#[test]
fn the_asynchronous_half_runs() {
    asynchronous::run().unwrap();
}
