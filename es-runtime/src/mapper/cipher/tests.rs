use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

const SIZES: [usize; 3] = [128, 192, 256];
const EVENT: &[u8] = br#"{"at":1763640000123456,"data":{"amount":"10.00","owner":"secret"}}"#;

fn key(byte: u8, bits: usize) -> Key {
    Key::from_bytes(&vec![byte; bits / 8]).unwrap()
}

fn encrypt(cipher: &AesGcm, text: &[u8], associated: &[u8]) -> Vec<u8> {
    let mut data = b"head".to_vec();
    cipher.encrypt(text, associated, &mut data).unwrap();
    assert_eq!(data.get(..4), Some(b"head".as_slice()));
    data.split_off(4)
}

fn decrypt(cipher: &AesGcm, data: &[u8], associated: &[u8]) -> Result<Vec<u8>, Error> {
    cipher.decrypt(cipher.key_id(), data, associated)
}

#[test]
fn an_event_comes_back_and_is_not_to_be_seen() {
    for bits in SIZES {
        let cipher = AesGcm::new(&Key::generate(bits).unwrap());
        for text in [EVENT, b"", b"x"] {
            let data = encrypt(&cipher, text, b"id, version, topic");
            assert_eq!(data.len(), 12 + text.len() + 16);
            assert!(!data.windows(6).any(|part| part == b"secret"));
            assert_eq!(decrypt(&cipher, &data, b"id, version, topic").unwrap(), text);
        }
    }
}

#[test]
fn one_text_never_looks_the_same_twice() {
    let cipher = AesGcm::new(&key(7, 128));
    let (one, two) = (encrypt(&cipher, EVENT, b""), encrypt(&cipher, EVENT, b""));
    assert_ne!(one[..12], two[..12]);
    assert_ne!(one[12..], two[12..]);
}

// Test case 4 of "The Galois/Counter Mode of Operation" and its like for longer keys: the stored bytes are plain
// AES-GCM.
#[test]
fn reads_what_others_encrypt() {
    let hex = |text: &str| -> Vec<u8> {
        let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    };
    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let nonce = hex("cafebabefacedbaddecaf888");
    let associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let text = hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    for (bits, data) in [
        (
            128,
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            192,
            "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda27102519498e80f1478f37ba55bd6d27618c",
        ),
        (
            256,
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ] {
        let cipher = AesGcm::new(&Key::from_bytes(&hex(&key[..bits / 4])).unwrap());
        let data = [nonce.clone(), hex(data)].concat();
        assert_eq!(decrypt(&cipher, &data, &associated).unwrap(), text, "{bits}");
    }
}

// OpenSSL computed these ids; rows hold them.
#[test]
fn ids_of_keys_never_change() {
    let ids: Vec<_> = SIZES.map(|bits| AesGcm::new(&key(7, bits)).key_id().to_string()).into();
    assert_eq!(ids, ["6200bbe2", "374b09fc", "bf32d03b"]);
    assert_eq!(AesGcm::new(&key(7, 128)).code(), 1);
}

#[test]
fn keys_of_other_sizes_are_refused() {
    for length in [0, 1, 12, 20, 28, 36] {
        for error in [
            Key::from_bytes(&vec![7; length]).unwrap_err(),
            Key::from_base64(&BASE64_STANDARD.encode(vec![7; length])).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("16, 24 or 32 bytes"), "{error}");
        }
    }
    for bits in [0, 8, 96, 129, 160, 512, usize::MAX] {
        assert_eq!(Key::generate(bits).unwrap_err().kind(), ErrorKind::Config, "{bits}");
    }
}

#[test]
fn keys_are_read_from_text() {
    for bits in SIZES {
        let key = Key::generate(bits).unwrap();
        assert_eq!(key.bits(), bits);
        let text = key.to_base64();
        for text in [text.clone(), format!(" {text}\n"), text.trim_end_matches('=').to_owned()] {
            assert_eq!(text.parse::<Key>().unwrap().as_bytes(), key.as_bytes());
        }
    }
    assert_ne!(Key::generate(256).unwrap().as_bytes(), Key::generate(256).unwrap().as_bytes());
}

#[test]
fn text_that_is_no_key_is_refused_and_not_shown() {
    let good = key(7, 256).to_base64();
    for (current, old, which) in [
        ("", "", "the cipher key (CIPHER_KEY)"),
        ("s3cr3t!", "", "the cipher key (CIPHER_KEY)"),
        ("c2VjcmV0", "", "the cipher key (CIPHER_KEY)"),
        (good.as_str(), "s3cr3t!", "old cipher key 1 (CIPHER_KEYS_OLD)"),
        (good.as_str(), &format!("{good},,c2VjcmV0"), "old cipher key 2 (CIPHER_KEYS_OLD)"),
    ] {
        let error = AesGcm::from_base64(current, old).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let shown = format!("{error} {error:?}");
        assert!(shown.starts_with(which), "{shown}");
        assert!(!["s3cr3t", "c2VjcmV0", "secret", &good].iter().any(|part| shown.contains(part)), "{shown}");
    }
}

#[test]
fn old_keys_read_and_the_new_one_writes() {
    let keys = [key(1, 128), key(2, 192), key(3, 256)];
    let written: Vec<_> = keys
        .iter()
        .map(|key| {
            let cipher = AesGcm::new(key);
            (cipher.key_id(), encrypt(&cipher, EVENT, b"here"))
        })
        .collect();
    let text = keys.clone().map(|key| key.to_base64());
    let ring = AesGcm::new(&keys[2]).with_old_key(&keys[0]).with_old_key(&keys[1]);
    let same = AesGcm::from_base64(&text[2], &format!(" {} , {},", text[0], text[1])).unwrap();
    for ring in [ring, same] {
        assert_eq!(ring.key_id(), written[2].0);
        for (id, data) in &written {
            assert_eq!(ring.decrypt(*id, data, b"here").unwrap(), EVENT);
        }
    }
}

#[test]
fn a_key_that_is_not_there_is_named_by_its_id() {
    let (one, two) = (AesGcm::new(&key(1, 256)), AesGcm::new(&key(2, 256)));
    let data = encrypt(&one, EVENT, b"");
    let error = two.decrypt(one.key_id(), &data, b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cipher);
    let message = error.to_string();
    assert!(message.contains(&one.key_id().to_string()) && message.contains("CIPHER_KEYS_OLD"), "{message}");
}

#[test]
fn another_key_of_the_same_id_is_refused_and_both_are_tried() {
    let (one, two) = (AesGcm::new(&key(1, 256)), AesGcm::new(&key(2, 256)));
    let data = encrypt(&one, EVENT, b"");
    let error = two.decrypt(two.key_id(), &data, b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cipher);
    assert!(error.to_string().contains("another key of this id"), "{error}");

    let mut ring = AesGcm::new(&key(2, 256)).with_old_key(&key(3, 128)).with_old_key(&key(1, 256));
    ring.old.iter_mut().for_each(|entry| entry.id = two.key_id());
    assert_eq!(ring.decrypt(two.key_id(), &data, b"").unwrap(), EVENT);
}

#[test]
fn truncated_altered_or_moved_data_are_refused() {
    for bits in SIZES {
        let cipher = AesGcm::new(&key(7, bits));
        let data = encrypt(&cipher, EVENT, b"id 1");
        let refused = |data: &[u8], associated: &[u8]| {
            let error = decrypt(&cipher, data, associated).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cipher);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("altered, cut or moved") && !shown.contains("secret"), "{shown}");
        };
        for end in 0..data.len() {
            refused(&data[..end], b"id 1");
        }
        for at in 0..data.len() {
            for change in [1, 128, 255] {
                let mut altered = data.clone();
                altered[at] ^= change;
                refused(&altered, b"id 1");
            }
        }
        refused(&[data.as_slice(), b"x"].concat(), b"id 1");
        for elsewhere in [&b"id 2"[..], b"", b"id 1 "] {
            refused(&data, elsewhere);
        }
    }
}

#[test]
fn nothing_shows_a_key() {
    let key = Key::from_bytes(b"0123456789abcdef").unwrap();
    let cipher = AesGcm::new(&key).with_old_key(&key);
    assert_eq!(format!("{key:?}"), "Key { .. }");
    assert_eq!(format!("{cipher:?}"), format!("AesGcm {{ key_id: {:?}, .. }}", cipher.key_id()));
    assert_eq!(format!("{:?}", KeyId::from_bytes([1, 2, 3, 4])), "KeyId(01020304)");
}

proptest! {
    #[test]
    fn all_data_come_back(text in proptest::collection::vec(any::<u8>(), 0..300), associated: Vec<u8>) {
        let cipher = AesGcm::new(&key(7, 256));
        let data = encrypt(&cipher, &text, &associated);
        prop_assert_eq!(decrypt(&cipher, &data, &associated).unwrap(), text);
    }

    #[test]
    fn any_bytes_are_refused(data in proptest::collection::vec(any::<u8>(), 0..100), id: [u8; 4]) {
        let cipher = AesGcm::new(&key(7, 256));
        prop_assert!(decrypt(&cipher, &data, b"").is_err());
        prop_assert!(cipher.decrypt(KeyId::from_bytes(id), &data, b"").is_err());
    }
}
