//! Recorders that are wrong with forgotten aggregates, and with repeated commits.

use std::thread;
use std::time::{Duration, Instant};

use super::super::samples::FORGOTTEN;
use super::fault::Fault;

use super::writes::pause;
use super::wrong::{Wrong, failed};
use crate::error::{Conflict, Error, ErrorKind};
use crate::recorder::*;
use crate::stored_event::StoredEvent;
use crate::wait::Wait;
use uuid::Uuid;

impl Wrong {
    pub(super) fn has_commit_now(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        let found = self.inner.has_commit(id, commit).wait()?;
        match self.fault {
            Fault::FindsEveryCommit => Ok(true),
            Fault::FailsOnUnknownCommits if !found => Err(failed(ErrorKind::NotFound)),
            Fault::FindsCommitsAtTheFirst => {
                let first = self.receipt_of(commit).and_then(|receipt| Some(receipt.positions()?.0));
                let log = self.stored_log();
                Ok(log.iter().any(|entry| Some(entry.position()) == first && entry.event.id == id))
            }
            Fault::FindsCommitsEverywhere => Ok(self.receipt_of(commit).is_some()),
            Fault::FindsUnchosenCommits => {
                let log = self.stored_log();
                Ok(log.iter().any(|entry| entry.mark().commit() == commit && entry.event.id == id))
            }
            Fault::FindsRefused => Ok(found || self.known().refused.contains(&commit.uuid())),
            Fault::FindsRecentCommits => {
                Ok(found && self.known().commits.iter().rev().take(8).any(|(recent, _)| *recent == commit))
            }
            Fault::ForgettingHidesCommits => Ok(found && !self.is_forgotten(id)),
            _ => Ok(found),
        }
    }

    pub(super) fn is_forgotten(&self, id: Uuid) -> bool {
        self.key(id).is_some_and(|key| key.wrapped().is_none())
    }

    pub(super) async fn forget_later(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        let nothing = || Commit::new(Vec::new());
        let keyed = self.plain(&notice);
        match self.fault {
            Fault::NoticesHideGaps => self.inner.forget(id, notice.without_gaps_in_the_first(0)).await,
            Fault::ForgetsNothing => Ok(Remains::NONE),
            Fault::FailsToForgetAgain if self.is_forgotten(id) => Err(failed(ErrorKind::NotFound)),
            Fault::ForgettingAgainRevives if self.known().forgotten.contains_key(&id) => {
                self.known().forgotten.remove(&id);
                Ok(Remains::NONE)
            }
            Fault::ForgetsOnlyKeys if self.key(id).is_none() => Ok(Remains::NONE),
            Fault::ForgetsOnlyWithEvents if self.sequence(id).is_empty() => Err(failed(ErrorKind::NotFound)),
            Fault::ForgetsNearIds => {
                self.inner.forget(Uuid::from_u128(id.as_u128() ^ 1), nothing()).await?;
                self.inner.forget(id, notice).await
            }
            Fault::ForgetsTheWholeLog => {
                for entry in self.stored_log() {
                    self.inner.forget(entry.event.id, nothing()).await?;
                }
                self.inner.forget(id, notice).await
            }
            Fault::HalfForgotten => {
                self.known().keys.insert(id, StoredKey::forgotten(id));
                pause().await;
                self.inner.forget(id, notice).await
            }
            Fault::ForgetsSilently => self.inner.forget(id, nothing()).await,
            Fault::NoticeWithoutTheKey => self.put(keyed, None).map(|_| Remains::NONE),
            Fault::NoticeAtEachForgetting if self.is_forgotten(id) => {
                self.known().notices.extend(notice.into_parts().events);
                Ok(Remains::NONE)
            }
            Fault::ForgetsDespiteTheConflict => {
                let done = self.inner.forget(id, notice).await;
                if done.is_err() {
                    self.known().keys.insert(id, StoredKey::forgotten(id));
                }
                done
            }
            Fault::ForgetsWithoutTheTakenNotice => match self.inner.forget(id, notice).await {
                Err(_) => self.inner.forget(id, nothing()).await,
                done => done,
            },
            Fault::NoticeThenKey => {
                self.put(keyed, None)?;
                thread::sleep(Duration::from_micros(300));
                self.inner.forget(id, nothing()).await
            }
            Fault::KeyThenNotice => {
                self.known().keys.insert(id, StoredKey::forgotten(id));
                thread::sleep(Duration::from_micros(300));
                self.inner.forget(id, notice).await
            }
            Fault::ForgettingAgainRevives
            | Fault::ForgottenOnlyWithKeys
            | Fault::ForgottenOnlyWithoutKeys
            | Fault::ForgottenAfterConflicts
            | Fault::LooksForForgottenAtTheFirst
            | Fault::StoresAllButTheForgotten
            | Fault::ForgottenBeforeRepeats
            | Fault::ChecksForgottenThenWrites
            | Fault::ForgetsLate => {
                if self.is_forgotten(id) {
                    return Ok(Remains::NONE);
                }
                // Only shown: what it means is decided below.
                self.put(keyed, None)?;
                let mut known = self.known();
                known.keys.insert(id, StoredKey::forgotten(id));
                known.forgotten.insert(id, Instant::now());
                Ok(Remains::NONE)
            }
            _ => self.inner.forget(id, notice).await,
        }
    }

    /// Returns the answer of a recorder that is wrong with forgotten aggregates, or with repeated commits.
    pub(super) fn decide_forgotten(
        &self,
        commit: &Commit,
        before: Option<&Receipt>,
    ) -> Option<Result<Receipt, Error>> {
        let (events, keys) = (commit.events(), commit.keys());
        let is_gone = |event: &&StoredEvent| {
            let since = self.known().forgotten.get(&event.id).copied();
            since.is_some_and(|since| self.fault != Fault::ForgetsLate || since.elapsed().as_millis() > 2)
        };
        let put_plain = || self.put(self.plain(commit), None);
        match self.fault {
            Fault::IgnoresTopicsOfRepeats if events.iter().all(|event| self.is_taken(event)) => {
                return before.cloned().map(Ok);
            }
            Fault::ComparesStatesOfRepeats
                if before.is_some()
                    && !events.iter().all(|event| self.sequence(event.id).contains(event)) =>
            {
                return Some(Err(Conflict::version(events[0].id, events[0].version, None).into()));
            }
            Fault::NoticesForget => {
                let done = self.put(commit.clone(), None);
                for event in events.iter().filter(|event| event.topic == FORGOTTEN) {
                    self.inner.forget(event.id, Commit::new(Vec::new())).wait().unwrap();
                }
                return Some(done);
            }
            Fault::ForgetsByCommit if keys.iter().any(|key| key.wrapped().is_none()) => {
                let done = put_plain();
                for key in keys {
                    self.inner.forget(key.aggregate(), Commit::new(Vec::new())).wait().unwrap();
                }
                return Some(done);
            }
            Fault::NewKeysAfterForgetting | Fault::ForgottenLeavesOtherKeys
                if events.iter().any(|event| self.is_forgotten(event.id)) =>
            {
                let own = |key: &&StoredKey| {
                    self.is_forgotten(key.aggregate()) == (self.fault == Fault::NewKeysAfterForgetting)
                };
                let shown: Vec<_> =
                    keys.iter().filter(own).map(|key| (key.aggregate(), key.clone())).collect();
                self.known().keys.extend(shown);
            }
            _ => {}
        }
        let gone = events.iter().find(is_gone);
        let refused = gone.map(|event| Err(Error::forgotten(event.id)));
        match self.fault {
            Fault::ForgottenOnlyWithKeys if keys.is_empty() => Some(put_plain()),
            Fault::ForgottenOnlyWithoutKeys if !keys.is_empty() => Some(put_plain()),
            Fault::ForgottenAfterConflicts if events.iter().any(|event| self.is_taken(event)) => None,
            Fault::LooksForForgottenAtTheFirst if !events.first().is_some_and(|first| is_gone(&first)) => {
                Some(put_plain())
            }
            Fault::StoresAllButTheForgotten if gone.is_some() => {
                let others = events.iter().filter(|event| !is_gone(event)).cloned().collect();
                let _ = self.put(Commit::with_id(commit.id(), others), None);
                refused
            }
            Fault::ChecksForgottenThenWrites if gone.is_none() => {
                thread::sleep(Duration::from_micros(300));
                Some(put_plain())
            }
            Fault::ForgottenBeforeRepeats => refused,
            Fault::ForgetsLate if gone.is_none() => Some(put_plain()),
            _ if before.is_some() => None,
            _ => refused,
        }
    }
}
