//! The turns of a command: each loads the aggregates, runs the command, and saves the changes.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Application, Batch, Targets};
use crate::error::{Error, ErrorKind};
use crate::id::CommitId;
use crate::observe;
use crate::wait::Attempts;

/// The number of times that a turn offers a save of unknown outcome.
const OFFERS: u32 = 4;

pub(super) struct Turns<'a, T> {
    app: &'a Application,
    ids: T,
    named: Vec<(&'static str, Uuid)>,
    commit: Option<CommitId>,
    attempts: Attempts,
    /// The id and the stored version of each loaded aggregate; `None` for one that there is not.
    before: Vec<Option<(Uuid, u64)>>,
    /// The number of turns in which another caller created an aggregate first.
    outrun: usize,
}

/// The end of a turn.
pub(super) enum End {
    /// The changes of the command are stored.
    Saved,
    /// Another caller was first with this command, under the same commit id.
    DoneBefore,
    /// Another caller was first: the command runs again, on the newest state.
    Again,
}

impl<'a, T: Targets> Turns<'a, T> {
    pub(super) fn new(app: &'a Application, commit: Option<CommitId>, ids: T) -> Self {
        let (named, attempts) = (ids.ids(), app.retry.begin());
        Self { app, ids, named, commit, attempts, before: Vec::new(), outrun: 0 }
    }

    /// Returns the name and the id of the first aggregate.
    pub(super) fn first(&self) -> (&'static str, Uuid) {
        self.named.first().copied().unwrap_or_default()
    }

    /// Loads the aggregates. Returns `None` if another caller did the command under the commit id.
    pub(super) async fn load(&mut self) -> Result<Option<T::Loaded>, Error> {
        refuse_twins(&self.named)?;
        let loaded = self.ids.load(self.app).await;
        if self.is_done(loaded.as_ref().err()).await? {
            return Ok(None);
        }
        let mut loaded = loaded?;
        self.before = T::places(&mut loaded);
        Ok(Some(loaded))
    }

    /// Returns whether one of the aggregates has events under the commit id.
    ///
    /// Ask after loading: if the command was stored since, this turn conflicts, or makes the same commit. An aggregate
    /// that is gone may have done the command before it went.
    async fn is_done(&self, not_loaded: Option<&Error>) -> Result<bool, Error> {
        let Some(commit) = self.commit else { return Ok(false) };
        let is_gone = |error: &Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forgotten);
        if not_loaded.is_some_and(|error| !is_gone(error)) {
            return Ok(false);
        }
        for (_, id) in &self.named {
            if self.app.store().has_commit(*id, commit).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns whether another caller was first. Each aggregate is created only once: one that exists, but is still not
    /// found, is discarded.
    fn was_outrun(&mut self, error: &Error) -> bool {
        match error.kind() {
            ErrorKind::Conflict => true,
            ErrorKind::AlreadyExists => {
                self.outrun += 1;
                self.before.contains(&None) && self.outrun <= self.named.len()
            }
            _ => false,
        }
    }

    /// Checks that the command kept its aggregates, and created no others.
    fn check_places(&self, after: &[Option<(Uuid, u64)>]) -> Result<(), Error> {
        let mut places = self.named.iter().zip(&self.before).zip(after);
        let is_kept = places.all(|((&(_, id), before), after)| match (before, after) {
            (None, Some(new)) => *new == (id, 0),
            _ => before == after,
        });
        if is_kept {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Invalid,
            "the command replaced its aggregate by another one, and its events with it; call methods of the aggregate, give \
             a new one the id of its `Find`, and save others with `Application::save`",
        ))
    }

    /// Saves the aggregates, on which the command has run.
    pub(super) async fn save(&mut self, loaded: &mut T::Loaded) -> Result<End, Error> {
        self.check_places(&T::places(loaded))?;
        // The command has run: this save has to end, and the command must not run again.
        let mut offers = self.app.retry.attempts(OFFERS).begin();
        loop {
            let batch = Batch { commit: self.commit, is_looked_for: true, ..T::batch(loaded) };
            match self.app.save(batch).await {
                Err(error) if error.is_transient() && offers.again().await => observe::retry(&error),
                Err(error) if self.was_outrun(&error) && self.attempts.again().await => {
                    observe::retry(&error);
                    return Ok(End::Again);
                }
                saved => {
                    saved?;
                    // The events of an outdated root differ from the stored events of another caller.
                    let batch = T::batch(loaded);
                    let is_other = batch.roots.iter().any(|root| root.is_outdated());
                    return Ok(if is_other { End::DoneBefore } else { End::Saved });
                }
            }
        }
    }
}

fn refuse_twins(named: &[(&'static str, Uuid)]) -> Result<(), Error> {
    let mut ids = HashSet::new();
    match named.iter().find(|(_, id)| !ids.insert(*id)) {
        None => Ok(()),
        Some((name, id)) => Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "the command was given `{name}` {id} twice; name each aggregate once, and pass it on within the command"
            ),
        )),
    }
}
