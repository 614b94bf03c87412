use std::sync::{Arc, Mutex, PoisonError};

use super::hold::{Hold, Ledger};
use super::pause::Pause;
use super::switch::{Act, Due, Switch};
use super::when::{Call, When};
use crate::error::ErrorKind;
use crate::id::CommitId;
use crate::recorder::Receipt;

/// The handle of a [`Faulty`](super::Faulty) recorder, which adds faults and counts them. Clones of a handle are one
/// handle.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<Vec<Switch>>,
    ledger: Ledger,
}

/// The counts of the faults that struck, over all that a test added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultCounts {
    /// Calls that failed without doing anything.
    pub failed_before: u64,
    /// Calls that failed although they had done everything.
    pub failed_after: u64,
    /// Calls that were held up.
    pub stalled: u64,
    /// Commits that were held back.
    pub held_back: u64,
}

impl Faults {
    /// Makes calls fail without doing anything.
    pub fn fail_before(&self, call: Call, when: When, kind: ErrorKind) -> Switch {
        self.ask(call, when, Act::FailBefore(kind))
    }

    /// Makes calls do everything and then fail, whatever their answer was.
    ///
    /// A correct store fails so with [`OutcomeUnknown`](ErrorKind::OutcomeUnknown) only.
    pub fn fail_after(&self, call: Call, when: When, kind: ErrorKind) -> Switch {
        self.ask(call, when, Act::FailAfter(kind))
    }

    /// Loses the replies to commits: the store takes or refuses them, and the caller gets
    /// [`OutcomeUnknown`](ErrorKind::OutcomeUnknown).
    pub fn lose_replies(&self, when: When) -> Switch {
        self.fail_after(Call::Append, when, ErrorKind::OutcomeUnknown)
    }

    /// Holds up calls before they do anything. At [`Call::Beyond`], a wake-up comes late.
    pub fn stall_before(&self, call: Call, when: When, pause: impl Into<Pause>) -> Switch {
        self.ask(call, when, Act::StallBefore(pause.into()))
    }

    /// Holds up the answers of calls that have done everything. At [`Call::Beyond`], a wake-up gets lost.
    pub fn stall_after(&self, call: Call, when: When, pause: impl Into<Pause>) -> Switch {
        self.ask(call, when, Act::StallAfter(pause.into()))
    }

    /// Holds back commits: their writers get receipts, but the log does not show the commits yet.
    ///
    /// The store takes later commits meanwhile. [`read_log`](crate::recorder::ApplicationRecorder::read_log) ends
    /// below the first held commit, as the contract demands; [`Faulty::visible`](super::Faulty::visible) shows the
    /// later ones. A commit is never held back if it has no events, or if the store sets its positions later.
    pub fn hold_back(&self, when: When, hold: Hold) -> Switch {
        self.ask(Call::Append, when, Act::HoldBack(hold))
    }

    /// Returns the receipts of the commits that are held back now, in the order of their calls.
    pub fn held(&self) -> Vec<Receipt> {
        self.ledger().held()
    }

    /// Shows a commit that is held back.
    pub fn show(&self, commit: CommitId) {
        self.ledger().show(Some(commit));
    }

    /// Shows every commit that is held back.
    pub fn show_all(&self) {
        self.ledger().show(None);
    }

    /// Turns all faults off. Held commits stay held.
    pub fn all_off(&self) {
        self.asked().iter().for_each(Switch::off);
    }

    /// Returns the counts of all faults that struck.
    pub fn counts(&self) -> FaultCounts {
        let mut counts = FaultCounts::default();
        for switch in self.asked() {
            let counted = match switch.act() {
                Act::FailBefore(_) => &mut counts.failed_before,
                Act::FailAfter(_) => &mut counts.failed_after,
                Act::StallBefore(_) | Act::StallAfter(_) => &mut counts.stalled,
                Act::HoldBack(_) => &mut counts.held_back,
            };
            *counted += switch.strikes();
        }
        counts
    }

    fn ask(&self, call: Call, when: When, act: Act) -> Switch {
        let switch = Switch::new(call, when, act);
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(switch.clone());
        switch
    }

    fn asked(&self) -> Vec<Switch> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Returns the faults of one call.
    pub(super) fn due(&self, call: Call) -> Due {
        let mut due = self.asked();
        due.retain(|switch| switch.is_due(call));
        Due::new(due)
    }
}
