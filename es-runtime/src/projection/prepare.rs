//! The start of a projection in a view: its tables are made once, and later starts compare the code.

use super::keys::{BEGINNING, Keys};
use super::{OnChange, Projection};
use crate::error::{Error, ErrorKind};
use crate::view::View;

/// The finding of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prepared {
    /// The rows are those of this code.
    Ready,
    /// The rows are those of other code, and the choice is to rebuild them.
    Changed,
}

/// Makes the tables of a projection and the places of its workers, or finds them. `workers` holds the keys of each.
pub(crate) async fn prepare<P: Projection, V: View>(
    view: &mut V,
    workers: &[Keys],
    tables: &str,
    on_change: OnChange,
) -> Result<Prepared, Error> {
    view.begin().await?;
    let done = prepare_in::<P, V>(view, workers, tables, on_change).await;
    match &done {
        Ok(_) => view.commit().await?,
        Err(_) => {
            // The first error counts.
            let _ = view.roll_back().await;
        }
    }
    done
}

async fn prepare_in<P: Projection, V: View>(
    view: &mut V,
    workers: &[Keys],
    tables: &str,
    on_change: OnChange,
) -> Result<Prepared, Error> {
    let Some(keys) = workers.first() else { return Ok(Prepared::Ready) };
    let mut places = view.list(&keys.places).await?;
    if places.is_empty() {
        let made = make::<P, V>(view, tables).await?;
        view.put(&keys.made, &made).await?;
        for worker in workers {
            view.put(&worker.place, BEGINNING).await?;
        }
        return Ok(Prepared::Ready);
    }
    if places.iter().any(|(key, _)| keys.adopted(key).is_none_or(|adopted| adopted != *key)) {
        match on_change {
            OnChange::Refuse => return Err(changed::<P>()),
            OnChange::Rebuild => return Ok(Prepared::Changed),
            OnChange::Accept => {}
        }
        for (key, place) in &places {
            view.remove(key).await?;
            if let Some(adopted) = keys.adopted(key) {
                view.put(&adopted, place).await?;
            }
        }
        places = view.list(&keys.places).await?;
    }
    share::<P, V>(view, workers, &places).await?;
    Ok(Prepared::Ready)
}

/// Divides the places of earlier workers among the present ones, if their number is another.
async fn share<P: Projection, V: View>(
    view: &mut V,
    workers: &[Keys],
    places: &[(String, String)],
) -> Result<(), Error> {
    let is_known = |worker: &Keys| places.iter().any(|(key, _)| *key == worker.place);
    if places.len() == workers.len() && workers.iter().all(is_known) {
        return Ok(());
    }
    let Some((_, first)) = places.first() else { return Ok(()) };
    if places.iter().any(|(_, place)| place != first) {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "the projection `{}` ran with {} workers, which stand at different places; start it with that number, let it \
                 `drain`, and then change the number",
                P::NAME,
                places.len()
            ),
        ));
    }
    for (key, _) in places {
        view.remove(key).await?;
    }
    for worker in workers {
        view.put(&worker.place, first).await?;
    }
    Ok(())
}

/// Makes the tables, and returns the text of what they are.
async fn make<P: Projection, V: View>(view: &mut V, tables: &str) -> Result<String, Error> {
    let words: Vec<String> = tables.split_whitespace().map(str::to_ascii_uppercase).collect();
    if words.windows(3).any(|words| words == ["IF", "NOT", "EXISTS"]) {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "`TABLES` of the projection `{}` contains `IF NOT EXISTS`, which would hide the rows of an older view; leave it out",
                P::NAME
            ),
        ));
    }
    let named = |error: Error| error.about(&format!("`TABLES` of the projection `{}`", P::NAME));
    let made = view.run(tables).await.map_err(named)?;
    serde_json::to_string(&made).map_err(|cause| {
        Error::new(ErrorKind::Invalid, "the names of the tables are no text").with_source(cause)
    })
}

fn changed<P: Projection>() -> Error {
    Error::new(
        ErrorKind::Schema,
        format!(
            "the code of the projection `{}` changed since the rows of its view were made; choose with `on_change` to rebuild \
             the view, or to accept its rows if the change makes no difference to them",
            P::NAME
        ),
    )
}
