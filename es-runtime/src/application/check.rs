//! Checks of a batch before the save freezes any of it.

use std::collections::HashSet;

use uuid::Uuid;

use super::batch::Batch;
use super::loose::End;
use crate::error::{Error, ErrorKind};
use crate::id::Version;
use crate::registry::Registry;
use crate::store::EventStore;

/// Refuses loose events that an aggregate reads: they would bypass its commands.
pub(super) fn refuse_strays(batch: &Batch<'_>) -> Result<(), Error> {
    for event in &batch.loose {
        if let Some(aggregate) = Registry::global()?.reader(event.of().topic()) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "`{}` is an event of the aggregate `{}`, which alone records it; run its command and save it",
                    event.of().name(),
                    aggregate.name()
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses an id that stands in the batch twice, and parts with commit ids of their own.
pub(super) fn refuse_twins(batch: &Batch<'_>) -> Result<(), Error> {
    if batch.is_mixed {
        return Err(Error::new(
            ErrorKind::Invalid,
            "parts of the batch have different commit ids; give one to the whole, or save them one by one",
        ));
    }
    let mut ids = HashSet::new();
    if let Some(root) = batch.roots.iter().find(|root| !ids.insert(root.id())) {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "`{}` {} is in the batch twice; save each aggregate once, with all its events",
                root.name(),
                root.id()
            ),
        ));
    }
    match batch.loose.iter().find(|event| ids.contains(&event.id())) {
        None => Ok(()),
        Some(event) => Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "the batch has an aggregate and the event `{}` under one id, {}; give the event an id of its own",
                event.of().name(),
                event.id()
            ),
        )),
    }
}

/// Refuses loose events under the id of an aggregate: they would leave a permanent gap in its versions.
///
/// At version 1 the store itself refuses them: an aggregate has an event there.
pub(super) async fn check_loose(store: &EventStore, batch: &Batch<'_>) -> Result<(), Error> {
    let begins = batch.loose.iter().filter(|event| event.version() == Version::INITIAL);
    // A sequence begins at the version where an aggregate would: the store accepts only the first of the two.
    let mut known: HashSet<Uuid> = begins.map(|event| event.id()).collect();
    // A time log checks the events under its id itself.
    for event in &batch.loose {
        let is_in_time = event.end().is_some_and(End::is_in_time);
        if is_in_time || !known.insert(event.id()) {
            continue;
        }
        let rows = store.rows(event.id(), Version::from(0), 1).await?;
        let Some(first) = rows.first() else {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "`{}` cannot be stored as event {} of {}: the sequence has no events yet, and begins at version {}; store \
                     that one first, or in the same batch",
                    event.of().name(),
                    event.version(),
                    event.id(),
                    Version::INITIAL
                ),
            ));
        };
        if let Some(aggregate) = Registry::global()?.reader(&first.topic) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "`{}` cannot be stored as event {} of {}: this is the id of an aggregate, a `{}`; run a command of the \
                     aggregate, or give the event an id of its own",
                    event.of().name(),
                    event.version(),
                    event.id(),
                    aggregate.name()
                ),
            ));
        }
    }
    Ok(())
}
