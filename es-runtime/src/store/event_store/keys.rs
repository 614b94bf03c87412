//! The data keys of aggregates: read with the rows they encrypt, made with the first events, destroyed for ever.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use uuid::Uuid;

use super::EventStore;
use crate::aggregate::Aggregate;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::{Metadata, Topics};
use crate::id::Id;
use crate::mapper::Mapper;
use crate::recorder::{
    AggregateRecorder, Commit, DynKeyRecorder, EventRange, KeyRecorder, Notification, Remains, StoredKey,
};
use crate::stored_event::StoredEvent;
use crate::wait::Retry;

/// The attempts to forget an aggregate while other callers write to it.
const FORGETTING: Retry =
    Retry::new().attempts(50).wait(Duration::from_millis(1)).longest_wait(Duration::from_secs(1));

/// The mappers for the events of several aggregates, which make rows and their commit.
pub(crate) struct Writing<'a> {
    mapper: &'a Mapper,
    keyed: HashMap<Uuid, (Mapper, StoredKey)>,
}

impl Writing<'_> {
    /// Returns the mapper for the rows of one aggregate.
    pub(crate) fn mapper(&self, id: Uuid) -> &Mapper {
        self.keyed.get(&id).map_or(self.mapper, |(mapper, _)| mapper)
    }

    /// Adds the data keys of the rows to a commit.
    pub(crate) fn commit(&self, commit: Commit) -> Commit {
        if self.keyed.is_empty() {
            return commit;
        }
        let mut used = HashSet::new();
        let ids = commit.events().iter().map(|row| row.id).filter(|id| used.insert(*id));
        let keys = ids.filter_map(|id| self.keyed.get(&id)).map(|(_, key)| key.clone()).collect();
        commit.with_keys(keys)
    }
}

impl EventStore {
    /// Prepares the mappers for writing events of these aggregates.
    pub(crate) async fn writing(&self, ids: impl IntoIterator<Item = Uuid>) -> Result<Writing<'_>, Error> {
        let mut writing = Writing { mapper: &self.mapper, keyed: HashMap::new() };
        if !self.mapper.has_data_keys() {
            return Ok(writing);
        }
        let ids: HashSet<Uuid> = ids.into_iter().collect();
        for key in self.keys()?.select_keys(ids.iter().copied().collect()).await? {
            writing.keyed.insert(key.aggregate(), (self.mapper_with(&key)?, key));
        }
        for id in ids {
            if let Entry::Vacant(missing) = writing.keyed.entry(id) {
                let (key, wrapped) = self.mapper.new_data_key(id)?;
                let key = StoredKey::new(id, key, wrapped);
                missing.insert((self.mapper_with(&key)?, key));
            }
        }
        Ok(writing)
    }

    /// Returns the mapper for the rows of one aggregate or other sequence, with its data key if it has one. Meant for
    /// code that handles rows, such as those of the log.
    ///
    /// Do not keep the mapper: it could read an aggregate that was forgotten meanwhile.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "aes")] {
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # use es_runtime::mapper::{AesGcm, Key};
    /// # use es_runtime::{mapper::Mapper, recorder::{ApplicationRecorder, LogRange}};
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
    /// for entry in app.recorder().read_log(LogRange::all()).wait()?.entries {
    ///     let mapper = app.store().mapper_for(entry.event.id).wait()?;
    ///     assert!(mapper.decode::<AccountEvent>(&entry.event)?.is_some());
    /// }
    /// # }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Forgotten`](ErrorKind::Forgotten) if the aggregate is forgotten, and the errors of the store.
    pub async fn mapper_for(&self, id: Uuid) -> Result<Mapper, Error> {
        Ok(self.mapper_with_key(id).await?.unwrap_or_else(|| Mapper::clone(&self.mapper)))
    }

    /// Returns the mapper for the rows of one aggregate, or `None` if it is the mapper of the store. Fails if the
    /// aggregate is forgotten, even if some rows are readable.
    pub(crate) async fn mapper_with_key(&self, id: Uuid) -> Result<Option<Mapper>, Error> {
        if !self.mapper.has_data_keys() {
            return Ok(None);
        }
        match self.keys()?.select_keys(vec![id]).await?.pop() {
            Some(key) => self.mapper_with(&key).map(Some),
            None => Ok(Some(self.mapper.without_data_key())),
        }
    }

    /// Returns whether the data key of an aggregate was destroyed.
    pub(crate) async fn is_forgotten(&self, id: Uuid) -> Result<bool, Error> {
        if !self.mapper.has_data_keys() {
            return Ok(false);
        }
        let key = self.keys()?.select_keys(vec![id]).await?.pop();
        Ok(key.is_some_and(|key| key.is_forgotten()))
    }

    /// Reads the data keys of the aggregates on a page, in one call: for a reader of the log.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// # app.save(&mut Account::open()).wait()?;
    /// use es_runtime::recorder::{ApplicationRecorder, LogRange};
    ///
    /// let page = app.recorder().read_log(LogRange::all().limit(1_000)).wait()?;
    /// let mappers = app.store().mappers_for(&page.entries).wait()?;
    /// for entry in &page.entries {
    ///     match mappers.of(&entry.event) {
    ///         Some(mapper) => drop(mapper.decode::<AccountEvent>(&entry.event)?),
    ///         None => println!("the event at {} is unreadable: its aggregate is forgotten", entry.position()),
    ///     }
    /// }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Errors of cipher and store.
    pub async fn mappers_for(&self, page: &[Notification]) -> Result<Mappers<'_>, Error> {
        let ids = Mappers::keyed_ids(&self.mapper, page);
        let keys = if ids.is_empty() { Vec::new() } else { self.keys()?.select_keys(ids).await? };
        Mappers::with(&self.mapper, &keys)
    }

    /// Returns the recorder, as one that keeps data keys.
    fn keys(&self) -> Result<&(dyn DynKeyRecorder + 'static), Error> {
        self.recorder.as_keys().ok_or_else(no_keys)
    }

    /// Refuses a database whose data keys this program cannot read, before the store adds others beside them.
    pub(crate) async fn check_keys(&self) -> Result<(), Error> {
        let Some(keys) = self.recorder.as_keys() else { return Ok(()) };
        let samples = keys.sample_keys().await?;
        let Some((sample, others)) = samples.split_first() else { return Ok(()) };
        if !self.mapper.has_data_keys() {
            return Err(Error::new(
                ErrorKind::Config,
                "the events in this database are encrypted with data keys, and new ones would be stored without; open with \
                 `Mapper::with_data_keys`, or set CIPHER_KEY and CIPHER_DATA_KEYS=yes",
            ));
        }
        let config = |error: Error| Error::new(ErrorKind::Config, error.to_string()).with_source(error);
        // One sample may be damaged, or come from a program with a wrong key.
        match self.check_key(sample) {
            Err(error) if others.iter().all(|other| self.check_key(other).is_err()) => Err(config(error)),
            _ => Ok(()),
        }
    }

    /// Refuses a data key that is encrypted with a cipher key which this program lacks.
    fn check_key(&self, key: &StoredKey) -> Result<(), Error> {
        let (Some(id), Some(wrapped)) = (key.key(), key.wrapped()) else { return Ok(()) };
        self.mapper.check_key(key.aggregate(), id, wrapped)
    }

    fn mapper_with(&self, key: &StoredKey) -> Result<Mapper, Error> {
        mapper_with(&self.mapper, key)
    }

    /// Encrypts the data key of an aggregate or other sequence with the current key of the cipher. Returns whether
    /// there was anything to do.
    ///
    /// Once all data keys are renewed, the old cipher key is needed no more. Notices of forgetting stay sealed with the
    /// cipher key of their time; without that key they still show that the aggregate is forgotten. Running saves and
    /// loads are not disturbed.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "aes")] {
    /// # use std::sync::Arc;
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # use es_runtime::mapper::{AesGcm, Key};
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
    /// The errors of cipher and store. A sequence that is forgotten, or has no data key, needs no renewal.
    pub async fn renew_key(&self, id: Uuid) -> Result<bool, Error> {
        if !self.mapper.has_data_keys() {
            return Ok(false);
        }
        let keys = self.keys()?;
        let Some(old) = keys.select_keys(vec![id]).await?.pop() else { return Ok(false) };
        let (Some(key), Some(wrapped)) = (old.key(), old.wrapped()) else { return Ok(false) };
        match self.mapper.wrap_again(id, key, wrapped)? {
            Some(wrapped) => keys.replace_key(old, StoredKey::new(id, key, wrapped)).await,
            None => Ok(false),
        }
    }

    /// Destroys the data key of an aggregate or other sequence: its events stay, and nobody can read them any more.
    /// Readers of the log see an event under the topic `<of>.Forgotten`, where `of` is the name of the aggregate, or of
    /// the kind of sequence.
    ///
    /// [`Application::forget`](crate::Application::forget) also removes snapshots and cached states, and lists the
    /// remains. A repeated call wipes data that the store could not wipe before.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](ErrorKind::NotFound) if there are no events;
    /// - [`Config`](ErrorKind::Config) if the mapper has no data keys;
    /// - [`Invalid`](ErrorKind::Invalid) if an event was stored without a data key, and would stay readable;
    /// - [`Invalid`](ErrorKind::Invalid) if the key is destroyed but a column of your own cannot be emptied, at each
    ///   call until it can;
    /// - [`Conflict`](ErrorKind::Conflict) if others keep storing events of the sequence meanwhile;
    /// - [`Cipher`](ErrorKind::Cipher) if this program lacks the cipher key that encrypts the data key.
    pub async fn forget(&self, of: &str, id: Uuid) -> Result<Remains, Error> {
        self.try_to_forget(of, id, &mut false).await
    }

    /// Forgets as [`forget`](Self::forget) does; sets `was_asked` before it calls the recorder, which may destroy the
    /// key from then on.
    pub(crate) async fn try_to_forget(
        &self,
        of: &str,
        id: Uuid,
        was_asked: &mut bool,
    ) -> Result<Remains, Error> {
        if !self.mapper.has_data_keys() {
            return Err(Error::new(
                ErrorKind::Config,
                "only what is encrypted with a data key can be forgotten; open with `Mapper::with_data_keys`",
            ));
        }
        let keys = self.keys()?;
        let mut range = EventRange::all();
        let mut last = None;
        let mut notice: Option<Commit> = None;
        let mut attempts = FORGETTING.begin();
        loop {
            if notice.is_none()
                && let Some(newer) = self.check_encrypted(id, range).await?
            {
                range = range.after(newer.version);
                last = Some(newer);
            }
            let last = last.as_ref().ok_or_else(|| nothing(id))?;
            // The same notice goes out again as long as its version may be free or its own: the store stores it once.
            let offered = match notice.take() {
                Some(offered) => offered,
                None => Commit::new(vec![self.notice(of, last).await?]).without_gaps(),
            };
            *was_asked = true;
            match keys.forget(id, offered.clone()).await {
                Err(error) if error.kind() == ErrorKind::OutcomeUnknown && attempts.again().await => {
                    notice = Some(offered);
                }
                // Another caller stored an event meanwhile.
                Err(error) if error.kind() == ErrorKind::Conflict && attempts.again().await => {}
                ended => return ended,
            }
        }
    }

    /// Makes the notice that follows the last event of an aggregate. Fails if the program lacks the cipher key: others
    /// could not read the notice.
    async fn notice(&self, of: &str, last: &StoredEvent) -> Result<StoredEvent, Error> {
        let stored = self.keys()?.select_keys(vec![last.id]).await?.pop();
        stored.as_ref().map_or(Ok(()), |key| self.check_key(key))?;
        // Time never runs backwards within an aggregate.
        let at = match stored.map(|key| self.mapper_with(&key)) {
            Some(Ok(mapper)) => {
                mapper.time_of(last).map_or_else(|_| Timestamp::now(), |last| last.max(Timestamp::now()))
            }
            _ => Timestamp::now(),
        };
        self.mapper.encode_forgotten(last.id, of, last.version.next(), at, &Metadata::new())
    }

    /// Reads a range, and returns its last row; refuses the range if a row is readable without the data key.
    async fn check_encrypted(&self, id: Uuid, range: EventRange) -> Result<Option<StoredEvent>, Error> {
        let mut last = None;
        let mut pages = self.pages(Id::<()>::from_uuid(id), range);
        while let Some(page) = pages.rows().await? {
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
            last = page.into_iter().last();
        }
        Ok(last)
    }
}

fn mapper_with(mapper: &Mapper, key: &StoredKey) -> Result<Mapper, Error> {
    let (Some(id), Some(wrapped)) = (key.key(), key.wrapped()) else {
        return Err(Error::forgotten(key.aggregate()));
    };
    mapper.with_data_key(key.aggregate(), id, wrapped)
}

/// The mappers for the rows of a page, each with the data key of its aggregate.
#[derive(Debug)]
pub struct Mappers<'a> {
    mapper: &'a Mapper,
    /// The mapper for rows without a data key, if there are any.
    keyless: Option<Mapper>,
    /// The mapper of each aggregate with a data key, or `None` if it is forgotten.
    keyed: HashMap<Uuid, Option<Mapper>>,
}

impl Mappers<'_> {
    /// Returns the mapper for a row, or `None` if its aggregate is forgotten and the row is unreadable. The notice of
    /// forgetting stays readable, and so do events stored in clear by choice.
    pub fn of(&self, row: &StoredEvent) -> Option<&Mapper> {
        let keyless = self.keyless.as_ref().unwrap_or(self.mapper);
        match self.keyed.get(&row.id) {
            Some(Some(keyed)) => Some(keyed),
            Some(None) => Some(keyless).filter(|_| !Mapper::needs_data_key(row)),
            None => Some(keyless),
        }
    }
}

impl<'a> Mappers<'a> {
    /// Returns the aggregates of a page whose data keys are needed to read it.
    pub(crate) fn keyed_ids(mapper: &Mapper, page: &[Notification]) -> Vec<Uuid> {
        let has_keys = mapper.has_data_keys();
        let ids: HashSet<Uuid> = page.iter().filter(|_| has_keys).map(|entry| entry.event.id).collect();
        ids.into_iter().collect()
    }

    /// Makes the mappers for the aggregates of these data keys, and for those without one.
    pub(crate) fn with(mapper: &'a Mapper, keys: &[StoredKey]) -> Result<Self, Error> {
        let keyless = mapper.has_data_keys().then(|| mapper.without_data_key());
        let mut mappers = Self { mapper, keyless, keyed: HashMap::new() };
        for key in keys {
            let mapper = if key.is_forgotten() { None } else { Some(mapper_with(mapper, key)?) };
            mappers.keyed.insert(key.aggregate(), mapper);
        }
        Ok(mappers)
    }
}

impl Mappers<'_> {
    /// Returns whether a row may belong to this aggregate. Its topic decides if it names the aggregate; the state of a
    /// shared event names it. A row that names none, or cannot be read any more, may belong to any aggregate that
    /// handles the event.
    pub(crate) fn may_be_of<A: Aggregate>(&self, row: &StoredEvent) -> Result<bool, Error> {
        let topics = Topics::of::<A>();
        if topics.owner(&row.topic).is_none() {
            return Ok(true);
        }
        let Some(mapper) = self.of(row) else { return Ok(true) };
        let owner = mapper.owner_of(row)?;
        Ok(owner.is_none_or(|owner| topics.is_named(&owner)))
    }
}

#[cold]
pub(super) fn no_keys() -> Error {
    Error::new(
        ErrorKind::Config,
        "the mapper encrypts with data keys, and the recorder keeps none: use a recorder that does, or \
         `Mapper::with_cipher`",
    )
}

#[cold]
fn nothing(id: Uuid) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is nothing to forget: {id} has no events"))
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DataKeyId, Name, Version};

    /// Makes rows of `many` aggregates, two of each, and the mappers that make a commit of them.
    fn written(mapper: &Mapper, many: u128) -> (Writing<'_>, Vec<StoredEvent>) {
        let id = Uuid::from_u128;
        let topic = Name::new("Paid").unwrap();
        let row = |at: u128| StoredEvent::of(id(at / 2), Version::INITIAL, topic.clone(), Vec::new());
        let key = |at| {
            let key = StoredKey::new(id(at), DataKeyId::random(), Vec::new());
            (id(at), (mapper.clone(), key))
        };
        (Writing { mapper, keyed: (0..many).map(key).collect() }, (0..2 * many).map(row).collect())
    }

    #[test]
    fn a_commit_has_the_keys_of_its_rows_once_each_in_their_order() {
        let mapper = Mapper::new();
        let (writing, mut rows) = written(&mapper, 100);
        rows.truncate(120);
        let commit = writing.commit(Commit::new(rows));
        let ids: Vec<u128> = commit.keys().iter().map(|key| key.aggregate().as_u128()).collect();
        assert_eq!(ids, (0..60).collect::<Vec<_>>());
    }
}
