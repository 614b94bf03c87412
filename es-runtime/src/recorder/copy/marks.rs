use super::entries::Entries;
use crate::error::Error;
use crate::id::{Mark, Slice, Slices};
use crate::recorder::{ApplicationRecorder, LogRange};

/// The bytes of states that the search reads at once.
const PAGE: usize = 1 << 20;

/// Finds the place in the target of a [`copy`](super::copy) that a mark has in the source, or `None` if the target lacks it.
///
/// A follower of the source so goes on in the target. The search reads the events of one topic in one slice.
///
/// ```
/// use es_runtime::recorder::{AggregateRecorder, Commit, MemoryRecorder, StoredEvent, copied_mark, copy};
/// use es_runtime::{Version, Wait};
///
/// let (from, to) = (MemoryRecorder::new(), MemoryRecorder::new());
/// let event = StoredEvent::new(uuid::Uuid::now_v7(), Version::INITIAL, "Account.Opened", b"{}".to_vec())?;
/// let reached = from.append(Commit::new(vec![event])).wait()?.mark().expect("an event");
/// copy(&from, &to).wait()?;
/// // Memory counts from 1; another store may have another position here.
/// assert_eq!(copied_mark(&from, &to, reached).wait()?, Some(reached));
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// # Errors
///
/// [`Diverged`](crate::ErrorKind::Diverged) if the source lacks the mark; the errors of both stores.
pub async fn copied_mark<F, T>(from: &F, to: &T, mark: Mark) -> Result<Option<Mark>, Error>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    // The source compares the mark with its log.
    from.read_log(LogRange::all().after(mark).limit(0)).await?;
    let at = LogRange::all().from(mark.position()).up_to(mark.position());
    let Some(found) = from.read_log(at).await?.entries.pop() else { return Ok(None) };
    let slice = Slice::of(found.event.id).get();
    let range = LogRange::all().topics([found.event.topic.to_string()]);
    let range = range.slices(Slices::new(slice..=slice).unwrap_or(Slices::ALL));
    let mut copied = Entries::new(to, range, PAGE);
    while let Some(entry) = copied.next().await? {
        let is_same = (entry.event.id, entry.event.version) == (found.event.id, found.event.version);
        if is_same && entry.mark().commit() == mark.commit() {
            return Ok(Some(entry.mark()));
        }
    }
    Ok(None)
}
