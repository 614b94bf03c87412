use crate::testing::random::Random;

/// A method of a recorder, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// Every method.
    Any,
    /// `append` and `append_tracked`.
    Append,
    /// `select`, of events and of snapshots.
    Select,
    /// `has_commit` and `has_commits`.
    HasCommit,
    /// `select_keys`, and `sample_keys`.
    SelectKeys,
    /// `replace_key`.
    ReplaceKey,
    /// `forget`.
    Forget,
    /// `read_log`.
    ReadLog,
    /// `resolve`.
    Resolve,
    /// `beyond`.
    Beyond,
    /// `tracked`.
    Tracked,
    /// `track`.
    Track,
    /// `put`.
    Put,
    /// `versions`.
    Versions,
    /// `delete`.
    Delete,
    /// `clear`.
    Clear,
}

/// The calls at which a fault strikes. Call 1 is the first after the test added the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When(Rule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    At(u64),
    Every(u64),
    Random { one_in: u64, seed: u64 },
}

impl When {
    /// Strikes at one call.
    pub const fn at_call(number: u64) -> Self {
        Self(Rule::At(number))
    }

    /// Strikes at every call whose number is a multiple of `number`.
    pub const fn every(number: u64) -> Self {
        Self(Rule::Every(number))
    }

    /// Strikes at every call.
    pub const fn always() -> Self {
        Self::every(1)
    }

    /// Strikes at one call in `one_in`, at random; the same seed strikes the same calls.
    pub const fn random(one_in: u64, seed: u64) -> Self {
        Self(Rule::Random { one_in, seed })
    }

    pub(super) fn strikes(self, call: u64) -> bool {
        match self.0 {
            Rule::At(number) => call == number,
            Rule::Every(number) => call.is_multiple_of(number),
            Rule::Random { one_in, seed } => Random::new(seed ^ call.rotate_left(32)).chance(one_in),
        }
    }
}
