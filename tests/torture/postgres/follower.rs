//! Threads that follow the log and keep their last mark, and nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use es_runtime::Wait;
use es_runtime::recorder::{ApplicationRecorder, LogRange, Mark, Notification, PostgresRecorder};

use super::process::try_to_open;
use super::record::now;
use super::row::Row;
use crate::random::Random;

/// The sizes of each follower's pages; `None` for all that there is. Pages of 3 alone could not keep up.
pub(crate) const PAGES: [&[Option<usize>]; 3] = [&[Some(3), Some(200)], &[Some(50)], &[None]];

/// An event that a follower has read, with the time.
pub(crate) struct Seen {
    pub(crate) row: Row,
    pub(crate) at: u64,
}

#[derive(Default)]
pub(crate) struct Followed {
    pub(crate) seen: Vec<Seen>,
    pub(crate) read: u64,
    /// The kept marks that the recorder reported as those of another log.
    pub(crate) diverged: Vec<Mark>,
    /// The answers that may not be.
    pub(crate) wrong: Vec<String>,
}

/// Follows the log until no event comes any more, on ever new handles.
pub(crate) fn follow(uri: &str, pages: &[Option<usize>], is_end: &AtomicBool, seed: u64) -> Followed {
    let (mut followed, mut kept, mut random) = (Followed::default(), None, Random::new(seed));
    loop {
        let reads = 1 + random.below(200);
        let recorder = match try_to_open(uri) {
            Ok(recorder) => recorder,
            Err(error) => {
                followed.refused(&error);
                thread::sleep(Duration::from_millis(20));
                continue;
            }
        };
        for _ in 0..reads {
            let is_end = is_end.load(Ordering::SeqCst);
            let limit = random.pick(pages).copied().flatten();
            match followed.read_on(&recorder, kept, limit) {
                Ok(Progress::To(mark)) => kept = mark,
                Ok(Progress::Nothing) if is_end => return followed,
                Ok(Progress::Nothing) => drop(recorder.beyond(kept).wait()),
                Ok(Progress::Anew) => kept = None,
                Err(()) => {
                    thread::sleep(Duration::from_millis(20));
                    break;
                }
            }
        }
    }
}

enum Progress {
    To(Option<Mark>),
    Nothing,
    /// The kept mark is of another log.
    Anew,
}

impl Followed {
    fn read_on(
        &mut self,
        recorder: &PostgresRecorder,
        kept: Option<Mark>,
        limit: Option<usize>,
    ) -> Result<Progress, ()> {
        let mut range = LogRange::all().after(kept);
        if let Some(limit) = limit {
            range = range.limit(limit);
        }
        let page = match recorder.read_log(range).wait() {
            Ok(page) => page,
            Err(error) => {
                let Some(kept) = kept.filter(|_| error.as_diverged().is_some()) else {
                    self.refused(&error);
                    return Err(());
                };
                self.diverged.push(kept);
                self.seen.clear();
                return Ok(Progress::Anew);
            }
        };
        let at = now();
        let place = |mark: Option<Mark>| mark.map(Mark::position);
        if place(page.through) < place(kept)
            || place(page.entries.last().map(Notification::mark)) > place(page.through)
        {
            self.wrong.push(format!("a page after {kept:?} reaches {:?}", page.through));
        }
        self.read += page.entries.len() as u64;
        self.seen.extend(page.entries.iter().map(|entry| Seen { row: Row::of(entry), at }));
        if page.entries.is_empty() && !page.more {
            // The horizon may have moved over a gap.
            return Ok(if page.through == kept { Progress::Nothing } else { Progress::To(page.through) });
        }
        Ok(Progress::To(page.through))
    }

    fn refused(&mut self, error: &es_runtime::Error) {
        if !error.is_transient() {
            self.wrong.push(format!("a reader is refused as {:?}: {error}", error.kind()));
        }
    }
}
