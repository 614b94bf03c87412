//! Finds the versions of appended events.

use std::collections::HashMap;

use uuid::Uuid;

use super::Saving;
use crate::error::{Conflict, Error};
use crate::id::Version;

impl Saving<'_, '_> {
    /// Assigns the next free version to each appended event; in the sequence where another caller was first, a version
    /// after the one tried.
    pub(super) async fn place(&mut self, late: Option<Uuid>) -> Result<(), Error> {
        let mut last: HashMap<Uuid, Version> = HashMap::new();
        for event in &mut self.batch.loose {
            let (id, tried) = (event.id(), event.version());
            let version = match event.end() {
                None => tried,
                Some(end) => {
                    let tried = (late == Some(id)).then_some(tried);
                    end.free(self.store, &**event, last.get(&id).copied().or(tried)).await?
                }
            };
            event.set_version(version);
            let last = last.entry(id).or_insert(version);
            *last = version.max(*last);
        }
        Ok(())
    }

    pub(super) fn has_appended(&self) -> bool {
        self.batch.loose.iter().any(|event| event.end().is_some())
    }

    /// Returns the sequence of an appended event whose version another caller took first.
    pub(super) fn appended_late(&self, error: &Error) -> Option<Uuid> {
        let Some(Conflict::Version { id, .. }) = error.as_conflict() else { return None };
        let mut appended = self.batch.loose.iter().filter(|event| event.end().is_some());
        appended.any(|event| event.id() == *id).then_some(*id)
    }
}
