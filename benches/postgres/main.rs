//! B6: the cost of storing on PostgreSQL, against the driver by hand in the same run.
//!
//! `cargo xtask bench postgres` runs all sides of a row in turn, round by round, in an order that alternates, after one
//! round that it does not count. Each side has tables of its own on one server. The bench prints medians, and their ratio:
//! the throughput of the framework as a share of that by hand. The last columns are the processor time for each unit of
//! work, of the framework and by hand: of the server's processes, where they run on this machine, and of this process.
//!
//! The bench starts a server of its own with the settings of a new cluster, or uses the database that `ES_POSTGRES_URL`
//! names. `B6_ROUNDS` sets the number of rounds. `B6_ONLY` runs the parts that it lists: `one`, `writers`, `batches`,
//! `processes`, `reads`, `projection`, `delay`, `bytes`.

#[path = "../store/account.rs"]
mod account;
mod by_hand;
mod bytes;
mod delay;
mod group;
mod measure;
mod one;
#[path = "../store/payload.rs"]
mod payload;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
mod processes;
mod projection;
mod reads;
mod server;
mod writers;

use es_benches::{measuring, setting};

use crate::writers::Load;

fn main() {
    if processes::commits() || delay::follows() {
        return;
    }
    let rounds: usize = setting("B6_ROUNDS", if measuring() { 11 } else { 1 });
    let few = |many: usize| if measuring() { many } else { 5 };
    let only = std::env::var("B6_ONLY").unwrap_or_default();
    let runs = |name: &str| only.is_empty() || only.split([',', ' ']).any(|one| one == name);
    let server = match server::Server::find() {
        Ok(server) => server,
        Err(why) => {
            println!("B6 is left out: {why}");
            return;
        }
    };
    measure::print_header();
    if runs("one") {
        one::writer(&server, rounds, few(400), 1);
        one::writer(&server, rounds, few(200), 10);
    }
    if runs("writers") {
        for (many, commits, goal) in [(16, 3_200, 1.4), (64, 6_400, 3.2)] {
            let load = Load { rounds, writers: many, commits: few(commits), events: 1, goal: Some(goal) };
            writers::in_threads(&server, &load);
            writers::in_tasks(&server, &load);
        }
    }
    if runs("batches") {
        let load = Load { rounds, writers: 16, commits: few(1_600), events: 10, goal: None };
        writers::in_threads(&server, &load);
        writers::in_tasks(&server, &load);
    }
    if runs("reads") {
        reads::replay(&server, rounds, few(1_000));
        reads::log(&server, rounds, few(200));
    }
    if runs("projection") {
        projection::projection(&server, rounds, few(200));
    }
    if runs("processes") {
        processes::processes(&server, rounds);
    }
    if runs("delay") {
        delay::delay(&server);
    }
    if runs("bytes") {
        bytes::bytes(&server, if measuring() { 100_000 } else { 1_000 });
    }
}
