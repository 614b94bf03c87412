//! Projections whose views are in PostgreSQL.

pub(crate) mod failing;
pub(crate) mod inline;
pub(crate) mod killed;
pub(crate) mod naive;
pub(crate) mod projections;
pub(crate) mod replacing;
pub(crate) mod transactions;
pub(crate) mod trouble;
pub(crate) mod twins;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use es_runtime::recorder::{PostgresOptions, PostgresRecorder};
use es_runtime::view::Result;
use es_runtime::view::postgres::{Schema, Tx};
use es_runtime::{Application, Id, Wait, projection};

use super::Database;
use crate::account::{Account, Deposited, Frozen, Opened, Withdrawn};
use crate::{harness, server};

/// The tests of this folder.
pub(crate) fn tests() -> Vec<harness::Test> {
    harness::tests![
        projections::a_view_takes_what_is_stored_and_then_what_comes,
        projections::rows_are_exact_beside_sixteen_writers,
        projections::a_projection_goes_on_while_its_view_is_rebuilt,
        projections::a_restarted_projection_goes_on_and_takes_nothing_twice,
        projections::changed_code_is_refused_unless_it_is_accepted,
        projections::the_newest_state_of_each_aggregate_is_a_row,
        projections::two_projections_share_a_schema,
        projections::of_two_processes_one_waits_and_takes_over,
        projections::processes_that_start_together_make_the_tables_once,
        projections::a_view_works_and_ends_on_any_executor,
        projections::a_schema_that_cannot_be_is_refused,
        failing::a_failed_event_stops_the_projection_before_it,
        failing::a_failed_event_is_skipped_and_recorded,
        failing::a_failed_event_parks_the_later_ones_of_its_aggregate_alone,
        failing::a_late_error_before_events_that_wait_parks_its_own_event,
        failing::parked_aggregates_are_known_on_a_new_connection,
        failing::parked_events_are_handled_again_or_dropped,
        failing::a_handler_that_ends_the_transaction_by_hand_is_refused,
        killed::rows_are_exact_though_backends_are_killed,
        killed::a_place_in_a_transaction_of_its_own_takes_events_twice,
        twins::our_reader_sees_a_late_commit_and_its_twin_does_not,
        twins::our_filters_see_a_late_commit_and_their_twins_do_not,
        twins::a_death_at_any_commit_harms_the_twin_alone,
        transactions::keys_are_kept_listed_and_removed,
        transactions::of_two_transactions_with_one_key_the_second_waits,
        transactions::a_key_that_was_removed_and_set_again_is_found_by_who_waited,
        transactions::of_two_transactions_that_find_nothing_the_second_waits,
        transactions::a_process_that_stops_within_a_transaction_holds_nobody_up,
        transactions::nothing_of_public_is_seen,
        transactions::statements_on_their_way_together_keep_their_order,
        transactions::a_late_error_is_found_before_the_commit,
        transactions::a_commit_whose_answer_is_lost_is_of_unknown_outcome,
        transactions::errors_that_pass_are_told_from_those_of_handlers,
        transactions::errors_of_statements_quote_no_values,
        inline::a_saved_event_is_in_the_view_at_once,
        inline::a_commit_that_an_inline_view_does_not_take_is_not_stored,
        inline::rows_are_exact_beside_processes_that_do_not_keep_the_view,
        inline::events_reach_an_inline_view_in_the_order_of_the_log,
        inline::an_event_below_those_of_an_inline_view_is_not_missed,
        inline::an_inline_view_is_exact_though_backends_are_killed,
        inline::an_inline_view_learns_of_the_forgotten_and_of_steps,
        inline::an_inline_view_whose_handler_ends_the_transaction_fails,
        inline::two_inline_views_are_rebuilt_and_keep_names_unique,
        inline::what_cannot_be_inline_is_refused,
        trouble::an_inline_view_refuses_a_log_that_it_does_not_know,
        trouble::an_unknown_outcome_elsewhere_does_not_end_an_inline_view,
        trouble::a_panic_leaves_no_transaction_open,
        trouble::a_cipher_that_panics_is_reported,
        trouble::a_save_that_a_handler_keeps_too_long_is_known_not_to_be_stored,
        replacing::a_rebuild_takes_the_place_of_the_rows_while_writers_save_and_readers_read,
        replacing::a_second_rebuild_is_refused_until_the_first_one_ends,
        replacing::statements_tell_what_they_made,
        replacing::new_objects_take_the_place_of_the_old_ones,
        replacing::tables_that_others_need_stay_and_refuse,
        replacing::what_cannot_be_moved_is_refused_and_not_lost,
        replacing::a_schema_of_somebody_else_is_not_cleared,
    ]
}

/// The longest time that a test waits for something that has to happen.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Amounts that make a handler misbehave.
pub(crate) const POISON: i64 = 1_001;
pub(crate) const SWALLOWED: i64 = 1_002;
pub(crate) const LATE: i64 = 1_003;
pub(crate) const COMMITTED: i64 = 1_004;
pub(crate) const ROLLED_BACK: i64 = 1_005;
pub(crate) const BEGUN_AGAIN: i64 = 1_006;
pub(crate) const NOWHERE: i64 = 1_007;

/// The balance of each account. It adds, so that an event that is taken twice, or not at all, is seen.
pub(crate) struct Balances;

#[projection(Account, ignore = [Frozen])]
impl Balances {
    const TABLES: &str =
        "CREATE TABLE balances (id uuid PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL)";

    #[event]
    async fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES ($1, $2, 0)", &[&id, &event.owner]).await
    }

    #[event]
    async fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, event.amount, tx).await?;
        match event.amount {
            POISON => return Err("a poisoned amount".into()),
            SWALLOWED => drop(tx.batch_execute("SELECT 1 / 0").await),
            LATE => tx.run("INSERT INTO balances VALUES ($1, 'twice', 0)", &[&id]).await?,
            NOWHERE => tx.run_one("UPDATE balances SET cents = 0 WHERE owner = $1", &[&"nobody"]).await?,
            COMMITTED => tx.batch_execute("COMMIT").await?,
            ROLLED_BACK => tx.batch_execute("ROLLBACK").await?,
            BEGUN_AGAIN => tx.batch_execute("COMMIT; BEGIN").await?,
            _ => {}
        }
        Ok(())
    }

    #[event]
    async fn withdrawn(event: &Withdrawn, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, -event.amount, tx).await
    }

    #[attribute(owner)]
    async fn renamed(owner: &str, id: Id<Account>, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET owner = $2 WHERE id = $1", &[&id, &owner]).await
    }

    #[discarded]
    #[forgotten]
    async fn gone(id: Id<Account>, tx: &Tx) -> Result {
        tx.run("DELETE FROM balances WHERE id = $1", &[&id]).await
    }

    async fn add(id: Id<Account>, cents: i64, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET cents = cents + $2 WHERE id = $1", &[&id, &cents]).await
    }
}

/// The log of an application, and a schema for its views. The sessions of both have the name of the log's schema.
pub(crate) struct Stage {
    pub(crate) app: Application,
    pub(crate) name: String,
    pub(crate) view: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let Database { recorder, schema, .. } = super::open();
        Self::over(application(&recorder), schema)
    }

    pub(crate) fn in_memory() -> Self {
        Self::over(Application::open("memory:").wait().unwrap(), server::new_schema())
    }

    fn over(app: Application, name: String) -> Self {
        Self { app, view: format!("{name}_view"), name }
    }

    /// Returns a way to the schema, with a runtime of its own, as another process would have.
    pub(crate) fn schema(&self) -> Schema {
        Schema::new(options(&self.name), &self.view).unwrap()
    }

    pub(crate) fn rows(&self) -> BTreeMap<String, i64> {
        rows_of(&self.view)
    }
}

pub(crate) fn application(recorder: &PostgresRecorder) -> Application {
    Application::on(Arc::new(recorder.clone())).open().wait().unwrap()
}

pub(crate) fn options(name: &str) -> PostgresOptions {
    server::uri().parse::<PostgresOptions>().unwrap().application_name(name)
}

pub(crate) fn rows_of(schema: &str) -> BTreeMap<String, i64> {
    let rows = server::by_hand(&format!("SELECT owner || ' ' || cents FROM {schema}.balances"));
    rows.iter()
        .map(|row| row.split_once(' ').unwrap())
        .map(|(owner, cents)| (owner.to_owned(), cents.parse().unwrap()))
        .collect()
}

/// Opens an account with deposits, each in a commit of its own.
pub(crate) fn account(app: &Application, owner: &str, amounts: &[i64]) -> Account {
    let mut account = Account::open(owner.to_owned());
    app.save(&mut account).wait().unwrap();
    for amount in amounts {
        account.deposit(*amount);
        app.save(&mut account).wait().unwrap();
    }
    account
}

/// Lets writers deposit and withdraw, each on accounts of its own; returns the rows that a view has to have.
pub(crate) fn writers(app: &Application, writers: usize, commits: i64) -> BTreeMap<String, i64> {
    thread::scope(|scope| {
        let writing = |writer: usize| {
            let mut account = Account::open(format!("owner_{writer}"));
            app.save(&mut account).wait().unwrap();
            for commit in 0..commits {
                account.deposit(commit + 2);
                account.withdraw(1).unwrap();
                app.save(&mut account).wait().unwrap();
            }
            (account.owner.clone(), account.balance)
        };
        let all: Vec<_> = (0..writers).map(|writer| scope.spawn(move || writing(writer))).collect();
        all.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

pub(crate) fn of<const N: usize>(rows: [(&str, i64); N]) -> BTreeMap<String, i64> {
    rows.into_iter().map(|(owner, cents)| (owner.to_owned(), cents)).collect()
}
