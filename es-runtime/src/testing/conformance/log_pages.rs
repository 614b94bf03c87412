//! The pages of the log, short or long, make up the whole log.

use super::samples::{new_id, stored, under};
use super::store::Store;
use crate::id::{Mark, Position};
use crate::recorder::{ApplicationRecorder, LogRange, Notification};

/// Page after page returns the whole log, each event once, with topics and without, whatever ends a page: a number of
/// events or of bytes.
pub fn short_pages_of_the_log_lose_nothing<R: ApplicationRecorder>(store: &Store<R>) {
    let log = of_many_sizes(store);
    let rare: Vec<_> = log.iter().filter(|entry| entry.event.topic == "rare").cloned().collect();
    for (range, expected) in [(LogRange::all(), &log), (LogRange::all().topics(["rare"]), &rare)] {
        for size in [1, 7, 100, 1_000] {
            let read = page_by_page(store, &range.clone().limit(size));
            assert!(read == *expected, "pages of {size} give {} of {} events", read.len(), expected.len());
        }
        for bytes in [0, 30, 200, 1_000_000] {
            let read = page_by_page(store, &range.clone().limit_bytes(bytes));
            assert!(read == *expected, "pages of {bytes} bytes give {} events", read.len());
        }
    }
}

/// A page has no more bytes than the reader allows, unless it has one event: a page always returns that.
pub fn a_page_of_the_log_keeps_to_its_bytes<R: ApplicationRecorder>(store: &Store<R>) {
    of_many_sizes(store);
    for bytes in [0, 30, 200] {
        for page in store.log_pages(LogRange::all().limit_bytes(bytes)) {
            let many: usize = page.entries.iter().map(|entry| entry.event.state.len()).sum();
            let allowed = many <= bytes || page.entries.len() == 1;
            assert!(allowed, "{} events of {many} bytes on a page of {bytes}", page.entries.len());
        }
    }
}

/// A page with `more` brings its reader on, and a page without `more` is the last.
pub fn a_page_with_more_brings_its_reader_on<R: ApplicationRecorder>(store: &Store<R>) {
    let log = of_many_sizes(store);
    let last = log.last().map(Notification::mark);
    for range in [
        LogRange::all().limit(1),
        LogRange::all().limit(50),
        LogRange::all().limit_bytes(30),
        LogRange::all().topics(["rare"]).limit(1),
        LogRange::all().topics(["none"]).limit(5),
    ] {
        let mut reached: Option<Mark> = None;
        loop {
            let page = store.log_page(range.clone().after(reached));
            let place = page.through.map(Mark::position);
            assert!(place >= reached.map(Mark::position), "from {reached:?} a page leads back to {place:?}");
            if !page.more {
                assert_eq!(page.through, last, "where {range:?} ends");
                break;
            }
            assert!(
                place > reached.map(Mark::position),
                "a page says that there is more, and stays at {reached:?}"
            );
            reached = page.through;
        }
    }
}

/// Reads the log, each time from the mark up to which the last page was complete.
fn page_by_page<R: ApplicationRecorder>(store: &Store<R>, range: &LogRange) -> Vec<Notification> {
    let (mut read, mut reached) = (Vec::new(), None::<Mark>);
    for _ in 0..10_000 {
        let page = store.read_on(range, &mut reached);
        assert!(
            range.max_count().is_none_or(|size| page.entries.len() <= size),
            "a page has too many events"
        );
        read.extend(page.entries);
        if !page.more {
            return read;
        }
    }
    panic!("the pages of {range:?} do not end");
}

/// Stores commits of many sizes, with states of many sizes, a few of them under a rare topic.
fn of_many_sizes<R: ApplicationRecorder>(store: &Store<R>) -> Vec<Notification> {
    for many in 1..=20_u64 {
        let made = |number: u64| match (many + number) % 10 {
            0 => under(new_id(), number, "rare"),
            size => {
                stored(new_id(), number, "common", vec![7; usize::try_from(size * 11).unwrap_or_default()])
            }
        };
        store.save_at((1..=many).map(made).collect::<Vec<_>>());
    }
    let log = store.whole_log();
    let places: Vec<Position> = log.iter().map(Notification::position).collect();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "the positions do not grow: {places:?}");
    log
}
