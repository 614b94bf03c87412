//! The aggregate that the writers save. Each event names its save.

use es_runtime::{aggregate, mutator};

#[aggregate]
pub(crate) struct Tally {
    pub(crate) count: u64,
    /// The saves of all events, summed up: a state that lacks an event or counts one twice has another sum.
    pub(crate) sum: u64,
}

#[mutator(visibility = pub(crate))]
impl Tally {
    #[event(TallyMade)]
    pub(crate) fn make(save: u64, part: u64, parts: u64) -> Self {
        Self { count: 1, sum: save }
    }

    #[event(Tallied)]
    pub(crate) fn tally(&mut self, save: u64, part: u64, parts: u64, text: String) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(save);
    }
}

impl TallyEvent {
    /// Returns the number of the save, the event's part in the save, and the number of the save's parts.
    pub(crate) const fn part(&self) -> Option<(u64, u64, u64)> {
        match self {
            Self::TallyMade(TallyMade { save, part, parts })
            | Self::Tallied(Tallied { save, part, parts, .. }) => Some((*save, *part, *parts)),
            _ => None,
        }
    }
}
