//! The time until a follower that waits has an event: from the call that stores it, and from the return of that call.
//!
//! `cargo xtask bench wakeup` lets one writer commit one event at a time and rest, so that the follower always waits. The
//! follower is a subscription in the same process, or in another. By hand, on SQLite it asks for `data_version` each
//! millisecond, and on PostgreSQL it hears of a `NOTIFY` within the transaction. A time from the return may be below 0:
//! the follower then had the event before the writer had its answer. `B_WAKEUPS` sets the number of commits.
//!
//! The part of PostgreSQL starts a server of its own, or is left out.

mod framework;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
mod postgres_by_hand;
mod side;
mod sqlite_by_hand;
mod times;

use es_benches::{measuring, setting};
use es_runtime::{Application, Wait};

use crate::postgres::Server;
use crate::side::{Side, follows, measure};
use crate::times::print_header;

fn main() {
    if follows() {
        return;
    }
    let commits = setting("B_WAKEUPS", if measuring() { 1_000 } else { 5 });
    print_header();
    let memory = Application::open("memory:").wait().expect("it opens");
    framework::measure_in("memory, in this process", &memory, commits);

    let folder = std::env::temp_dir().join(format!("es-wakeup-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let file = |name: &str| folder.join(name).display().to_string();
    let sides = [
        ("SQLite", Side::Framework, format!("sqlite:{}", file("ours.db"))),
        ("SQLite by hand", Side::SqliteByHand, file("by_hand.db")),
    ];
    for (name, side, place) in sides {
        measure(name, side, &place, commits);
    }
    let _ = std::fs::remove_dir_all(&folder);

    match Server::start("") {
        Err(why) => println!("PostgreSQL is left out: {why}"),
        Ok(server) => {
            measure("PostgreSQL", Side::Framework, &server.uri(), commits);
            measure("PostgreSQL by hand", Side::PostgresByHand, &server.uri(), commits);
        }
    }
}
