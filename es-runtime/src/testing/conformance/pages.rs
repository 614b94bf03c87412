//! The pages of an aggregate's events, short or long, make up the whole range.

use super::samples::{new_id, numbers, stored};
use super::store::Store;
use crate::recorder::{AggregateRecorder, EventRange};
use crate::stored_event::StoredEvent;

/// Page after page returns all events of a range, each once, whatever ends a page: a number of events or of bytes.
pub fn short_pages_lose_nothing<R: AggregateRecorder>(store: &Store<R>) {
    let events = of_many_sizes(store);
    let id = events[0].id;
    for range in [EventRange::all(), EventRange::all().descending()] {
        let mut expected = numbers(&events);
        if range.is_descending() {
            expected.reverse();
        }
        for bytes in [0, 1, 10, 37, 100, 1_000_000] {
            let read = store.select(id, range.limit_bytes(bytes));
            assert_eq!(numbers(&read), expected, "pages of {bytes} bytes");
            let few = store.select(id, range.limit_bytes(bytes).limit(17));
            assert_eq!(numbers(&few), expected[..17], "17 events, in pages of {bytes} bytes");
        }
        for size in [1, 2, 7, 40] {
            assert_eq!(numbers(&page_by_page(store, id, range, size)), expected, "pages of {size}");
        }
    }
    assert!(store.all(id) == events, "the states of what was read on pages");
}

/// A page has no more bytes than the reader allows, unless it has one event: a page always returns that.
pub fn a_page_keeps_to_its_bytes<R: AggregateRecorder>(store: &Store<R>) {
    let events = of_many_sizes(store);
    for bytes in [0, 10, 37, 100] {
        for page in store.pages(events[0].id, EventRange::all().limit_bytes(bytes)) {
            let many: usize = page.events.iter().map(|event| event.state.len()).sum();
            let allowed = many <= bytes || page.events.len() == 1;
            assert!(allowed, "{} events of {many} bytes on a page of {bytes}", page.events.len());
        }
    }
    let first = store.page(events[0].id, EventRange::all().limit_bytes(0)).events;
    assert_eq!(first.len(), 1, "the events on a page that none fits");
}

/// Reads pages with an exact number of events.
fn page_by_page<R: AggregateRecorder>(
    store: &Store<R>,
    id: uuid::Uuid,
    mut range: EventRange,
    size: usize,
) -> Vec<StoredEvent> {
    let mut read: Vec<StoredEvent> = Vec::new();
    loop {
        let page = store.page(id, range.limit(size));
        assert!(page.events.len() <= size, "a page of {size} has {} events", page.events.len());
        assert!(read.len() <= 100, "pages of {size} do not end");
        read.extend(page.events);
        let Some(last) = read.last().filter(|_| page.more).map(|last| last.version) else { return read };
        range = if range.is_descending() { range.before(last) } else { range.after(last) };
    }
}

/// Stores events with states from 0 bytes on, long ones among short ones.
fn of_many_sizes<R: AggregateRecorder>(store: &Store<R>) -> Vec<StoredEvent> {
    let id = new_id();
    let size = |number: usize| if number.is_multiple_of(9) { 90 } else { number % 13 };
    let events: Vec<_> =
        (1_usize..=40).map(|number| stored(id, number as u64, "Topic", vec![7; size(number)])).collect();
    store.save(events.clone());
    events
}
