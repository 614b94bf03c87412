//! Snapshots on demand.

use super::Application;
use crate::aggregate::Aggregate;
use crate::error::Error;
use crate::id::{Id, Version};
use crate::observe;
use crate::store::Snapshot;

impl Application {
    /// Stores the current state of an aggregate as a snapshot, and returns its version.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// let app = Application::builder("memory:").snapshots().open().wait()?;
    /// let mut account = Account::open();
    /// app.save(&mut account).wait()?;
    /// assert_eq!(app.take_snapshot(account.id()).wait()?.get(), 1);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`ErrorKind::Config`](crate::ErrorKind::Config) if the application keeps no snapshots.
    pub async fn take_snapshot<A: Aggregate>(&self, id: Id<A>) -> Result<Version, Error> {
        self.take_snapshot_at(id, Version::MAX).await
    }

    /// Stores the state of an aggregate at a version, or at its last version if that is lower, and returns the version.
    ///
    /// # Errors
    ///
    /// As [`take_snapshot`](Self::take_snapshot).
    pub async fn take_snapshot_at<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Version, Error> {
        self.shared.check_open()?;
        let taking = self.shared.repository.take_snapshot_at(id, version);
        observe::snapshot(A::NAME, id.uuid(), taking).await
    }

    /// Reads the snapshot of exactly this version: see
    /// [`Repository::snapshot_at`](crate::store::Repository::snapshot_at).
    ///
    /// # Errors
    ///
    /// As [`Repository::snapshot_at`](crate::store::Repository::snapshot_at).
    pub async fn snapshot_at<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Option<Snapshot<A>>, Error> {
        self.shared.check_open()?;
        self.shared.repository.snapshot_at(id, version).await
    }

    /// Reads the last snapshot of this version or a lower one: see
    /// [`Repository::most_recent_snapshot`](crate::store::Repository::most_recent_snapshot).
    ///
    /// # Errors
    ///
    /// As [`Repository::snapshot_at`](crate::store::Repository::snapshot_at).
    pub async fn most_recent_snapshot<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Option<Snapshot<A>>, Error> {
        self.shared.check_open()?;
        self.shared.repository.most_recent_snapshot(id, version).await
    }
}
