//! The ways in which the disk fails, and the error of a save then.

use es_runtime::ErrorKind;

use crate::child::LARGE;
use crate::look::Told;

/// A way to fail, and the error that the save must report.
#[derive(Clone, Copy)]
pub(crate) struct Cue {
    pub(crate) text: &'static str,
    pub(crate) kind: ErrorKind,
    pub(crate) words: &'static str,
    /// True if no save succeeds meanwhile.
    pub(crate) always: bool,
}

pub(crate) const NOTHING: Cue = broken("", false);

const fn full(text: &'static str) -> Cue {
    Cue { text, kind: ErrorKind::Storage, words: "the disk is full; nothing was stored", always: true }
}

const fn broken(text: &'static str, always: bool) -> Cue {
    let words = "the disk failed while a commit was written";
    Cue { text, kind: ErrorKind::OutcomeUnknown, words, always }
}

pub(crate) fn cues(synchronous: &str) -> [Cue; 6] {
    // A save under `normal` waits for the disk only where the write-ahead log begins anew.
    let waits = synchronous == "full";
    [
        full("write ENOSPC"),
        full("torn ENOSPC"),
        broken("write EIO", true),
        broken("sync EIO", waits),
        broken("sync ENOSPC", waits),
        broken("truncate EIO", false),
    ]
}

impl Cue {
    /// Checks that a failure may be reported under this cue.
    pub(crate) fn judge(&self, told: &Told, writers: usize) {
        let Some((kind, message)) = &told.failure else { return };
        assert!(!self.text.is_empty(), "a save failed on a disk that works: {message}");
        // SQLite writes a large commit to the disk before the end, and fails the other saves of its transaction.
        let is_early = (told.count == LARGE || writers > 1) && message.starts_with("cannot store the events");
        let is_other = message.starts_with("another save of the same transaction failed");
        match kind {
            ErrorKind::Storage if is_early => {}
            ErrorKind::Unavailable if is_other => {}
            kind => {
                assert!(
                    *kind == self.kind && message.contains(self.words),
                    "{}: {kind:?}: {message}",
                    self.text
                );
            }
        }
    }
}
