//! The bytes of every form of a row. Other implementations made the golden rows; the mapper reads all of them for
//! ever.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, AeadCore, KeyInit, Payload};
use aes_gcm::aes::Aes192;
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use es_runtime::clock::Timestamp;
use es_runtime::mapper::{AesGcm, Codec, Compressor, Key, Mapper, Zlib, Zstd};
use es_runtime::recorder::StoredEvent;
use es_runtime::{Metadata, Version, aggregate, event, mutator};
use serde::Deserialize;
use uuid::{Uuid, uuid};

const ID: Uuid = uuid!("0199a9b2-7c1e-7d3a-9c41-6f2d1ac49f6a");
const AT: i64 = 1_763_640_000_123_456;

#[derive(Deserialize)]
struct NoticedV1 {
    note: String,
}

impl From<NoticedV1> for Noticed {
    fn from(old: NoticedV1) -> Self {
        Self { text: old.note }
    }
}

#[event(topic = "purse.noticed", version = 2, upcast = NoticedV1)]
struct Noticed {
    text: String,
}

#[derive(Deserialize)]
struct BookedV1 {
    amount: i64,
}

impl From<BookedV1> for Booked {
    fn from(old: BookedV1) -> Self {
        Self { amount: old.amount, rate: 1.0, note: None }
    }
}

#[aggregate]
struct Purse {
    #[attribute]
    owner: String,
    balance: i64,
}

#[mutator]
impl Purse {
    #[event(PurseOpened)]
    fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }

    #[event(Booked, version = 2, upcast = BookedV1)]
    fn book(&mut self, amount: i64, rate: f64, note: Option<String>) {
        self.balance += if note.is_none() && rate > 0.0 { amount } else { 0 };
    }

    #[event]
    fn noticed(&mut self, _event: &Noticed) {}
}

/// Returns the event and the metadata of a golden row.
fn said(name: &str) -> (PurseEvent, Metadata) {
    let bob = Metadata::new().with("actor", "Bob");
    match name {
        "opened" => (PurseEvent::PurseOpened(PurseOpened { owner: "Ann".into() }), Metadata::new()),
        "long" => {
            let owner = ["the secret of the house of Usher"; 6].join(" ");
            (PurseEvent::PurseOpened(PurseOpened { owner }), Metadata::new())
        }
        "booked" => (PurseEvent::Booked(Booked { amount: -5, rate: 0.25, note: None }), bob),
        "noticed" => (PurseEvent::Noticed(Noticed { text: "Zoë".into() }), bob),
        "changed" => (PurseEvent::AttributeChanged(PurseAttribute::Owner("Anna".into())), Metadata::new()),
        "discarded" => (PurseEvent::Discarded, Metadata::new()),
        other => panic!("{other}"),
    }
}

struct Golden {
    name: &'static str,
    /// The codec, compressor and cipher, as far as the row has any.
    how: &'static str,
    row: StoredEvent,
}

fn golden() -> Vec<Golden> {
    let lines = include_str!("golden/rows.txt").lines().filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, version, topic, how, hex] = words[..] else { panic!("{line}") };
        let version: u32 = version.parse().unwrap();
        Golden { name, how, row: StoredEvent::new(ID, Version::from(version), topic, bytes(hex)).unwrap() }
    });
    rows.collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Returns the bytes 0, 1, 2 and so on.
fn key(bits: usize) -> Vec<u8> {
    (0..).take(bits / 8).collect()
}

fn bits(how: &str) -> Option<usize> {
    how.split_once("aes").map(|(_, bits)| bits.parse().unwrap())
}

fn mapper(how: &str) -> Mapper {
    how.split('+').fold(Mapper::new(), |mapper, part| match part {
        "json" => mapper.with_codec(Codec::Json),
        "msgpack" => mapper.with_codec(Codec::MessagePack),
        "zlib" => mapper.with_compressor(Zlib::default()),
        "zstd" => mapper.with_compressor(Zstd::default()),
        aes => mapper.with_cipher(AesGcm::new(&Key::from_bytes(&key(bits(aes).expect("a cipher"))).unwrap())),
    })
}

/// Returns the row as the mapper writes it now.
fn written(golden: &Golden) -> StoredEvent {
    let mapper = mapper(golden.how);
    let recorded = mapper.decode::<PurseEvent>(&golden.row).unwrap().expect("an event");
    mapper.encode(&recorded).unwrap()
}

#[test]
fn every_golden_row_is_read() {
    let rows = golden();
    assert_eq!(rows.len(), 26);
    for Golden { name, how, row } in rows {
        let recorded =
            mapper(how).decode::<PurseEvent>(&row).unwrap_or_else(|error| panic!("{name} {how}: {error}"));
        let recorded = recorded.expect("an event");
        let (event, metadata) = said(name);
        assert_eq!(format!("{:?}", recorded.event()), format!("{event:?}"), "{how}");
        assert_eq!(recorded.metadata(), &metadata, "{name} {how}");
        assert_eq!(recorded.envelope().timestamp(), Timestamp::from_micros(AT), "{name} {how}");
        assert_eq!((recorded.envelope().id(), recorded.envelope().version()), (ID, row.version));
    }
}

#[test]
fn json_and_message_pack_are_written_byte_for_byte() {
    let rows = golden().into_iter().filter(|row| !row.how.contains('+'));
    let mut compared = 0;
    for golden in rows {
        assert_eq!(written(&golden), golden.row, "{} {}", golden.name, golden.how);
        compared += 1;
    }
    assert_eq!(compared, 10);
}

#[test]
fn a_frame_names_format_codec_compressor_cipher_and_key() {
    for golden in golden() {
        let length = if bits(golden.how).is_some() { 8 } else { 4 };
        let state = written(&golden).state;
        assert_eq!(state[..length], golden.row.state[..length], "{} {}", golden.name, golden.how);
        if golden.how == "json" {
            assert_eq!(state[0], b'{');
        } else {
            let codec = if golden.how.contains("json") { 1 } else { 2 };
            let compressor =
                if golden.how.contains("zlib") { 1 } else { 2 * u8::from(golden.how.contains("zstd")) };
            assert_eq!(state[..4], [1, codec, compressor, u8::from(length == 8)], "{}", golden.how);
        }
    }
}

fn decrypt<C: Aead + AeadCore<NonceSize = U12> + KeyInit>(key: &[u8], data: &[u8], aad: &[u8]) -> Vec<u8> {
    let (nonce, msg) = data.split_first_chunk::<12>().expect("a nonce");
    C::new_from_slice(key).unwrap().decrypt(&(*nonce).into(), Payload { msg, aad }).expect("it decrypts")
}

/// Undoes the steps of writing without the mapper: it fails if the bytes bound to the ciphertext change, or the order
/// of the steps.
fn opened_by_hand(how: &str, row: &StoredEvent) -> Vec<u8> {
    let (mut data, bits) = (row.state.clone(), bits(how));
    if let Some(bits) = bits {
        let (header, rest) = row.state.split_at(8);
        let mut associated = header.to_vec();
        associated.push(1);
        associated.extend(row.id.as_bytes());
        associated.extend(row.version.get().to_be_bytes());
        associated.extend(row.topic.as_bytes());
        data = match bits {
            128 => decrypt::<Aes128Gcm>(&key(bits), rest, &associated),
            192 => decrypt::<aes_gcm::AesGcm<Aes192, U12>>(&key(bits), rest, &associated),
            _ => decrypt::<Aes256Gcm>(&key(bits), rest, &associated),
        };
    } else if how != "json" {
        data.drain(..4);
    }
    match how.split('+').nth(1) {
        Some("zlib") => Zlib::default().decompress(&data, 10_000).unwrap(),
        Some("zstd") => Zstd::default().decompress(&data, 10_000).unwrap(),
        _ => data,
    }
}

#[test]
fn a_row_is_encoded_then_compressed_then_encrypted_and_bound_to_its_header_and_place() {
    for golden in golden() {
        let plain_how = if golden.how.starts_with("json") { "json" } else { "msgpack" };
        let recorded = mapper(golden.how).decode::<PurseEvent>(&golden.row).unwrap().expect("an event");
        let encoded = opened_by_hand(plain_how, &mapper(plain_how).encode(&recorded).unwrap());
        assert_eq!(opened_by_hand(golden.how, &golden.row), encoded, "{} {}", golden.name, golden.how);
        assert_eq!(opened_by_hand(golden.how, &written(&golden)), encoded, "{} {}", golden.name, golden.how);
    }
}

#[test]
fn rows_of_older_shapes_and_from_before_rows_named_their_aggregate_are_read() {
    for (topic, state, event) in [
        (
            "purse.noticed",
            r#"{"at":1,"data":{"note":"Zoë"}}"#,
            PurseEvent::Noticed(Noticed { text: "Zoë".into() }),
        ),
        (
            "purse.noticed",
            r#"{"v":2,"at":1,"meta":{"actor":"Bob"},"data":{"text":"Zoë"}}"#,
            PurseEvent::Noticed(Noticed { text: "Zoë".into() }),
        ),
        (
            "Purse.Booked",
            r#"{"at":1,"data":{"amount":7}}"#,
            PurseEvent::Booked(Booked { amount: 7, rate: 1.0, note: None }),
        ),
    ] {
        let row = StoredEvent::new(ID, Version::from(2), topic, state.as_bytes().to_vec()).unwrap();
        let recorded = Mapper::new().decode::<PurseEvent>(&row).unwrap().expect("an event");
        assert_eq!(format!("{:?}", recorded.event()), format!("{event:?}"));
    }
}

#[test]
fn a_purse_works() {
    let mut purse = Purse::open("Ann".into());
    purse.book(5, 1.0, None);
    purse.trigger(Noticed { text: String::new() });
    purse.set_owner("Anna".into());
    assert_eq!((purse.owner.as_str(), purse.balance), ("Anna", 5));
}
