//! Followers learn of forgotten aggregates, and a rebuilt view of the log equals the live one.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::samples::{FORGOTTEN, event, key, new_id, notice, sequence, with_keys};
use super::store::Store;
use crate::id::Mark;
use crate::recorder::{ApplicationRecorder, Commit, KeyRecorder, LogRange, Notification};

/// A view of the log: the living aggregates, and the number of events of each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Alive {
    events: BTreeMap<Uuid, u64>,
    reached: Option<Mark>,
}

impl Alive {
    /// Reads the log on from the view's mark.
    fn follow<R: ApplicationRecorder>(&mut self, store: &Store<R>, size: usize) {
        loop {
            let page = store.read_on(&LogRange::all().limit(size), &mut self.reached);
            page.entries.iter().for_each(|entry| self.apply(entry));
            if !page.more {
                return;
            }
        }
    }

    fn apply(&mut self, entry: &Notification) {
        if entry.event.topic == FORGOTTEN {
            self.events.remove(&entry.event.id);
        } else {
            *self.events.entry(entry.event.id).or_default() += 1;
        }
    }
}

/// A follower learns that an aggregate is forgotten after it has read the aggregate's events: of an aggregate with a
/// data key, of one without, and of one without events.
pub fn a_follower_learns_what_is_forgotten<R: ApplicationRecorder + KeyRecorder>(store: &Store<R>) {
    let [keyed, plain, unknown, other] = [new_id(), new_id(), new_id(), new_id()];
    store.store(&with_keys(sequence(keyed, 1..=2), [key(keyed, "key")]));
    store.save_at([event(plain, 1), event(other, 1)]);
    let mut view = Alive::default();
    view.follow(store, 100);
    for id in [keyed, plain, unknown] {
        let reached = view.reached;
        let notice = store.forget(id);
        settle(store);
        let news = store.log(LogRange::all().after(reached).topics([FORGOTTEN]));
        let told: Vec<_> = news.iter().map(|entry| &entry.event).collect();
        assert_eq!(told, [&notice], "the notice that a follower reads of forgetting");
        view.follow(store, 1);
    }
    assert!(
        [keyed, plain, unknown].iter().all(|id| !view.events.contains_key(id)),
        "a view of the forgotten"
    );
    assert!(view.events.contains_key(&other), "a view of who is not forgotten");
}

/// A view that followed the log all the time equals one rebuilt from the beginning, whatever was forgotten in between.
pub fn a_view_made_again_equals_the_live_one<R: ApplicationRecorder + KeyRecorder>(store: &Store<R>) {
    let ids: Vec<_> = (0..12).map(|_| new_id()).collect();
    let (mut live, mut lazy) = (Alive::default(), Alive::default());
    for (at, id) in ids.iter().enumerate() {
        store.store(&with_keys(sequence(*id, 1..=2), [key(*id, "key")]));
        live.follow(store, 3);
        if at % 3 == 2 {
            store.forget(ids[at - 1]);
            store.forget(ids[at - 1]);
        }
        if at % 4 == 3 {
            lazy.follow(store, 100);
        }
    }
    settle(store);
    live.follow(store, 3);
    lazy.follow(store, 2);
    let mut again = Alive::default();
    again.follow(store, 5);
    assert_eq!(live, again, "a view that was there all the time, and one that is made again");
    assert_eq!(lazy, again, "a view that was behind, and one that is made again");
    // Four of twelve aggregates are forgotten; one more event marks the end.
    assert_eq!(again.events.len(), 12 - 4 + 1, "the aggregates that are alive");
}

/// A notice is the last event of its aggregate in the log, and stands behind every event acknowledged before.
pub fn a_notice_stands_at_the_end<R: ApplicationRecorder + KeyRecorder>(store: &Store<R>) {
    let [id, other] = [new_id(), new_id()];
    store.store(&with_keys(sequence(id, 1..=2), [key(id, "key")]));
    let last = store.save_at([event(other, 1)]);
    store.forget_with(id, &Commit::new(vec![notice(id, 3)]));
    let end = settle(store);
    let after = store.log(LogRange::all().after(last).up_to(end.position()));
    let ids: Vec<_> = after.iter().map(|entry| (entry.event.id, entry.event.version.get())).collect();
    assert_eq!(ids.first(), Some(&(id, 3)), "the entry after the last event before forgetting");
    assert_eq!(ids.len(), 2, "the notice, and an event that was saved after it");
}

/// Saves one more event: once the log shows it, the log shows everything before it.
fn settle<R: ApplicationRecorder>(store: &Store<R>) -> Mark {
    store.save_at([event(new_id(), 1)])
}
