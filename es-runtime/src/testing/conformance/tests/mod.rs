//! Every rule rejects a recorder that breaks it: each is shown at least one.

mod fault;
mod forgetting;
mod keys;
mod reads;
mod snapshots;
mod writes;
mod wrong;

use std::collections::{BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use self::fault::Fault::{self, *};
use self::wrong::Wrong;
use super::*;
use crate::recorder::{AggregateRecorder, ApplicationRecorder, Commit, LogRange};
use crate::wait::Wait;

/// Each rule, with the faults that it has to find.
const FOUND: &[(&str, &[Fault])] = &[
    ("an_empty_commit_is_accepted", &[RefusesEmptyCommits]),
    ("an_unknown_id_has_no_events", &[FailsOnUnknownIds]),
    ("an_event_comes_back_as_it_was_stored", &[TopicOfTheFirstEvent]),
    ("what_is_read_is_the_callers_own", &[GivesEventsAway]),
    ("ids_are_kept_apart", &[IgnoresTheTopBitOfIds]),
    ("versions_begin_anywhere_and_have_gaps", &[RefusesVersion0, RefusesGaps, VersionsOf32Bits]),
    ("events_are_read_in_the_order_of_versions", &[OrderOfInsertion]),
    ("a_state_is_any_bytes", &[StatesAreText, CutsStates]),
    ("a_topic_is_any_text", &[CutsTopics, TrimsTopics, EndsTopicsAtNul]),
    ("many_events_and_many_ids_are_kept", &[CutsCommits]),
    (
        "every_range_selects_what_it_says",
        &[
            LessIsLessOrEqual,
            GreaterIsGreaterOrEqual,
            ForgetsBoundsWhenDescending,
            LimitBeforeOrder,
            NoLimitForLimit0,
            OneTooMany,
            OrderOfInsertion,
        ],
    ),
    ("the_last_events_are_found_from_the_end", &[LimitBeforeOrder, ForgetsBoundsWhenDescending]),
    ("a_limit_is_exact", &[NoLimitForLimit0, OneTooMany]),
    (
        "the_same_events_under_another_commit_id_conflict",
        &[AcceptsEqualEventsAgain, ConflictWithoutDetail, ConflictAsUnavailable],
    ),
    ("a_stored_event_is_never_replaced", &[LastWriterWins]),
    (
        "a_conflict_names_aggregate_expected_and_found",
        &[FoundIsTheTakenVersion, ExpectedIsOneTooHigh, NamesTheFirstAggregate],
    ),
    ("the_same_event_twice_in_a_commit_conflicts", &[DropsDoubles]),
    ("after_a_conflict_writing_goes_on", &[StuckAfterConflicts]),
    ("a_refused_commit_stores_nothing", &[StoresUpToTheConflict, StoresAllButTheTaken]),
    ("a_refused_commit_leaves_its_id_free", &[UsesUpIdsOfRefused]),
    ("a_reader_never_sees_part_of_a_commit", &[OneByOne]),
    (
        "the_same_commit_again_returns_the_first_receipt",
        &[ForgetsCommits, PlainReceiptForRepeats, RepeatsLookNew],
    ),
    ("a_commit_is_known_also_after_others", &[RemembersFewCommits, LastPositionForRepeats]),
    ("a_commit_saved_by_several_at_once_is_stored_once", &[LooksForRepeatsOutsideTheLock]),
    ("a_commit_that_is_stored_in_part_conflicts", &[TrustsCommitIds]),
    ("a_commit_id_with_other_topics_conflicts", &[IgnoresTopicsOfRepeats, TrustsCommitIds]),
    ("a_repeated_commit_may_have_other_states", &[ComparesStatesOfRepeats]),
    ("a_refused_commit_stays_refused", &[RefusedLooksStored]),
    ("a_commit_id_is_any_uuid", &[NilIsNoCommitId]),
    ("an_unknown_commit_is_not_found", &[FindsEveryCommit, FailsOnUnknownCommits]),
    ("a_commit_is_found_at_its_aggregates", &[FindsCommitsAtTheFirst, FindsCommitsEverywhere]),
    ("a_refused_commit_is_not_found", &[FindsRefused]),
    ("a_commit_is_found_ever_after", &[FindsRecentCommits, ForgettingHidesCommits]),
    ("an_unknown_id_has_no_key", &[InventsKeys, FailsOnUnknownKeys]),
    ("a_key_comes_back_as_it_was_stored", &[KeysAreText, CutsKeys]),
    ("a_commit_brings_the_keys_of_its_aggregates", &[OneKeyForEachCommit]),
    ("the_keys_of_many_are_read_at_once", &[FewKeysAtOnce, StopsAtUnknownKeys, FailsOnUnknownKeys]),
    ("keys_are_kept_apart", &[KeysIgnoreTheTopBitOfIds]),
    ("the_same_key_again_is_accepted", &[RefusesTheSameKeyAgain]),
    (
        "events_without_the_key_of_their_aggregate_are_refused",
        &[AcceptsEventsWithoutKeys, LooksForKeysAtTheFirst],
    ),
    (
        "another_key_is_a_conflict",
        &[
            ReplacesKeys,
            KeepsTheFirstKey,
            KeyConflictAsVersion,
            KeyConflictNamesTheFirst,
            OtherKeysStay,
            EventsDespiteKeys,
        ],
    ),
    ("two_keys_of_one_aggregate_conflict", &[DropsDoubleKeys, ReplacesKeys]),
    ("a_refused_commit_leaves_no_key", &[KeysBeforeEvents]),
    ("a_repeated_commit_leaves_the_first_key", &[KeysBeforeRepeats, RepeatsBringKeys]),
    ("a_key_is_replaced_by_who_knows_it", &[ReplacesAnyKey, ReplacesNoKey]),
    ("of_several_first_keys_one_wins", &[ChecksKeysThenWrites]),
    ("an_event_is_never_seen_without_its_key", &[KeysAfterEvents]),
    ("a_forgotten_aggregate_has_no_key", &[ForgetsNothing, RemovesForgottenKeys, NewKeysAfterForgetting]),
    ("the_events_of_a_forgotten_aggregate_stay", &[ForgettingRemovesEvents, ForgettingEmptiesStates]),
    (
        "no_event_is_added_to_a_forgotten_aggregate",
        &[
            ForgetsNothing,
            ForgottenAsConflict,
            ForgottenOnlyWithKeys,
            ForgottenOnlyWithoutKeys,
            ForgottenAfterConflicts,
        ],
    ),
    (
        "a_commit_of_a_forgotten_aggregate_stores_nothing",
        &[LooksForForgottenAtTheFirst, StoresAllButTheForgotten, ForgottenLeavesOtherKeys],
    ),
    ("others_are_not_touched_by_forgetting", &[ForgetsNearIds, ForgetsTheWholeLog]),
    ("forgetting_again_changes_nothing", &[FailsToForgetAgain, ForgettingAgainRevives]),
    ("what_has_no_key_or_no_events_is_forgotten_too", &[ForgetsOnlyKeys, ForgetsOnlyWithEvents]),
    ("what_is_left_of_a_key_is_no_key", &[ForgetsByCommit]),
    ("a_commit_from_before_is_known_after_forgetting", &[ForgottenBeforeRepeats]),
    ("what_is_saved_meanwhile_is_there_before_or_not_at_all", &[ChecksForgottenThenWrites, ForgetsLate]),
    ("a_dropped_forgetting_leaves_nothing_half", &[ForgetsWhenCalled, HalfForgotten]),
    ("a_future_that_is_never_polled_stores_nothing", &[WorksWhenCalled]),
    ("a_dropped_save_can_be_saved_again", &[HalfAtTheFirstPoll, DroppedCommitsStayInDoubt]),
    ("dropped_reads_leave_nothing_occupied", &[LeaksReaders]),
    ("a_future_that_is_only_kept_holds_up_nobody", &[HoldsTheLockWhileSuspended]),
    ("a_future_may_move_between_executors", &[RefusesToMove]),
    ("many_writers_are_all_served", &[FailsWhenBusy]),
    ("of_two_rivals_one_wins", &[ChecksThenWrites]),
    ("of_sixteen_rivals_one_wins", &[ChecksThenWrites]),
    ("a_refused_save_harms_no_other", &[FailsTogether]),
    ("what_is_acknowledged_is_there_for_all", &[ReadsLag]),
    ("one_thread_has_many_under_way", &[FewUnderWay]),
    ("an_empty_log_has_no_positions", &[PositionsBeforeTheFirst]),
    ("the_log_holds_every_event_in_order", &[LogByAggregate]),
    ("a_receipt_names_the_positions_of_its_events", &[GapsInCommits, ReceiptNamesOnlyTheLast]),
    ("a_refused_commit_is_not_in_the_log", &[StoresUpToTheConflict, RefusedMovesTheLastPosition]),
    ("a_repeated_commit_stands_in_the_log_once", &[LastPositionForRepeats]),
    ("the_last_position_is_that_of_the_last_event", &[LastPositionLags]),
    ("positions_only_grow", &[ReusesPositions]),
    ("forgetting_leaves_the_log_as_it_was", &[ForgottenLeavesTheLog, ForgettingTakesAPosition]),
    ("what_is_acknowledged_is_in_the_log", &[ReadsLag]),
    ("the_log_is_read_from_and_up_to", &[AfterIsFrom, EndIsExclusive, LimitBeforeTopics]),
    (
        "every_part_of_the_log_can_be_read",
        &[AfterIsFrom, EndIsExclusive, LimitBeforeTopics, IgnoresTopicsWithQuotes, FirstsAreAll],
    ),
    ("topics_are_compared_as_they_are", &[IgnoresCaseOfTopics, IgnoresTopicsWithQuotes, EndsTopicsAtNul]),
    ("a_limit_counts_what_the_topics_let_pass", &[LimitBeforeTopics]),
    ("pages_give_the_whole_log", &[AfterIsFrom]),
    ("commits_do_not_mix", &[OneByOne]),
    ("a_follower_misses_nothing", &[VisibleOutOfOrder]),
    ("writers_and_readers_go_on_together", &[FailsWhenBusy]),
    ("an_aggregate_stands_in_the_order_of_its_versions", &[BackwardsInTheLog]),
    ("the_log_never_shows_part_of_a_commit", &[OneByOne]),
    ("nothing_is_tracked_of_an_unknown_upstream", &[OneTrackingForAll]),
    ("a_tracking_is_recorded_with_the_events", &[IgnoresTracking]),
    ("a_tracking_needs_no_events", &[NoTrackingWithoutEvents]),
    ("events_without_a_tracking_leave_it", &[ForgetsTrackingOnAppend]),
    ("upstreams_are_kept_apart", &[OneTrackingForAll, UpstreamsIgnoreCase]),
    ("a_tracked_position_is_any", &[TrackingOf32Bits]),
    ("a_repeated_tracked_commit_changes_nothing", &[TrackingBeforeRepeats, RepeatsMoveTheTracking]),
    ("a_tracked_commit_brings_its_keys", &[TracksWithoutKeys]),
    ("of_several_who_process_an_event_one_records_it", &[TracksInTwoSteps]),
    ("a_tracking_goes_only_forward", &[FillsGaps, AcceptsTheSameTracking, IgnoresTracking]),
    ("a_refused_tracking_stores_no_events", &[EventsBeforeTracking]),
    ("refused_events_leave_the_tracking", &[TrackingBeforeEvents]),
    ("keys_and_tracking_are_refused_together", &[EventsBeforeTracking, TrackingBeforeEvents]),
];

fn rules() -> Vec<Rule<Wrong>> {
    let mut rules = aggregate_rules();
    rules.extend(application_rules());
    rules.extend(process_rules());
    rules
}

/// Whether a rule finds the fault of a recorder.
fn is_found<R: Send>(rule: &Rule<R>, wrong: R) -> bool {
    let check = move || (rule.check)(&Store::new(wrong, Way::Waiting));
    // In a thread of its own: what it prints belongs to no test.
    thread::scope(|scope| scope.spawn(|| catch_unwind(AssertUnwindSafe(check)).is_err()).join().unwrap())
}

fn rules_find_their_faults(part: usize) {
    for rule in rules().iter().skip(part).step_by(4) {
        assert!(!is_found(rule, Wrong::new(Healthy)), "`{}` finds a fault where there is none", rule.name);
        let faults = FOUND.iter().find(|(name, _)| *name == rule.name).map_or(&[][..], |(_, faults)| faults);
        for fault in faults {
            // Some show only if two threads meet.
            assert!(
                (0..3).any(|_| is_found(rule, Wrong::new(*fault))),
                "`{}` does not find {fault:?}",
                rule.name
            );
        }
    }
}

#[test]
fn rules_find_their_faults_1() {
    rules_find_their_faults(0);
}

#[test]
fn rules_find_their_faults_2() {
    rules_find_their_faults(1);
}

#[test]
fn rules_find_their_faults_3() {
    rules_find_their_faults(2);
}

#[test]
fn rules_find_their_faults_4() {
    rules_find_their_faults(3);
}

#[test]
fn every_rule_has_a_fault_to_find_and_every_fault_a_rule() {
    all_are_listed(&rules(), FOUND, TrackingBeforeEvents as usize);
}

/// That each rule has a fault to find, and each of so many faults a rule.
fn all_are_listed<R, F: Ord>(rules: &[Rule<R>], found: &[(&str, &[F])], many: usize) {
    let rules: Vec<_> = rules.iter().map(|rule| rule.name).collect();
    let known: Vec<_> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(rules, known, "the rules, and those that have a fault to find, in the same order");
    assert!(found.iter().all(|(_, faults)| !faults.is_empty()));
    let names: BTreeSet<_> = rules.iter().collect();
    assert_eq!(names.len(), rules.len(), "a rule is listed twice");
    let used: BTreeSet<_> = found.iter().flat_map(|(_, faults)| *faults).collect();
    assert_eq!(used.len(), many, "a fault that no rule has to find");
}

/// How a store that does not last is opened again, and what it lost.
type Reopen = fn(Wrong) -> Wrong;

const LOSES_ALL: Reopen = |_| Wrong::new(Healthy);

/// The events are there, but not under their commit ids; and no tracking.
const KEEPS_EVENTS: Reopen = |old| {
    let new = Wrong::new(Healthy);
    for entry in old.select_log(LogRange::all()).wait().unwrap() {
        new.append(Commit::new(vec![entry.event])).wait().unwrap();
    }
    new
};

/// The events and the keys are there, but not what is forgotten.
const KEEPS_KEYS: Reopen = |old| {
    let new = Wrong::new(Healthy);
    let mut asked = HashSet::new();
    for entry in old.select_log(LogRange::all()).wait().unwrap() {
        let id = entry.event.id;
        let mut keys = old.select_keys(vec![id]).wait().unwrap();
        keys.retain(|key| key.wrapped().is_some() && asked.insert(id));
        new.append(Commit::new(vec![entry.event]).with_keys(keys)).wait().unwrap();
    }
    new
};

#[test]
fn rules_of_lasting_stores_find_what_was_lost() {
    let mut rules = aggregate_reopening_rules();
    rules.extend(application_reopening_rules());
    rules.extend(process_reopening_rules());
    let lost: [(&str, &[Reopen]); 5] = [
        ("events_are_there_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
        ("keys_are_there_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
        ("what_is_forgotten_stays_so_after_reopening", &[LOSES_ALL, KEEPS_EVENTS, KEEPS_KEYS]),
        ("the_log_goes_on_after_reopening", &[LOSES_ALL]),
        ("the_tracking_is_there_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
    ];
    let names: Vec<_> = rules.iter().map(|rule| rule.name).collect();
    assert_eq!(names, lost.map(|(name, _)| name), "every rule has a loss to find");
    for (rule, (name, losses)) in rules.iter().zip(lost) {
        let run = |reopen: &dyn Fn(Wrong) -> Wrong| {
            catch_unwind(AssertUnwindSafe(|| (rule.check)(Wrong::new(Healthy), Way::Waiting, reopen)))
                .is_err()
        };
        assert!(!run(&|old| old), "`{name}` finds a loss where there is none");
        for (at, loss) in losses.iter().enumerate() {
            assert!(run(loss), "`{name}` does not find loss {at}");
        }
    }
}
