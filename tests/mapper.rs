//! The content of a row, bit by bit: a stored row cannot be repaired later.

use es_runtime::clock::Timestamp;
use es_runtime::mapper::{AesGcm, Cipher, Codec, Key, KeyId, Mapper, Zlib, Zstd};
use es_runtime::recorder::StoredEvent;
use es_runtime::testing::{ManualClock, history, id, recorded};
use es_runtime::{Error, ErrorKind, Metadata, Recorded, Version, aggregate, event, mutator};
use serde::Deserialize;
use uuid::Uuid;

const SECRET: &str = "the secret of the house of Usher, told by one who was there";

#[aggregate]
struct Diary {
    pages: Vec<String>,
    mood: f64,
}

#[derive(Deserialize)]
struct WrittenV1 {
    text: String,
}

impl From<WrittenV1> for Written {
    fn from(old: WrittenV1) -> Self {
        Self { page: old.text, mood: None }
    }
}

#[mutator(retired = ["Diary.Burned"])]
impl Diary {
    #[event(Begun)]
    fn begin() -> Self {
        Self { pages: Vec::new(), mood: 0.0 }
    }

    #[event(Written, version = 2, upcast = WrittenV1)]
    fn write(&mut self, page: String, mood: Option<f64>) {
        self.pages.push(page);
        self.mood = mood.unwrap_or(self.mood);
    }
}

fn written(page: &str) -> Recorded<DiaryEvent> {
    let event = Written { page: page.into(), mood: Some(0.1) };
    recorded::<Diary, _>(id(1), 2, ManualClock::START, event)
}

fn key(byte: u8) -> Key {
    Key::from_bytes(&[byte; 32]).unwrap()
}

fn secret() -> Recorded<DiaryEvent> {
    written(&[SECRET; 4].join(" "))
}

fn page(mapper: &Mapper, row: &StoredEvent) -> Result<String, Error> {
    match mapper.decode::<DiaryEvent>(row)?.map(|recorded| recorded.event().clone()) {
        Some(DiaryEvent::Written(Written { page, .. })) => Ok(page),
        other => panic!("{other:?}"),
    }
}

fn holds(row: &StoredEvent, text: &str) -> bool {
    row.state.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_state_is_bare_json() {
    let row = Mapper::new().encode(&written("a")).unwrap();
    assert_eq!(
        String::from_utf8(row.state.clone()).unwrap(),
        r#"{"v":2,"at":1735689600000000,"data":{"page":"a","mood":0.1}}"#
    );
    assert_eq!(
        (row.id, row.version, row.topic.as_ref()),
        (id::<Diary>(1).uuid(), Version::from(2), "Diary.Written")
    );
    assert!(format!("{row:?}").contains("state: 60 bytes"), "{row:?}");
}

#[test]
fn version_1_and_empty_metadata_are_left_out() {
    let events = history::<Diary, _>(id(1), Timestamp::from_micros(-3), Begun {});
    let row = Mapper::new().encode(&events[0]).unwrap();
    assert_eq!(row.state, br#"{"at":-3,"data":{}}"#);
    let metadata = Metadata::new().with("b", "2").with("a", "1");
    let row = Mapper::new()
        .encode_event(Uuid::nil(), Version::from(7), Timestamp::from_micros(5), &metadata, &Begun {})
        .unwrap();
    assert_eq!(row.state, br#"{"at":5,"meta":{"a":"1","b":"2"},"data":{}}"#);
    let again = Mapper::new().decode_event::<Begun>(&row).unwrap();
    assert_eq!((again.metadata(), again.envelope().version().get()), (&metadata, 7));
}

fn row(topic: &'static str, state: &str) -> StoredEvent {
    StoredEvent::new(id::<Diary>(1).uuid(), Version::from(2), topic, state.as_bytes().to_vec()).unwrap()
}

#[test]
fn older_shapes_and_unknown_keys_are_read() {
    let mapper = Mapper::new();
    let old = row("Diary.Written", r#"{"at":1,"data":{"text":"x"}}"#);
    assert_eq!(page(&mapper, &old).unwrap(), "x");
    let newer = row("Diary.Written", r#"{"v":2,"new":[{}],"at":1,"data":{"page":"y","mood":null},"z":1}"#);
    assert_eq!(page(&mapper, &newer).unwrap(), "y");
}

#[test]
fn a_retired_event_is_nothing_but_its_place() {
    let mapper = Mapper::new();
    assert!(
        mapper
            .decode::<DiaryEvent>(&row("Diary.Burned", r#"{"at":1,"data":{"deep":[1]}}"#))
            .unwrap()
            .is_none()
    );
    let error = mapper.decode::<DiaryEvent>(&row("Diary.Burned", "{")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn a_row_that_does_not_fit_its_type_is_not_called_damaged() {
    let told = |data: &str| {
        let row = row("Diary.Written", &format!(r#"{{"v":2,"at":1,"data":{data}}}"#));
        let error = Mapper::new().decode::<DiaryEvent>(&row).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema);
        error.to_string()
    };
    let row = "event 2 of aggregate 00000000-0000-7000-8000-000000000001, a `Diary.Written`: ";
    assert_eq!(
        told(r#"{"text":"hush","mood":null}"#),
        format!(
            "{row}the data do not fit the shape: missing field `page` at line 1 column 48; was a field renamed? keep its old \
             name with `#[serde(alias = \"..\")]`, or raise the event's `version` and give an `upcast`"
        )
    );
    assert_eq!(
        told(r#"{"page":7}"#),
        format!(
            "{row}the data do not fit the shape: invalid type: integer, expected a string at line 1 column 30; if the type of \
             the event has changed, raise its `version` and give an `upcast`"
        )
    );
}

#[test]
fn the_error_of_a_misfit_names_the_row_and_hides_its_content() {
    let mapper = Mapper::new();
    // The row of a newer release, and that of another type.
    let misfits = [
        r#"{"v":3,"at":1,"data":{"page":"hush","mood":null}}"#,
        r#"{"v":2,"at":1,"data":{"page":7,"mood":"hush"}}"#,
    ];
    let damaged = [
        "",
        "{",
        "{}",
        "null",
        "[]",
        r#"{"at":1}"#,
        r#"{"data":{}}"#,
        r#"{"at":1,"data":{"page":"hush"}}x"#,
        r#"{"at":1,"data":{"page":"hush","mood":null},"v":2}"#,
        r#"{"v":2,"v":2,"at":1,"data":{"page":"hush","mood":null}}"#,
        r#"{"v":2,"at":"hush","data":{"page":"a","mood":null}}"#,
        "\u{1}",
        "\u{1}\u{1}\u{0}",
        "\u{7}\u{1}\u{0}\u{0}{}",
        "garbage",
    ];
    for state in damaged.into_iter().chain(misfits) {
        let error = mapper.decode::<DiaryEvent>(&row("Diary.Written", state)).err();
        let error = error.unwrap_or_else(|| panic!("{state} is read"));
        let kind = if misfits.contains(&state) { ErrorKind::Schema } else { ErrorKind::Corrupt };
        assert_eq!(error.kind(), kind, "{state}: {error}");
        let told = format!("{error} {error:?}");
        assert!(
            told.contains("event 2 of aggregate 00000000-0000-7000-8000-000000000001, a `Diary.Written`"),
            "{told}"
        );
        assert!(!told.contains("hush"), "{told}");
    }
}

#[test]
fn floats_that_json_cannot_hold_are_refused_by_name() {
    for mood in [f64::NAN, f64::INFINITY] {
        let event = recorded::<Diary, _>(
            id(1),
            2,
            ManualClock::START,
            Written { page: "a".into(), mood: Some(mood) },
        );
        for codec in [Codec::Json, Codec::MessagePack] {
            let error = Mapper::new().with_codec(codec).encode(&event).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("`Diary.Written`: `data.mood`"), "{error}");
        }
    }
}

#[test]
fn compression_never_makes_an_encrypted_row_longer() {
    for codec in [Codec::Json, Codec::MessagePack] {
        let encrypted = Mapper::new().with_codec(codec).with_cipher(AesGcm::new(&key(1)));
        for event in [written(""), written("a"), written(SECRET), secret()] {
            let length = |mapper: &Mapper| mapper.encode(&event).unwrap().state.len();
            let only = length(&encrypted);
            let zlib = length(&encrypted.clone().with_compressor(Zlib::default()));
            let zstd = length(&encrypted.clone().with_compressor(Zstd::default()));
            assert!(zlib <= only && zstd <= only, "{only} {zlib} {zstd}");
        }
        let length = |mapper: &Mapper| mapper.encode(&secret()).unwrap().state.len();
        assert!(length(&encrypted.clone().with_compressor(Zlib::default())) < length(&encrypted) - 100);
    }
}

/// Returns every way to write a row, and whether the text shows in it.
fn mappers() -> Vec<(Mapper, bool)> {
    let mut mappers = Vec::new();
    for codec in [Codec::Json, Codec::MessagePack] {
        let plain = Mapper::new().with_codec(codec);
        for (mapper, seen) in [
            (plain.clone(), true),
            (plain.clone().with_compressor(Zlib::default()), false),
            (plain.with_compressor(Zstd::default()), false),
        ] {
            mappers.push((mapper.clone().with_cipher(AesGcm::new(&key(1))), false));
            mappers.push((mapper, seen));
        }
    }
    mappers
}

#[test]
fn every_way_to_write_is_read_again() {
    for (mapper, seen) in mappers() {
        let event = secret();
        let row = mapper.encode(&event).unwrap();
        assert_eq!(holds(&row, SECRET), seen, "{mapper:?}");
        let again = mapper.decode::<DiaryEvent>(&row).unwrap().unwrap();
        assert_eq!(again.envelope(), event.envelope());
        assert_eq!(page(&mapper, &row).unwrap(), [SECRET; 4].join(" "));
    }
}

#[test]
fn a_mapper_reads_the_rows_of_another_configuration() {
    // A cipher reads clear rows only if the program allows it; every mapper reads all other rows.
    for (writer, _) in mappers() {
        let row = writer.encode(&secret()).unwrap();
        for (reader, _) in mappers() {
            let reader = reader.with_cipher(AesGcm::new(&key(1)));
            let clear = !format!("{writer:?}").contains("AesGcm");
            match page(&reader, &row) {
                Ok(_) => assert!(!clear),
                Err(error) => {
                    assert!(clear, "{error}");
                    assert_eq!(error.kind(), ErrorKind::Cipher);
                    assert!(error.to_string().contains("not encrypted"), "{error}");
                    assert!(error.to_string().contains("or `CIPHER_CLEAR_DATA=yes`"), "{error}");
                }
            }
            assert!(page(&reader.allowing_clear_data(), &row).is_ok());
        }
    }
}

#[test]
fn a_row_is_bound_to_its_place() {
    let mapper = Mapper::new().with_cipher(AesGcm::new(&key(1)));
    let row = mapper.encode(&secret()).unwrap();
    let moved = [
        StoredEvent::new(Uuid::now_v7(), row.version, row.topic.clone(), row.state.clone()).unwrap(),
        StoredEvent::new(row.id, row.version.next(), row.topic.clone(), row.state.clone()).unwrap(),
        StoredEvent::new(row.id, row.version, "Diary.Begun", row.state.clone()).unwrap(),
    ];
    for moved in moved {
        let error = mapper.decode::<DiaryEvent>(&moved).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cipher, "{error}");
    }
}

#[test]
fn every_altered_byte_and_every_cut_of_a_ciphertext_is_refused() {
    let mapper = Mapper::new().with_compressor(Zlib::default()).with_cipher(AesGcm::new(&key(1)));
    let row = mapper.encode(&written("a")).unwrap();
    for at in 0..row.state.len() {
        let mut altered = row.clone();
        altered.state[at] ^= 1;
        assert!(mapper.decode::<DiaryEvent>(&altered).is_err(), "byte {at}");
        let mut cut = row.clone();
        cut.state.truncate(at);
        assert!(mapper.decode::<DiaryEvent>(&cut).is_err(), "cut at {at}");
    }
}

#[test]
fn keys_rotate_and_a_wrong_one_is_reported() {
    let old = Mapper::new().with_cipher(AesGcm::new(&key(1)));
    let row = old.encode(&secret()).unwrap();
    let new = Mapper::new().with_cipher(AesGcm::new(&key(2)).with_old_key(&key(1)));
    assert!(page(&new, &row).is_ok());
    let newer = new.encode(&secret()).unwrap();
    for (reader, row) in [(&old, &newer), (&Mapper::new().with_cipher(AesGcm::new(&key(3))), &row)] {
        let error = page(reader, row).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cipher);
        assert!(!error.to_string().contains(SECRET), "{error}");
    }
    let error = page(&Mapper::new(), &row).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

#[test]
fn a_row_that_compression_does_not_shrink_stays_as_it_was() {
    let mapper = Mapper::new().with_compressor(Zlib::default());
    let row = mapper.encode(&written("a")).unwrap();
    assert_eq!(row.state.first(), Some(&b'{'));
    assert!(mapper.encode(&secret()).unwrap().state.len() < 200);
}

/// A type whose errors quote the value.
#[derive(Clone, Debug, serde::Serialize)]
struct Iban(String);

impl<'de> Deserialize<'de> for Iban {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() == 4 {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom(format_args!("`{text}` is no IBAN at line 1 column x")))
    }
}

#[event]
struct Transferred {
    to: Iban,
}

#[test]
fn the_error_hides_the_message_of_a_type_about_its_value() {
    let mapper = Mapper::new();
    let row = |state: &str| {
        StoredEvent::new(Uuid::nil(), Version::INITIAL, "Transferred", state.as_bytes().to_vec()).unwrap()
    };
    let error = mapper.decode_event::<Transferred>(&row(r#"{"at":1,"data":{"to":"SECRET"}}"#)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    assert!(error.to_string().contains("a value was refused by its type"), "{error}");
    assert_eq!(
        mapper.decode_event::<Transferred>(&row(r#"{"at":1,"data":{"to":"AT12"}}"#)).unwrap().event().to.0,
        "AT12"
    );
}

/// A compressor with the code that means that there is none.
#[derive(Debug)]
struct Nameless;

impl es_runtime::mapper::Compressor for Nameless {
    fn code(&self) -> u8 {
        0
    }

    fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(data[..data.len() / 2].to_vec())
    }

    fn decompress(&self, data: &[u8], _: usize) -> Result<Vec<u8>, Error> {
        Ok(data.to_vec())
    }
}

#[test]
fn the_mapper_writes_no_row_that_it_could_not_read() {
    let small = Mapper::new().with_largest_state(1_000);
    let large = written(&"a".repeat(1_000));
    for mapper in [small.clone(), small.with_compressor(Zlib::default())] {
        let error = mapper.encode(&large).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("more than 1000"), "{error}");
    }
    let error = Mapper::new().with_compressor(Nameless).encode(&large).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

#[test]
fn the_mapper_refuses_a_row_that_would_become_too_large() {
    let writer = Mapper::new().with_compressor(Zlib::default());
    let row = writer.encode(&written(&"a".repeat(100_000))).unwrap();
    let error = page(&Mapper::new().with_largest_state(50_000), &row).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("50000"), "{error}");
    assert!(page(&writer, &row).is_ok());
}

#[event]
struct Noted {
    text: String,
}

#[test]
fn the_error_of_an_event_of_another_type_names_its_topic() {
    let mapper = Mapper::new();
    let row = mapper
        .encode_event(
            Uuid::nil(),
            Version::INITIAL,
            Timestamp::from_micros(1),
            &Metadata::new(),
            &Noted { text: "a".into() },
        )
        .unwrap();
    assert_eq!(mapper.decode_event::<Noted>(&row).unwrap().event().text, "a");
    assert_eq!(mapper.decode_event::<Begun>(&row).unwrap_err().kind(), ErrorKind::UnknownTopic);
    assert_eq!(mapper.decode::<DiaryEvent>(&row).map(drop).unwrap_err().kind(), ErrorKind::WrongAggregate);
}

#[test]
fn a_diary_works() {
    let mut diary = Diary::begin();
    diary.write("a".into(), Some(1.5));
    assert_eq!((diary.pages.len(), diary.mood), (1, 1.5));
}

/// A cipher of a user's own, fit for tests only.
#[derive(Debug)]
struct Homemade;

impl Cipher for Homemade {
    fn code(&self) -> u8 {
        200
    }

    fn key_id(&self) -> KeyId {
        KeyId::from_bytes(*b"home")
    }

    fn encrypt(&self, plaintext: &[u8], associated: &[u8], into: &mut Vec<u8>) -> Result<(), Error> {
        into.extend(plaintext.iter().map(|byte| byte ^ 0x5a));
        into.extend(associated);
        Ok(())
    }

    fn decrypt(&self, _: KeyId, data: &[u8], associated: &[u8]) -> Result<Vec<u8>, Error> {
        let text = data.strip_suffix(associated).ok_or_else(|| Error::new(ErrorKind::Cipher, "altered"))?;
        Ok(text.iter().map(|byte| byte ^ 0x5a).collect())
    }
}

#[test]
fn a_cipher_of_another_kind_is_replaced() {
    let key = || AesGcm::new(&Key::from_bytes(&[7; 16]).unwrap());
    let before = Mapper::new().with_cipher(Homemade).encode(&written("a")).unwrap();
    let now = Mapper::new().with_cipher(key()).with_old_cipher(Homemade);
    let after = now.encode(&written("b")).unwrap();
    assert_eq!([page(&now, &before).unwrap(), page(&now, &after).unwrap()], ["a", "b"]);
    assert!(!holds(&after, "home"), "an old cipher writes nothing");
    assert_eq!(page(&Mapper::new().with_cipher(key()), &before).unwrap_err().kind(), ErrorKind::Config);
    let moved =
        StoredEvent::new(id::<Diary>(2).uuid(), before.version, before.topic.clone(), before.state.clone())
            .unwrap();
    assert_eq!(page(&now, &moved).unwrap_err().kind(), ErrorKind::Cipher);
}

#[test]
fn some_topics_are_left_in_clear_and_the_others_must_not_be() {
    let cipher = || AesGcm::new(&Key::from_bytes(&[7; 16]).unwrap());
    let all = Mapper::new().with_cipher(cipher());
    let some = all.clone().with_clear_topics(["Diary.Written"]);
    let (secret, clear) = (all.encode(&written("a")).unwrap(), some.encode(&written("b")).unwrap());
    assert!(clear.state.starts_with(b"{") && !secret.state.starts_with(b"{"));
    // The mapper reads rows that were encrypted earlier, and refuses clear rows of encrypted events as before.
    assert_eq!([page(&some, &secret).unwrap(), page(&some, &clear).unwrap()], ["a", "b"]);
    assert_eq!(page(&all, &clear).unwrap_err().kind(), ErrorKind::Cipher);
    let other = all.with_clear_topics(["Diary.Begun"]);
    assert_eq!(page(&other, &clear).unwrap_err().kind(), ErrorKind::Cipher);
}
