//! Recorders that are wrong with their limits, and with what they cannot keep.

use super::fault::Fault;
use super::wrong::{Wrong, failed};
use crate::error::{Error, ErrorKind};
use crate::recorder::*;

impl Wrong {
    pub(super) fn named_limits(&self) -> Limits {
        let few = Limits::NONE.with_aggregates(3).with_events(5).with_bytes(1_000);
        match self.fault {
            Fault::ForgetsToCheck
            | Fault::StoresUpToTheLimit
            | Fault::LimitsAreExclusive
            | Fault::LimitAsInvalid
            | Fault::LimitAfterConflicts
            | Fault::CountsOnlyEvents => few,
            Fault::TakesGapsAnyway | Fault::SequencesBeginAnywhere | Fault::StoresUpToTheGap => {
                Limits::NONE.without_gaps()
            }
            _ => Limits::NONE,
        }
    }

    /// Returns the answer of a recorder that is wrong with limits.
    pub(super) fn decide_limited(&self, commit: &Commit) -> Option<Result<Receipt, Error>> {
        let limits = self.named_limits();
        let newest = |id| self.sequence(id).last().map(|last| last.version);
        let checked = limits.check(commit).and_then(|()| limits.check_versions(commit, newest));
        let refused = checked.as_ref().err().map(|_| Err(failed(ErrorKind::Unsupported)));
        let store = |many: usize| {
            let some = commit.events().iter().take(many).cloned().collect();
            let _ = self.put(Commit::with_id(commit.id(), some), None);
        };
        match self.fault {
            Fault::ForgetsToCheck | Fault::TakesGapsAnyway => None,
            Fault::StoresUpToTheLimit if refused.is_some() => {
                store(3);
                refused
            }
            Fault::StoresUpToTheGap if refused.is_some() => {
                store(1);
                refused
            }
            Fault::LimitsAreExclusive => {
                let many = commit.events().len() + 1;
                refused.or_else(|| (many > 5).then(|| Err(failed(ErrorKind::Unsupported))))
            }
            Fault::LimitAsInvalid => checked.err().map(|_| Err(failed(ErrorKind::Invalid))),
            Fault::LimitAfterConflicts if commit.events().iter().any(|event| self.is_taken(event)) => None,
            Fault::CountsOnlyEvents => {
                (commit.events().len() > 5).then(|| Err(failed(ErrorKind::Unsupported)))
            }
            Fault::SequencesBeginAnywhere => {
                let begins = |id| {
                    newest(id).or_else(|| {
                        let first = commit.events().iter().find(|event| event.id == id)?;
                        first.version.get().checked_sub(1).and_then(crate::id::Version::new)
                    })
                };
                limits.check_versions(commit, begins).err().map(Err)
            }
            Fault::Keyless if !commit.keys().is_empty() => Some(Err(failed(ErrorKind::Unsupported))),
            Fault::DropsKeys if !commit.keys().is_empty() => {
                Some(self.put(Commit::with_id(commit.id(), commit.events().to_vec()), None))
            }
            Fault::RefusesKeysAsInvalid if !commit.keys().is_empty() => Some(Err(failed(ErrorKind::Invalid))),
            Fault::StoresEventsOfRefusedKeys if !commit.keys().is_empty() => {
                store(usize::MAX);
                Some(Err(failed(ErrorKind::Unsupported)))
            }
            Fault::RefusesLargeStates if commit.events().iter().any(|event| event.state.len() > 1 << 22) => {
                Some(Err(failed(ErrorKind::Storage)))
            }
            Fault::RefusesLargeCommits if commit.events().len() > 10_000 => {
                Some(Err(failed(ErrorKind::Storage)))
            }
            Fault::LargeCommitsAreNew if commit.events().len() > 10_000 => {
                Some(self.put(Commit::new(commit.events().to_vec()), None))
            }
            _ => refused,
        }
    }

    /// Returns whether this recorder keeps data keys.
    pub(super) fn keeps_keys(&self) -> bool {
        let keyless =
            [Fault::Keyless, Fault::DropsKeys, Fault::RefusesKeysAsInvalid, Fault::StoresEventsOfRefusedKeys];
        !keyless.contains(&self.fault)
    }
}
