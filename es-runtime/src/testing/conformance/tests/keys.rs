//! Recorders that are wrong with data keys.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use super::fault::Fault;
use super::writes::without_top_bit;
use super::wrong::{Wrong, failed};
use crate::error::{Conflict, Error, ErrorKind};
use crate::id::{DataKeyId, Version};
use crate::recorder::*;
use crate::wait::Wait;
use uuid::Uuid;

impl Wrong {
    /// Returns the commit with the data keys that are stored, and none of its own.
    pub(super) fn plain(&self, commit: &Commit) -> Commit {
        let ids = commit.events().iter().map(|event| event.id).collect();
        let mut keys = self.inner.select_keys(ids).wait().unwrap();
        keys.sort_by_key(StoredKey::aggregate);
        keys.dedup();
        keys.retain(|key| key.wrapped().is_some());
        Commit::with_id(commit.id(), commit.events().to_vec()).with_keys(keys)
    }

    pub(super) fn select_keys_now(&self, mut ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        if self.fault == Fault::FewKeysAtOnce {
            ids.truncate(1_000);
        }
        if self.fault == Fault::FailsOnUnknownKeys && ids.iter().any(|id| self.key(*id).is_none()) {
            return Err(failed(ErrorKind::NotFound));
        }
        let found = ids.iter().map(|id| match self.fault {
            Fault::InventsKeys => {
                self.key(*id).or_else(|| Some(StoredKey::new(*id, DataKeyId::from_bytes([0; 8]), vec![0])))
            }
            Fault::KeysIgnoreTheTopBitOfIds => {
                let key = self.key(without_top_bit(*id))?;
                Some(with(*id, &key, |wrapped| wrapped))
            }
            Fault::RemovesForgottenKeys => self.key(*id).filter(|key| key.wrapped().is_some()),
            _ => self.key(*id),
        });
        if self.fault == Fault::StopsAtUnknownKeys {
            return Ok(found.map_while(|key| key).collect());
        }
        Ok(found.flatten().collect())
    }

    pub(super) fn sample_keys_now(&self) -> Result<Vec<StoredKey>, Error> {
        let sample = self.inner.sample_keys().wait()?;
        Ok(match self.fault {
            Fault::InventsSamples if sample.is_empty() => {
                vec![StoredKey::new(Uuid::nil(), DataKeyId::from_bytes([0; 8]), vec![0])]
            }
            Fault::SamplesTheForgotten => {
                self.stored_log().first().and_then(|first| self.key(first.event.id)).into_iter().collect()
            }
            _ => sample,
        })
    }

    pub(super) async fn replace_key_later(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        match self.fault {
            Fault::ReplacesAnyKey if self.key(old.aggregate()).is_some() && !new.is_forgotten() => {
                self.show(&[new]);
                Ok(true)
            }
            Fault::ReplacesNoKey => Ok(true),
            Fault::ReplacesByIds
                if self.key(old.aggregate()).is_some_and(|known| known.key() == new.key()) =>
            {
                self.show(&[new]);
                Ok(true)
            }
            Fault::ReplacesByAnotherKey
                if self.key(old.aggregate()) == Some(old.clone()) && !new.is_forgotten() =>
            {
                self.show(&[new]);
                Ok(true)
            }
            Fault::RenewsWhatIsForgotten if self.is_forgotten(old.aggregate()) => {
                self.show(&[new]);
                Ok(true)
            }
            _ => self.inner.replace_key(old, new).await,
        }
    }

    /// Returns the data key as this recorder shows it.
    pub(super) fn key(&self, id: Uuid) -> Option<StoredKey> {
        let own = self.known().keys.get(&id).cloned();
        own.or_else(|| self.inner.select_keys(vec![id]).wait().unwrap().pop())
    }

    /// Returns whether the aggregate has another key than this.
    fn has_another(&self, key: &StoredKey) -> bool {
        self.key(key.aggregate()).is_some_and(|known| known.key() != key.key())
    }

    /// Shows the keys of a commit, whatever the recorder stores.
    fn show(&self, keys: &[StoredKey]) {
        self.known().keys.extend(keys.iter().map(|key| (key.aggregate(), key.clone())));
    }

    /// Shows the keys of those aggregates that have none.
    fn show_new(&self, keys: &[StoredKey]) {
        let new: Vec<_> = keys.iter().filter(|key| self.key(key.aggregate()).is_none()).cloned().collect();
        self.show(&new);
    }

    /// Returns the answer of a recorder that is wrong with data keys.
    pub(super) fn decide_keyed(
        &self,
        commit: &Commit,
        before: Option<&Receipt>,
    ) -> Option<Result<Receipt, Error>> {
        let keys = commit.keys();
        let other = keys.iter().find(|key| self.has_another(key));
        let put_plain = || self.put(self.plain(commit), None);
        match self.fault {
            Fault::RefusesTheSameKeyAgain if before.is_none() => {
                let known = keys.iter().find(|key| self.key(key.aggregate()).is_some())?;
                Some(Err(Conflict::key(known.aggregate()).into()))
            }
            Fault::AcceptsEventsWithoutKeys if keys.is_empty() => Some(put_plain()),
            Fault::LooksForKeysAtTheFirst => {
                let first = commit.events().first()?;
                let is_lacking = |id| self.key(id).is_some() && keys.iter().all(|key| key.aggregate() != id);
                (!is_lacking(first.id)).then(put_plain)
            }
            Fault::ComparesForms if before.is_none() => {
                let other =
                    keys.iter().find(|key| self.key(key.aggregate()).is_some_and(|known| known != **key))?;
                Some(Err(Conflict::key(other.aggregate()).into()))
            }
            Fault::TakesTheFormOfTheCommit if other.is_none() && before.is_none() => {
                let done = self.put(commit.clone(), None);
                if done.is_ok() {
                    self.show(keys);
                }
                Some(done)
            }
            Fault::VersionsBeforeKeys
                if commit.events().iter().any(|event| self.is_taken(event))
                    && !commit.events().iter().any(|event| self.is_forgotten(event.id))
                    && before.is_none() =>
            {
                Some(put_plain())
            }
            Fault::KeysBeforeForgotten if before.is_none() => {
                let other = other.filter(|key| !self.is_forgotten(key.aggregate()))?;
                Some(Err(Conflict::key(other.aggregate()).into()))
            }
            Fault::ReplacesKeys => Some(put_plain().inspect(|_| self.show(keys))),
            Fault::KeepsTheFirstKey => {
                let mut stored = self.plain(commit).keys().to_vec();
                let is_new =
                    |key: &&StoredKey| stored.iter().all(|known| known.aggregate() != key.aggregate());
                let new: Vec<_> = keys.iter().filter(is_new).cloned().collect();
                stored.extend(new);
                Some(self.put(self.plain(commit).with_keys(stored), None))
            }
            Fault::OtherKeysStay if other.is_some() => {
                self.show_new(keys);
                None
            }
            Fault::EventsDespiteKeys if other.is_some() => {
                let _ = put_plain();
                other.map(|key| Err(Conflict::key(key.aggregate()).into()))
            }
            Fault::KeysBeforeEvents => {
                let done = self.put(commit.clone(), None);
                if done
                    .as_ref()
                    .is_err_and(|error| matches!(error.as_conflict(), Some(Conflict::Version { .. })))
                {
                    self.show_new(keys);
                }
                Some(done)
            }
            Fault::KeysBeforeRepeats => other.map(|key| Err(Conflict::key(key.aggregate()).into())),
            Fault::RepeatsBringKeys if before.is_some() => {
                self.show(keys);
                None
            }
            Fault::ChecksKeysThenWrites if other.is_none() && !keys.is_empty() => {
                thread::sleep(Duration::from_micros(300));
                Some(put_plain().inspect(|_| self.show(keys)))
            }
            Fault::KeysAfterEvents => {
                let done = put_plain();
                thread::sleep(Duration::from_micros(300));
                self.show(keys);
                Some(done)
            }
            _ => None,
        }
    }

    /// Returns the keys that a wrong recorder stores instead.
    pub(super) fn change_keys(&self, mut keys: Vec<StoredKey>) -> Vec<StoredKey> {
        let map = |keys: Vec<StoredKey>, to: &dyn Fn(Vec<u8>) -> Vec<u8>| {
            keys.into_iter().map(|key| with(key.aggregate(), &key, to)).collect()
        };
        match self.fault {
            Fault::KeysAreText => map(keys, &|key| String::from_utf8_lossy(&key).into_owned().into()),
            Fault::CutsKeys => map(keys, &|mut key| {
                key.truncate(255);
                key
            }),
            Fault::OneKeyForEachCommit => {
                keys.truncate(1);
                keys
            }
            Fault::KeysIgnoreTheTopBitOfIds => keys
                .into_iter()
                .map(|key| with(without_top_bit(key.aggregate()), &key, |wrapped| wrapped))
                .collect(),
            Fault::DropsDoubleKeys => {
                let mut seen = HashSet::new();
                keys.retain(|key| seen.insert(key.aggregate()));
                keys
            }
            _ => keys,
        }
    }

    /// Returns the conflict of a data key as a wrong recorder reports it.
    pub(super) fn reported_of_key(&self, commit: &Commit, error: Error) -> Error {
        let Some(Conflict::Key { id }) = error.as_conflict().cloned() else { return error };
        match self.fault {
            Fault::KeyConflictAsVersion => Conflict::version(id, Version::INITIAL, None).into(),
            Fault::KeyConflictNamesTheFirst => Conflict::key(commit.events()[0].id).into(),
            _ => error,
        }
    }
}

/// Returns the same key of an aggregate in another form.
fn with(id: Uuid, key: &StoredKey, to: impl Fn(Vec<u8>) -> Vec<u8>) -> StoredKey {
    let form = key.key().zip(key.wrapped());
    form.map_or(StoredKey::forgotten(id), |(key, wrapped)| StoredKey::new(id, key, to(wrapped.to_vec())))
}
