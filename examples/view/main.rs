//! A view: a table of balances that a reader queries without any event, kept in three ways.
//!
//! | | `synchronous` | `asynchronous` | `versions` |
//! |---|---|---|---|
//! | the view follows | each save of this process | the log, also of other processes | the log, beside other writers |
//! | after `save` | the row is there | `reached(&receipt)` waits for the row | the same |
//! | the view fails | the save goes on, and the row is missing | the projection waits, and misses nothing | the same |
//! | a new table | is filled by hand | is filled from the log | is filled from the log |
//!
//! Take `asynchronous` first. `synchronous` is for a single process whose readers cannot wait, and can do without a row until
//! the store mends it. `versions` is for a table that other programs write to. The example `read_model` rebuilds a view.

mod account;
mod asynchronous;
mod synchronous;
mod versions;

use es_runtime::view::BoxError;

fn main() -> Result<(), BoxError> {
    synchronous::run()?;
    asynchronous::run()?;
    versions::run()
}

#[test]
fn the_synchronous_half_runs() {
    synchronous::run().unwrap();
}

#[test]
fn the_asynchronous_half_runs() {
    asynchronous::run().unwrap();
}
