//! B9: compressing and encrypting an event, against the two crates by hand.

use std::io::{Read, Write};

use aes_gcm::aead::{Aead, Generate, Payload};
use aes_gcm::{Aes256Gcm, Key as AesKey, KeyInit, Nonce};
use es_runtime::Id;
use es_runtime::clock::Timestamp;
use es_runtime::mapper::{AesGcm, Key, Mapper, Zlib};
use es_runtime::testing::recorded;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountEvent, Deposited};
use crate::harness::{report, timed};

#[derive(Serialize, Deserialize)]
struct Stored {
    at: i64,
    data: Data,
}

#[derive(Serialize, Deserialize)]
struct Data {
    amount: i64,
    reference: String,
}

/// The associated data of both sides, which name the row.
const PLACE: [u8; 50] = [7; 50];

pub(crate) fn sealed(rounds: usize, many: usize) {
    let text =
        "Invoice 2026-0815 of the 3rd of March, for repairs of the roof and two windows, paid in part; ";
    let reference: String = text.chars().cycle().take(160).collect();
    let bytes = [9; 32];
    let cipher = AesGcm::new(&Key::from_bytes(&bytes).expect("it has the length of a key"));
    let mapper = Mapper::new().with_compressor(Zlib::default()).with_cipher(cipher);
    let event = Deposited { amount: 1, reference: reference.clone() };
    let event = recorded::<Account, _>(Id::new(), 2, Timestamp::from_micros(1_763_640_000_123_456), event);
    let raw = Aes256Gcm::new(&AesKey::<Aes256Gcm>::from(bytes));
    let stored =
        || Stored { at: 1_763_640_000_123_456, data: Data { amount: 1, reference: reference.clone() } };

    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(|| {
            for _ in 0..many {
                let row = mapper.encode(&event).expect("it can be written");
                std::hint::black_box(mapper.decode::<AccountEvent>(&row).expect("it can be read"));
            }
        }));
        by_hand.push(timed(|| {
            for _ in 0..many {
                let json = serde_json::to_vec(&stored()).expect("it can be written");
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&json).expect("it is compressed");
                let compressed = encoder.finish().expect("it ends");
                let nonce = Nonce::generate();
                let payload = Payload { msg: &compressed, aad: &PLACE };
                let sealed = raw.encrypt(&nonce, payload).expect("it is encrypted");
                let payload = Payload { msg: &sealed, aad: &PLACE };
                let opened = raw.decrypt(&nonce, payload).expect("it is decrypted");
                let mut json = Vec::new();
                ZlibDecoder::new(&*opened).read_to_end(&mut json).expect("it is decompressed");
                std::hint::black_box(serde_json::from_slice::<Stored>(&json).expect("it can be read"));
            }
        }));
    }
    report("B9 zlib and AES-GCM, 200 bytes, there and back", many, 0.90, &ours, &by_hand);
}
