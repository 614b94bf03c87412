//! Topics joined from the name of an aggregate and the name of an event.

use std::marker::PhantomData;

use super::Aggregate;
use crate::event::Event;

/// The longest topic that is made of an aggregate's and an event's name.
pub(crate) const LONGEST: usize = 255;

struct Joined<A, E>(PhantomData<(A, E)>);

impl<A: Aggregate, E: Event> Joined<A, E> {
    const BYTES: [u8; LONGEST] = join(A::NAME, E::NAME);
    const TOPIC: &'static str = joined(&Self::BYTES, A::NAME, E::NAME);
}

/// Returns the topic of an event that belongs to one aggregate: `usual`, unless the aggregate is renamed.
pub const fn topic<A: Aggregate, E: Event>(usual: &'static str) -> &'static str {
    // The branch is a function of its own, so that the compiler joins the names only if it takes the branch. For
    // thousands of events, that saves seconds of compile time.
    if A::RENAMED { renamed_topic::<A, E>() } else { usual }
}

const fn renamed_topic<A: Aggregate, E: Event>() -> &'static str {
    Joined::<A, E>::TOPIC
}

/// Returns the part of the buffer that [`join`] wrote. Only constants call it, so a failure would be a compile error.
/// It never fails: both names are text, and so is the full stop between them.
pub(crate) const fn joined(bytes: &'static [u8; LONGEST], aggregate: &str, event: &str) -> &'static str {
    let (topic, _) = bytes.split_at(aggregate.len() + 1 + event.len());
    match str::from_utf8(topic) {
        Ok(topic) => topic,
        Err(_) => panic!("two names joined by a full stop are text"),
    }
}

pub(crate) const fn join(aggregate: &str, event: &str) -> [u8; LONGEST] {
    let (aggregate, event) = (aggregate.as_bytes(), event.as_bytes());
    assert!(
        aggregate.len() + 1 + event.len() <= LONGEST,
        "the names of the aggregate and of the event make a topic of over 255 bytes; set `topic`"
    );
    let mut joined = [b'.'; LONGEST];
    let (head, rest) = joined.split_at_mut(aggregate.len());
    head.copy_from_slice(aggregate);
    let (_, tail) = rest.split_at_mut(1);
    let (tail, _) = tail.split_at_mut(event.len());
    tail.copy_from_slice(event);
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_make_a_topic_of_255_bytes_and_no_longer_one() {
        let name = "A".repeat(LONGEST - 1 - "Discarded".len());
        assert!(join(&name, "Discarded").ends_with(b".Discarded"));
        let panic = std::panic::catch_unwind(|| join(&format!("{name}A"), "Discarded")).unwrap_err();
        let message = panic.downcast_ref::<&str>().unwrap();
        assert!(message.contains("a topic of over 255 bytes; set `topic`"), "{message}");
    }
}
