use super::Application;
use crate::error::Error;
use crate::projection::{Health, Project, Projection};

impl Application {
    /// Begins to project the log of this application into a view: see [`projection`](mod@crate::projection).
    pub fn project<P: Projection>(&self, projection: P) -> Project<P> {
        let shared = &self.shared;
        Project::new(projection, shared.log.clone(), shared.name.clone(), shared.projections.clone())
    }

    /// Checks the projections that this process has opened on this application, in the order of their names.
    ///
    /// # Errors
    ///
    /// Those of the log.
    pub async fn projections(&self) -> Result<Vec<Health>, Error> {
        self.shared.projections.check(&self.shared.log).await
    }
}
