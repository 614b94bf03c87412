//! The data keys of aggregates: read with what they encrypt, made with the first events, destroyed for ever.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::EventStore;
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Id};
use crate::mapper::Mapper;
use crate::recorder::{Commit, EventRange, StoredKey};
use crate::stored_event::StoredEvent;

/// What makes rows of the events of several aggregates, and a commit of the rows.
pub(crate) struct Writing<'a> {
    mapper: &'a Mapper,
    keyed: HashMap<Uuid, (Mapper, StoredKey)>,
}

impl Writing<'_> {
    /// What makes the rows of one aggregate.
    pub(crate) fn mapper(&self, id: Uuid) -> &Mapper {
        self.keyed.get(&id).map_or(self.mapper, |(mapper, _)| mapper)
    }

    /// Makes a commit of rows, with the keys of their aggregates.
    pub(crate) fn commit(&self, id: CommitId, rows: Vec<StoredEvent>) -> Commit {
        let mut keys: Vec<StoredKey> = Vec::with_capacity(self.keyed.len());
        let mut known = HashSet::with_capacity(self.keyed.len());
        let keyed = rows.iter().filter_map(|row| self.keyed.get(&row.id));
        keys.extend(keyed.filter(|(_, key)| known.insert(key.id())).map(|(_, key)| key.clone()));
        Commit::with_id(id, rows).with_keys(keys)
    }
}

impl EventStore {
    /// Readies what is needed to write events of these aggregates.
    pub(crate) async fn writing(&self, ids: impl IntoIterator<Item = Uuid>) -> Result<Writing<'_>, Error> {
        let mut writing = Writing { mapper: &self.mapper, keyed: HashMap::new() };
        if !self.mapper.has_data_keys() {
            return Ok(writing);
        }
        let mut missing: BTreeSet<Uuid> = ids.into_iter().collect();
        for key in self.recorder.select_keys_dyn(missing.iter().copied().collect()).await? {
            missing.remove(&key.id());
            writing.keyed.insert(key.id(), (self.mapper_with(&key)?, key));
        }
        for id in missing {
            let key = StoredKey::new(id, self.mapper.new_data_key(id)?);
            writing.keyed.insert(id, (self.mapper_with(&key)?, key));
        }
        Ok(writing)
    }

    /// What maps the rows of one aggregate, or of any other sequence: with its data key, if it has one. For code that handles
    /// rows, such as those of the log. Do not keep it: what is forgotten meanwhile could be read on.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "aes")] {
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # use es_runtime::cipher::{AesGcm, Key};
    /// # use es_runtime::{mapper::Mapper, recorder::LogRange};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// # let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256)?));
    /// # let app = Application::builder("memory:").mapper(mapper).open().wait()?;
    /// # app.save(&mut Account::open()).wait()?;
    /// for row in app.recorder().select_log_dyn(LogRange::all()).wait()? {
    ///     let mapper = app.store().mapper_for(row.event.id).wait()?;
    ///     assert!(mapper.decode::<Account>(&row.event)?.is_some());
    /// }
    /// # }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Forgotten`](ErrorKind::Forgotten) if it is forgotten, and what the store reports.
    pub async fn mapper_for(&self, id: Uuid) -> Result<Mapper, Error> {
        Ok(self.mapper_with_key(id).await?.unwrap_or_else(|| Mapper::clone(&self.mapper)))
    }

    /// What maps the rows of one aggregate, if it is not the mapper itself; an error if it is forgotten, whatever could be
    /// read.
    pub(crate) async fn mapper_with_key(&self, id: Uuid) -> Result<Option<Mapper>, Error> {
        if !self.mapper.has_data_keys() {
            return Ok(None);
        }
        match self.recorder.select_keys_dyn(vec![id]).await?.pop() {
            Some(key) => self.mapper_with(&key).map(Some),
            None => Ok(Some(self.mapper.without_data_key())),
        }
    }

    /// Whether the data key of an aggregate was destroyed.
    pub(crate) async fn is_forgotten(&self, id: Uuid) -> Result<bool, Error> {
        if !self.mapper.has_data_keys() {
            return Ok(false);
        }
        let key = self.recorder.select_keys_dyn(vec![id]).await?.pop();
        Ok(key.is_some_and(|key| key.wrapped().is_none()))
    }

    fn mapper_with(&self, key: &StoredKey) -> Result<Mapper, Error> {
        let wrapped = key.wrapped().ok_or_else(|| Error::forgotten(key.id()))?;
        self.mapper.with_data_key(key.id(), wrapped)
    }

    /// Encrypts the data key of an aggregate, or of any other sequence, with the key that the cipher now writes with: once it is
    /// done for all, the old key is needed no more. Tells whether there was anything to do. What is under way meanwhile is not
    /// disturbed.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "aes")] {
    /// # use std::sync::Arc;
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # use es_runtime::cipher::{AesGcm, Key};
    /// # use es_runtime::{mapper::Mapper, recorder::MemoryRecorder};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// # let (old, new) = (Key::generate(256)?, Key::generate(256)?);
    /// # let recorder = Arc::new(MemoryRecorder::new());
    /// # let open = |cipher| Application::on(Arc::clone(&recorder) as _).mapper(Mapper::new().with_data_keys(cipher)).open();
    /// # open(AesGcm::new(&old)).wait()?.save(&mut Account::open()).wait()?;
    /// let app = open(AesGcm::new(&new).with_old_key(&old)).wait()?;
    /// let mut ids = app.ids::<Account>();
    /// while let Some(page) = ids.next_page().wait()? {
    ///     for id in page {
    ///         app.store().renew_key(id.uuid()).wait()?;
    ///     }
    /// }
    /// # assert!(open(AesGcm::new(&new)).wait()?.ids::<Account>().next_page().wait()?.is_some());
    /// # }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What cipher and store report. Of what is forgotten, or has no data key, there is nothing to do.
    pub async fn renew_key(&self, id: Uuid) -> Result<bool, Error> {
        let Some(old) = self.recorder.select_keys_dyn(vec![id]).await?.pop() else { return Ok(false) };
        let Some(wrapped) = old.wrapped() else { return Ok(false) };
        match self.mapper.wrap_again(id, wrapped)? {
            Some(wrapped) => self.recorder.replace_key_dyn(old, StoredKey::new(id, wrapped)).await,
            None => Ok(false),
        }
    }

    /// Destroys the data key of an aggregate, or of any other sequence: its events stay, and nobody can read them any more.
    ///
    /// [`Application::forget`](crate::Application::forget) also removes snapshots and what is cached, and says what
    /// remains.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there are no events; [`Config`](ErrorKind::Config) if the mapper gives no data
    /// keys; [`Invalid`](ErrorKind::Invalid) if an event was stored without one, which could be read on;
    /// [`Timeout`](ErrorKind::Timeout) if the key is destroyed, but a reader keeps the store from wiping an old copy of
    /// it: then do it again.
    pub async fn forget(&self, id: Uuid) -> Result<(), Error> {
        if !self.mapper.has_data_keys() {
            return Err(Error::new(
                ErrorKind::Config,
                "only what is encrypted with a data key can be forgotten; open with `Mapper::with_data_keys`",
            ));
        }
        let mut any = false;
        let mut pages = self.pages(Id::<()>::from_uuid(id), EventRange::all());
        while let Some(page) = pages.rows().await? {
            any = true;
            if let Some(clear) = page.iter().find(|row| self.mapper.is_exposed(row)) {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!(
                        "event {} of aggregate {id} was stored without a data key, and could be read on; save what is \
                         to be kept under a new id, and remove the old events with the means of your database",
                        clear.version
                    ),
                ));
            }
        }
        if !any {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("there is nothing to forget: {id} has no events"),
            ));
        }
        self.recorder.forget_dyn(id).await
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::id::Version;

    /// Rows of `many` aggregates, two of each, and all that makes a commit of them.
    fn written(mapper: &Mapper, many: u128) -> (Writing<'_>, Vec<StoredEvent>) {
        let id = Uuid::from_u128;
        let row =
            |at: u128| StoredEvent::new(id(at / 2), Version::INITIAL, Cow::Borrowed("Paid"), Vec::new());
        let key = |at| (id(at), (mapper.clone(), StoredKey::new(id(at), Vec::new())));
        (Writing { mapper, keyed: (0..many).map(key).collect() }, (0..2 * many).map(row).collect())
    }

    #[test]
    fn a_commit_has_the_keys_of_its_rows_once_each_in_their_order() {
        let mapper = Mapper::new();
        let (writing, mut rows) = written(&mapper, 100);
        rows.truncate(120);
        let commit = writing.commit(CommitId::new(), rows);
        let ids: Vec<u128> = commit.keys().iter().map(|key| key.id().as_u128()).collect();
        assert_eq!(ids, (0..60).collect::<Vec<_>>());
    }

    #[test]
    fn sixteen_times_the_aggregates_take_far_less_than_256_times_as_long() {
        let mapper = Mapper::new();
        let fastest = |many| -> Duration {
            let once = || {
                let (writing, rows) = written(&mapper, many);
                let start = Instant::now();
                let commit = writing.commit(CommitId::new(), rows);
                let taken = start.elapsed();
                assert_eq!(commit.keys().len() as u128, many);
                taken
            };
            (0..3).map(|_| once()).min().unwrap_or_default()
        };
        let (few, many) = (fastest(2_000), fastest(32_000));
        assert!(many < few * 80, "{many:?} for 32,000 aggregates, {few:?} for 2,000");
    }
}
