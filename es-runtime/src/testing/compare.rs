use super::codec::{Encoded, encode};
use super::diff::diff;
use super::same::same;
use crate::aggregate::Aggregate;
use crate::event::Recorded;

/// The recorded events of one aggregate beside the expected ones.
pub(super) struct Compared {
    pub(super) is_same: bool,
    pub(super) lines: String,
}

#[track_caller]
pub(super) fn compare<A: Aggregate>(expected: Vec<A::Event>, recorded: &[Recorded<A::Event>]) -> Compared {
    let expected = encode_all::<A>(expected);
    let recorded = encode_all::<A>(recorded.iter().map(|recorded| recorded.event().clone()).collect());
    let matches = |(expected, recorded): (&Shown<A>, &Shown<A>)| expected.is(recorded);
    let is_same = expected.len() == recorded.len() && expected.iter().zip(&recorded).all(matches);
    let wanted: Vec<_> = expected.iter().map(Shown::line).collect();
    // Two equal events may look different, such as a set in another order: the report shows the expected one.
    let found = recorded
        .iter()
        .map(|recorded| expected.iter().find(|wanted| wanted.is(recorded)).unwrap_or(recorded));
    let found: Vec<_> = found.map(Shown::line).collect();
    Compared { is_same, lines: diff(&wanted, &found) }
}

/// An event with its stored form.
struct Shown<A: Aggregate> {
    event: A::Event,
    encoded: Encoded,
}

impl<A: Aggregate> Shown<A> {
    fn is(&self, other: &Self) -> bool {
        self.encoded.topic() == other.encoded.topic()
            && same((&self.event, self.encoded.data()), (&other.event, other.encoded.data()))
    }

    fn line(&self) -> String {
        self.encoded.to_string()
    }
}

#[track_caller]
fn encode_all<A: Aggregate>(events: Vec<A::Event>) -> Vec<Shown<A>> {
    let mut all = Vec::new();
    for event in events {
        let encoded = encode::<A>(&event);
        all.push(Shown { event, encoded });
    }
    all
}
