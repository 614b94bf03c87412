//! Reads pages to the end, and checks each.

use uuid::Uuid;

use super::answer::Answer;
use super::places::Places;
use crate::recorder::{AggregateRecorder, ApplicationRecorder, EventRange, LogRange, Notification};
use crate::stored_event::StoredEvent;
use crate::wait::Wait;

pub(super) fn events<R: AggregateRecorder>(
    recorder: &R,
    id: Uuid,
    range: EventRange,
    places: &Places,
) -> Answer {
    let (mut read, mut rest): (Vec<StoredEvent>, _) = (Vec::new(), range);
    loop {
        let page = match recorder.select(id, rest).wait() {
            Ok(page) => page,
            Err(error) => return Answer::refused(&error, places),
        };
        let bytes = page.events.iter().map(|event| event.state.len()).sum();
        if is_over(page.events.len(), bytes, rest.max_count(), rest.max_bytes()) {
            return Answer::Broken("a page of events beyond a limit");
        }
        let last = page.events.last().map(|last| last.version);
        read.extend(page.events);
        match last {
            _ if !page.more => return Answer::Events(read),
            Some(last) => rest = if rest.is_descending() { rest.before(last) } else { rest.after(last) },
            None => return Answer::Broken("an empty page of events that says there is more"),
        }
    }
}

pub(super) fn log<R: ApplicationRecorder>(recorder: &R, range: LogRange, places: &Places) -> Answer {
    let (mut entries, mut rest): (Vec<Notification>, _) = (Vec::new(), range);
    loop {
        let page = match recorder.read_log(rest.clone()).wait() {
            Ok(page) => page,
            Err(error) => return Answer::refused(&error, places),
        };
        let bytes = page.entries.iter().map(|entry| entry.event.state.len()).sum();
        if is_over(page.entries.len(), bytes, rest.max_count(), rest.max_bytes()) {
            return Answer::Broken("a page of the log beyond a limit");
        }
        if page
            .entries
            .last()
            .is_some_and(|last| page.through.is_none_or(|end| last.position() > end.position()))
        {
            return Answer::Broken("a page of the log with an entry beyond `through`");
        }
        entries.extend(page.entries.into_iter().map(|entry| places.counted_entry(entry)));
        match page.through {
            through if !page.more => {
                let through = through.map(|through| places.counted_mark(through));
                return Answer::Log { entries, through };
            }
            Some(through) if rest.mark().is_none_or(|mark| mark.position() < through.position()) => {
                rest = rest.after(through);
            }
            _ => return Answer::Broken("a page of the log that says there is more, and does not go on"),
        }
    }
}

fn is_over(count: usize, bytes: usize, most: Option<usize>, most_bytes: Option<usize>) -> bool {
    most.is_some_and(|most| count > most) || (count > 1 && most_bytes.is_some_and(|most| bytes > most))
}
