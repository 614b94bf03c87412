//! A process that follows the log, in one of three ways. It stops again and again, and comes back after the mark that it
//! kept.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::Slices;
use es_runtime::log::Subscription;
use es_runtime::wait::timeout;
use es_runtime::{Application, Error, Wait};

use super::domain::{LedgerEvent, open};
use super::process::{END, FOLDER, MANNER, NUMBER, URI};
use super::record::{Record, Stopped};
use crate::kind::{end_with_the_first_panic, number_of, setting};
use crate::random::Random;

/// The time after which a subscriber that waits looks for the end.
const LOOK: Duration = Duration::from_millis(20);
/// The number of slices of the subscriber that follows by slices.
pub(crate) const SLICES: usize = 4;

/// The way in which a subscriber asks for events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// One event at a time.
    Next,
    /// By small pages.
    Pages,
    /// By the blocking iterator, with a thread for each part of the slices.
    Slices,
}

impl Manner {
    pub(crate) const ALL: [Self; 3] = [Self::Next, Self::Pages, Self::Slices];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Pages => "pages",
            Self::Slices => "slices",
        }
    }

    /// Returns the names of the records.
    pub(crate) fn records(self) -> Vec<String> {
        match self {
            Self::Slices => (0..SLICES).map(|slice| format!("slices {slice}")).collect(),
            _ => vec![self.name().to_owned()],
        }
    }
}

pub(crate) fn follow() {
    end_with_the_first_panic();
    let (folder, uri, manner) = (setting(FOLDER), setting(URI), setting(MANNER));
    let manner = Manner::ALL.into_iter().find(|known| known.name() == manner).expect("it is a manner");
    thread::scope(|scope| {
        for (at, (name, slices)) in manner.records().iter().zip(Slices::split::<SLICES>()).enumerate() {
            let (folder, uri) = (Path::new(&folder), &uri);
            let record = Record::go_on(&folder.join(name), manner == Manner::Pages);
            let random = Random::new(number_of(NUMBER) << 8 | at as u64);
            let mut follower = Follower { folder, record, random };
            scope.spawn(move || follower.follow(uri, manner, slices));
        }
    });
}

struct Follower<'a> {
    folder: &'a Path,
    record: Record,
    random: Random,
}

impl Follower<'_> {
    /// Follows the log until its end, with a subscription for each short while.
    fn follow(&mut self, uri: &str, manner: Manner, slices: Slices) {
        while !self.is_at_the_end() {
            let app = open(uri);
            for _ in 0..=self.random.below(8) {
                self.subscribe(&app, manner, slices);
            }
            app.close();
        }
    }

    /// Returns whether the last event of the log is behind the place that is kept.
    fn is_at_the_end(&self) -> bool {
        let last = fs::read_to_string(self.folder.join(END)).ok().and_then(|text| text.parse::<u64>().ok());
        let kept = self.record.kept().map_or(0, |mark| mark.position().get());
        last.is_some_and(|last| kept >= last)
    }

    fn subscribe(&mut self, app: &Application, manner: Manner, slices: Slices) {
        let log = app.log::<LedgerEvent>().after(self.record.kept());
        let log = if self.random.chance(2) { log.known_topics() } else { log };
        let log = match manner {
            Manner::Next => log,
            Manner::Pages => log.page_events(if self.random.chance(2) { 3 } else { 200 }),
            Manner::Slices => log.slices(slices),
        };
        let life = Duration::from_millis(1 + self.random.below(300));
        let mut events = log.follow();
        let stop = events.stop_handle();
        let end = if self.random.chance(2) { End::Drop(Instant::now() + life) } else { End::Stop };
        let stopped = thread::scope(|scope| {
            if end == End::Stop || manner == Manner::Slices {
                let handle = stop.clone();
                scope.spawn(move || {
                    thread::sleep(life);
                    handle.stop();
                });
            }
            let stopped = match manner {
                Manner::Next => self.one_by_one(&mut events, end),
                Manner::Pages => self.page_by_page(&mut events, end),
                Manner::Slices => self.iterate(&mut events, end),
            };
            if stopped == Stopped::ByHandle && !stop.is_stopped() {
                self.record.wrong("a subscription ends that nobody stopped");
            }
            stopped
        });
        self.record.through(events.through(), stopped);
    }

    fn one_by_one(&mut self, events: &mut Subscription<LedgerEvent>, end: End) -> Stopped {
        while !end.is_now() {
            match timeout(LOOK, events.next()).wait() {
                Ok(Some(Ok(event))) => {
                    if events.through() != Some(event.mark()) {
                        let through = events.through();
                        self.record.wrong(&format!("got {}, and stands at {through:?}", event.mark()));
                    }
                    self.record.event(&event);
                }
                Ok(Some(Err(error))) => return self.refused(&error),
                Ok(None) => return Stopped::ByHandle,
                Err(_) => {
                    self.record.through(events.through(), Stopped::Not);
                    if self.is_at_the_end() {
                        break;
                    }
                }
            }
        }
        Stopped::ByDrop
    }

    fn page_by_page(&mut self, events: &mut Subscription<LedgerEvent>, end: End) -> Stopped {
        while !end.is_now() {
            match timeout(LOOK, events.next_page()).wait() {
                Ok(Some(Ok(page))) => {
                    if page.through != events.through() || !page.skipped.is_empty() {
                        self.record.wrong(&format!("a page that ends at {:?}", page.through));
                    }
                    self.record.page(&page.entries, page.through);
                }
                Ok(Some(Err(error))) => return self.refused(&error),
                Ok(None) => return Stopped::ByHandle,
                Err(_) if self.is_at_the_end() => break,
                Err(_) => {}
            }
        }
        Stopped::ByDrop
    }

    /// Iterates until the loop breaks, or until somebody stops the subscription: a loop that waits looks at no clock.
    fn iterate(&mut self, events: &mut Subscription<LedgerEvent>, end: End) -> Stopped {
        for event in events.wait() {
            match event {
                Ok(event) => self.record.event(&event),
                Err(error) => return self.refused(&error),
            }
            if end.is_now() {
                return Stopped::ByDrop;
            }
        }
        Stopped::ByHandle
    }

    /// Notes that the subscription returned an error. None may: the trouble of the stores passes.
    fn refused(&mut self, error: &Error) -> Stopped {
        self.record.wrong(&format!("a subscription ends as {:?}: {error}", error.kind()));
        Stopped::Not
    }
}

/// The end of a subscription.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The subscriber drops it at this time, in the middle of a page perhaps.
    Drop(Instant),
    /// Somebody stops it.
    Stop,
}

impl End {
    fn is_now(self) -> bool {
        matches!(self, Self::Drop(until) if Instant::now() >= until)
    }
}
