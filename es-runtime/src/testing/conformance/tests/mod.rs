//! Every rule rejects at least one recorder that breaks it. Every rule accepts each recorder that keeps the promises,
//! however peculiar.

mod fault;
mod forgetting;
mod found;
mod gaps;
mod keys;
mod limits;
mod log;
mod peculiar;
mod reads;
mod snapshots;
mod steps;
mod waits;
mod writes;
mod wrong;

use std::collections::{BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use self::fault::Fault::{self, *};
use self::found::FOUND;
use self::peculiar::Peculiar;
use self::wrong::Wrong;
use super::*;
use crate::recorder::{
    AggregateRecorder, Commit, KeyRecorder, Limits, MemoryRecorder, ProcessRecorder, StoredKey,
};
use crate::wait::Wait;

fn rules<R: ProcessRecorder + KeyRecorder>() -> Vec<Rule<R>> {
    let mut rules = aggregate_rules();
    rules.extend(key_rules());
    rules.extend(application_rules());
    rules.extend(log_key_rules());
    rules.extend(tracking_rules());
    rules.extend(process_rules());
    rules.extend(process_key_rules());
    rules
}

/// Returns whether a rule finds a fault.
fn is_found<R: Send>(rule: &Rule<R>, store: Store<R>) -> bool {
    let check = move || (rule.check)(&store);
    // A thread of its own keeps the panic's output away from the tests.
    thread::scope(|scope| scope.spawn(|| catch_unwind(AssertUnwindSafe(check)).is_err()).join().unwrap())
}

fn right<R>(recorder: R) -> Store<R> {
    Store::new(recorder, Way::Waiting)
}

fn wrong(fault: Fault) -> Store<Wrong> {
    right(Wrong::new(fault)).hasty()
}

fn rules_find_their_faults(part: usize) {
    let mut missed = Vec::new();
    for rule in rules().iter().skip(part).step_by(4) {
        let name = rule.name;
        if is_found(rule, right(Wrong::new(Healthy))) {
            missed.push((name, &Healthy));
        }
        let faults = FOUND.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, faults)| faults);
        for fault in faults {
            // Some faults show only if two threads meet.
            if !(0..5).any(|_| is_found(rule, wrong(*fault))) {
                missed.push((name, fault));
            }
        }
    }
    assert!(missed.is_empty(), "rules that do not find faults: {missed:?}");
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
fn rules_accept_what_the_promises_leave_open() {
    let rejecting = rules().into_iter().filter(|rule| is_found(rule, right(Peculiar::default())));
    let rejecting: Vec<_> = rejecting.map(|rule| rule.name).collect();
    assert!(rejecting.is_empty(), "rules that reject a recorder which keeps its promises: {rejecting:?}");
    for rule in aggregate_rules() {
        if rule.name.contains("key") {
            let finds = is_found(&rule, right(Wrong::new(Keyless)));
            assert!(!finds, "`{}` rejects a recorder without data keys", rule.name);
        }
    }
    let few = Limits::NONE.with_aggregates(3).with_events(5).with_bytes(1_000);
    for limits in [few, Limits::NONE.with_aggregates(1), Limits::NONE.without_gaps()] {
        let sizes = aggregate_rules().into_iter().filter(|rule| rule.name.contains("_has_"));
        for rule in limit_rules().into_iter().chain(sizes) {
            let finds = is_found(&rule, right(MemoryRecorder::with_limits(limits)));
            assert!(!finds, "`{}` rejects a recorder with {limits:?}", rule.name);
        }
    }
}

#[test]
fn every_rule_has_a_fault_to_find_and_every_fault_a_rule() {
    // The healthy recorders have no fault, and one fault is of handles.
    all_are_listed(&rules::<Wrong>(), FOUND, KeysBeforeSteps as usize - 2);
}

/// Checks that each rule has a fault to find, and each of the faults a rule.
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

/// A way to open a store again that does not last, and loses something.
type Reopen = fn(Wrong) -> Wrong;

const LOSES_ALL: Reopen = |_| Wrong::new(Healthy);

/// Keeps the events, but neither their commit ids nor the steps.
const KEEPS_EVENTS: Reopen = |old| {
    let new = Wrong::new(Healthy);
    for entry in old.stored_log() {
        new.append(Commit::new(vec![entry.event])).wait().unwrap();
    }
    new
};

/// Keeps the events and the keys, but not the tombstones.
const KEEPS_KEYS: Reopen = |old| {
    let new = Wrong::new(Healthy);
    let mut asked = HashSet::new();
    for entry in old.stored_log() {
        let id = entry.event.id;
        let mut keys: Vec<StoredKey> = old.select_keys(vec![id]).wait().unwrap();
        keys.retain(|key| !key.is_forgotten() && asked.insert(id));
        new.append(Commit::new(vec![entry.event]).with_keys(keys)).wait().unwrap();
    }
    new
};

#[test]
fn rules_of_lasting_stores_find_what_was_lost() {
    let mut rules = aggregate_reopening_rules();
    rules.extend(key_reopening_rules());
    rules.extend(application_reopening_rules());
    rules.extend(tracking_reopening_rules());
    rules.extend(process_reopening_rules());
    let lost: [(&str, &[Reopen]); 6] = [
        ("events_are_there_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
        ("keys_are_there_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
        ("a_forgotten_aggregate_stays_forgotten_after_reopening", &[LOSES_ALL, KEEPS_EVENTS, KEEPS_KEYS]),
        ("the_log_goes_on_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
        ("steps_are_there_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
        ("tracked_commits_are_there_after_reopening", &[LOSES_ALL, KEEPS_EVENTS]),
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

#[test]
fn rules_of_shared_stores_find_handles_that_do_not_share() {
    let mut rules = aggregate_sharing_rules();
    rules.extend(key_sharing_rules());
    rules.extend(application_sharing_rules());
    rules.extend(tracking_sharing_rules());
    // For each rule, the fault of the second handle. Every rule finds a handle on another store.
    let apart = [
        ("another_handle_sees_what_is_stored", ReadsLag),
        ("another_handle_knows_what_is_taken", CachesHeads),
        ("another_handle_sees_keys_and_what_is_forgotten", ReplacesAnyKey),
        ("another_handle_reads_the_log", LogLags),
        ("another_handle_is_woken", NeverWakes),
        ("another_handle_sees_the_steps", IgnoresSteps),
    ];
    let names: Vec<_> = rules.iter().map(|rule| rule.name).collect();
    assert_eq!(names, apart.map(|(name, _)| name), "every rule has a fault to find");
    for (rule, (name, fault)) in rules.iter().zip(apart) {
        let run = |second: &(dyn Fn(&Wrong) -> Wrong + Sync)| {
            let one = wrong(Healthy);
            let check = || (rule.check)(&one, &one.second(second));
            thread::scope(|scope| {
                scope.spawn(|| catch_unwind(AssertUnwindSafe(check)).is_err()).join().unwrap()
            })
        };
        let handle = |fault| move |one: &Wrong| Wrong::on(Arc::clone(&one.inner), fault);
        assert!(!run(&handle(Healthy)), "`{name}` finds a fault where there is none");
        assert!(run(&|_| Wrong::new(Healthy)), "`{name}` does not find a handle on another store");
        assert!(run(&handle(fault)), "`{name}` does not find {fault:?}");
    }
}
