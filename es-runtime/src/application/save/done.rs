//! Searches the store for events saved earlier under a commit id.

use uuid::Uuid;

use super::Saving;
use crate::aggregate::Frozen;
use crate::application::batch::Saved;
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Version};
use crate::recorder::Receipt;

impl Saving<'_, '_> {
    /// Returns whether all of the batch was done earlier under that commit id, by events at other places than these.
    ///
    /// Fails if only a part of the batch was done.
    pub(super) async fn is_done(&self, commit: CommitId) -> Result<bool, Error> {
        let mut places: Vec<(Uuid, Version)> = Vec::new();
        for root in self.batch.roots.iter().filter(|root| root.has_pending()) {
            places.extend(Version::new(root.stored_version() + 1).map(|first| (root.id(), first)));
        }
        places.extend(self.batch.loose.iter().map(|event| (event.id(), event.version())));
        let mut looked = self.look(commit, &places).await?;
        if looked.0 > 0 && looked.0 < places.len() {
            // Another caller may have saved the batch between the first question and the last. Now all of it is stored.
            looked = self.look(commit, &places).await?;
        }
        let (done, is_elsewhere) = looked;
        if done > 0 && done < places.len() {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "{done} of {} parts of the batch were saved under this commit id before, and the others were not; give \
                     what belongs together one id, and each new batch a new one",
                    places.len()
                ),
            ));
        }
        Ok(done > 0 && (is_elsewhere || self.has_appended()))
    }

    /// Returns how many of the parts were done under that commit id, and whether one of them stands at another place.
    async fn look(&self, commit: CommitId, places: &[(Uuid, Version)]) -> Result<(usize, bool), Error> {
        let (mut done, mut is_elsewhere) = (0, false);
        for (id, version) in places {
            if self.store.has_commit(*id, commit).await? {
                done += 1;
                is_elsewhere |= !self.store.has_version(*id, *version).await?;
            }
        }
        Ok((done, is_elsewhere))
    }

    /// Returns for each root whether a stored commit holds its events. Another caller may have used the commit id of
    /// this caller.
    ///
    /// An attempt of the root may have been stored before. If the store cannot answer now, the save decides nothing,
    /// and the next save checks again.
    pub(super) async fn are_own(
        &self,
        parts: &[Option<Frozen>],
        receipt: &Receipt,
    ) -> Result<Vec<bool>, Error> {
        let mut is_own = Vec::with_capacity(parts.len());
        for (root, part) in self.batch.roots.iter().zip(parts) {
            is_own.push(match part {
                None => false,
                Some(part) if receipt.is_repeated() && part.is_callers => {
                    (part.is_offered || receipt.is_maybe_own()) && self.is_stored(&**root, part.count).await?
                }
                Some(_) => true,
            });
        }
        Ok(is_own)
    }

    /// Returns whether the stored events are the frozen events of a root.
    async fn is_stored(&self, root: &dyn Saved, count: usize) -> Result<bool, Error> {
        let first = Version::new(root.stored_version() + 1).unwrap_or(Version::MAX);
        let rows = self.store.rows(root.id(), first, count).await?;
        match self.store.mapper_for(root.id()).await {
            Ok(mapper) => Ok(root.is_stored_as(&mapper, &rows)),
            // The save does not trust rows that it can no longer decrypt.
            Err(error) if matches!(error.kind(), ErrorKind::Forgotten | ErrorKind::Cipher) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
