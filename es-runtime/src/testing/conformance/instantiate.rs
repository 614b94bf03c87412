/// Tests a recorder against all its promises, one test for each rule.
///
/// The arguments are the level, the module for the tests, and a function that makes an empty recorder:
///
/// ```
/// use es_runtime::recorder::MemoryRecorder;
///
/// es_runtime::recorder_conformance!(process + keys, memory, || MemoryRecorder::new());
/// ```
///
/// The level is named after the highest trait of the recorder: `aggregate`, `application` or `process`, each of which
/// includes those before it; `+ keys` is for a `KeyRecorder`. The level `tracking` tests a recorder that only tracks,
/// `snapshots` one that keeps snapshots:
///
/// ```
/// use es_runtime::recorder::MemorySnapshots;
///
/// es_runtime::recorder_conformance!(snapshots, memory_snapshots, || MemorySnapshots::new());
/// ```
///
/// For a store that lasts, `reopen` takes a recorder, closes it, and opens the same store again; the store then has to
/// hold all that it acknowledged. For a store that can be opened twice, `second` makes another handle on the store of
/// a recorder; each handle then has to see what the other stores:
///
/// ```
/// # use std::sync::Arc;
/// # use es_runtime::recorder::MemoryRecorder;
/// # fn fresh() -> Arc<MemoryRecorder> { Arc::default() }
/// # fn reopened(recorder: Arc<MemoryRecorder>) -> Arc<MemoryRecorder> { recorder }
/// # fn opened_again(recorder: &Arc<MemoryRecorder>) -> Arc<MemoryRecorder> { recorder.clone() }
/// es_runtime::recorder_conformance!(process + keys, my_store, fresh, reopen = reopened, second = opened_again);
/// ```
///
/// The rules are documented in [`testing::conformance`](crate::testing::conformance).
#[macro_export]
macro_rules! recorder_conformance {
    (
        $level:ident $(+ $keys:ident)?, $name:ident, $make:expr
        $(, reopen = $reopen:expr)? $(, second = $second:expr)? $(,)?
    ) => {
        $crate::recorder_conformance! {
            @module $name [$level $($keys)?] [$make] [$($reopen)?] [$($second)?]
        }
    };

    (@module $name:ident $levels:tt $make:tt $reopen:tt $second:tt) => {
        mod $name {
            #[allow(unused_imports, reason = "the functions may need none of them")]
            use super::*;

            mod waiting {
                #[allow(unused_imports, reason = "the functions may need none of them")]
                use super::*;
                $crate::recorder_conformance! { @way Waiting $levels $make $reopen $second }
            }

            mod polled {
                #[allow(unused_imports, reason = "the functions may need none of them")]
                use super::*;
                $crate::recorder_conformance! { @way Polled $levels $make $reopen $second }
            }
        }
    };
    (@way $way:ident $levels:tt [$make:expr] [$($reopen:expr)?] [$($second:expr)?]) => {
        $crate::recorder_conformance! { @up_to $levels tests [$way, $make] }
        $($crate::recorder_conformance! { @reopening_up_to $levels reopening_tests [$way, $make, $reopen] })?
        $($crate::recorder_conformance! { @sharing_up_to $levels sharing_tests [$way, $make, $second] })?
    };

    (@up_to [aggregate] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @aggregate $then $with }
    };
    (@up_to [aggregate keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @up_to [aggregate] $then $with }
        $crate::recorder_conformance! { @keys $then $with }
    };
    (@up_to [application] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @up_to [aggregate] $then $with }
        $crate::recorder_conformance! { @application $then $with }
    };
    (@up_to [application keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @up_to [application] $then $with }
        $crate::recorder_conformance! { @keys $then $with }
        $crate::recorder_conformance! { @log_keys $then $with }
    };
    (@up_to [process] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @up_to [application] $then $with }
        $crate::recorder_conformance! { @tracking $then $with }
        $crate::recorder_conformance! { @process $then $with }
    };
    (@up_to [process keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @up_to [application keys] $then $with }
        $crate::recorder_conformance! { @tracking $then $with }
        $crate::recorder_conformance! { @process $then $with }
        $crate::recorder_conformance! { @process_keys $then $with }
    };
    (@up_to [limits] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @limits $then $with }
    };
    (@up_to [tracking] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @tracking $then $with }
    };
    (@up_to [snapshots] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @snapshots $then $with }
    };
    (@reopening_up_to [aggregate] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @aggregate_reopening $then $with }
    };
    (@reopening_up_to [aggregate keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @reopening_up_to [aggregate] $then $with }
        $crate::recorder_conformance! { @keys_reopening $then $with }
    };
    (@reopening_up_to [application] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @reopening_up_to [aggregate] $then $with }
        $crate::recorder_conformance! { @application_reopening $then $with }
    };
    (@reopening_up_to [application keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @reopening_up_to [application] $then $with }
        $crate::recorder_conformance! { @keys_reopening $then $with }
    };
    (@reopening_up_to [process] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @reopening_up_to [application] $then $with }
        $crate::recorder_conformance! { @tracking_reopening $then $with }
        $crate::recorder_conformance! { @process_reopening $then $with }
    };
    (@reopening_up_to [process keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @reopening_up_to [process] $then $with }
        $crate::recorder_conformance! { @keys_reopening $then $with }
    };
    (@reopening_up_to [tracking] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @tracking_reopening $then $with }
    };
    (@reopening_up_to [snapshots] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @snapshots_reopening $then $with }
    };
    (@sharing_up_to [aggregate] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @aggregate_sharing $then $with }
    };
    (@sharing_up_to [aggregate keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @sharing_up_to [aggregate] $then $with }
        $crate::recorder_conformance! { @keys_sharing $then $with }
    };
    (@sharing_up_to [application] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @sharing_up_to [aggregate] $then $with }
        $crate::recorder_conformance! { @application_sharing $then $with }
    };
    (@sharing_up_to [application keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @sharing_up_to [application] $then $with }
        $crate::recorder_conformance! { @keys_sharing $then $with }
    };
    (@sharing_up_to [process] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @sharing_up_to [application] $then $with }
        $crate::recorder_conformance! { @tracking_sharing $then $with }
    };
    (@sharing_up_to [process keys] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @sharing_up_to [process] $then $with }
        $crate::recorder_conformance! { @keys_sharing $then $with }
    };
    (@sharing_up_to [tracking] $then:ident $with:tt) => {
        $crate::recorder_conformance! { @tracking_sharing $then $with }
    };

    // The only list of the rules.
    (@aggregate $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            events::an_empty_commit_is_accepted
            events::an_unknown_id_has_no_events
            events::an_event_comes_back_as_it_was_stored
            events::a_read_event_is_the_callers_own
            events::ids_are_kept_apart
            events::versions_begin_anywhere_and_have_gaps
            events::events_are_read_in_the_order_of_versions
            events::a_state_is_any_bytes
            events::a_topic_is_any_name
            events::many_events_and_many_ids_are_kept
            sizes::an_event_has_five_megabytes
            sizes::a_commit_has_twenty_thousand_aggregates
            sizes::a_topic_has_255_bytes
            ranges::every_range_selects_what_it_says
            ranges::the_last_events_are_found_from_the_end
            ranges::a_limit_is_exact
            pages::short_pages_lose_nothing
            pages::a_page_keeps_to_its_bytes
            conflicts::the_same_events_under_another_commit_id_conflict
            conflicts::a_stored_event_is_never_replaced
            conflicts::a_conflict_names_aggregate_expected_and_found
            conflicts::the_same_event_twice_in_a_commit_conflicts
            conflicts::after_a_conflict_writing_goes_on
            gaps::a_commit_without_gaps_follows_what_is_stored
            gaps::a_commit_without_gaps_goes_on_with_each_aggregate
            gaps::a_commit_may_be_without_gaps_in_its_first_events
            gaps::a_sequence_without_gaps_begins_at_0_or_1
            atomicity::a_refused_commit_stores_nothing
            atomicity::a_refused_commit_leaves_its_id_free
            atomicity::a_reader_never_sees_part_of_a_commit
            repeats::the_same_commit_again_returns_the_first_receipt
            repeats::a_commit_is_known_also_after_others
            repeats::a_commit_saved_by_several_at_once_is_stored_once
            repeats::a_commit_that_is_stored_in_part_conflicts
            repeats::a_permuted_commit_was_done_before
            repeats::a_part_of_a_commit_was_done_before
            repeats::a_commit_with_more_events_conflicts
            repeats::a_commit_id_with_other_topics_conflicts
            repeats::a_repeated_commit_may_have_other_states
            repeats::a_refused_commit_stays_refused
            repeats::a_commit_id_is_any_uuid
            commits::an_unknown_commit_is_not_found
            commits::a_commit_is_found_at_its_aggregates
            commits::a_refused_commit_is_not_found
            commits::a_commit_is_found_ever_after
            commits::only_chosen_ids_are_found
            limits::a_commit_at_a_limit_is_accepted
            limits::a_limit_refuses_a_commit_whole
            limits::a_gap_is_refused_where_none_is_taken
            limits::a_limit_counts_before_a_conflict
            refusals::keys_are_kept_or_refused
            drops::a_future_that_is_never_polled_stores_nothing
            drops::a_dropped_save_can_be_saved_again
            drops::dropped_reads_leave_nothing_occupied
            drops::a_future_that_is_only_kept_holds_up_nobody
            drops::a_read_that_is_only_kept_holds_up_nobody
            drops::a_future_may_move_between_executors
            concurrency::many_writers_are_all_served
            concurrency::of_two_rivals_one_wins
            concurrency::of_sixteen_rivals_one_wins
            concurrency::commits_that_cross_both_end
            concurrency::a_refused_save_harms_no_other
            concurrency::an_acknowledged_commit_is_there_for_all
            concurrency::one_thread_has_many_under_way
        }
    };
    (@limits $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            limits::a_commit_at_a_limit_is_accepted
            limits::a_limit_refuses_a_commit_whole
            limits::a_gap_is_refused_where_none_is_taken
            limits::a_limit_counts_before_a_conflict
        }
    };
    (@keys $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            keys::an_unknown_id_has_no_key
            keys::a_key_comes_back_as_it_was_stored
            keys::a_commit_brings_the_keys_of_its_aggregates
            keys::the_keys_of_many_are_read_at_once
            keys::keys_are_kept_apart
            keys::the_same_key_again_is_accepted
            keys::events_without_the_key_of_their_aggregate_are_refused
            keys::another_key_is_a_conflict
            keys::two_keys_of_one_aggregate_conflict
            keys::a_refused_commit_leaves_no_key
            keys::sample_keys_are_stored_and_not_forgotten
            gaps::a_data_key_hides_no_gap
            gaps::a_notice_without_gaps_follows_what_is_stored
            keys::a_repeated_commit_leaves_the_first_key
            keys::of_several_first_keys_one_wins
            keys::an_event_is_never_seen_without_its_key
            key_renewal::a_key_is_replaced_by_a_caller_that_knows_it
            key_renewal::a_replaced_key_keeps_its_id
            key_renewal::a_key_in_another_form_is_no_conflict
            key_renewal::a_destroyed_key_is_not_renewed
            forgetting::a_forgotten_aggregate_has_no_key
            forgetting::the_events_of_a_forgotten_aggregate_stay
            forgetting::no_event_is_added_to_a_forgotten_aggregate
            forgetting::a_commit_of_a_forgotten_aggregate_stores_nothing
            forgetting::others_are_not_touched_by_forgetting
            forgetting::forgetting_again_changes_nothing
            forgetting::an_aggregate_without_key_or_events_is_forgotten_too
            forgetting::a_destroyed_key_is_no_key
            forgetting::a_commit_from_before_is_known_after_forgetting
            forgetting::a_save_beside_forgetting_is_stored_before_it_or_not_at_all
            forgetting::a_dropped_forgetting_leaves_nothing_half
            notices::the_notice_is_the_last_event
            notices::one_notice_is_stored
            notices::a_notice_at_a_taken_place_conflicts
            notices::notice_and_key_go_together
            notices::only_forgetting_forgets
            commits::forgetting_leaves_what_is_found
            refusals::the_first_reason_counts
        }
    };
    (@application $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            log::an_empty_log_has_no_places
            log::the_log_holds_every_event_in_order
            log::a_receipt_names_the_positions_of_its_events
            log::a_refused_commit_is_not_in_the_log
            log::a_repeated_commit_stands_in_the_log_once
            log::the_newest_place_is_that_of_the_last_event
            log::positions_only_grow
            log::an_acknowledged_commit_is_in_the_log
            log_ranges::the_log_is_read_from_and_up_to
            log_ranges::every_part_of_the_log_can_be_read
            log_ranges::topics_are_compared_as_they_are
            log_ranges::a_limit_counts_what_the_topics_let_pass
            log_pages::short_pages_of_the_log_lose_nothing
            log_pages::a_page_of_the_log_keeps_to_its_bytes
            log_pages::a_page_with_more_brings_its_reader_on
            log_order::commits_do_not_mix
            log_order::a_follower_misses_nothing
            log_order::writers_and_readers_go_on_together
            log_order::an_aggregate_stands_in_the_order_of_its_versions
            log_order::the_log_never_shows_part_of_a_commit
            marks::a_filtered_follower_misses_nothing
            marks::a_page_is_complete_up_to_an_event
            marks::no_entry_is_beyond_what_is_complete
            marks::a_page_is_complete_for_skipped_events_too
            marks::a_page_of_no_entries_reports_the_newest_place
            marks::a_resolved_commit_is_complete_for_all
            marks::every_event_is_a_place_to_come_back_to
            other_logs::another_commit_at_a_place_is_noticed
            other_logs::a_place_beyond_the_end_is_noticed
            other_logs::a_log_that_was_cut_back_is_noticed
            slices::slices_make_the_log
            slices::a_run_of_slices_is_that_of_ids
            slices::pages_of_slices_lose_nothing
            waking::a_commit_wakes_every_waiting_reader
            waking::a_reader_that_is_behind_does_not_wait
            waking::a_commit_between_look_and_wait_is_heard
            waking::readers_at_one_place_are_all_woken
            waking::dropped_waits_leave_nothing
            drops::a_read_of_the_log_that_is_only_kept_holds_up_nobody
        }
    };
    (@log_keys $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            log::forgetting_adds_a_notice_to_the_log
            followers::a_follower_learns_what_is_forgotten
            followers::a_view_made_again_equals_the_live_one
            followers::a_notice_stands_at_the_end
            waking::a_notice_wakes_a_waiting_reader
        }
    };
    (@tracking $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            steps::nothing_is_tracked_before_the_first_step
            steps::a_step_is_recorded
            steps::a_step_begins_where_the_last_ended
            steps::overlapping_batches_are_applied_once
            steps::a_step_compares_the_commit_too
            steps::a_tracked_position_is_any
            steps::of_several_runners_one_steps
            steps::a_step_that_is_never_polled_is_not_recorded
            cursors::readers_of_one_log_are_kept_apart
            cursors::logs_of_one_reader_are_kept_apart
            cursors::slices_of_one_reader_are_kept_apart
            cursors::names_are_not_run_together
            cursors::names_have_up_to_255_bytes
        }
    };
    (@process $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            processing::a_step_is_recorded_with_the_events
            processing::a_step_needs_no_events
            processing::events_without_a_step_leave_it
            processing::a_repeated_tracked_commit_changes_nothing
            processing::of_several_readers_of_an_event_one_records_it
            processing::a_refused_step_stores_no_events
            processing::refused_events_leave_the_step
            processing::several_tracked_commits_stand_in_their_order
            processing::a_refused_commit_stops_those_after_it
            refusals::a_step_counts_before_a_version
        }
    };
    (@process_keys $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            processing::a_tracked_commit_brings_its_keys
            processing::keys_and_steps_are_refused_together
            refusals::a_step_counts_before_keys
        }
    };
    (@snapshots $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            snapshots::an_unknown_id_has_no_snapshots
            snapshots::a_snapshot_comes_back_as_it_was_put
            snapshots::a_snapshot_put_again_is_replaced
            snapshots::kinds_of_snapshots_are_kept_apart
            snapshots::snapshots_of_ids_are_kept_apart
            snapshots::snapshots_are_of_any_version
            snapshots::the_state_of_a_snapshot_is_any_bytes
            snapshots::the_topic_of_a_snapshot_is_any_name
            snapshot_ranges::every_range_selects_the_snapshots_it_says
            snapshot_ranges::every_range_has_the_versions_of_its_snapshots
            snapshot_ranges::the_last_snapshot_is_found_from_the_end
            snapshot_ranges::deleting_removes_what_the_range_selects
            snapshot_ranges::old_snapshots_are_deleted
            snapshot_ranges::deleting_leaves_other_aggregates
            snapshot_ranges::deleting_leaves_other_kinds
            snapshot_ranges::clearing_removes_every_kind
            snapshot_ranges::clearing_leaves_other_aggregates
            snapshot_ranges::deleting_nothing_is_fine
            snapshot_ranges::a_deleted_snapshot_can_be_put_again
            snapshot_sharing::of_several_put_at_once_one_whole_stays
            snapshot_sharing::a_stored_snapshot_is_there_for_all
            snapshot_sharing::a_future_that_is_never_polled_changes_no_snapshot
            snapshot_sharing::a_dropped_put_or_delete_can_be_done_again
            snapshot_sharing::dropped_reads_of_snapshots_leave_nothing_occupied
        }
    };
    (@aggregate_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::events_are_there_after_reopening }
    };
    (@keys_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            durability::keys_are_there_after_reopening
            durability::a_forgotten_aggregate_stays_forgotten_after_reopening
        }
    };
    (@application_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::the_log_goes_on_after_reopening }
    };
    (@tracking_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::steps_are_there_after_reopening }
    };
    (@process_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::tracked_commits_are_there_after_reopening }
    };
    (@snapshots_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::snapshots_are_there_after_reopening }
    };
    (@aggregate_sharing $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            sharing::another_handle_sees_what_is_stored
            sharing::another_handle_knows_what_is_taken
        }
    };
    (@keys_sharing $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with sharing::another_handle_sees_keys_and_what_is_forgotten }
    };
    (@application_sharing $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            sharing::another_handle_reads_the_log
            sharing::another_handle_is_woken
        }
    };
    (@tracking_sharing $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with sharing::another_handle_sees_the_steps }
    };

    // The expansion of a list of rules.
    (@tests [$way:ident, $make:expr] $($area:ident::$rule:ident)*) => {$(
        #[test]
        fn $rule() {
            let make = $make;
            let way = $crate::testing::conformance::Way::$way;
            $crate::testing::conformance::$area::$rule(&$crate::testing::conformance::Store::new(make(), way));
        }
    )*};
    (@reopening_tests [$way:ident, $make:expr, $reopen:expr] $($area:ident::$rule:ident)*) => {$(
        #[test]
        fn $rule() {
            let (make, reopen) = ($make, $reopen);
            $crate::testing::conformance::$area::$rule(make(), $crate::testing::conformance::Way::$way, &reopen);
        }
    )*};
    (@sharing_tests [$way:ident, $make:expr, $second:expr] $($area:ident::$rule:ident)*) => {$(
        #[test]
        fn $rule() {
            let make = $make;
            let way = $crate::testing::conformance::Way::$way;
            let one = $crate::testing::conformance::Store::new(make(), way);
            let other = one.second($second);
            $crate::testing::conformance::$area::$rule(&one, &other);
        }
    )*};
    (@rules [$recorder:ident] $($area:ident::$rule:ident)*) => {
        ::std::vec![$($crate::testing::conformance::Rule {
            name: ::core::stringify!($rule),
            check: $crate::testing::conformance::$area::$rule::<$recorder>,
        }),*]
    };
    (@reopening_rules [$recorder:ident] $($area:ident::$rule:ident)*) => {
        ::std::vec![$($crate::testing::conformance::ReopeningRule {
            name: ::core::stringify!($rule),
            check: $crate::testing::conformance::$area::$rule::<$recorder>,
        }),*]
    };
    (@sharing_rules [$recorder:ident] $($area:ident::$rule:ident)*) => {
        ::std::vec![$($crate::testing::conformance::SharingRule {
            name: ::core::stringify!($rule),
            check: $crate::testing::conformance::$area::$rule::<$recorder>,
        }),*]
    };
}
