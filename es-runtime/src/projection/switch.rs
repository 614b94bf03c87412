//! The end of a rebuild: in one transaction, the new rows take the place of the old ones.

use uuid::Uuid;

use super::keys::{self, Keys};
use super::status::{counted, position};
use super::target::Boxed;
use super::write::places;
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::view::{Object, OpenView, View};

/// Lets the new rows reach a place, and returns the place; the beginning, if the log does not know it.
pub(crate) type CatchUp = Box<dyn FnOnce(Option<Mark>) -> Boxed<Option<Mark>> + Send>;

/// Puts the new rows in the place of the old ones. `catch_up` lets the new rows reach a place.
pub(crate) async fn switch<O: OpenView>(
    open: &O,
    beside: &O,
    workers: &[Keys],
    catch_up: CatchUp,
) -> Result<(), Error> {
    let mut view = open.open().await?;
    open.link(&mut view).await?;
    let done = switch_in(open, &mut view, beside, workers, catch_up).await;
    if done.is_err() {
        // The first error counts.
        let _ = view.roll_back().await;
    }
    done
}

async fn switch_in<O: OpenView>(
    open: &O,
    view: &mut O::View,
    beside: &O,
    workers: &[Keys],
    catch_up: CatchUp,
) -> Result<(), Error> {
    let Some(keys) = workers.first() else { return Ok(()) };
    view.begin().await?;
    let old = places(view, keys).await?;
    let is_known = |key: &String| workers.iter().any(|worker| worker.place == *key);
    let is_of_this_code = |key: &String| keys.adopted(key).as_ref() == Some(key);
    if old.iter().any(|(key, _)| is_of_this_code(key) && !is_known(key)) {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "the projection runs with {}, and was rebuilt with {}: a runner would lose its place; rebuild it with \
                 `workers({})`",
                counted(old.len() as u64, "worker"),
                workers.len(),
                old.len()
            ),
        ));
    }
    // From here on nobody moves the old rows. The new ones must not be behind them.
    let reached = old.iter().map(|(_, mark)| *mark).max_by_key(|mark| position(*mark)).flatten();
    let reached = catch_up(reached).await?;
    let mut built = beside.open().await?;
    built.begin().await?;
    let new = places(&mut built, keys).await?;
    let (failed, made_new) = (built.list(&keys.failed).await?, built.get(&keys.made).await?);
    built.roll_back().await?;
    drop(built);
    let is_whole = workers.iter().all(|worker| new.iter().any(|(key, _)| *key == worker.place));
    if !is_whole || new.iter().any(|(_, mark)| position(*mark) < position(reached)) {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "the new rows of a view are behind the old ones, or another process, which rebuilt the view at the same time, \
             has removed them; rebuild it again: it goes on where it stopped",
        ));
    }
    let made_old = view.get(&keys.made).await?;
    open.replace(view, &objects(made_old.as_deref())?, &objects(made_new.as_deref())?).await?;
    let stale = view.list(&keys.failed).await?;
    // A place that stays is changed, never removed and made again: on PostgreSQL a worker that waits for its row would find
    // none.
    let gone = old.iter().map(|(key, _)| key).filter(|key| !new.iter().any(|(known, _)| known == *key));
    for key in gone.chain(stale.iter().map(|(key, _)| key)) {
        view.remove(key).await?;
    }
    // A worker at the same place learns by this number that other events may be parked now.
    let rebuild = Uuid::now_v7();
    for (key, mark) in &new {
        view.put(key, &keys::rebuilt(*mark, rebuild)).await?;
    }
    for (key, text) in &failed {
        view.put(key, text).await?;
    }
    if let Some(made) = made_new {
        view.put(&keys.made, &made).await?;
    }
    view.commit().await
}

fn objects(text: Option<&str>) -> Result<Vec<Object>, Error> {
    let Some(text) = text else { return Ok(Vec::new()) };
    serde_json::from_str(text).map_err(|cause| {
        let message = "the names of the view's tables, which `es_view` keeps under a key that begins with `made/`, cannot be \
                       read: another program wrote them; drop the tables of the projection and its rows in `es_view`, and \
                       start again";
        Error::new(ErrorKind::Corrupt, message).with_source(cause)
    })
}
