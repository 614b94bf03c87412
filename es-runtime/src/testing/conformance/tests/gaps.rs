use super::fault::Fault;
use super::wrong::Wrong;
use crate::error::{Conflict, Error};
use crate::recorder::{Commit, Receipt};
use crate::stored_event::StoredEvent;

impl Wrong {
    /// Returns the number of first events in which a wrong recorder looks for gaps.
    pub(super) fn gapless(&self, commit: &Commit) -> usize {
        let all = commit.gapless().len();
        match self.fault {
            Fault::IgnoresGaps => 0,
            Fault::KeysHideGaps if !commit.keys().is_empty() => 0,
            Fault::GapsOnlyAtTheFirst => all.min(1),
            Fault::GaplessAsAWhole if all > 0 => commit.events().len(),
            _ => all,
        }
    }

    /// Returns the answer of a recorder that sees gaps where there are none.
    pub(super) fn decide_gaps(&self, commit: &Commit) -> Option<Result<Receipt, Error>> {
        let events = commit.gapless();
        let gap = match self.fault {
            Fault::Version0IsAGap => events.iter().find(|event| event.version == 0),
            Fault::RepeatsAreGaps => events.first().filter(|first| {
                let newest = self.sequence(first.id).last().map_or(0, |last| last.version.get());
                first.version.get() <= newest
            }),
            Fault::CrossedEventsAreGaps => {
                let crosses = |pair: &&[StoredEvent]| pair[0].id != pair[1].id && !self.follows(&pair[1]);
                events.windows(2).find(crosses).map(|pair| &pair[1])
            }
            _ => None,
        }?;
        Some(Err(Conflict::version(gap.id, gap.version, None).into()))
    }

    /// Returns whether the recorder holds the event before this one, if the event needs one.
    fn follows(&self, event: &StoredEvent) -> bool {
        let number = event.version.get();
        number < 2 || self.sequence(event.id).iter().any(|before| before.version.get() + 1 == number)
    }
}
