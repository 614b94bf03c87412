//! What the benches share: whether to measure, and how figures are summed up.

use std::env;
use std::str::FromStr;

/// Whether figures are wanted: `cargo bench` says so, `cargo test` does not and is served a short run.
pub fn measuring() -> bool {
    env::args().any(|argument| argument == "--bench")
}

/// A setting from the environment, or its default.
///
/// # Panics
///
/// If it is set but cannot be read: a run with other settings than those asked for misleads.
pub fn setting<T: FromStr>(name: &str, default: T) -> T {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("`{name}={text}` cannot be read; give a number")),
        Err(_) => default,
    }
}

/// The middle value; of two middle ones the mean.
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
