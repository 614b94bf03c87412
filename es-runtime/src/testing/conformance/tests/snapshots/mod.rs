//! Rules of snapshots, and the faults that they find.

mod fault;
mod wrong;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::fault::Fault::{self, *};
use self::wrong::Wrong;
use super::super::*;
use super::{all_are_listed, is_found, right};
use crate::recorder::SnapshotRecorder;
use crate::wait::Wait;

/// The rules, each with the faults that it has to find.
const FOUND: &[(&str, &[Fault])] = &[
    ("an_unknown_id_has_no_snapshots", &[FailsOnUnknownIds]),
    ("a_snapshot_comes_back_as_it_was_put", &[OneTopicForAll]),
    ("a_snapshot_put_again_is_replaced", &[TheFirstStays, RefusesToReplace, WritesOverTheStart, KeepsBoth]),
    (
        "kinds_of_snapshots_are_kept_apart",
        &[
            OneKindForEachVersion,
            SelectsEveryKind,
            VersionsOfEveryKind,
            FoldsCaseOfKinds,
            MistakesNoKindForAll,
            OneTopicForAll,
        ],
    ),
    ("snapshots_of_ids_are_kept_apart", &[IgnoresTheTopBitOfIds]),
    ("snapshots_are_of_any_version", &[RefusesVersion0, RefusesLateVersions, OnlyForward, OrderOfText]),
    ("the_state_of_a_snapshot_is_any_bytes", &[StatesAreText, CutsStates]),
    (
        "the_topic_of_a_snapshot_is_any_name",
        &[CutsTopics, TrimsTopics, FoldsCaseOfKinds, OneKindForEachVersion],
    ),
    (
        "every_range_selects_the_snapshots_it_says",
        &[EndIsExclusive, ForgetsBoundsWhenDescending, LimitBeforeOrder, NoLimitForLimit0, OneTooMany],
    ),
    (
        "every_range_has_the_versions_of_its_snapshots",
        &[VersionsWithoutLimit, VersionsOnlyAscend, EndIsExclusive],
    ),
    (
        "the_last_snapshot_is_found_from_the_end",
        &[LimitBeforeOrder, ForgetsBoundsWhenDescending, EndIsExclusive],
    ),
    (
        "deleting_removes_what_the_range_selects",
        &[DeletesNothing, DeletesWithoutLimit, DeletesFromTheStart, DeletesOutsideBounds],
    ),
    (
        "old_snapshots_are_deleted",
        &[DeletesNothing, DeletesWithoutLimit, DeletesFromTheStart, DeletesOutsideBounds],
    ),
    ("deleting_leaves_other_aggregates", &[DeletesNearIds]),
    ("deleting_leaves_other_kinds", &[DeletesEveryKind, OneKindForEachVersion, FoldsCaseOfKinds]),
    ("clearing_removes_every_kind", &[ClearsNothing, ClearsOneKind, ClearedForEver, FailsToClearNothing]),
    ("clearing_leaves_other_aggregates", &[ClearsNearIds]),
    ("deleting_nothing_is_fine", &[FailsToDeleteNothing]),
    ("a_deleted_snapshot_can_be_put_again", &[DeletedForEver]),
    ("of_several_put_at_once_one_whole_stays", &[DeletesThenPuts, HalfThenAll]),
    ("a_stored_snapshot_is_there_for_all", &[ReadsLag, FailsWhenBusy]),
    (
        "a_future_that_is_never_polled_changes_no_snapshot",
        &[PutsWhenCalled, DeletesWhenCalled, ClearsWhenCalled],
    ),
    (
        "a_dropped_put_or_delete_can_be_done_again",
        &[HalfAtTheFirstPoll, EmptiesThenDeletes, EmptiesThenClears],
    ),
    ("dropped_reads_of_snapshots_leave_nothing_occupied", &[LeaksReaders]),
];

#[test]
fn rules_of_snapshots_find_their_faults() {
    for rule in snapshot_rules() {
        assert!(
            !is_found(&rule, right(Wrong::new(Healthy))),
            "`{}` finds a fault where there is none",
            rule.name
        );
        let faults = FOUND.iter().find(|(name, _)| *name == rule.name).map_or(&[][..], |(_, faults)| faults);
        for fault in faults {
            // Some faults show only if two threads meet.
            let found = (0..3).any(|_| is_found(&rule, right(Wrong::new(*fault)).hasty()));
            assert!(found, "`{}` does not find {fault:?}", rule.name);
        }
    }
}

#[test]
fn every_rule_of_snapshots_has_a_fault_to_find_and_every_fault_a_rule() {
    all_are_listed(&snapshot_rules::<Wrong>(), FOUND, LeaksReaders as usize);
}

#[test]
fn rules_of_lasting_snapshots_find_what_was_lost() {
    type Reopen = fn(Wrong) -> Wrong;
    let losses: [Reopen; 2] = [
        |_| Wrong::new(Healthy),
        // The removed snapshots are back.
        |old| {
            for snapshot in old.known().removed.drain(..) {
                old.inner.put(snapshot).wait().unwrap();
            }
            old
        },
    ];
    let [rule] = &snapshot_reopening_rules()[..] else { panic!("a rule without a loss to find") };
    let run = |reopen: Reopen| {
        let check = || (rule.check)(Wrong::new(Healthy), Way::Waiting, &reopen);
        catch_unwind(AssertUnwindSafe(check)).is_err()
    };
    assert!(!run(|old| old), "`{}` finds a loss where there is none", rule.name);
    for (at, loss) in losses.into_iter().enumerate() {
        assert!(run(loss), "`{}` does not find loss {at}", rule.name);
    }
}
