//! The differential run: random operations on a store and on [`MemoryRecorder`], whose answers must be equal.
//!
//! The conformance suite holds a store to rules that people wrote down; the differential run finds differences that
//! nobody thought of. [`differential`] makes the operations from a seed, so that a run can be repeated.

mod places;
mod answer;
mod operation;
mod pages;
mod side;
mod world;
mod commits;
mod reads;
mod counts;
mod shrink;

use std::fmt;

use self::answer::Answer;
pub use self::counts::DifferentialCounts;
use self::operation::Operation;
use self::shrink::{shrunk, text};
use self::side::Side;
use self::world::World;
use crate::recorder::{KeyRecorder, MemoryRecorder, ProcessRecorder};

/// The number of operations on one store: few enough to read its whole log often.
const ON_ONE_STORE: usize = 500;

/// Makes that many random operations on a store and on a [`MemoryRecorder`], and compares all answers.
///
/// After every 500 operations the run reads everything that is stored, and goes on with a new store of `make_store`,
/// which must be empty and without limits. The run compares events, marks, receipts, the kinds of errors and the
/// details of conflicts. It reads pages to the end and compares them together, since a store may end a page anywhere.
/// It compares positions by their order, since a store may leave gaps.
///
/// ```
/// use es_runtime::recorder::MemoryRecorder;
/// use es_runtime::testing::differential::differential;
///
/// let counts = differential(7, 1_000, MemoryRecorder::new);
/// assert_eq!(counts.operations(), 1_000);
/// println!("{counts}");
/// ```
///
/// # Panics
///
/// If two answers differ. The message has the seed, the operation, both answers, and a short list of operations that
/// lead there.
pub fn differential<R: ProcessRecorder + KeyRecorder>(
    seed: u64,
    operations: usize,
    mut make_store: impl FnMut() -> R,
) -> DifferentialCounts {
    let mut counts = DifferentialCounts::default();
    let mut done = 0;
    while done < operations {
        let mut world = World::new(seed, done as u64);
        let mut pair = Pair::new(make_store());
        let mut script = Vec::new();
        let many = ON_ONE_STORE.min(operations - done);
        for number in 0..many {
            let operation = world.operation();
            let answers = pair.run(&operation);
            script.push(operation);
            let answer = same(answers, || report(seed, done + number, &script, &mut make_store));
            if let Some(operation) = script.last() {
                counts.count(operation, &answer);
                world.learn(operation, &answer);
            }
        }
        for look in world.looks() {
            let answers = pair.run(&look);
            script.push(look);
            same(answers, || report(seed, done + many, &script, &mut make_store));
        }
        done += many;
        counts.end_store();
    }
    counts
}

/// The model and the store under test.
struct Pair<R> {
    model: Side<MemoryRecorder>,
    store: Side<R>,
}

impl<R: ProcessRecorder + KeyRecorder> Pair<R> {
    fn new(store: R) -> Self {
        Self { model: Side::new(MemoryRecorder::new()), store: Side::new(store) }
    }

    fn run(&mut self, operation: &Operation) -> Answers {
        Answers { model: self.model.run(operation), store: self.store.run(operation) }
    }
}

/// The answers of the model and of the store.
struct Answers {
    model: Answer,
    store: Answer,
}

impl Answers {
    /// Returns whether the two are equal; a broken page equals nothing.
    fn are_same(&self) -> bool {
        self.model == self.store && !matches!(self.model, Answer::Broken(_))
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, store } = self;
        let (model, store) = (format!("{model:?}"), format!("{store:?}"));
        let hidden = if model == store {
            "\n(the answers differ in bytes that are not shown, or both are broken)"
        } else {
            ""
        };
        write!(f, "memory answered {model}\nthe store answered {store}{hidden}")
    }
}

fn same(answers: Answers, report: impl FnOnce() -> String) -> Answer {
    if answers.are_same() {
        return answers.model;
    }
    panic!("{}\n{answers}", report())
}

/// Reports the last operation of a script, at which the answers differ.
fn report<R: ProcessRecorder + KeyRecorder>(
    seed: u64,
    number: usize,
    script: &[Operation],
    make_store: &mut impl FnMut() -> R,
) -> String {
    let short = shrunk(script, &mut |script| {
        let mut pair = Pair::new(make_store());
        let mut differs = false;
        for operation in script {
            differs = !pair.run(operation).are_same();
        }
        differs
    });
    let last = script.last().map(text).unwrap_or_default();
    let lines: Vec<_> = short.iter().map(text).collect();
    format!(
        "the store differs from memory, with seed {seed}, at operation {number}: {last}\n\
         On an empty store, these operations lead there:\n  {}",
        lines.join("\n  ")
    )
}
