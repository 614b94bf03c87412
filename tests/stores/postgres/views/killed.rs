//! Killed backends and servers: a view takes each event once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::projection::BatchSize;
use es_runtime::recorder::{PostgresOptions, Tables};
use es_runtime::view::postgres::Schema;
use es_runtime::{Application, Wait};

use super::{Balances, LONG, Stage, application, naive, writers};
use crate::account::Account;
use crate::postgres::{Server, by_hand_as};
use crate::server;

/// The time for which sessions are killed: under load, a new one may not live long enough to do anything.
const KILLING: Duration = Duration::from_secs(4);

/// Runs work while sessions of the view and of the recorder are killed, one every 20 milliseconds.
pub(crate) fn killing<T>(stage: &Stage, work: impl FnOnce() -> T) -> T {
    let (ended, begun) = (AtomicBool::new(false), Instant::now());
    thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let goes_on = || !ended.load(Ordering::Relaxed) && begun.elapsed() < KILLING;
            server::kill_while(goes_on, &stage.name, 1)
        });
        let done = work();
        ended.store(true, Ordering::Relaxed);
        let victims = killer.join().unwrap();
        assert!(victims > 10, "only {victims} backends were killed");
        done
    })
}

pub(crate) fn rows_are_exact_though_backends_are_killed() {
    let stage = Stage::new();
    let start = || {
        let project = stage.app.project(Balances).batch(BatchSize::new().events(7));
        project.in_schema(stage.schema()).start().wait().unwrap()
    };
    let balances = start();
    let expected = killing(&stage, || {
        let expected = writers(&stage.app, 8, 60);
        balances.caught_up().within(LONG).wait().unwrap();
        expected
    });
    assert_eq!(stage.rows(), expected);
    // Once more from the beginning: the whole log is there, and the view alone has to hurry.
    let again = Schema::new(super::options(&stage.name), &format!("{}_again", stage.view)).unwrap();
    let project = stage.app.project(Balances).batch(BatchSize::new().events(2));
    let balances = project.in_schema(again).start().wait().unwrap();
    killing(&stage, || balances.drain().wait().unwrap());
    assert_eq!(super::rows_of(&format!("{}_again", stage.view)), expected);
}

/// The same kills find a runner that records its place after it has committed the rows.
pub(crate) fn a_place_in_a_transaction_of_its_own_takes_events_twice() {
    let stage = Stage::new();
    let expected = writers(&stage.app, 8, 60);
    let mut rounds = 0;
    loop {
        rounds += 1;
        let schema = format!("{}_naive_{rounds}", stage.view);
        killing(&stage, || naive::project(&stage.app, &stage.name, &schema));
        let found = super::rows_of(&schema);
        if found != expected {
            return;
        }
        assert!(rounds < 20, "the naive runner was never caught in {rounds} rounds");
    }
}

pub(crate) fn a_view_goes_on_after_its_server_was_killed() {
    let mut server = Server::start("").unwrap();
    let open = |server: &Server| {
        let options: PostgresOptions = server.uri().parse().unwrap();
        application(&options.open().unwrap().recorder(&Tables::default()).unwrap())
    };
    let (app, in_memory) = (open(&server), Application::open("memory:").wait().unwrap());
    let schemas = ["of_server", "of_memory"];
    let running = [&app, &in_memory].into_iter().zip(schemas).map(|(app, schema)| {
        let schema = Schema::at(&server.uri(), schema).unwrap();
        app.project(Balances).in_schema(schema).start().wait().unwrap()
    });
    let running: Vec<_> = running.collect();
    let (mut ann, mut bob) = (Account::open("Ann".into()), Account::open("Bob".into()));
    for round in 0..3 {
        for _ in 0..20 {
            ann.deposit(1);
            app.save(&mut ann).wait().unwrap();
            bob.deposit(1);
            in_memory.save(&mut bob).wait().unwrap();
        }
        if round == 1 {
            // With everything taken, a view that lost its last commit would not be looked at again.
            for runner in &running {
                runner.caught_up().within(LONG).wait().unwrap();
            }
        }
        server.kill();
        bob.deposit(1);
        in_memory.save(&mut bob).wait().unwrap();
        thread::sleep(Duration::from_millis(100));
        server.run().unwrap();
    }
    for (running, (schema, expected)) in running.iter().zip(schemas.into_iter().zip(["Ann 60", "Bob 63"])) {
        running.caught_up().within(LONG).wait().unwrap();
        let rows = by_hand_as(&server.uri(), &format!("SELECT owner || ' ' || cents FROM {schema}.balances"));
        assert_eq!(rows.unwrap(), [expected]);
    }
}
