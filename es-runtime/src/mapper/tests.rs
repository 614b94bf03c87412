//! Cases that only the crate itself can reach: stored data keys, the notice of forgetting, the aggregate of a row,
//! snapshots. Other implementations of MessagePack and AES-GCM made the golden bytes.

use es_macros::{aggregate, event, mutator};
use uuid::{Uuid, uuid};

use super::*;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::Metadata;
use crate::id::{DataKeyId, Version};
use crate::mapper::cipher::{AesGcm, Key};
use crate::stored_event::{StoredEvent, is_forgotten_notice};

const ID: Uuid = uuid!("0199a9b2-7c1e-7d3a-9c41-6f2d1ac49f6a");
const KEY_ID: DataKeyId = DataKeyId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8]);
const OTHER: DataKeyId = DataKeyId::from_bytes([8; 8]);

/// The data key of 32 nines, encrypted with the key of 32 sevens, in format 1 and in format 2 with `KEY_ID`.
const BARE: &str = "0101bf32d03b6465666768696a6b6c6d6e6fedc0e10450d1499e813307bce26b7c4e198d36f21401167810a93d7c0febe0ae\
                    32ae273f5ba534fd60d39302f7236c4d";
const WITH_ID: &str = "0201bf32d03b6465666768696a6b6c6d6e6fe5cbeb095cde479f813307bce26b7c4e198d36f21401167810a93d7c0febe0ae\
                       9d26bebba73bedbffa04dd57ccf296959db1f536d9eae92b";
/// `VaultFilled` of 10 at version 2, under that data key.
const UNDER_DATA_KEY: &str = "0101000293ac0add6465666768696a6b6c6d6e6f4384411b492aba86612101ebcbc2e28aa9d15c93836b0ed43c41f6\
                              236b5dce965dc4b3474c941bf1e3fad09884";
/// The notice of forgetting at version 3, under the key of 32 sevens, and in MessagePack.
const NOTICE: &str = "01010001bf32d03b6465666768696a6b6c6d6e6f9feb89797be271a0be093881db52457721b60ccf283e335374c5401424d89285\
                      f54cc3dddc10de9499014161cb27b9b10894cd0f9bca87f38890b324d378031d8ba172234e19a0d7";
const NOTICE_PACKED: &str = "0102000083a26174cf000644056fb81240a46d65746181a56163746f72a3426f62a46461746180";
/// A snapshot at version 2, under each of the two keys, and in MessagePack.
const SNAPSHOT: &str = "01010001bf32d03b6465666768696a6b6c6d6e6f9feb8e7d7be271bbaa597cd08a16102332be0ed73f696b5323921857628\
                        39dc6b61580cf98883885362398fe7b34d47a7c99278a";
const SNAPSHOT_UNDER_DATA_KEY: &str = "0101000293ac0add6465666768696a6b6c6d6e6f4384461f492aba86612612facb94bd95a98a00d0d4640\
                                       ed43c42ea7c72ef64e0a6c75720299667c965bc0000e45cc0db52e6fd5c";
const SNAPSHOT_PACKED: &str = "0102000084a2667001a76372656174656401a2617402a46461746107";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[event(crate = crate)]
struct VaultInspected {
    by: String,
}

#[aggregate(crate = crate, aliases = ["Safe"])]
struct Vault {
    amount: i64,
}

#[mutator(crate = crate)]
impl Vault {
    #[event(VaultBuilt)]
    fn build() -> Self {
        Self { amount: 0 }
    }

    #[event(VaultFilled)]
    fn fill(&mut self, amount: i64) {
        self.amount += amount;
    }

    #[event]
    fn inspected(&mut self, _event: &VaultInspected) {}
}

#[aggregate(crate = crate)]
struct Cellar {
    inspected: bool,
}

#[mutator(crate = crate)]
impl Cellar {
    #[event(CellarDug)]
    fn dig() -> Self {
        Self { inspected: false }
    }

    #[event]
    fn inspected(&mut self, event: &VaultInspected) {
        self.inspected = !event.by.is_empty();
    }
}

fn ring(byte: u8) -> AesGcm {
    AesGcm::new(&Key::from_bytes(&[byte; 32]).unwrap())
}

fn keyed() -> Mapper {
    Mapper::new().with_data_keys(ring(7))
}

fn row(version: u32, topic: &'static str, state: impl Into<Vec<u8>>) -> StoredEvent {
    StoredEvent::new(ID, Version::from(version), topic, state.into()).unwrap()
}

fn amount(mapper: &Mapper) -> Result<i64, Error> {
    let filled = mapper.decode_event::<VaultFilled>(&row(2, "Vault.VaultFilled", bytes(UNDER_DATA_KEY)))?;
    Ok(filled.event().amount)
}

fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    result.err().map(|error| error.kind()).unwrap()
}

#[test]
fn a_data_key_of_either_format_is_read() {
    for (wrapped, id) in [(BARE, KEY_ID), (BARE, OTHER), (WITH_ID, KEY_ID)] {
        let mapper = keyed().with_data_key(ID, id, &bytes(wrapped)).unwrap();
        assert_eq!(amount(&mapper).unwrap(), 10);
        let (version, at, filled) = (Version::from(2), Timestamp::from_micros(1), VaultFilled { amount: 10 });
        let row = mapper.encode_event(ID, version, at, &Metadata::new(), &filled).unwrap();
        assert_eq!(row.state[..8], bytes(UNDER_DATA_KEY)[..8]);
        assert_eq!(row.state.len(), bytes(UNDER_DATA_KEY).len());
    }
}

#[test]
fn a_data_key_under_another_id_is_refused_naming_both() {
    let error = keyed().with_data_key(ID, OTHER, &bytes(WITH_ID)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cipher);
    let message = error.to_string();
    assert!(message.contains(&KEY_ID.to_string()) && message.contains(&OTHER.to_string()), "{message}");
    assert_eq!(kind(keyed().wrap_again(ID, OTHER, &bytes(WITH_ID))), ErrorKind::Cipher);
}

#[test]
fn a_data_key_is_bound_to_its_aggregate_and_its_format() {
    for wrapped in [BARE, WITH_ID] {
        assert_eq!(kind(keyed().with_data_key(Uuid::nil(), KEY_ID, &bytes(wrapped))), ErrorKind::Cipher);
        let mut other = bytes(wrapped);
        other[0] = 3 - other[0];
        assert_eq!(kind(keyed().with_data_key(ID, KEY_ID, &other)), ErrorKind::Cipher);
        for cut in 0..other.len() {
            let cut = keyed().with_data_key(ID, KEY_ID, &bytes(wrapped)[..cut]);
            assert!(matches!(kind(cut), ErrorKind::Cipher | ErrorKind::Corrupt));
        }
        other[0] = 9;
        assert_eq!(kind(keyed().with_data_key(ID, KEY_ID, &other)), ErrorKind::Corrupt);
    }
}

#[test]
fn a_new_data_key_is_read_under_its_id_alone() {
    let mapper = keyed();
    let (id, wrapped) = mapper.new_data_key(ID).unwrap();
    assert_eq!(wrapped[..6], bytes(WITH_ID)[..6]);
    assert_eq!(wrapped.len(), bytes(WITH_ID).len());
    assert!(mapper.with_data_key(ID, id, &wrapped).is_ok());
    assert_eq!(kind(mapper.with_data_key(ID, KEY_ID, &wrapped)), ErrorKind::Cipher);
    assert_ne!(mapper.new_data_key(ID).unwrap().0, id);
}

#[test]
fn a_data_key_that_is_encrypted_again_keeps_its_id_and_has_format_2() {
    let old = Key::from_bytes(&[7; 32]).unwrap();
    let new = Mapper::new().with_data_keys(ring(6).with_old_key(&old));
    assert_eq!(keyed().wrap_again(ID, KEY_ID, &bytes(WITH_ID)).unwrap(), None);
    for (mapper, wrapped) in [(&keyed(), BARE), (&new, BARE), (&new, WITH_ID)] {
        let again = mapper.wrap_again(ID, KEY_ID, &bytes(wrapped)).unwrap().unwrap();
        assert_eq!(again[0], 2);
        assert_eq!(amount(&mapper.with_data_key(ID, KEY_ID, &again).unwrap()).unwrap(), 10);
        assert_eq!(kind(mapper.with_data_key(ID, OTHER, &again)), ErrorKind::Cipher);
        assert_eq!(mapper.wrap_again(ID, KEY_ID, &again).unwrap(), None);
    }
}

const AT: Timestamp = Timestamp::from_micros(1_763_640_000_123_456);

fn notice(mapper: &Mapper) -> StoredEvent {
    let metadata = Metadata::new().with("actor", "Bob");
    mapper.encode_forgotten(ID, "Vault", Version::from(3), AT, &metadata).unwrap()
}

/// Returns the mappers for any row, for an aggregate without a data key, and for one with a data key.
fn mappers_with_data_keys() -> [Mapper; 3] {
    let with = keyed().with_data_key(ID, KEY_ID, &bytes(WITH_ID)).unwrap();
    [keyed(), keyed().without_data_key(), with]
}

#[test]
fn the_notice_of_forgetting_is_an_empty_event() {
    let row = notice(&Mapper::new());
    assert_eq!((row.id, row.version, row.topic.as_ref()), (ID, Version::from(3), "Vault.Forgotten"));
    let said = r#"{"at":1763640000123456,"meta":{"actor":"Bob"},"data":{}}"#;
    assert_eq!(String::from_utf8(row.state).unwrap(), said);
    assert_eq!(notice(&Mapper::new().with_codec(Codec::MessagePack)).state, bytes(NOTICE_PACKED));
    assert!(is_forgotten_notice(&row.topic) && !is_forgotten_notice("Vault.VaultBuilt"));
}

#[test]
fn the_notice_of_forgetting_is_under_the_key_of_the_ring() {
    let plain = Mapper::new().with_cipher(ring(7));
    for writer in mappers_with_data_keys().into_iter().chain([plain.clone()]) {
        let new = notice(&writer);
        assert_eq!(new.state[..8], bytes(NOTICE)[..8]);
        assert!(!writer.is_exposed(&new));
        for row in [new, row(3, "Vault.Forgotten", bytes(NOTICE))] {
            for reader in mappers_with_data_keys().into_iter().chain([plain.clone()]) {
                assert_eq!(reader.time_of(&row).unwrap(), AT);
                assert_eq!(reader.owner_of(&row).unwrap(), None);
                assert_eq!(kind(reader.decode::<VaultEvent>(&row)), ErrorKind::Forgotten);
            }
            let moved =
                StoredEvent::new(Uuid::nil(), row.version, row.topic.clone(), row.state.clone()).unwrap();
            assert_eq!(kind(plain.decode::<VaultEvent>(&moved)), ErrorKind::Cipher);
            // A mapper whose cipher lacks the key trusts the topic: nothing else states that the row is such a notice.
            assert_eq!(
                kind(Mapper::new().with_cipher(ring(1)).decode::<VaultEvent>(&row)),
                ErrorKind::Forgotten
            );
        }
    }
}

#[test]
fn the_notice_of_forgetting_is_that_of_its_aggregate_under_every_name() {
    let state = notice(&Mapper::new()).state;
    for topic in ["Vault.Forgotten", "Safe.Forgotten"] {
        let row = row(3, topic, state.clone());
        let error = Mapper::new().decode::<VaultEvent>(&row).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forgotten);
        assert!(error.to_string().contains(&ID.to_string()), "{error}");
    }
    assert_eq!(kind(Mapper::new().decode::<VaultEvent>(&row(3, "Vault.Forgotten", "{"))), ErrorKind::Corrupt);
}

#[test]
fn a_row_is_asked_for_its_aggregate() {
    let mapper = Mapper::new();
    for (state, owner) in [
        (r#"{"at":1,"of":"Vault","data":{"by":"Ann"}}"#, Some("Vault")),
        (r#"{"at":1,"data":[{}],"of":"Cellar"}"#, Some("Cellar")),
        (r#"{"at":1,"data":{"of":"x"}}"#, None),
    ] {
        assert_eq!(mapper.owner_of(&row(2, "VaultInspected", state)).unwrap().as_deref(), owner);
    }
    for state in [r#"{"at":1,"of":7,"data":{}}"#, r#"{"at":1,"of":"a","of":"a","data":{}}"#, r#"{"of":"a"}"#]
    {
        assert_eq!(kind(mapper.owner_of(&row(2, "VaultInspected", state))), ErrorKind::Corrupt);
    }
}

#[test]
fn a_row_of_another_aggregate_is_refused_wherever_it_names_it() {
    for state in [
        r#"{"at":1,"of":"Cellar","data":{"by":"Ann"}}"#,
        r#"{"at":1,"data":{"by":"Ann"},"of":"Cellar"}"#,
        r#"{"at":1,"of":"Cellar","data":7}"#,
    ] {
        let error = Mapper::new().decode::<VaultEvent>(&row(2, "VaultInspected", state)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongAggregate);
        let message = error.to_string();
        assert!(message.contains("belongs to a `Cellar`, not to a `Vault`"), "{message}");
    }
    for name in ["Vault", "Safe"] {
        let state = format!(r#"{{"at":1,"of":"{name}","data":{{"by":"Ann"}}}}"#);
        assert!(Mapper::new().decode::<VaultEvent>(&row(2, "VaultInspected", state)).unwrap().is_some());
    }
}

#[test]
fn snapshots_are_written_byte_for_byte_and_read_under_either_key() {
    let times = (Timestamp::from_micros(1), Timestamp::from_micros(2));
    let snapshot =
        Snapshot { id: ID, version: Version::from(2), name: "Sum", fingerprint: 1, times, state: &7 };
    let [_, _, with_key] = mappers_with_data_keys();
    let ring = Mapper::new().with_cipher(ring(7));
    let said = br#"{"fp":1,"created":1,"at":2,"data":7}"#.to_vec();
    for (mapper, golden, is_whole) in [
        (Mapper::new(), said, true),
        (Mapper::new().with_codec(Codec::MessagePack), bytes(SNAPSHOT_PACKED), true),
        (ring, bytes(SNAPSHOT), false),
        (with_key, bytes(SNAPSHOT_UNDER_DATA_KEY), false),
    ] {
        let written = mapper.encode_snapshot(&snapshot).unwrap().state;
        assert_eq!(written.len(), golden.len());
        // Two ciphertexts of the same text differ by their nonces.
        let same = if is_whole { golden.len() } else { 8 };
        assert_eq!(written[..same], golden[..same]);
        for state in [written, golden] {
            let found = mapper.decode_snapshot::<i32>(&row(2, "Sum", state.clone()), "Sum", 1, None).unwrap();
            assert!(matches!(found, Found::State(read) if (read.state, read.times) == (7, times)));
            // An event is no snapshot, though its row has the same place.
            if !is_whole {
                assert_eq!(kind(mapper.time_of(&row(2, "Sum", state))), ErrorKind::Cipher);
            }
        }
    }
}

#[test]
fn the_aggregates_of_these_tests_work() {
    let mut vault = Vault::build();
    vault.fill(3);
    vault.trigger(VaultInspected { by: "Ann".into() });
    let mut cellar = Cellar::dig();
    cellar.trigger(VaultInspected { by: "Ann".into() });
    assert_eq!((vault.amount, cellar.inspected), (3, true));
}
