//! PostgreSQL against the rules of its level, and the promises that only PostgreSQL makes.
//!
//! The program starts a server of its own where it finds one installed, or uses the database that `ES_POSTGRES_URL` names,
//! in new schemas. Without either it reports the tests that it leaves out.

mod conformance;
#[path = "../../support/harness.rs"]
mod harness;
mod server;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut tests = conformance::tests();
    tests.extend(Vec::new());
    harness::run(tests, server::find)
}
