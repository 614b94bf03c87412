//! Times on a clock that all processes share, and the rows that sum them up.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in microseconds.
pub(crate) fn now() -> i64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// The times of the writer's calls.
#[derive(Default)]
pub(crate) struct Calls {
    called: Vec<i64>,
    returned: Vec<i64>,
}

impl Calls {
    /// Runs a call that stores an event, between two looks at the clock.
    pub(crate) fn time<T>(&mut self, call: impl FnOnce() -> T) {
        self.called.push(now());
        let _ = call();
        self.returned.push(now());
    }

    /// Prints the times until the follower had each event.
    pub(crate) fn print(&self, name: &str, seen: &[i64]) {
        assert_eq!(seen.len(), self.called.len(), "the follower sees every event once");
        let after = |begun: &[i64]| {
            let mut times: Vec<i64> = seen.iter().zip(begun).map(|(seen, begun)| seen - begun).collect();
            times.sort_unstable();
            [50, 99].map(|percent| times[(times.len() * percent / 100).min(times.len() - 1)])
        };
        let ([call, call_most], [back, back_most]) = (after(&self.called), after(&self.returned));
        println!("{name:<44} {call:>9} {call_most:>9} {back:>9} {back_most:>9}");
    }
}

pub(crate) fn print_header() {
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>9}",
        "until a waiting follower has an event, µs", "call p50", "p99", "back p50", "p99"
    );
}
