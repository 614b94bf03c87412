//! The receipts of commits that one statement stored.

use crate::error::{Error, ErrorKind};
use crate::id::Position;
use crate::recorder::{Commit, Receipt};

/// Makes the receipts of commits whose events stand one after the other, from the position `base` on.
pub(super) fn receipts<'a>(
    commits: impl IntoIterator<Item = &'a Commit>,
    base: i64,
) -> Result<Vec<Receipt>, Error> {
    let mut next = u64::try_from(base).map_err(|_| full())?;
    let receipt = |commit: &Commit| {
        let (id, many) = (commit.id(), commit.events().len() as u64);
        let first = next;
        next = next.saturating_add(many);
        if many == 0 {
            return Some(Receipt::new(id));
        }
        Some(Receipt::at(id, Position::new(first)?, Position::new(next.saturating_sub(1))?))
    };
    commits.into_iter().map(receipt).collect::<Option<_>>().ok_or_else(full)
}

fn full() -> Error {
    Error::new(ErrorKind::Storage, "the log has no positions left")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::receipts;
    use crate::id::{CommitId, Version};
    use crate::recorder::Commit;
    use crate::stored_event::StoredEvent;

    #[test]
    fn receipts_follow_each_other_up_to_the_last_position() {
        let commit = |many| {
            let event = |version| {
                StoredEvent::new(Uuid::nil(), Version::new(version).unwrap(), "Topic", Vec::new()).unwrap()
            };
            Commit::with_id(CommitId::new(), (1..=many).map(event).collect())
        };
        let commits = [commit(2), commit(0), commit(1)];
        let found: Vec<_> = receipts(&commits, i64::MAX - 2).unwrap();
        let places = |at: usize| found[at].positions().map(|(first, last)| (first.get(), last.get()));
        let last = i64::MAX.unsigned_abs();
        assert_eq!([places(0), places(1), places(2)], [Some((last - 2, last - 1)), None, Some((last, last))]);
        for base in [i64::MAX - 1, i64::MIN, 0] {
            assert!(receipts(&commits, base).is_err(), "{base}");
        }
    }
}
