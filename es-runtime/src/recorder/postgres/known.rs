//! The events that a session saw stored: a commit that follows one of them needs no look for it.
//!
//! A session ends with its server, so its events are not lost while it lasts, unless somebody replaces or empties the
//! table. The table has another file then, and the server compares the numbers.

use std::collections::HashMap;

use uuid::Uuid;

use crate::id::Version;

/// The number of aggregates that a session remembers in each table.
const MOST: usize = 1 << 14;

/// The events that a session saw stored in one table.
#[derive(Default)]
pub(super) struct Known {
    /// The number of the table's file.
    file: Option<u32>,
    /// The last event of each aggregate.
    last: HashMap<Uuid, Version>,
}

impl Known {
    /// Returns the number of the table's file if the session saw the event at this place stored.
    pub(super) fn file_with(&self, id: Uuid, version: Version) -> Option<u32> {
        self.file.filter(|_| self.last.get(&id) == Some(&version))
    }

    /// Remembers events that were stored in a file; without a number, there is nothing to compare later.
    pub(super) fn add(&mut self, file: Option<u32>, events: impl Iterator<Item = (Uuid, Version)>) {
        if self.file != file || self.last.len() > MOST {
            self.last.clear();
            self.file = file;
        }
        if file.is_some() {
            self.last.extend(events);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Known, MOST};
    use crate::id::Version;

    fn at(version: u64) -> Version {
        Version::new(version).expect("a version")
    }

    #[test]
    fn a_session_knows_the_last_event_of_each_aggregate_in_the_file_in_which_it_stored_them() {
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut known = Known::default();
        known.add(Some(7), [(id, at(1)), (id, at(2)), (other, at(1))].into_iter());
        assert_eq!(known.file_with(id, at(2)), Some(7));
        assert_eq!(known.file_with(id, at(1)), None);
        assert_eq!(known.file_with(other, at(1)), Some(7));
        known.add(Some(8), [(other, at(2))].into_iter());
        assert_eq!(known.file_with(other, at(2)), Some(8));
        assert_eq!(known.file_with(id, at(2)), None, "the table has another file");
        known.add(None, [(id, at(3))].into_iter());
        assert_eq!(known.file_with(id, at(3)), None, "nothing can be compared");
    }

    #[test]
    fn a_session_remembers_a_bounded_number_of_aggregates() {
        let mut known = Known::default();
        for number in 0..MOST as u128 * 3 {
            known.add(Some(7), [(Uuid::from_u128(number), at(1))].into_iter());
            assert!(known.last.len() <= MOST + 1);
        }
    }
}
