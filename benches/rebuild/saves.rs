//! The times of saves, and the rows that sum them up.

use std::time::{Duration, Instant};

#[derive(Default)]
pub(crate) struct Saves(Vec<Duration>);

impl Saves {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn time<T>(&mut self, save: impl FnOnce() -> T) {
        let begun = Instant::now();
        let _ = save();
        self.0.push(begun.elapsed());
    }

    pub(crate) fn print(mut self, name: &str) {
        self.0.sort_unstable();
        let at = |percent| {
            self.0.get(self.0.len() * percent / 100).or(self.0.last()).map_or(0, Duration::as_micros)
        };
        println!("{name:<52} {:>7} {:>8} {:>8} {:>8}", self.0.len(), at(50), at(99), at(100));
    }
}

pub(crate) fn print_header() {
    println!(
        "{:<52} {:>7} {:>8} {:>8} {:>8}",
        "the time of a save on SQLite, µs", "saves", "p50", "p99", "longest"
    );
}
