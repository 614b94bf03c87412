//! Starts, stops and restarts; writers at the same time; two processes with one view.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::projection::{BatchSize, OnChange, RunnerState, keep_state};
use es_runtime::view::Result;
use es_runtime::view::postgres::{Schema, Tx};
use es_runtime::{ErrorKind, Id, Wait, projection};

use super::{Balances, LONG, Stage, account, application, of, options, writers};
use crate::account::{Account, Opened};
use crate::server;

pub(crate) fn a_view_takes_what_is_stored_and_then_what_comes() {
    for stage in [Stage::new(), Stage::in_memory()] {
        let mut ann = account(&stage.app, "Ann", &[1, 2]);
        let balances = stage.app.project(Balances).in_schema(stage.schema()).start().wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(stage.rows(), of([("Ann", 3)]));
        account(&stage.app, "Bob", &[5]);
        ann.withdraw(3).unwrap();
        ann.set_owner("Anna".into());
        let receipt = stage.app.save(&mut ann).wait().unwrap();
        balances.reached(&receipt).within(LONG).wait().unwrap();
        assert_eq!(stage.rows(), of([("Anna", 0), ("Bob", 5)]));
        stage.app.save(&mut ann.discard()).wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(stage.rows(), of([("Bob", 5)]));
        balances.stop().wait().unwrap();
    }
}

pub(crate) fn rows_are_exact_beside_sixteen_writers() {
    for stage in [Stage::new(), Stage::in_memory()] {
        let size = BatchSize::new().events(50);
        let balances =
            stage.app.project(Balances).batch(size).in_schema(stage.schema()).start().wait().unwrap();
        let expected = writers(&stage.app, 16, 40);
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(stage.rows(), expected);
        // From the beginning, in one go, by several workers.
        let again = Schema::new(options(&stage.name), &format!("{}_again", stage.view)).unwrap();
        let again = stage.app.project(Balances).workers(3).in_schema(again).start().wait().unwrap();
        again.drain().wait().unwrap();
        assert_eq!(super::rows_of(&format!("{}_again", stage.view)), expected);
    }
}

pub(crate) fn a_projection_goes_on_while_its_view_is_rebuilt() {
    let stage = Stage::new();
    let project = || stage.app.project(Balances).batch(BatchSize::new().events(1)).in_schema(stage.schema());
    let balances = project().start().wait().unwrap();
    let is_over = AtomicBool::new(false);
    let saved = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut ann = account(&stage.app, "Ann", &[]);
            while !is_over.load(Ordering::SeqCst) {
                ann.deposit(1);
                stage.app.save(&mut ann).wait().unwrap();
            }
            ann.balance
        });
        let rebuilt: Vec<_> = (0..3).map(|_| project().rebuild().wait()).collect();
        is_over.store(true, Ordering::SeqCst);
        assert!(rebuilt.iter().all(Result::is_ok), "{rebuilt:?}");
        writer.join().unwrap()
    });
    balances.drain().wait().unwrap();
    assert_eq!(stage.rows(), of([("Ann", saved)]));
}

pub(crate) fn a_restarted_projection_goes_on_and_takes_nothing_twice() {
    let stage = Stage::new();
    let mut ann = account(&stage.app, "Ann", &[]);
    for restart in 1..=12 {
        let size = BatchSize::new().events([1, 2, 3, 1_000][restart % 4]);
        let balances =
            stage.app.project(Balances).batch(size).in_schema(stage.schema()).start().wait().unwrap();
        for _ in 0..7 {
            ann.deposit(1);
            stage.app.save(&mut ann).wait().unwrap();
        }
        if restart % 2 == 0 {
            balances.drain().wait().unwrap();
            assert_eq!(stage.rows(), of([("Ann", 7 * i64::try_from(restart).unwrap())]));
        } else {
            balances.stop().wait().unwrap();
        }
    }
}

/// The same projection, as another release writes it.
struct Changed;

#[projection(Account, name = "Balances", ..)]
impl Changed {
    const TABLES: &str =
        "CREATE TABLE balances (id uuid PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL)";

    #[event]
    async fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES ($1, $2, 100)", &[&id, &event.owner]).await
    }
}

pub(crate) fn changed_code_is_refused_unless_it_is_accepted() {
    let stage = Stage::new();
    account(&stage.app, "Ann", &[1]);
    let balances = stage.app.project(Balances).in_schema(stage.schema()).start().wait().unwrap();
    balances.drain().wait().unwrap();
    let refused = stage.app.project(Changed).in_schema(stage.schema()).start().wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Schema);
    assert!(refused.to_string().contains("the code of the projection `Balances` changed"), "{refused}");
    let changed = stage.app.project(Changed).on_change(OnChange::Accept).in_schema(stage.schema());
    let changed = changed.start().wait().unwrap();
    account(&stage.app, "Bob", &[2]);
    changed.drain().wait().unwrap();
    assert_eq!(stage.rows(), of([("Ann", 1), ("Bob", 100)]));
    // The earlier code does not go on with these rows.
    assert!(stage.app.project(Balances).in_schema(stage.schema()).start().wait().is_err());
}

pub(crate) fn the_newest_state_of_each_aggregate_is_a_row() {
    let stage = Stage::new();
    let mut ann = account(&stage.app, "Ann", &[1, 2]);
    let project = || stage.app.project(keep_state::<Account>()).in_schema(stage.schema());
    let states = project().start().wait().unwrap();
    let mut bob = account(&stage.app, "Bob", &[5]);
    ann.set_owner("Anna".into());
    ann.freeze();
    stage.app.save(&mut ann).wait().unwrap();
    states.caught_up().within(LONG).wait().unwrap();
    let table = format!("{}.account_states", stage.view);
    let rows = || {
        let columns = "concat_ws(' ', id, version, modified_at, state)";
        server::by_hand(&format!("SELECT {columns} FROM {table} ORDER BY version"))
    };
    let row = |account: &Account, version: u64, owner: &str, balance: i64| {
        let (id, modified_at) = (account.id(), account.modified_at().as_micros());
        format!(r#"{id} {version} {modified_at} {{"owner": "{owner}", "balance": {balance}}}"#)
    };
    assert_eq!(rows(), [row(&bob, 2, "Bob", 5), row(&ann, 5, "Anna", 3)]);
    stage.app.save(&mut ann.discard()).wait().unwrap();
    states.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows(), [row(&bob, 2, "Bob", 5)]);
    // New rows, though the old ones are lost.
    server::by_hand(&format!("DELETE FROM {table}"));
    project().rebuild().wait().unwrap();
    assert_eq!(rows(), [row(&bob, 2, "Bob", 5)]);
    bob.deposit(7);
    let receipt = stage.app.save(&mut bob).wait().unwrap();
    states.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(), [row(&bob, 3, "Bob", 12)], "the projection goes on with the new rows");
}

pub(crate) fn two_projections_share_a_schema() {
    struct Owners;

    #[projection(Account, ..)]
    impl Owners {
        const TABLES: &str = "CREATE TABLE owners (owner text)";

        #[event]
        async fn opened(event: &Opened, tx: &Tx) -> Result {
            tx.run("INSERT INTO owners VALUES ($1)", &[&event.owner]).await
        }
    }

    let stage = Stage::new();
    account(&stage.app, "Ann", &[1]);
    let schema = stage.schema();
    let balances = stage.app.project(Balances).in_schema(schema.clone()).start().wait().unwrap();
    let owners = stage.app.project(Owners).in_schema(schema).start().wait().unwrap();
    account(&stage.app, "Bob", &[2]);
    balances.drain().wait().unwrap();
    owners.drain().wait().unwrap();
    assert_eq!(stage.rows(), of([("Ann", 1), ("Bob", 2)]));
    let found = server::by_hand(&format!("SELECT owner FROM {}.owners ORDER BY 1", stage.view));
    assert_eq!(found, ["Ann", "Bob"]);
}

pub(crate) fn of_two_processes_one_waits_and_takes_over() {
    let stage = Stage::new();
    let other = server::in_schema(&stage.name).application_name(&*stage.name).open().unwrap();
    let other = application(&other.recorder(&es_runtime::recorder::Tables::default()).unwrap());
    let start = |app: &es_runtime::Application| {
        let project = app.project(Balances).look_every(Duration::from_millis(100));
        project.batch(BatchSize::new().events(10)).in_schema(stage.schema()).start().wait().unwrap()
    };
    let (one, two) = (start(&stage.app), start(&other));
    let expected = writers(&stage.app, 8, 40);
    one.caught_up().within(LONG).wait().unwrap();
    two.caught_up().within(LONG).wait().unwrap();
    assert_eq!(stage.rows(), expected);
    let states = [one.state(), two.state()];
    assert!(states.contains(&RunnerState::Waiting), "{states:?}");
    let (working, waiting) = if one.state() == RunnerState::Waiting { (two, one) } else { (one, two) };
    working.stop().wait().unwrap();
    account(&stage.app, "Ann", &[3]);
    let begun = Instant::now();
    waiting.caught_up().within(LONG).wait().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "it took over after {:?}", begun.elapsed());
    assert_eq!(stage.rows().get("Ann"), Some(&3));
}

pub(crate) fn processes_that_start_together_make_the_tables_once() {
    let stage = Stage::new();
    account(&stage.app, "Ann", &[1]);
    let started: Vec<_> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| stage.app.project(Balances).in_schema(stage.schema()).start().wait()))
            .collect();
        starting.into_iter().map(|start| start.join().unwrap()).collect()
    });
    for balances in started {
        balances.unwrap().drain().wait().unwrap();
    }
    assert_eq!(stage.rows(), of([("Ann", 1)]));
}

pub(crate) fn a_view_works_and_ends_on_any_executor() {
    let stage = Stage::new();
    account(&stage.app, "Ann", &[1, 2]);
    let sessions = || {
        let name = format!("{}_async", stage.name);
        server::by_hand(&format!("SELECT pid FROM pg_stat_activity WHERE application_name = '{name}'")).len()
    };
    let run = |number: i32| {
        let schema =
            Schema::new(options(&format!("{}_async", stage.name)), &format!("{}_{number}", stage.view));
        let project = stage.app.project(Balances).in_schema(schema.unwrap());
        async move {
            let runner = project.open().await.unwrap();
            let handle = runner.handle();
            let (drained, ran) = futures_join(handle.drain(), runner.run()).await;
            drained.unwrap();
            ran.unwrap();
            // The last holders of the schema go within async code.
            drop(handle);
        }
    };
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    many.block_on(async { tokio::spawn(run(1)).await.unwrap() });
    let single = tokio::runtime::Builder::new_current_thread().build().unwrap();
    single.block_on(run(2));
    smol::block_on(run(3));
    run(4).wait();
    for number in 1..=4 {
        assert_eq!(super::rows_of(&format!("{}_{number}", stage.view)), of([("Ann", 3)]));
    }
    let begun = Instant::now();
    while sessions() > 0 {
        assert!(begun.elapsed() < LONG, "{} sessions are left", sessions());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for two futures.
async fn futures_join<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (std::pin::pin!(one), std::pin::pin!(other));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|context| {
        if first.is_none()
            && let std::task::Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let std::task::Poll::Ready(done) = other.as_mut().poll(context)
        {
            second = Some(done);
        }
        if first.is_some() && second.is_some() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    (first.unwrap(), second.unwrap())
}

pub(crate) fn a_schema_that_cannot_be_is_refused() {
    for (uri, name, why) in [
        ("postgresql://localhost/bank", "no name", "cannot be the name"),
        ("postgresql://localhost/bank", "balances_rebuild", "choose a name"),
        ("postgresql://localhost/bank", &"x".repeat(56), "choose a name"),
        ("postgresql://localhost/bank?pooler=yes", "balances", "connect directly"),
        ("sqlite:bank.db", "balances", "does not begin with `postgresql:`"),
    ] {
        let error = Schema::at(uri, name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error}");
    }
    let shown = format!("{:?}", Schema::at("postgresql://ann:secret@localhost/bank", "balances").unwrap());
    assert!(shown.contains("balances") && !shown.contains("secret"), "{shown}");
}
