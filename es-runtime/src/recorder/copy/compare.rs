use uuid::Uuid;

use super::entries::Entries;
use super::progress::{CopyStage, Reporter};
use super::{commits, keys};
use crate::error::{Error, ErrorKind};
use crate::recorder::{
    ApplicationRecorder, Commit, CommitId, KeyRecorder, LogRange, Mark, Notification, StoredKey,
};

/// Compares the logs, the chosen commit ids and the data keys of two stores, after a place in both and up to one in the
/// source. Returns the number of events, and the last place in the target.
pub(super) async fn logs<F, T>(
    from: &F,
    to: &T,
    (known, end): (Option<(Mark, Mark)>, Option<Mark>),
    bytes: usize,
    reporter: &mut Reporter<'_>,
) -> Result<(u64, Option<Mark>), Error>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    let (after, mut last) = known.unzip();
    let mut copied = Entries::new(to, LogRange::all().after(last), bytes);
    let mut events = 0;
    if let Some(end) = end {
        let range = LogRange::all().after(after).up_to(end.position());
        let mut source = Entries::new(from, range, bytes);
        let mut commit = None;
        loop {
            let page = source.next_page().await?;
            let Some(reached) = page.back().map(Notification::mark) else { break };
            let mut commits = Vec::new();
            for entry in &page {
                let Some(other) = copied.next().await? else {
                    return Err(differs(entry, "the target ends before it"));
                };
                compare(entry, &other)?;
                if commit != Some(entry.mark().commit()) {
                    commit = Some(entry.mark().commit());
                    commits.push((entry.event.id, entry.mark().commit()));
                }
                last = Some(other.mark());
            }
            events += page.len() as u64;
            compare_chosen(from, to, &commits).await?;
            compare_keys(from, to, keys::aggregates(page.iter().map(|entry| &entry.event))).await?;
            reporter.report(CopyStage::Comparing, events, reached, end);
        }
    }
    match copied.next().await? {
        None => Ok((events, last)),
        Some(more) => Err(Error::new(
            ErrorKind::Corrupt,
            format!(
                "the target has an event beyond the last one of the source: event {} of aggregate {}, at {}; {REMEDY}",
                more.event.version,
                more.event.id,
                more.mark()
            ),
        )),
    }
}

const REMEDY: &str = "let nobody write to the target, empty it and copy again";

fn compare(entry: &Notification, copied: &Notification) -> Result<(), Error> {
    let (one, other) = (&entry.event, &copied.event);
    if (one.id, one.version) != (other.id, other.version) {
        let found = format!("the target has event {} of aggregate {} there", other.version, other.id);
        return Err(differs(entry, &found));
    }
    if entry.mark().commit() != copied.mark().commit() {
        let found = format!("the target has it in commit {}", copied.mark().commit());
        return Err(differs(entry, &found));
    }
    if one.topic != other.topic {
        return Err(differs(entry, &format!("the target has the topic `{}`", other.topic)));
    }
    if one.state != other.state {
        return Err(differs(entry, "the target has another state"));
    }
    Ok(())
}

fn differs(entry: &Notification, found: &str) -> Error {
    let (event, mark) = (&entry.event, entry.mark());
    let message = format!(
        "the stores differ at event {} of aggregate {} under `{}`, at {mark} of the source: {found}; {REMEDY}",
        event.version, event.id, event.topic
    );
    Error::new(ErrorKind::Corrupt, message)
}

/// Compares which commit ids callers chose.
async fn compare_chosen<F, T>(from: &F, to: &T, commits: &[(Uuid, CommitId)]) -> Result<(), Error>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    let source = commits::chosen(from, commits.to_vec()).await?;
    let target = commits::chosen(to, commits.to_vec()).await?;
    let differing = commits.iter().zip(source.into_iter().zip(target)).find(|(_, (one, other))| one != other);
    let Some(((id, commit), (is_chosen, _))) = differing else { return Ok(()) };
    let found = if is_chosen { "does not find" } else { "finds" };
    Err(Error::new(
        ErrorKind::Corrupt,
        format!(
            "the stores differ at commit {commit} of aggregate {id}: unlike the source, the target {found} it as one whose id \
             a caller chose; {REMEDY}"
        ),
    ))
}

/// Compares the data keys of some aggregates.
///
/// A data key may change after its events were copied: it is renewed, or the aggregate is forgotten without a notice. Then
/// the target follows.
async fn compare_keys<F, T>(from: &F, to: &T, ids: Vec<Uuid>) -> Result<(), Error>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    let mut ids = ids;
    for may_follow in [true, false] {
        let source = keys::of(from, ids.clone()).await?;
        let target = keys::of(to, ids.clone()).await?;
        let mut changed = Vec::new();
        for id in ids {
            let (one, other) = (source.get(&id), target.get(&id));
            if one == other || !is_whole(from, to, id).await? {
                continue;
            }
            if !may_follow || !follow(to, id, one, other).await? {
                return Err(differ(id, one, other));
            }
            changed.push(id);
        }
        if changed.is_empty() {
            return Ok(());
        }
        ids = changed;
    }
    Ok(())
}

/// Returns whether the target has all events of an aggregate. If not, its data key may have come with a later one.
async fn is_whole<F, T>(from: &F, to: &T, id: Uuid) -> Result<bool, Error>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    let (source, target) = (keys::last(from, id).await?, keys::last(to, id).await?);
    Ok(source.map(|event| event.version) == target.map(|event| event.version))
}

/// Changes the data key in the target as it was changed in the source; returns whether it did.
async fn follow<T: ApplicationRecorder + ?Sized>(
    to: &T,
    id: Uuid,
    source: Option<&StoredKey>,
    target: Option<&StoredKey>,
) -> Result<bool, Error> {
    let (Some(source), Some(keys)) = (source, to.as_keys()) else { return Ok(false) };
    match target {
        _ if source.is_forgotten() => {
            keys.forget(id, Commit::new(Vec::new())).await?;
            Ok(true)
        }
        Some(target) if target.key() == source.key() => {
            keys.replace_key(target.clone(), source.clone()).await
        }
        _ => Ok(false),
    }
}

fn differ(id: Uuid, source: Option<&StoredKey>, target: Option<&StoredKey>) -> Error {
    let shown = |key: Option<&StoredKey>| match key {
        None => "no data key",
        Some(key) if key.is_forgotten() => "a destroyed data key",
        Some(_) => "a data key",
    };
    let (source, target) = (shown(source), shown(target));
    let other = if source == target { "another one" } else { target };
    let message = format!(
        "the stores differ at aggregate {id}: it has {source} in the source, and {other} in the target; {REMEDY}"
    );
    Error::new(ErrorKind::Corrupt, message)
}
