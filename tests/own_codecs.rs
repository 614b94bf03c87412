//! Codecs of a user's own: CBOR, through a crate that knows serde.

use cbor4ii::core::dec::Read as _;
use cbor4ii::core::utils::SliceReader;
use cbor4ii::serde::Deserializer;
use es_runtime::application::Builder;
use es_runtime::clock::Timestamp;
use es_runtime::mapper::{AesGcm, Codec, Decodable, Encodable, Failure, Key, Mapper, OwnCodec, Zlib, Zstd};
use es_runtime::recorder::{ApplicationRecorder, LogRange, StoredEvent};
use es_runtime::{Application, Error, ErrorKind, Event, Metadata, Version, Wait, aggregate, mutator};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug)]
struct Cbor;

impl OwnCodec for Cbor {
    fn code(&self) -> u8 {
        130
    }

    fn name(&self) -> &'static str {
        "CBOR"
    }

    fn encode(&self, value: &Encodable<'_>, into: &mut Vec<u8>) -> Result<(), Failure> {
        *into = cbor4ii::serde::to_vec(std::mem::take(into), value)?;
        Ok(())
    }

    fn decode<'de>(&self, data: &'de [u8], value: Decodable<'_, 'de>) -> Result<(), Failure> {
        let mut deserializer = Deserializer::new(SliceReader::new(data));
        value.read(&mut deserializer)?;
        match deserializer.into_inner().fill(1) {
            Ok(rest) if rest.as_ref().is_empty() => Ok(()),
            _ => Err("bytes are left over".into()),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Nested(Vec<Nested>);

impl Nested {
    fn of(depth: usize) -> Self {
        (1..depth).fold(Self(Vec::new()), |inner, _| Self(vec![inner]))
    }
}

#[aggregate]
struct Chronicle {
    #[attribute]
    owner: String,
    texts: Vec<String>,
    rate: f64,
}

#[mutator]
impl Chronicle {
    #[event(Begun)]
    fn begin(owner: String) -> Self {
        Self { owner, texts: Vec::new(), rate: 1.0 }
    }

    #[event(Booked, version = 2, upcast = BookedV1)]
    fn book(&mut self, text: String, rate: f64, nested: Nested) {
        self.texts.push(text);
        self.rate = rate;
        drop(nested);
    }
}

/// Version 1 as an older program wrote it. Written by hand, so that the registry knows one event of the topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct BookedV1 {
    note: String,
}

impl Event for BookedV1 {
    const NAME: &'static str = "Booked";
    const TOPIC: &'static str = "Chronicle.Booked";
}

impl From<BookedV1> for Booked {
    fn from(old: BookedV1) -> Self {
        Self { text: old.note, rate: 2.5, nested: Nested::of(1) }
    }
}

fn booked(text: &str) -> Booked {
    Booked { text: text.into(), rate: 0.1, nested: Nested::of(2) }
}

fn row_of<E: Event>(mapper: &Mapper, event: &E) -> Result<StoredEvent, Error> {
    let metadata = Metadata::new().with("actor", "ann");
    mapper.encode_event(Uuid::from_u128(1), Version::from(2), Timestamp::from_micros(7), &metadata, event)
}

fn text_of(mapper: &Mapper, row: &StoredEvent) -> Result<String, Error> {
    mapper.decode_event::<Booked>(row).map(|recorded| {
        assert_eq!(recorded.metadata().get("actor"), Some("ann"));
        assert_eq!(recorded.envelope().timestamp(), Timestamp::from_micros(7));
        recorded.into_event().text
    })
}

fn cbor() -> Mapper {
    Mapper::new().with_own_codec(Cbor)
}

fn aes() -> AesGcm {
    AesGcm::new(&Key::from_bytes(&[7; 32]).unwrap())
}

#[test]
fn an_application_stores_and_reads_everything_in_it() {
    for (mapper, header) in [
        (cbor(), [1, 130, 0, 0]),
        (cbor().with_compressor(Zlib::default()), [1, 130, 1, 0]),
        (cbor().with_cipher(aes()), [1, 130, 0, 1]),
        (cbor().with_compressor(Zstd::default()).with_cipher(aes()), [1, 130, 2, 1]),
        (cbor().with_data_keys(aes()), [1, 130, 0, 2]),
    ] {
        let ways: [fn(Builder) -> Builder; 2] =
            [|builder| builder, |builder| builder.snapshot_every::<Chronicle>(2)];
        for with in ways {
            let builder = Application::builder("sqlite::memory:").mapper(mapper.clone());
            let app = with(builder).open().wait().unwrap();
            let mut chronicle = Chronicle::begin("Ann".repeat(100));
            for number in 0..5 {
                chronicle.book(format!("{number}").repeat(100), 0.5, Nested::of(3));
                chronicle.set_owner("Anna".repeat(100));
                app.save(&mut chronicle).wait().unwrap();
            }
            let again = app.get(chronicle.id()).wait().unwrap();
            assert_eq!((again.owner.as_str(), again.texts.len()), (&*"Anna".repeat(100), 5));
            assert_eq!(app.get_at(chronicle.id(), 2).wait().unwrap().owner, "Ann".repeat(100));
            for row in app.recorder().read_log(LogRange::all()).wait().unwrap().entries {
                assert!(row.event.state.starts_with(&header), "{:?}", row.event.state.get(..4));
            }
            app.save(&mut again.discard()).wait().unwrap();
            assert_eq!(app.get(chronicle.id()).wait().map(drop).unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

#[test]
fn rows_of_every_codec_are_read_whichever_writes() {
    let writers = [
        Mapper::new(),
        Mapper::new().with_codec(Codec::MessagePack),
        cbor(),
        cbor().with_codec(Codec::Json),
        cbor().with_codec(Codec::MessagePack),
    ];
    let rows = writers.map(|writer| row_of(&writer, &booked("a")).unwrap());
    let codecs = rows.each_ref().map(|row| if row.state[0] == b'{' { 1 } else { row.state[1] });
    assert_eq!(codecs, [1, 2, 130, 1, 2], "the codec that is named last writes");
    for reader in [cbor(), cbor().with_codec(Codec::Json), cbor().with_codec(Codec::MessagePack)] {
        for row in &rows {
            assert_eq!(text_of(&reader, row).unwrap(), "a");
        }
    }
    let error = text_of(&Mapper::new(), &rows[2]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("the codec 130"), "{error}");
    assert!(error.to_string().contains("`Mapper::with_own_codec`"), "{error}");
}

#[test]
fn older_shapes_are_upcast() {
    for mapper in [cbor(), cbor().with_cipher(aes())] {
        let row = row_of(&mapper, &BookedV1 { note: "old".into() }).unwrap();
        let read = mapper.decode_event::<Booked>(&row).unwrap().into_event();
        assert_eq!((read.text.as_str(), read.rate), ("old", 2.5));
        assert!(mapper.decode::<ChronicleEvent>(&row).unwrap().is_some());
    }
}

#[test]
fn a_value_that_could_not_be_read_again_is_refused() {
    for rate in [f64::NAN, f64::INFINITY] {
        let error = row_of(&cbor(), &Booked { rate, ..booked("hush") }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("a `Chronicle.Booked`: `data.rate` is a float"), "{error}");
    }
    let nested = |depth| row_of(&cbor(), &Booked { nested: Nested::of(depth), ..booked("a") });
    // The state and its data are two levels of nesting.
    let row = nested(125).unwrap();
    assert_eq!(text_of(&cbor(), &row).unwrap(), "a");
    for depth in [127, 200, 2_000] {
        let error = nested(depth).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("deeper than 127 levels"), "{error}");
    }
}

#[test]
fn any_bytes_are_an_error_that_shows_no_data() {
    let row = row_of(&cbor(), &booked("hush hush hush")).unwrap();
    let refused = |state: Vec<u8>| {
        let row = StoredEvent::new(row.id, row.version, row.topic.clone(), state).unwrap();
        let Err(error) = cbor().decode_event::<Booked>(&row) else { return false };
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hush"), "{told}");
        true
    };
    for at in 4..row.state.len() {
        assert!(refused(row.state[..at].to_vec()), "cut at {at}");
        for byte in [0, 1, 0x1f, 0x5f, 0x7f, 0x9b, 0xbb, 0xff] {
            let mut altered = row.state.clone();
            altered[at] = byte;
            refused(altered);
        }
    }
    assert!(refused([&row.state[..], b"hush"].concat()), "left over");
    assert!(refused([&[1, 130, 0, 0][..], &vec![0x81; 100_000]].concat()), "deep");
    assert!(refused([&[1, 130, 0, 0][..], &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()));
    let wrong = row_of(&cbor(), &Wrong { text: vec!["hush".into()] }).unwrap();
    let error = text_of(&cbor(), &wrong).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    assert!(error.to_string().contains("not readable as CBOR"), "{error}");
}

/// An event of another type under the same topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wrong {
    text: Vec<String>,
}

impl Event for Wrong {
    const NAME: &'static str = "Booked";
    const TOPIC: &'static str = "Chronicle.Booked";
    const VERSION: u32 = 2;
}

/// A codec with one fault.
#[derive(Debug)]
struct Faulty(Fault);

#[derive(Debug, PartialEq)]
enum Fault {
    /// Quotes the data in the error of a write.
    Writing,
    /// Quotes the data in an error before it reads.
    Reading,
    /// Quotes the data in an error after it reads.
    AfterReading,
    /// Reads nothing, and returns success.
    Idle,
    /// Ignores the error.
    Careless,
    /// Takes a code of the crate's own codecs.
    Code,
}

impl OwnCodec for Faulty {
    fn code(&self) -> u8 {
        if self.0 == Fault::Code { 1 } else { 130 }
    }

    fn name(&self) -> &'static str {
        "faulty"
    }

    fn encode(&self, value: &Encodable<'_>, into: &mut Vec<u8>) -> Result<(), Failure> {
        if self.0 == Fault::Writing {
            return Err(format!("cannot write {}", serde_json::to_string(value)?).into());
        }
        if self.0 == Fault::Careless {
            let _ = Cbor.encode(value, into);
            return Ok(());
        }
        Cbor.encode(value, into)
    }

    fn decode<'de>(&self, data: &'de [u8], value: Decodable<'_, 'de>) -> Result<(), Failure> {
        let said = String::from_utf8_lossy(data).into_owned();
        match self.0 {
            Fault::Reading => return Err(said.into()),
            Fault::Idle => return Ok(()),
            Fault::Careless => {
                let _ = Cbor.decode(data, value);
                return Ok(());
            }
            _ => Cbor.decode(data, value)?,
        }
        if self.0 == Fault::AfterReading { Err(said.into()) } else { Ok(()) }
    }
}

#[test]
fn a_codec_that_is_wrong_gives_an_error_that_shows_no_data() {
    let row = row_of(&cbor(), &booked("hush")).unwrap();
    let hidden = |error: Error| {
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hush"), "{told}");
        (error.kind(), told)
    };
    let faulty = |fault| Mapper::new().with_own_codec(Faulty(fault));
    let (kind, _) = hidden(row_of(&faulty(Fault::Writing), &booked("hush")).unwrap_err());
    assert_eq!(kind, ErrorKind::Invalid);
    for fault in [Fault::Reading, Fault::AfterReading, Fault::Idle] {
        let (kind, told) = hidden(text_of(&faulty(fault), &row).unwrap_err());
        assert_eq!(kind, ErrorKind::Corrupt, "{told}");
    }
    let careless = faulty(Fault::Careless);
    assert_eq!(text_of(&careless, &row).unwrap(), "hush");
    let broken = StoredEvent::new(row.id, row.version, row.topic.clone(), row.state[..30].to_vec()).unwrap();
    assert_eq!(hidden(text_of(&careless, &broken).unwrap_err()).0, ErrorKind::Corrupt);
    let infinite = Booked { rate: f64::INFINITY, ..booked("hush") };
    assert_eq!(hidden(row_of(&careless, &infinite).unwrap_err()).0, ErrorKind::Invalid);
    let (kind, told) = hidden(row_of(&faulty(Fault::Code), &booked("hush")).unwrap_err());
    assert_eq!(kind, ErrorKind::Config);
    assert!(told.contains("128 to 255"), "{told}");
}
