//! The parts that the benches share: settings, and the summing up of figures.

use std::env;
use std::str::FromStr;

/// Returns whether to measure: `cargo bench` says so; `cargo test` does not, and gets a short run.
pub fn measuring() -> bool {
    env::args().any(|argument| argument == "--bench")
}

/// Returns a setting from the environment, or its default.
///
/// # Panics
///
/// If the setting cannot be parsed: a run with other settings than the wanted ones misleads.
pub fn setting<T: FromStr>(name: &str, default: T) -> T {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("`{name}={text}` cannot be read; give a number")),
        Err(_) => default,
    }
}

/// Returns the middle value, or the mean of the two middle ones.
///
/// # Panics
///
/// If there are no values, or one is not a number.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}
