//! In which ways the disk fails, and what a save then says.

use es_runtime::ErrorKind;

use crate::child::LARGE;
use crate::look::Told;

/// What fails and how, and what is told of it.
#[derive(Clone, Copy)]
pub(crate) struct Cue {
    pub(crate) text: &'static str,
    pub(crate) kind: ErrorKind,
    pub(crate) words: &'static str,
    /// Whether no save succeeds meanwhile.
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
    /// Whether that was to be told of a failure.
    pub(crate) fn judge(&self, told: &Told, writers: usize) {
        let Some((kind, message)) = &told.failure else { return };
        assert!(!self.text.is_empty(), "a save failed on a disk that works: {message}");
        // What is large goes to the disk before it is committed, and takes along what is in its transaction.
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
