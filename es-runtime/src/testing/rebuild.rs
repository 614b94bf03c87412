use super::codec::through;
use super::diff::diff;
use super::same::alike;
use crate::aggregate::{Aggregate, Seal};
use crate::error::Error;
use crate::event::Recorded;

/// Sends the recorded events through the codec, and makes the aggregate again from its stored events.
///
/// Fails the test if the new aggregate differs from the one that the command left. Returns the aggregate, or the error
/// that left none, with the stored events.
#[track_caller]
pub(super) fn rebuild<A: Aggregate>(
    past: &[Recorded<A::Event>],
    left: Option<A>,
    recorded: Vec<Recorded<A::Event>>,
) -> (Result<A, Error>, Vec<Recorded<A::Event>>) {
    let mut stored = Vec::new();
    for event in recorded {
        let (envelope, event, _) = event.into_parts();
        stored.push(Recorded::new(envelope, through::<A>(&event)));
    }
    let rebuilt = crate::aggregate::replay(past.iter().chain(&stored).cloned());
    let aggregate = match (left, rebuilt) {
        (Some(mut left), Ok(mut rebuilt)) => {
            compare(&mut left, &mut rebuilt);
            Ok(left)
        }
        (Some(_), Err(error)) => panic!(
            "the events do not make the `{}` again: {error}; let the command change the one that it is given",
            A::NAME
        ),
        (None, rebuilt) => rebuilt,
    };
    (aggregate, stored)
}

#[track_caller]
fn compare<A: Aggregate>(left: &mut A, rebuilt: &mut A) {
    // A state that JSON cannot hold has no snapshots, but is no mistake.
    let (Some(left), Some(rebuilt)) = (state(left), state(rebuilt)) else { return };
    if !alike(&left, &rebuilt) {
        let differences = diff(&pretty(&left), &pretty(&rebuilt));
        panic!(
            "the stored events make another `{}` than the command left; an event method may use nothing but \
             the state, the event and the envelope (- left, + made from the events)\n{differences}",
            A::NAME
        );
    }
}

fn state<A: Aggregate>(aggregate: &mut A) -> Option<String> {
    let root = aggregate.root_mut(Seal::new());
    serde_json::to_string::<A::State>(root).ok()
}

fn pretty(json: &str) -> Vec<String> {
    let value: Option<serde_json::Value> = serde_json::from_str(json).ok();
    value.map_or_else(|| json.to_owned(), |value| format!("{value:#}")).lines().map(str::to_owned).collect()
}
