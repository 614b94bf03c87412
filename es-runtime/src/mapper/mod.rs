//! The mapper: makes rows from events, and events from rows. It transcodes, compresses and encrypts.
//!
//! The id, the version and the topic of a row are not encrypted, so that a store can find the row. The bytes of the row,
//! called its state, hold all other parts of the event. The cipher binds the state to id, version and topic.

pub(crate) mod codec;
pub(crate) mod transcoding;
pub(crate) mod compressor;
pub(crate) mod cipher;
mod identity;
mod secrecy;
mod frame;
mod codecs;
mod columns;
mod keys;
mod refused;
mod state;
mod snapshot;
mod encode;
mod decode;
#[cfg(all(test, feature = "aes", feature = "msgpack", feature = "macros"))]
mod tests;

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::sync::Arc;

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
pub(crate) use self::decode::{Mapped, check_topic};
pub(crate) use self::snapshot::{Found, Snapshot};
#[cfg(feature = "chrono")]
pub use self::transcoding::{DateAsIso, DateTimeAsIso};
pub use self::transcoding::{DecimalAsStr, Form, Tagged, Transcoding, UuidAsHex};

/// The default limit on the size of a state, after decompression.
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
    /// The user's own codecs, which the mapper can read.
    #[cfg(feature = "own-codec")]
    own_codecs: Vec<Arc<dyn OwnCodec>>,
    compressor: Option<Arc<dyn Compressor>>,
    /// The compressors whose output the mapper can read.
    compressors: Vec<Arc<dyn Compressor>>,
    cipher: Option<Arc<dyn Cipher>>,
    /// The ciphers that only decrypt.
    old_ciphers: Vec<Arc<dyn Cipher>>,
    /// True if each aggregate has a key of its own, which the cipher encrypts.
    has_data_keys: bool,
    data_key: DataKey,
    allows_clear: bool,
    /// Topics of which nothing is secret.
    clear_topics: Arc<[Cow<'static, str>]>,
    largest: usize,
    /// The functions that fill the user's own columns.
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
    /// The mapper is for the rows of any aggregate; the data key was not read.
    NotAskedFor,
    /// The aggregate has no data key.
    None,
    Some(Arc<dyn Cipher>),
}

impl Mapper {
    /// Makes a mapper that writes JSON, and neither compresses nor encrypts.
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

    /// Sets a compressor. The mapper compresses a row only if the row becomes smaller.
    #[must_use]
    pub fn with_compressor(mut self, compressor: impl Compressor + 'static) -> Self {
        let compressor: Arc<dyn Compressor> = Arc::new(compressor);
        self.compressors.retain(|known| known.code() != compressor.code());
        self.compressors.push(Arc::clone(&compressor));
        self.compressor = Some(compressor);
        self
    }

    /// Sets a cipher: the mapper encrypts rows, and refuses to read rows that are not encrypted. Give each application its
    /// own cipher key: the ciphertext is bound to the aggregate, but not to the application.
    #[must_use]
    pub fn with_cipher(mut self, cipher: impl Cipher + 'static) -> Self {
        self.cipher = Some(Arc::new(cipher));
        self
    }

    /// Adds a cipher that only decrypts, for rows that a cipher of another kind encrypted earlier. Add old cipher keys of the
    /// same kind to the cipher itself, with `AesGcm::with_old_key`.
    #[must_use]
    pub fn with_old_cipher(mut self, cipher: impl Cipher + 'static) -> Self {
        self.old_ciphers.push(Arc::new(cipher));
        self
    }

    /// Permits rows that are not encrypted, for events stored before the mapper had a cipher.
    #[must_use]
    pub const fn allowing_clear_data(mut self) -> Self {
        self.allows_clear = true;
        self
    }

    /// Does not encrypt events of these topics, so that other programs can query them. The mapper still reads such events
    /// that were encrypted earlier, and always encrypts snapshots. For events that you declare, prefer
    /// `#[event(Name, clear)]`.
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

    /// Sets the largest number of bytes of a decompressed state; the mapper refuses larger ones. The default is 64 MiB.
    #[must_use]
    pub const fn with_largest_state(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
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
