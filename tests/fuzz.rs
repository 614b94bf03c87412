//! A bounded run of the fuzzer's work: the same inputs each time, made from seeds by mutation.
//!
//! `FUZZ_RUNS` sets their number; `cargo +nightly fuzz run mapper` in the folder `fuzz` goes on for ever.

#[path = "support/fuzzed.rs"]
mod fuzzed;

fn runs() -> u64 {
    std::env::var("FUZZ_RUNS").ok().map_or(20_000, |text| text.parse().expect("FUZZ_RUNS is a number"))
}

/// A small generator that makes the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound as u64).max(1)).unwrap_or(0)
    }
}

fn mutated(numbers: &mut Numbers) -> Vec<u8> {
    let mut data = fuzzed::SEEDS[numbers.below(fuzzed::SEEDS.len())].to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(data.len() + 1);
        match numbers.below(6) {
            0 => data.truncate(at),
            1 => data.insert(at, numbers.next().to_le_bytes()[0]),
            2 if at < data.len() => data[at] ^= 1 << numbers.below(8),
            3 if at < data.len() => drop(data.remove(at)),
            4 => {
                let other = fuzzed::SEEDS[numbers.below(fuzzed::SEEDS.len())];
                let from = numbers.below(other.len());
                data.splice(at..at, other[from..].iter().copied());
            }
            _ => {
                let odd: [&[u8]; 6] =
                    [b"null", b"-1", b"1e999", b"\xff\xff\xff\xff", b"[[[[[[", b"\"\\u0000\""];
                data.splice(at..at, odd[numbers.below(odd.len())].iter().copied());
            }
        }
    }
    data
}

fn run(what: fn(&[u8]), seed: u64) {
    let mut numbers = Numbers(seed);
    for seed in fuzzed::SEEDS {
        what(seed);
    }
    for _ in 0..runs() {
        what(&mutated(&mut numbers));
    }
}

#[test]
fn no_row_makes_the_mapper_panic() {
    run(fuzzed::mapper, 1);
}

#[test]
fn no_key_and_no_snapshot_makes_loading_panic() {
    run(fuzzed::stored, 4);
}

#[test]
fn no_uri_makes_opening_panic() {
    run(fuzzed::uri, 2);
}

#[test]
fn no_environment_makes_it_panic() {
    run(fuzzed::environment, 3);
}

#[test]
fn the_aggregate_works() {
    let mut fuzzed = fuzzed::Fuzzed::begin("a".into());
    fuzzed.add(1, None, Vec::new());
    assert_eq!(fuzzed.values.len(), 1);
}
