/// Tests a recorder against everything that it promises, one test for each rule.
///
/// Named are the level (`aggregate`, `application` or `process`, after the highest of the traits that the recorder
/// implements, or `snapshots`), the module that the tests stand in, and a function that makes an empty recorder:
///
/// ```
/// use es_runtime::recorder::MemoryRecorder;
///
/// es_runtime::recorder_conformance!(process, memory, || MemoryRecorder::new());
/// ```
///
/// Snapshots are kept by a recorder of their own:
///
/// ```
/// use es_runtime::recorder::MemorySnapshots;
///
/// es_runtime::recorder_conformance!(snapshots, memory_snapshots, || MemorySnapshots::new());
/// ```
///
/// For a store that lasts, `reopen` takes such a recorder, closes it, and opens the same store again; then what was
/// acknowledged has to be there:
///
/// ```
/// # use es_runtime::recorder::MemoryRecorder;
/// # fn fresh() -> MemoryRecorder { MemoryRecorder::new() }
/// # fn reopened(recorder: MemoryRecorder) -> MemoryRecorder { recorder }
/// es_runtime::recorder_conformance!(process, my_store, fresh, reopen = reopened);
/// ```
///
/// The rules are documented in [`testing::conformance`](crate::testing::conformance).
#[macro_export]
macro_rules! recorder_conformance {
    ($level:ident, $name:ident, $make:expr $(,)?) => {
        mod $name {
            #[allow(unused_imports, reason = "the function may need none of them")]
            use super::*;

            mod waiting {
                #[allow(unused_imports, reason = "the function may need none of them")]
                use super::*;
                $crate::recorder_conformance! { @up_to $level tests [Waiting, $make] }
            }

            mod polled {
                #[allow(unused_imports, reason = "the function may need none of them")]
                use super::*;
                $crate::recorder_conformance! { @up_to $level tests [Polled, $make] }
            }
        }
    };
    ($level:ident, $name:ident, $make:expr, reopen = $reopen:expr $(,)?) => {
        mod $name {
            #[allow(unused_imports, reason = "the function may need none of them")]
            use super::*;

            mod waiting {
                #[allow(unused_imports, reason = "the function may need none of them")]
                use super::*;
                $crate::recorder_conformance! { @up_to $level tests [Waiting, $make] }
                $crate::recorder_conformance! { @reopening_up_to $level [Waiting, $make, $reopen] }
            }

            mod polled {
                #[allow(unused_imports, reason = "the function may need none of them")]
                use super::*;
                $crate::recorder_conformance! { @up_to $level tests [Polled, $make] }
                $crate::recorder_conformance! { @reopening_up_to $level [Polled, $make, $reopen] }
            }
        }
    };

    (@up_to aggregate tests $with:tt) => {
        $crate::recorder_conformance! { @aggregate tests $with }
    };
    (@up_to application tests $with:tt) => {
        $crate::recorder_conformance! { @aggregate tests $with }
        $crate::recorder_conformance! { @application tests $with }
    };
    (@up_to process tests $with:tt) => {
        $crate::recorder_conformance! { @aggregate tests $with }
        $crate::recorder_conformance! { @application tests $with }
        $crate::recorder_conformance! { @process tests $with }
    };
    (@up_to snapshots tests $with:tt) => {
        $crate::recorder_conformance! { @snapshots tests $with }
    };
    (@reopening_up_to aggregate $with:tt) => {
        $crate::recorder_conformance! { @aggregate_reopening reopening_tests $with }
    };
    (@reopening_up_to application $with:tt) => {
        $crate::recorder_conformance! { @aggregate_reopening reopening_tests $with }
        $crate::recorder_conformance! { @application_reopening reopening_tests $with }
    };
    (@reopening_up_to process $with:tt) => {
        $crate::recorder_conformance! { @aggregate_reopening reopening_tests $with }
        $crate::recorder_conformance! { @application_reopening reopening_tests $with }
        $crate::recorder_conformance! { @process_reopening reopening_tests $with }
    };
    (@reopening_up_to snapshots $with:tt) => {
        $crate::recorder_conformance! { @snapshots_reopening reopening_tests $with }
    };

    // The rules: here and nowhere else is a list of them.
    (@aggregate $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            events::an_empty_commit_is_accepted
            events::an_unknown_id_has_no_events
            events::an_event_comes_back_as_it_was_stored
            events::what_is_read_is_the_callers_own
            events::ids_are_kept_apart
            events::versions_begin_anywhere_and_have_gaps
            events::events_are_read_in_the_order_of_versions
            events::a_state_is_any_bytes
            events::a_topic_is_any_text
            events::many_events_and_many_ids_are_kept
            ranges::every_range_selects_what_it_says
            ranges::the_last_events_are_found_from_the_end
            ranges::a_limit_is_exact
            conflicts::the_same_events_under_another_commit_id_conflict
            conflicts::a_stored_event_is_never_replaced
            conflicts::a_conflict_names_aggregate_expected_and_found
            conflicts::the_same_event_twice_in_a_commit_conflicts
            conflicts::after_a_conflict_writing_goes_on
            atomicity::a_refused_commit_stores_nothing
            atomicity::a_refused_commit_leaves_its_id_free
            atomicity::a_reader_never_sees_part_of_a_commit
            repeats::the_same_commit_again_returns_the_first_receipt
            repeats::a_commit_is_known_also_after_others
            repeats::a_commit_saved_by_several_at_once_is_stored_once
            repeats::a_commit_that_is_stored_in_part_conflicts
            repeats::a_commit_id_with_other_topics_conflicts
            repeats::a_repeated_commit_may_have_other_states
            repeats::a_refused_commit_stays_refused
            repeats::a_commit_id_is_any_uuid
            commits::an_unknown_commit_is_not_found
            commits::a_commit_is_found_at_its_aggregates
            commits::a_refused_commit_is_not_found
            commits::a_commit_is_found_ever_after
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
            keys::a_repeated_commit_leaves_the_first_key
            keys::a_key_is_replaced_by_who_knows_it
            keys::of_several_first_keys_one_wins
            keys::an_event_is_never_seen_without_its_key
            forgetting::a_forgotten_aggregate_has_no_key
            forgetting::the_events_of_a_forgotten_aggregate_stay
            forgetting::no_event_is_added_to_a_forgotten_aggregate
            forgetting::a_commit_of_a_forgotten_aggregate_stores_nothing
            forgetting::others_are_not_touched_by_forgetting
            forgetting::forgetting_again_changes_nothing
            forgetting::what_has_no_key_or_no_events_is_forgotten_too
            forgetting::what_is_left_of_a_key_is_no_key
            forgetting::a_commit_from_before_is_known_after_forgetting
            forgetting::what_is_saved_meanwhile_is_there_before_or_not_at_all
            forgetting::a_dropped_forgetting_leaves_nothing_half
            drops::a_future_that_is_never_polled_stores_nothing
            drops::a_dropped_save_can_be_saved_again
            drops::dropped_reads_leave_nothing_occupied
            drops::a_future_that_is_only_kept_holds_up_nobody
            drops::a_future_may_move_between_executors
            concurrency::many_writers_are_all_served
            concurrency::of_two_rivals_one_wins
            concurrency::of_sixteen_rivals_one_wins
            concurrency::a_refused_save_harms_no_other
            concurrency::what_is_acknowledged_is_there_for_all
            concurrency::one_thread_has_many_under_way
        }
    };
    (@application $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            log::an_empty_log_has_no_positions
            log::the_log_holds_every_event_in_order
            log::a_receipt_names_the_positions_of_its_events
            log::a_refused_commit_is_not_in_the_log
            log::a_repeated_commit_stands_in_the_log_once
            log::the_last_position_is_that_of_the_last_event
            log::positions_only_grow
            log::forgetting_leaves_the_log_as_it_was
            log::what_is_acknowledged_is_in_the_log
            log_ranges::the_log_is_read_from_and_up_to
            log_ranges::every_part_of_the_log_can_be_read
            log_ranges::topics_are_compared_as_they_are
            log_ranges::a_limit_counts_what_the_topics_let_pass
            log_ranges::pages_give_the_whole_log
            log_order::commits_do_not_mix
            log_order::a_follower_misses_nothing
            log_order::writers_and_readers_go_on_together
            log_order::an_aggregate_stands_in_the_order_of_its_versions
            log_order::the_log_never_shows_part_of_a_commit
        }
    };
    (@process $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            tracking::nothing_is_tracked_of_an_unknown_upstream
            tracking::a_tracking_is_recorded_with_the_events
            tracking::a_tracking_needs_no_events
            tracking::events_without_a_tracking_leave_it
            tracking::upstreams_are_kept_apart
            tracking::a_tracked_position_is_any
            tracking::a_repeated_tracked_commit_changes_nothing
            tracking::a_tracked_commit_brings_its_keys
            tracking::of_several_who_process_an_event_one_records_it
            tracking_conflicts::a_tracking_goes_only_forward
            tracking_conflicts::a_refused_tracking_stores_no_events
            tracking_conflicts::refused_events_leave_the_tracking
            tracking_conflicts::keys_and_tracking_are_refused_together
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
            snapshots::the_topic_of_a_snapshot_is_any_text
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
            snapshot_ranges::what_was_deleted_can_be_put_again
            snapshot_sharing::of_several_put_at_once_one_whole_stays
            snapshot_sharing::what_is_put_is_there_for_all
            snapshot_sharing::a_future_that_is_never_polled_changes_no_snapshot
            snapshot_sharing::a_dropped_put_or_delete_can_be_done_again
            snapshot_sharing::dropped_reads_of_snapshots_leave_nothing_occupied
        }
    };
    (@aggregate_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with
            durability::events_are_there_after_reopening
            durability::keys_are_there_after_reopening
            durability::what_is_forgotten_stays_so_after_reopening
        }
    };
    (@application_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::the_log_goes_on_after_reopening }
    };
    (@process_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::the_tracking_is_there_after_reopening }
    };
    (@snapshots_reopening $then:ident $with:tt) => {
        $crate::recorder_conformance! { @$then $with durability::snapshots_are_there_after_reopening }
    };

    // What is made of them.
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
}
