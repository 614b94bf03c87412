//! The thread that follows the log with a mark, and waits for later events.

use es_runtime::recorder::{ApplicationRecorder, LogRange, Notification};
use es_runtime::{Application, Wait};

use super::report::{Report, now};

/// Follows the log until no event comes any more.
pub(crate) fn follow(app: &Application, is_end: impl Fn() -> bool) -> Report {
    let (recorder, mut report, mut reached) = (app.recorder(), Report::default(), None);
    loop {
        let is_end = is_end();
        let range = LogRange::all().after(reached).limit(100);
        let page = recorder.read_log(range).wait().expect("the log can be read");
        let at = now();
        report.seen.extend(page.entries.iter().map(Notification::mark).map(|mark| (mark, at)));
        reached = page.through;
        if page.entries.is_empty() && !page.more {
            if is_end {
                return report;
            }
            recorder.beyond(reached).wait().expect("the follower can wait");
        }
    }
}
