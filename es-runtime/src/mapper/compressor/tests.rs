use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn compressors() -> Vec<Box<dyn Compressor>> {
    vec![
        #[cfg(feature = "zlib")]
        Box::new(Zlib::new()),
        #[cfg(feature = "zlib")]
        Box::new(Zlib::new().with_level(0)),
        #[cfg(feature = "zlib")]
        Box::new(Zlib::default().with_level(u32::MAX)),
        #[cfg(feature = "zstd")]
        Box::new(Zstd::new()),
        #[cfg(feature = "zstd")]
        Box::new(Zstd::new().with_level(-5)),
        #[cfg(feature = "zstd")]
        Box::new(Zstd::default().with_level(9)),
    ]
}

const EVENT: &[u8] =
    br#"{"at":1763640000123456,"data":{"amount":"10.00","owner":"Ann Ann Ann Ann Ann Ann"}}"#;

#[test]
fn codes_never_change() {
    #[cfg(feature = "zlib")]
    assert_eq!(Zlib::new().code(), 1);
    #[cfg(feature = "zstd")]
    assert_eq!(Zstd::new().code(), 2);
    assert!(compressors().iter().all(|compressor| (1..=127).contains(&compressor.code())));
}

#[test]
fn an_event_comes_back_whatever_was_done_before() {
    for compressor in compressors() {
        for data in [EVENT, b"", b"x", &vec![0; 100_000], EVENT] {
            let small = compressor.compress(data).unwrap();
            assert!(small.len() <= data.len() + 64, "{compressor:?}");
            assert_eq!(compressor.decompress(&small, data.len()).unwrap(), data, "{compressor:?}");
            // A failure leaves nothing behind for the next call.
            assert!(compressor.decompress(b"garbage", 1_000).is_err());
            assert!(compressor.decompress(&small[..small.len() - 1], 1_000_000).is_err());
        }
    }
}

#[cfg(feature = "zlib")]
#[test]
fn levels_differ() {
    let sizes =
        [0, 1, 9].map(|level| Zlib::new().with_level(level).compress(&EVENT.repeat(50)).unwrap().len());
    assert!(sizes.is_sorted_by(|one, two| one > two), "{sizes:?}");
}

#[cfg(feature = "zstd")]
#[test]
fn levels_have_ends() {
    assert_eq!(Zstd::new().with_level(i32::MAX), Zstd::new().with_level(22));
    assert_eq!(
        Zstd::new().with_level(i32::MIN).compress(EVENT).map(|small| small.is_empty()).ok(),
        Some(false)
    );
}

#[test]
fn truncated_data_are_refused() {
    for compressor in compressors() {
        let small = compressor.compress(EVENT).unwrap();
        for end in 0..small.len() {
            let error = compressor.decompress(&small[..end], 1_000).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{compressor:?}");
        }
    }
}

#[test]
fn altered_data_are_refused_or_mean_the_same() {
    for compressor in compressors() {
        let small = compressor.compress(EVENT).unwrap();
        let mut same = 0;
        for at in 0..small.len() {
            for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut altered = small.clone();
                altered[at] ^= change;
                match compressor.decompress(&altered, 1_000) {
                    Ok(data) => {
                        assert_eq!(data, EVENT, "{compressor:?}, byte {at} changed by {change}");
                        same += 1;
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
                }
            }
        }
        // These bits only fill up a byte, or state the level of the compressor.
        assert!(same < 32, "{compressor:?}: {same}");
    }
}

#[test]
fn data_with_more_bytes_at_the_end_are_refused() {
    for compressor in compressors() {
        let small = compressor.compress(EVENT).unwrap();
        for more in [&[0][..], &small, b"more"] {
            let error = compressor.decompress(&[&small, more].concat(), 1_000).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{compressor:?}");
        }
    }
}

#[test]
fn a_limit_holds_exactly() {
    for compressor in compressors() {
        for length in [0, 1, 300, 5_000, 200_000] {
            let data = vec![b'a'; length];
            let small = compressor.compress(&data).unwrap();
            assert_eq!(compressor.decompress(&small, length).unwrap(), data);
            assert_eq!(compressor.decompress(&small, usize::MAX).unwrap(), data);
            if length > 0 {
                let error = compressor.decompress(&small, length - 1).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Corrupt);
                let limit = format!("the limit of {} bytes", length - 1);
                assert!(error.to_string().contains(&limit), "{compressor:?}: {error}");
            }
        }
    }
}

#[test]
fn a_bomb_is_refused() {
    for compressor in compressors() {
        let bomb = compressor.compress(&vec![0; 5_000_000]).unwrap();
        let error = compressor.decompress(&bomb, 1_000).unwrap_err();
        assert!(error.to_string().contains("the limit of 1000 bytes"), "{compressor:?}: {error}");
    }
}

#[test]
fn threads_have_a_state_each() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for compressor in compressors() {
                    let small = compressor.compress(EVENT).unwrap();
                    assert_eq!(compressor.decompress(&small, 1_000).unwrap(), EVENT);
                }
            });
        }
    });
}

proptest! {
    #[test]
    fn all_data_come_back(data in proptest::collection::vec(0_u8..4, 0..2_000)) {
        for compressor in compressors() {
            let small = compressor.compress(&data).unwrap();
            prop_assert_eq!(&compressor.decompress(&small, data.len()).unwrap(), &data);
        }
    }

    #[test]
    fn any_bytes_give_data_within_the_limit_or_an_error(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        for compressor in compressors() {
            for start in [&[][..], b"\x78\x9c", b"\x28\xb5\x2f\xfd\x20"] {
                if let Ok(large) = compressor.decompress(&[start, &data].concat(), 100) {
                    prop_assert!(large.len() <= 100);
                }
            }
        }
    }
}
