//! B7: the cost of the domain against the same code by hand: to replay an event onto the state, and to record and
//! apply one.
//!
//! `cargo bench -p es-benches --bench domain` runs both sides in turn, round by round, and prints the median of each
//! and of the ratios of the rounds. `B7_ROUNDS` sets the number of rounds, `B7_EVENTS` that of events.

mod by_hand;
mod framework;

use std::hint::black_box;
use std::time::Instant;

use es_benches::{measuring, median, setting};
use es_runtime::aggregate::{Effect, Events};
use es_runtime::testing::replay;
use es_runtime::{Envelope, Recorded};

/// The goal: at most this many times the cost by hand.
const GOAL: f64 = 1.2;

/// Runs both kinds of work on both mixes of events; a ratio above the goal fails nothing.
fn main() {
    let measured = measuring();
    let events: usize = setting("B7_EVENTS", if measured { 10_000 } else { 100 });
    let rounds: usize = setting("B7_ROUNDS", if measured { 301 } else { 3 });
    println!("B7: {events} events, {rounds} rounds; nanoseconds for one event, median");
    println!("{:<28} {:>10} {:>10} {:>7}   goal {GOAL}", "", "framework", "by hand", "ratio");
    for (name, mix) in [("integers", Mix::Integers), ("one text in four", Mix::Texts)] {
        let (ours, by_hand) = histories(events, mix);
        // The creating event is the first.
        let changes =
            || ours.iter().skip(1).map(|stored| (*stored.envelope(), stored.event().clone())).collect();
        compare(
            &format!("apply, {name}"),
            rounds,
            events,
            || {
                ours.first()
                    .and_then(|stored| stored.event().clone().create(stored.envelope()))
                    .zip(Some(changes()))
            },
            |start: Option<(framework::AccountState, Vec<(Envelope, framework::AccountEvent)>)>| {
                let (mut state, events) = start.expect("the first event creates");
                for (envelope, event) in events {
                    assert_eq!(event.change(&mut state, &envelope), Effect::Changed);
                }
                state.balance
            },
            || {
                by_hand
                    .iter()
                    .skip(1)
                    .map(|stored| ((stored.id, stored.version, stored.at), stored.event.clone()))
                    .collect::<Vec<_>>()
            },
            |events| {
                let mut state = by_hand::State::new("Ann".to_owned());
                for (_, event) in events {
                    state.apply(event).expect("only the first event creates");
                }
                state.balance
            },
        );
        compare(
            &format!("replay, {name}"),
            rounds,
            events,
            || ours.clone(),
            |events| replay::<framework::Account>(events).expect("the history is whole").balance,
            || by_hand.clone(),
            |events| by_hand::Account::replay(events).expect("the history is whole").state.balance,
        );
        compare(
            &format!("record, {name}"),
            rounds,
            events,
            || framework::Account::open("Ann".to_owned()),
            |mut account| {
                drive(events, mix, &mut account);
                account
            },
            || by_hand::Account::open("Ann".to_owned()),
            |mut account| {
                drive(events, mix, &mut account);
                account
            },
        );
    }
}

/// The mix of recorded events.
#[derive(Clone, Copy)]
enum Mix {
    /// Events that hold integers only.
    Integers,
    /// Events of which one in four holds a text, so that recording and replaying it allocates.
    Texts,
}

/// The commands that both accounts have.
trait Commands {
    /// Deposits an amount.
    fn deposit(&mut self, amount: i64);
    /// Withdraws an amount.
    fn withdraw(&mut self, amount: i64, fee: i64);
    /// Renames the owner.
    fn rename(&mut self, owner: String);
}

/// Implements [`Commands`] by the methods of the same names.
macro_rules! commands {
    ($account:ty) => {
        impl Commands for $account {
            fn deposit(&mut self, amount: i64) {
                <$account>::deposit(self, amount);
            }
            fn withdraw(&mut self, amount: i64, fee: i64) {
                <$account>::withdraw(self, amount, fee);
            }
            fn rename(&mut self, owner: String) {
                <$account>::rename(self, owner);
            }
        }
    };
}

commands!(framework::Account);
commands!(by_hand::Account);

/// Runs that many commands, less the one that opened the account.
fn drive<C: Commands>(events: usize, mix: Mix, account: &mut C) {
    for at in 1..events {
        match (at % 4, mix) {
            (0, Mix::Texts) => account.rename(black_box("Anna Maria").to_owned()),
            (1, _) => account.withdraw(black_box(3), black_box(1)),
            _ => account.deposit(black_box(10)),
        }
    }
}

/// Makes the same history for both sides, each with the envelope that it needs.
fn histories(events: usize, mix: Mix) -> (Vec<Recorded<framework::AccountEvent>>, Vec<by_hand::Recorded>) {
    let mut ours = framework::Account::open("Ann".to_owned());
    drive(events, mix, &mut ours);
    let mut by_hand = by_hand::Account::open("Ann".to_owned());
    drive(events, mix, &mut by_hand);
    assert_eq!((&ours.owner, ours.balance, ours.entries), {
        let state = &by_hand.state;
        (&state.owner, state.balance, state.entries)
    });
    let id = ours.id().uuid();
    let pending = by_hand.pending.into_iter();
    let by_hand =
        pending.map(|by_hand::Pending { version, at, event }| by_hand::Recorded { id, version, at, event });
    (ours.pending().to_vec(), by_hand.collect())
}

/// Runs both sides in turn; the time includes neither making their inputs nor dropping their outputs.
fn compare<A, B, C, D>(
    name: &str,
    rounds: usize,
    events: usize,
    ours_from: impl Fn() -> A,
    ours: impl Fn(A) -> B,
    by_hand_from: impl Fn() -> C,
    by_hand: impl Fn(C) -> D,
) {
    let mut pairs = Vec::with_capacity(rounds);
    // The first rounds warm up.
    for round in 0..rounds + rounds / 10 {
        // The order changes, so that neither side always finds the caches that the other has filled.
        let pair = if round % 2 == 0 {
            let one = time(ours_from(), &ours);
            (one, time(by_hand_from(), &by_hand))
        } else {
            let other = time(by_hand_from(), &by_hand);
            (time(ours_from(), &ours), other)
        };
        if round >= rounds / 10 {
            pairs.push(pair);
        }
    }
    let each = |nanos: f64| nanos / f64::from(u32::try_from(events).unwrap_or(u32::MAX));
    let ours = each(median(pairs.iter().map(|pair| pair.0)));
    let by_hand = each(median(pairs.iter().map(|pair| pair.1)));
    let ratio = median(pairs.iter().map(|pair| pair.0 / pair.1));
    println!("{name:<28} {ours:>10.2} {by_hand:>10.2} {ratio:>7.2}");
}

/// Returns the time of the work, in nanoseconds.
fn time<A, B>(from: A, work: impl Fn(A) -> B) -> f64 {
    let start = Instant::now();
    let done = black_box(work(black_box(from)));
    let nanos = start.elapsed().as_secs_f64() * 1e9;
    drop(done);
    nanos
}
