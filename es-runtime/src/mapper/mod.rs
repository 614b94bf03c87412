//! The mapper: an event becomes a row and a row an event; transcode, compress, encrypt, and back.
//!
//! Id, version and topic stand in clear beside the state, so that a store can find a row; all else is in it. What
//! a cipher writes is bound to them.

pub(crate) mod codec;
pub(crate) mod transcoding;
pub(crate) mod compressor;
pub(crate) mod cipher;
mod secrecy;
mod frame;
mod codecs;
mod columns;
mod keys;
mod refused;
mod snapshot;
mod state;
#[cfg(all(test, feature = "aes", feature = "msgpack", feature = "macros"))]
mod tests;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

#[cfg(feature = "aes")]
pub use self::cipher::{AesGcm, Key};
pub use self::cipher::{Cipher, KeyId};
use self::codec::AnyCodec;
pub use self::codec::Codec;
#[cfg(feature = "own-codec")]
pub use self::codec::{Decodable, Encodable, Failure, OwnCodec};
pub use self::columns::EventView;
use self::columns::Fill;
pub use self::compressor::Compressor;
#[cfg(feature = "zlib")]
pub use self::compressor::Zlib;
#[cfg(feature = "zstd")]
pub use self::compressor::Zstd;
use self::refused::{Place, at_row, not_in_set, of_another, unknown_topic};
pub(crate) use self::snapshot::{Found, Snapshot};
use self::state::{AsStored, Data, Missed, OneOf, Owner, Read, Single, Skipped, State, Written};
#[cfg(feature = "chrono")]
pub use self::transcoding::{DateAsIso, DateTimeAsIso};
pub use self::transcoding::{DecimalAsStr, Form, Tagged, Transcoding, UuidAsHex};
use crate::aggregate::{Aggregate, Empty};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::{Envelope, Event, EventType, EventVisitor, Metadata, Recorded, Secrecy};
use crate::event_set::{EventSet, Reading, Topics};
use crate::id::Version;
use crate::registry::Registry;
use crate::stored_event::{StoredEvent, forgotten_topic, is_forgotten_notice};

/// How large a state may be once it is decompressed, unless it is said otherwise.
const LARGEST: usize = 64 << 20;

/// Turns events into rows and back.
///
/// ```
/// use es_runtime::mapper::Mapper;
/// use es_runtime::{Event, Metadata, Version, clock::Timestamp, event};
///
/// #[event]
/// pub struct PaymentReceived {
///     pub amount: i64,
/// }
///
/// let mapper = Mapper::new();
/// let (id, at) = (uuid::Uuid::now_v7(), Timestamp::from_micros(1));
/// let row = mapper.encode_event(id, Version::INITIAL, at, &Metadata::new(), &PaymentReceived { amount: 10 })?;
/// assert_eq!(row.state, br#"{"at":1,"data":{"amount":10}}"#);
/// assert_eq!(mapper.decode_event::<PaymentReceived>(&row)?.event().amount, 10);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Mapper {
    codec: AnyCodec,
    /// Those of the user's own that can be read.
    #[cfg(feature = "own-codec")]
    own_codecs: Vec<Arc<dyn OwnCodec>>,
    compressor: Option<Arc<dyn Compressor>>,
    /// All that can be read.
    compressors: Vec<Arc<dyn Compressor>>,
    cipher: Option<Arc<dyn Cipher>>,
    /// Those that are only read with.
    old_ciphers: Vec<Arc<dyn Cipher>>,
    /// Whether each aggregate has a key of its own, which the cipher encrypts.
    has_data_keys: bool,
    data_key: DataKey,
    allows_clear: bool,
    /// Topics of which nothing is secret.
    clear_topics: Arc<[Cow<'static, str>]>,
    largest: usize,
    /// What fills the user's own columns.
    columns: Vec<(Arc<str>, Arc<Fill>)>,
}

impl Debug for Mapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapper")
            .field("codec", &self.codec)
            .field("compressor", &self.compressor)
            .field("cipher", &self.cipher)
            .field("has_data_keys", &self.has_data_keys)
            .field("allows_clear", &self.allows_clear)
            .finish_non_exhaustive()
    }
}

impl Default for Mapper {
    fn default() -> Self {
        Self::new()
    }
}

/// What is bound to a ciphertext: which row it belongs to.
struct Identity<'a> {
    kind: Kind,
    /// Not bound, as it may change: whether the row has to be encrypted.
    secrecy: Secrecy,
    id: Uuid,
    version: Version,
    topic: &'a str,
}

/// The key that seals a state, where there are data keys.
#[derive(Clone, Copy)]
enum Under {
    /// The data key of the aggregate.
    DataKey,
    /// The key of the mapper's cipher.
    Cipher,
}

/// The data key of the aggregate whose rows are mapped.
#[derive(Clone)]
enum DataKey {
    /// They are those of any aggregate.
    NotAskedFor,
    /// It has none.
    None,
    Some(Arc<dyn Cipher>),
}

#[derive(Clone, Copy)]
enum Kind {
    Event,
    Snapshot,
    DataKey,
}

impl<'a> Identity<'a> {
    fn of_event(row: &'a StoredEvent, secrecy: Secrecy) -> Self {
        Self { kind: Kind::Event, secrecy, id: row.id, version: row.version, topic: &row.topic }
    }

    fn associated(&self, header: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(header.len() + 25 + self.topic.len());
        bytes.extend(header);
        bytes.push(match self.kind {
            Kind::Event => 1,
            Kind::Snapshot => 2,
            Kind::DataKey => 3,
        });
        bytes.extend(self.id.as_bytes());
        bytes.extend(self.version.get().to_be_bytes());
        bytes.extend(self.topic.as_bytes());
        bytes
    }
}

/// What a row is to a set of events.
pub(crate) enum Mapped<E> {
    Event(Recorded<E>),
    /// An event whose type is gone.
    Retired(Envelope),
}

impl Mapper {
    /// JSON, neither compressed nor encrypted.
    pub fn new() -> Self {
        Self {
            codec: AnyCodec::Known(Codec::default()),
            #[cfg(feature = "own-codec")]
            own_codecs: Vec::new(),
            compressor: None,
            compressors: known_compressors(),
            cipher: None,
            old_ciphers: Vec::new(),
            has_data_keys: false,
            data_key: DataKey::NotAskedFor,
            allows_clear: false,
            clear_topics: Arc::new([]),
            largest: LARGEST,
            columns: Vec::new(),
        }
    }

    /// Compresses what becomes smaller by it.
    #[must_use]
    pub fn with_compressor(mut self, compressor: impl Compressor + 'static) -> Self {
        let compressor: Arc<dyn Compressor> = Arc::new(compressor);
        self.compressors.retain(|known| known.code() != compressor.code());
        self.compressors.push(Arc::clone(&compressor));
        self.compressor = Some(compressor);
        self
    }

    /// Encrypts, and refuses rows that are not encrypted. Give each application a key of its own: ciphertext is bound to its
    /// aggregate, not to the application.
    #[must_use]
    pub fn with_cipher(mut self, cipher: impl Cipher + 'static) -> Self {
        self.cipher = Some(Arc::new(cipher));
        self
    }

    /// Also reads what this cipher encrypted: one of another kind, from before. Old keys of the same kind are for the key ring
    /// of the cipher itself.
    #[must_use]
    pub fn with_old_cipher(mut self, cipher: impl Cipher + 'static) -> Self {
        self.old_ciphers.push(Arc::new(cipher));
        self
    }

    /// Reads rows that are not encrypted, too: those from before there was a cipher.
    #[must_use]
    pub const fn allowing_clear_data(mut self) -> Self {
        self.allows_clear = true;
        self
    }

    /// Leaves the events of these topics unencrypted, for queries of others; snapshots are always encrypted. What was
    /// encrypted under such a topic before is still read. For events of your own write `#[event(Name, clear)]`, which says
    /// the same where the event is declared.
    ///
    /// ```
    /// # #[cfg(feature = "aes")] {
    /// # use es_runtime::mapper::{AesGcm, Key, Mapper};
    /// let cipher = AesGcm::new(&Key::generate(256)?);
    /// let mapper = Mapper::new().with_cipher(cipher).with_clear_topics(["Account.Opened"]);
    /// # let _ = mapper;
    /// # }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn with_clear_topics<T: Into<Cow<'static, str>>>(
        mut self,
        topics: impl IntoIterator<Item = T>,
    ) -> Self {
        self.clear_topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Refuses states that are larger once they are decompressed; 64 MiB unless it is said.
    #[must_use]
    pub const fn with_largest_state(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
    }

    /// Makes the row of an event of a set. The row of an aggregate's event names the aggregate where the topic does not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the codec cannot hold a value: a float that is not finite, `Some(None)` or
    /// `Some(())`. [`ErrorKind::Config`] if the event is declared as `encrypted` and the mapper has no cipher.
    pub fn encode<E: EventSet>(&self, recorded: &Recorded<E>) -> Result<StoredEvent, Error> {
        self.encode_with(recorded, recorded.metadata())
    }

    /// Makes the row of an event of a set, with other metadata.
    pub(crate) fn encode_with<E: EventSet>(
        &self,
        recorded: &Recorded<E>,
        metadata: &Metadata,
    ) -> Result<StoredEvent, Error> {
        let owner = |topic: &str| E::AGGREGATE?.owner(topic);
        recorded.event().visit(Encode { mapper: self, envelope: recorded.envelope(), owner, metadata })
    }

    /// Makes the row of an event that belongs to no aggregate of this program.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_event<E: Event>(
        &self,
        id: Uuid,
        version: Version,
        at: Timestamp,
        metadata: &Metadata,
        event: &E,
    ) -> Result<StoredEvent, Error> {
        let envelope = Envelope::new(id, version, at);
        event.accept(Encode { mapper: self, envelope: &envelope, owner: |_| None, metadata })
    }

    /// Reads a row as an event of a set, such as those of an aggregate; returns `None` if the aggregate retired its type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownTopic`] if no event of the set has the topic. For an aggregate also
    /// [`ErrorKind::WrongAggregate`] by the topic, or by the aggregate that the row of a shared event names, and
    /// [`ErrorKind::Forgotten`] for the row that says so. [`ErrorKind::Schema`] if the data do not fit the type of the event,
    /// [`ErrorKind::Corrupt`] if the row was damaged, [`ErrorKind::Cipher`] if it cannot be decrypted.
    pub fn decode<E: EventSet>(&self, row: &StoredEvent) -> Result<Option<Recorded<E>>, Error> {
        Ok(match self.decode_mapped(row)? {
            Mapped::Event(recorded) => Some(recorded),
            Mapped::Retired(_) => None,
        })
    }

    #[inline]
    pub(crate) fn decode_mapped<E: EventSet>(&self, row: &StoredEvent) -> Result<Mapped<E>, Error> {
        let missed = Cell::new(None);
        let data = OneOf::<E> { topic: &row.topic, missed: &missed, set: PhantomData };
        match self.read(row, secrecy::among::<E>(&row.topic), data) {
            Ok(read) => Ok(Mapped::Event(recorded(row, read))),
            Err(error) => self.missed(row, missed.into_inner(), error),
        }
    }

    #[cold]
    fn missed<E: EventSet>(
        &self,
        row: &StoredEvent,
        missed: Option<Missed>,
        error: Error,
    ) -> Result<Mapped<E>, Error> {
        match (missed, E::AGGREGATE) {
            // It says nothing but its topic. The key that it was sealed with may have been thrown away.
            (None, Some(_)) if is_forgotten_notice(&row.topic) && self.lacks_key_of(row) => {
                Err(Error::forgotten(row.id))
            }
            (None, _) => Err(error),
            (Some(Missed::Owner { of, name }), _) => Err(of_another(row, &of, &name)),
            (Some(Missed::Topic), None) => Err(not_in_set::<E>(row)),
            (Some(Missed::Topic), Some(of)) if of.skips(&row.topic) => {
                let Read { at, .. } = self.read(row, secrecy::among::<E>(&row.topic), Skipped)?;
                Ok(Mapped::Retired(Envelope::new(row.id, row.version, at)))
            }
            (Some(Missed::Topic), Some(of)) => match of.read(&row.topic) {
                Some(Reading::Forgotten(_)) => Err(Error::forgotten(row.id)),
                _ => Err(unknown_topic(row, &of)),
            },
        }
    }

    /// Reads a row as an event of one type, whatever its topic.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode); [`ErrorKind::UnknownTopic`] if the topic is that of another event.
    pub fn decode_event<E: Event>(&self, row: &StoredEvent) -> Result<Recorded<E>, Error> {
        // The registry also knows topics that begin with a former name of an aggregate.
        let is_known =
            |registry: &Registry| registry.event(&row.topic).is_some_and(|event| event.topic() == E::TOPIC);
        if !E::is(&row.topic) && !Registry::global().is_ok_and(is_known) {
            let message = format!("{} is no `{}`", Place(row), E::NAME);
            return Err(Error::new(ErrorKind::UnknownTopic, message));
        }
        Ok(recorded(row, self.read(row, E::SECRECY, Single(PhantomData))?))
    }

    /// Reads the version and the data of any event, as they are stored.
    pub(crate) fn decode_any(&self, row: &StoredEvent) -> Result<Recorded<(u32, serde_json::Value)>, Error> {
        Ok(recorded(row, self.read(row, secrecy::registered(&row.topic), AsStored)?))
    }

    /// When the event of a row was recorded.
    pub(crate) fn time_of(&self, row: &StoredEvent) -> Result<Timestamp, Error> {
        self.read(row, secrecy::registered(&row.topic), Skipped).map(|read| read.at)
    }

    /// The aggregate that a row names as its own; `None` where the topic names it, and for rows from before they named one.
    pub(crate) fn owner_of(&self, row: &StoredEvent) -> Result<Option<String>, Error> {
        let owner = Cell::new(None);
        self.read(row, secrecy::registered(&row.topic), Owner(&owner))?;
        Ok(owner.into_inner())
    }

    fn read<V, T>(&self, row: &StoredEvent, secrecy: Secrecy, data: T) -> Result<Read<V>, Error>
    where
        T: for<'de> Data<'de, Value = V>,
    {
        self.read_state(row, secrecy, data).map_err(|error| self.not_read(row, secrecy, error))
    }

    /// Tells data that do not fit from a row that is damaged: that is not read without its data, either.
    #[cold]
    fn not_read(&self, row: &StoredEvent, secrecy: Secrecy, error: Error) -> Error {
        let is_whole = || self.read_state(row, secrecy, Skipped).is_ok();
        if error.kind() != ErrorKind::Schema || is_whole() {
            return at_row(row, error);
        }
        at_row(
            row,
            Error::new(
                ErrorKind::Corrupt,
                "the row was damaged, or something else wrote it; restore it from a backup",
            ),
        )
    }

    fn read_state<V, T>(&self, row: &StoredEvent, secrecy: Secrecy, data: T) -> Result<Read<V>, Error>
    where
        T: for<'de> Data<'de, Value = V>,
    {
        // Bare JSON is read where it stands.
        let may_be_bare = self.cipher.is_none() && secrecy != Secrecy::Encrypted;
        if may_be_bare && row.state.first() == Some(&b'{') {
            Codec::Json.decode(State(data), &row.state)
        } else {
            self.open(&row.state, &Identity::of_event(row, secrecy))
                .and_then(|(codec, written)| codec.decode(State(data), &written))
        }
    }
}

/// Refuses a row whose topic is none of an aggregate, as [`Mapper::decode`] does, without reading its data.
pub(crate) fn check_topic<A: Aggregate>(row: &StoredEvent) -> Result<(), Error> {
    let topics = Topics::of::<A>();
    match topics.read(&row.topic) {
        Some(_) => Ok(()),
        None => Err(unknown_topic(row, &topics)),
    }
}

/// The compressors that this program has.
fn known_compressors() -> Vec<Arc<dyn Compressor>> {
    vec![
        #[cfg(feature = "zlib")]
        Arc::new(crate::mapper::compressor::Zlib::default()),
        #[cfg(feature = "zstd")]
        Arc::new(crate::mapper::compressor::Zstd::default()),
    ]
}

fn recorded<E>(row: &StoredEvent, read: Read<E>) -> Recorded<E> {
    let envelope = Envelope::new(row.id, row.version, read.at);
    Recorded::new(envelope, read.data).with_metadata(read.metadata)
}

struct Encode<'a> {
    mapper: &'a Mapper,
    envelope: &'a Envelope,
    /// The aggregate that the row has to name, by its topic.
    owner: fn(&str) -> Option<&'static str>,
    metadata: &'a Metadata,
}

impl EventVisitor for Encode<'_> {
    type Output = Result<StoredEvent, Error>;

    fn data<T: Serialize + Debug>(self, of: &'static EventType, data: &T) -> Self::Output {
        let Self { mapper, envelope, owner, metadata } = self;
        let written = Written {
            version: of.version(),
            at: envelope.timestamp(),
            of: owner(of.topic()),
            metadata,
            data,
        };
        let row = StoredEvent::new(envelope.id(), envelope.version(), of.topic(), Vec::with_capacity(128))?;
        let mut row = mapper.fill_state(row, of.secrecy(), &written, Under::DataKey)?;
        if !mapper.columns.is_empty() {
            let data = || serde_json::to_value(data).unwrap_or_default();
            let made = OnceCell::new();
            row.columns =
                mapper.fill(&EventView { topic: of.topic(), envelope, metadata, data: &data, made });
        }
        Ok(row)
    }
}

impl Mapper {
    /// Makes the row that tells the readers of an aggregate that it is forgotten. The cipher of the mapper seals it, and no
    /// data key, so that it can be read once that is gone.
    pub(crate) fn encode_forgotten(
        &self,
        id: Uuid,
        of: &str,
        version: Version,
        at: Timestamp,
        metadata: &Metadata,
    ) -> Result<StoredEvent, Error> {
        let written = Written { version: 1, at, of: None, metadata, data: &Empty };
        self.fill_state(
            StoredEvent::new(id, version, forgotten_topic(of), Vec::new())?,
            Secrecy::AsConfigured,
            &written,
            Under::Cipher,
        )
    }

    /// Writes the state of a row of an event.
    fn fill_state<T: Serialize>(
        &self,
        mut row: StoredEvent,
        secrecy: Secrecy,
        written: &Written<'_, T>,
        under: Under,
    ) -> Result<StoredEvent, Error> {
        let encoded = self.codec.encode(written, &mut row.state);
        encoded.map_err(|error| at_row(&row, error))?;
        let state = std::mem::take(&mut row.state);
        let identity = Identity::of_event(&row, secrecy);
        row.state = self.seal(state, &identity, under).map_err(|error| at_row(&row, error))?;
        Ok(row)
    }
}
