//! The counts of a round.

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) commits: u64,
    pub(crate) events: u64,
    pub(crate) conflicts: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    /// The commits whose first answer was lost though they were stored: without a repetition, nobody would know it.
    pub(crate) found_stored: u64,
    pub(crate) steps: u64,
    pub(crate) read: u64,
    pub(crate) diverged: u64,
    pub(crate) delays: [u64; 2],
    pub(crate) faults: Faults,
}

/// The faults, in the order of the columns.
#[derive(Default, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) mixed: u64,
    pub(crate) reversed: u64,
    pub(crate) twice: u64,
    pub(crate) wrong: u64,
    pub(crate) missed: u64,
    pub(crate) stalled: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, other: &Self) {
        let Self { lost, mixed, reversed, twice, wrong, missed, stalled } = other;
        self.lost += lost;
        self.mixed += mixed;
        self.reversed += reversed;
        self.twice += twice;
        self.wrong += wrong;
        self.missed += missed;
        self.stalled += stalled;
    }
}
