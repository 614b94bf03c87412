//! A range selects events of the log.

use super::events::topics;
use super::log::{ascending, in_log};
use super::samples::{new_id, position, under};
use super::store::Store;
use crate::id::{Mark, Position, Slice, Slices};
use crate::recorder::{ApplicationRecorder, LogRange, Notification};
use crate::testing::random::Random;

/// Start, end, limit and topics select the events that they name: the cases that readers live by.
pub fn the_log_is_read_from_and_up_to<R: ApplicationRecorder>(store: &Store<R>) {
    let (one, other) = (new_id(), new_id());
    store.save_at([under(one, 1, "t1"), under(one, 2, "t2")]);
    store.save_at([under(other, 1, "t3")]);
    let places: Vec<_> = store.whole_log().iter().map(Notification::mark).collect();
    let [m1, m2, m3] = places[..] else { panic!("three events stand at the places {places:?}") };
    let [p1, p2, p3] = [m1, m2, m3].map(Mark::position);
    let all = LogRange::all;
    let cases: [(&str, LogRange, &[Position]); 22] = [
        ("limit 10", all().limit(10), &[p1, p2, p3]),
        ("from 1, limit 10", all().from(p1).limit(10), &[p1, p2, p3]),
        ("up to 2", all().up_to(p2).limit(10), &[p1, p2]),
        ("after nothing", all().after(None).limit(10), &[p1, p2, p3]),
        ("after 1", all().after(m1).limit(10), &[p2, p3]),
        ("after 2", all().after(m2).limit(10), &[p3]),
        ("all topics", all().topics(["t1", "t2", "t3"]).limit(10), &[p1, p2, p3]),
        ("topic 1", all().from(p1).topics(["t1"]).limit(10), &[p1]),
        ("topic 2", all().from(p1).topics(["t2"]).limit(3), &[p2]),
        ("topic 3", all().from(p1).topics(["t3"]).limit(3), &[p3]),
        ("topics 1 and 3", all().from(p1).topics(["t1", "t3"]).limit(3), &[p1, p3]),
        ("topic 3, limit 1", all().from(p1).topics(["t3"]).limit(1), &[p3]),
        ("limit 1", all().limit(1), &[p1]),
        ("from 2, limit 1", all().from(p2).limit(1), &[p2]),
        ("after 1, limit 1", all().after(m1).limit(1), &[p2]),
        ("from 2, limit 2", all().from(p2).limit(2), &[p2, p3]),
        ("from 3, limit 1", all().from(p3).limit(1), &[p3]),
        ("after 3, limit 1", all().after(m3).limit(1), &[]),
        ("from 2, up to 2", all().from(p2).up_to(p2).limit(10), &[p2]),
        ("from 1, up to 2", all().from(p1).up_to(p2).limit(10), &[p1, p2]),
        ("from 2, up to 1", all().from(p2).up_to(p1).limit(10), &[]),
        ("after 1, up to 2", all().after(m1).up_to(p2).limit(10), &[p2]),
    ];
    for (name, range, expected) in cases {
        let found: Vec<_> = store.log(range).iter().map(Notification::position).collect();
        assert_eq!(found, expected, "{name}, of the positions {places:?}");
    }
}

/// Any combination of start, end, limit, topics, slices and first events selects the events that it names.
pub fn every_part_of_the_log_can_be_read<R: ApplicationRecorder>(store: &Store<R>) {
    let mut random = Random::new(18);
    let names = ["a", "b", "it's", "\u{54c8}", " "];
    for _ in 0..40 {
        let id = new_id();
        let many = 1 + random.below(4);
        let events: Vec<_> =
            (1..=many).map(|number| under(id, number, *random.pick(&names).unwrap_or(&"a"))).collect();
        store.save_at(events);
    }
    let log = store.whole_log();
    ascending(&log);
    let end = log.last().map_or(1, |last| last.position().get()) + 5;
    let [half, _] = Slices::split();
    for _ in 0..800 {
        let mut number = |none: u64| (!random.chance(none)).then(|| position(1 + random.below(end)));
        let (from, up_to) = (number(2), number(2));
        let after = if random.chance(2) { None } else { random.pick(&log).map(Notification::mark) };
        let limit = (!random.chance(2)).then(|| usize::try_from(random.below(9)).unwrap_or_default());
        let wanted: Vec<&str> = names.into_iter().filter(|_| random.chance(3)).collect();
        let mut range = LogRange::all().after(after).topics(wanted.clone());
        range = from.map_or(range.clone(), |from| range.from(from));
        range = up_to.map_or(range.clone(), |up_to| range.up_to(up_to));
        range = limit.map_or(range.clone(), |limit| range.limit(limit));
        let firsts = random.chance(3);
        let slices = if random.chance(3) { half } else { Slices::ALL };
        range = if firsts { range.firsts() } else { range }.slices(slices);
        let meant = |entry: &&Notification| {
            from.is_none_or(|from| entry.position() >= from)
                && after.is_none_or(|after| entry.position() > after.position())
                && up_to.is_none_or(|up_to| entry.position() <= up_to)
                && slices.contains(Slice::of(entry.event.id))
                && (!firsts || entry.event.version.get() == 1)
                && (wanted.is_empty() || wanted.contains(&&*entry.event.topic))
        };
        let model: Vec<_> = log.iter().filter(meant).take(limit.unwrap_or(usize::MAX)).cloned().collect();
        assert_eq!(store.log(range.clone()), model, "{range:?}");
    }
}

/// The store compares topics letter by letter: it takes no text for a pattern or for code.
pub fn topics_are_compared_as_they_are<R: ApplicationRecorder>(store: &Store<R>) {
    let id = new_id();
    let events: Vec<_> = (1..).zip(topics()).map(|(number, topic)| under(id, number, topic)).collect();
    store.save_at(events.clone());
    for event in &events {
        let found = in_log(&store.log(LogRange::all().topics([event.topic.to_string()])));
        assert!(found == [event.clone()], "the topic {:?} selects {} events", event.topic, found.len());
    }
    let every = LogRange::all().topics(topics());
    assert_eq!(store.log(every).len(), events.len(), "all topics at once");
    let unknown = store.log(LogRange::all().topics(["Topi", "Topic\0", "*", "it"]));
    assert_eq!(unknown.len(), 0, "topics that no event has");
    let twice = store.log(LogRange::all().topics(["Topic", "Topic"]));
    assert_eq!(twice.len(), 1, "a topic that is named twice");
    let many: Vec<String> = (0..5_000).map(|number| format!("topic {number}")).collect();
    let many = LogRange::all().topics(many.into_iter().chain(["Topic".to_owned()]));
    assert_eq!(store.log(many).len(), 1, "5,001 topics at once");
}

/// A limit counts the events that pass the topics.
pub fn a_limit_counts_what_the_topics_let_pass<R: ApplicationRecorder>(store: &Store<R>) {
    let id = new_id();
    let topic = |number: u64| if number.is_multiple_of(10) { "rare" } else { "common" };
    store.save_at((1..=100).map(|number| under(id, number, topic(number))).collect::<Vec<_>>());
    for limit in [0, 1, 3, 10, 11] {
        let found = store.log(LogRange::all().topics(["rare"]).limit(limit));
        let versions: Vec<_> = found.iter().map(|entry| entry.event.version.get()).collect();
        let expected: Vec<_> = (1..=limit.min(10) as u64).map(|number| number * 10).collect();
        assert_eq!(versions, expected, "limit {limit}");
    }
}
