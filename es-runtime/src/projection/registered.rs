use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Health;
use super::inline::Nudge;
use super::status::{RunnerState, Status};
use crate::error::{Error, ErrorKind};
use crate::log::Source;

/// The projections that were opened in this process, by name: of several with one name, the last.
#[derive(Clone, Default)]
pub(crate) struct Projections {
    opened: Arc<Mutex<BTreeMap<&'static str, Opened>>>,
}

type Opened = (Arc<Status>, Option<Nudge>);

impl fmt::Debug for Projections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projections").finish_non_exhaustive()
    }
}

impl Projections {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, status: &Arc<Status>, nudge: Option<Nudge>) {
        self.lock().insert(status.name, (Arc::clone(status), nudge));
    }

    /// Notes for the workers of this process that its own rebuild moves their place, and no other process does.
    pub(crate) fn switched(&self, name: &str) {
        if let Some((status, _)) = self.lock().get(name) {
            status.switched();
        }
    }

    /// Ends the inline views: a runner notices by itself that its log is closed.
    pub(crate) fn closed(&self) {
        let inline: Vec<_> = self.lock().values().filter(|(_, nudge)| nudge.is_some()).cloned().collect();
        for (status, _) in inline {
            let error = Error::new(ErrorKind::Closed, "the application is closed; open it again");
            status.enter(0, RunnerState::Stopped, Some(&error));
        }
    }

    /// Checks every projection.
    pub(crate) async fn check(&self, source: &Source) -> Result<Vec<Health>, Error> {
        let opened: Vec<_> = self.lock().values().cloned().collect();
        let mut checked = Vec::with_capacity(opened.len());
        for (status, nudge) in opened {
            checked.push(Health::of(&status, nudge.as_ref(), source).await?);
        }
        Ok(checked)
    }
}
