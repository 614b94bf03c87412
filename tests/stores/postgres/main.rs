//! PostgreSQL against the rules of its level, and the promises that only PostgreSQL makes.
//!
//! The program starts a server of its own where it finds one installed, or uses the database that `ES_POSTGRES_URL` names,
//! in new schemas. Without either it reports the tests that it leaves out.

#[path = "../../support/account.rs"]
#[allow(dead_code, reason = "other programs use the rest")]
mod account;
mod conformance;
#[path = "../../support/copied.rs"]
mod copied;
mod copying;
mod cut_pages;
mod cuts;
mod executors;
#[path = "../../support/fated.rs"]
mod fated;
mod forgetting;
#[path = "../../support/harness.rs"]
mod harness;
#[path = "../../support/postgres.rs"]
mod postgres;
mod order;
mod pool;
mod promises;
mod proxy;
mod reach;
mod roles;
mod server;
mod subscriptions;
mod surroundings;
#[path = "../../support/twins/mod.rs"]
mod twins;
mod views;
mod writers;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use es_runtime::id::{CommitId, Mark, Position};
use es_runtime::recorder::{
    ApplicationRecorder, Cursor, LogRange, Notification, Postgres, PostgresRecorder, Step, StoredEvent,
    Tables, TrackingRecorder,
};
use es_runtime::{Version, Wait};
use uuid::Uuid;

fn main() -> ExitCode {
    let mut tests = harness::tests![
        cuts::a_lost_answer_doubles_nothing_and_refuses_nothing,
        cuts::an_aggregate_whose_answer_was_lost_goes_on,
        cuts::a_step_whose_answer_is_lost_is_recorded_once,
        cuts::a_lost_answer_changes_no_conflict,
        cuts::reading_and_forgetting_survive_a_cut,
        cuts::a_cut_while_it_opens_is_no_fault_of_the_tables,
        cuts::killed_backends_lose_nothing,
        cuts::a_server_that_is_away_is_reported_and_found_again,
        cut_pages::readers_that_are_held_back_read_what_is_complete,
        cut_pages::a_range_that_ends_before_the_log_is_read,
        cut_pages::large_events_of_another_process_are_read,
        promises::a_writer_that_is_under_way_holds_readers_back,
        promises::a_sequence_behind_its_table_is_refused_with_the_remedy,
        roles::a_role_with_the_listed_rights_is_enough,
        roles::a_role_that_empties_own_columns_needs_one_right_more,
        promises::tables_that_are_not_ours_are_refused,
        promises::processes_that_start_together_make_the_tables_once,
        promises::own_columns_are_filled_and_emptied,
        roles::a_read_only_role_is_refused_as_unavailable,
        roles::an_unknown_database_or_role_is_refused_as_configuration,
        promises::another_process_is_woken_soon,
        promises::without_its_listener_a_reader_still_learns_of_more,
        promises::a_closed_database_refuses_and_finishes_what_it_took,
        promises::a_closed_database_finishes_the_reads_that_wait,
        pool::a_read_that_was_given_up_keeps_no_other_waiting,
        promises::an_application_opens_by_uri,
        promises::a_page_bounds_what_the_server_sends,
        promises::an_append_that_waits_for_forgetting_is_refused,
        promises::changes_that_wait_for_each_other_keep_to_their_time,
        writers::a_gap_is_seen_after_somebody_empties_or_replaces_the_table,
        writers::commits_of_one_aggregate_keep_their_order,
        writers::a_commit_that_waits_for_others_is_answered_in_time,
        writers::a_unique_column_of_the_user_refuses_at_once,
        writers::rows_that_a_trigger_leaves_out_refuse_the_commit,
        writers::a_sequence_that_begins_again_is_refused_with_the_remedy,
        writers::a_sequence_that_goes_round_stores_nothing,
        writers::a_role_with_old_strings_forgets,
        promises::no_line_of_a_log_holds_what_is_stored,
        roles::commits_wait_for_the_disk_whatever_the_role_asks,
        reach::a_host_that_never_answers_is_passed_over,
        reach::a_server_that_never_answers_is_reported_in_time,
        reach::a_server_that_falls_silent_holds_nobody_for_ever,
        reach::a_silent_session_is_not_left_behind,
        reach::a_session_that_may_not_write_is_made_anew,
        reach::a_watch_that_is_refused_tries_seldom,
        reach::a_watch_connects_as_the_role_that_uses_it,
        forgetting::a_refused_forgetting_leaves_no_transaction,
        forgetting::appends_go_on_while_forgetting_waits,
        order::who_holds_readers_back_is_told,
        order::the_last_position_is_read_and_not_exceeded,
        order::a_receipt_that_is_held_back_too_long_names_who_holds_it,
        order::a_server_that_hides_its_locks_is_refused_with_the_remedy,
        order::a_reader_whose_mark_is_ahead_waits,
        order::readers_that_are_held_back_for_long_warn_once,
        order::a_log_is_appended_to_in_one_way_only,
        order::an_append_whose_program_is_gone_holds_nobody_back,
        order::serial_appends_of_many_processes_are_read_in_order,
        copying::from_sqlite_and_back,
        copying::into_another_schema,
        copying::many_commits_go_together_and_large_ones_stay_whole,
        copying::keyed_commits_go_together,
        copying::a_copy_killed_at_any_call_goes_on,
        copying::a_copy_survives_cut_connections,
        copying::of_two_copies_one_goes_on,
        copying::a_target_with_events_of_others_is_refused_with_the_remedy,
        copying::several_commits_are_judged_as_one_after_the_other,
        copying::steps_of_one_reader_keep_no_other_waiting,
        copying::an_encrypted_application_moves_from_a_file,
        subscriptions::subscriptions_survive_killed_backends,
        subscriptions::a_subscription_hears_of_commits_of_others,
        subscriptions::a_commit_that_nobody_tells_of_is_returned,
        subscriptions::sections_lead_past_gaps_between_positions,
        executors::tokio_with_many_threads,
        executors::tokio_with_one_thread,
        executors::smol,
        executors::no_executor_beside_tokio,
    ];
    tests.extend(views::tests());
    tests.extend(with_own_server());
    tests.extend(conformance::tests());
    harness::run(tests, server::find)
}

/// The tests that a server of the user's may be unfit for.
fn with_own_server() -> Vec<harness::Test> {
    let mut tests = Vec::new();
    if server::is_own() {
        tests.extend(harness::tests![
            order::a_prepared_transaction_that_holds_readers_back_is_told,
            views::killed::a_view_goes_on_after_its_server_was_killed,
            views::trouble::an_inline_view_waits_for_an_append_that_is_prepared,
            surroundings::a_replica_is_refused_and_passed_over,
            surroundings::tls_is_used_and_the_certificate_checked,
            subscriptions::a_restarted_server_costs_a_subscription_nothing,
        ]);
    } else {
        println!(
            "the tests of replicas, TLS and prepared transactions are left out: they need a server of their own"
        );
    }
    if server::has_pooler() {
        tests.extend(harness::tests![
            surroundings::a_pooler_that_nobody_names_is_refused_with_the_remedy,
            surroundings::a_role_that_loses_commits_is_refused_behind_a_pooler,
            surroundings::a_pooler_that_drops_settings_is_refused_with_the_remedy,
            surroundings::a_commit_whose_answer_a_pooler_lost_is_of_unknown_outcome,
            surroundings::servers_killed_behind_a_pooler_lose_nothing,
        ]);
        tests.extend(conformance::through_pooler());
    } else {
        println!("the tests of poolers are left out: they need PgBouncer, and a server of their own");
    }
    tests
}

/// An open database in a schema of its own, which is also the name of its connections.
struct Database {
    handle: Postgres,
    recorder: PostgresRecorder,
    schema: String,
}

fn open() -> Database {
    let schema = server::new_schema();
    let handle = server::in_schema(&schema).application_name(&*schema).open().unwrap();
    let recorder = handle.recorder(&Tables::default()).unwrap();
    Database { handle, recorder, schema }
}

fn event(id: Uuid, version: u64) -> StoredEvent {
    StoredEvent::new(id, Version::new(version).unwrap(), "Topic", b"{}".to_vec()).unwrap()
}

fn notice(id: Uuid, version: u64) -> StoredEvent {
    StoredEvent::new(id, Version::new(version).unwrap(), "Topic.Forgotten", b"{}".to_vec()).unwrap()
}

fn cursor() -> Cursor {
    Cursor::new("reader", "upstream").unwrap()
}

fn step(from: Option<Mark>, to: u64) -> Step {
    Step::new(cursor(), from, Mark::new(Position::new(to).unwrap(), CommitId::new())).unwrap()
}

fn track(recorder: &PostgresRecorder) {
    let first = step(None, 1);
    recorder.track(first.clone()).wait().unwrap();
    recorder.track(step(Some(first.to()), 2)).wait().unwrap();
}

/// Reads the whole log, page by page.
fn log(recorder: &PostgresRecorder) -> Vec<Notification> {
    let mut read: Vec<Notification> = Vec::new();
    loop {
        let after = read.last().map(Notification::mark);
        let page = recorder.read_log(LogRange::all().after(after)).wait().unwrap();
        let more = page.more;
        read.extend(page.entries);
        if !more {
            return read;
        }
    }
}

/// Reads the log as it grows, until it has so many events.
fn follow(recorder: &PostgresRecorder, many: u64) -> Vec<Notification> {
    let (mut read, began): (Vec<Notification>, _) = (Vec::new(), Instant::now());
    while (read.len() as u64) < many && began.elapsed() < Duration::from_secs(60) {
        let after = read.last().map(Notification::mark);
        read.extend(recorder.read_log(LogRange::all().after(after).limit(7)).wait().unwrap().entries);
    }
    read
}
