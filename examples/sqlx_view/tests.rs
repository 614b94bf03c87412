use es_runtime::ErrorKind;
use es_runtime::projection::{BatchSize, Handle};
use tokio::task::JoinHandle;

use super::*;
use crate::fated::{Fate, Fated};

type Ended = std::result::Result<(), es_runtime::Error>;

/// Runs work with a schema, if there is a server.
fn with_view<F: Future<Output = ()>>(name: &str, work: impl FnOnce(SqlxSchema) -> F) {
    let Some(database) = server::find(name) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work(SqlxSchema::at(database.plain_uri(), &database.view()).unwrap()));
}

/// Saves an account with deposits of 1, each in a commit of its own.
async fn ann(app: &Application, deposits: usize) -> Account {
    let mut account = Account::open("Ann".into());
    app.save(&mut account).await.unwrap();
    for _ in 0..deposits {
        account.deposit(1);
        app.save(&mut account).await.unwrap();
    }
    account
}

async fn start(
    app: &Application,
    view: &Fated<SqlxSchema>,
) -> (Handle<Fated<SqlxSchema>>, JoinHandle<Ended>) {
    let project = app.project(Balances).batch(BatchSize::new().events(2));
    let runner = project.in_view(view.clone()).open().await.unwrap();
    (runner.handle(), tokio::spawn(runner.run()))
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

#[test]
fn a_lost_answer_of_a_commit_and_a_killed_session_take_no_event_twice() {
    with_view("sqlx_view_lost", async |schema| {
        let app = Application::open("memory:").await.unwrap();
        let mut account = ann(&app, 20).await;
        let view = Fated::new(schema.clone(), |commit| match commit % 3 {
            2 => Fate::AnswerLost(ErrorKind::OutcomeUnknown),
            _ => Fate::Committed,
        });
        let (balances, running) = start(&app, &view).await;
        balances.caught_up().await.unwrap();
        let mut rows = schema.connect().await.unwrap();
        assert_eq!(cents(&mut rows, "Ann").await.unwrap(), 20);

        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()";
        let killed: i64 = query_scalar(kill).fetch_one(&mut rows).await.unwrap();
        assert!(killed > 0);
        account.deposit(1);
        let receipt = app.save(&mut account).await.unwrap();
        balances.reached(&receipt).await.unwrap();
        assert_eq!(cents(&mut rows, "Ann").await.unwrap(), 21);
        balances.stop().await.unwrap();
        running.await.unwrap().unwrap();
    });
}

/// A projection whose handler ends the transaction of its view.
struct Careless;

#[projection(Account, ..)]
impl Careless {
    const TABLES: &str = "CREATE TABLE opened (id text PRIMARY KEY)";

    #[event]
    async fn opened(_: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run(query("INSERT INTO opened VALUES ($1)").bind(id.to_string())).await?;
        tx.run(query("ROLLBACK")).await
    }
}

#[test]
fn a_handler_that_rolls_back_by_hand_ends_the_projection_before_its_place_moves() {
    with_view("sqlx_view_careless", async |schema| {
        let app = Application::open("memory:").await.unwrap();
        ann(&app, 0).await;
        for _ in 0..2 {
            let runner = app.project(Careless).in_view(schema.clone()).open().await.unwrap();
            let refused = runner.run().await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
            assert!(refused.to_string().contains("by hand"), "{refused}");
        }
    });
}
