use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::super::super::samples::name;
use super::super::writes::{pause, without_top_bit};
use super::super::wrong::failed;
use super::fault::Fault::{self, *};
use crate::error::{Error, ErrorKind};
use crate::id::{Name, Version};
use crate::recorder::{EventRange, MemorySnapshots, SnapshotRecorder};
use crate::stored_event::StoredEvent;
use crate::wait::Wait;

/// A recorder that keeps snapshots in memory, with one fault.
pub(super) struct Wrong {
    pub(super) inner: MemorySnapshots,
    fault: Fault,
    known: Mutex<Known>,
    busy: AtomicUsize,
}

#[derive(Default)]
pub(super) struct Known {
    put_at: Vec<(Uuid, Instant)>,
    kinds: BTreeSet<(Uuid, Name)>,
    pub(super) removed: Vec<StoredEvent>,
    cleared: Vec<Uuid>,
    leaked: usize,
}

impl Wrong {
    pub(super) fn new(fault: Fault) -> Self {
        Self { inner: MemorySnapshots::new(), fault, known: Mutex::default(), busy: AtomicUsize::new(0) }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    fn all(&self, id: Uuid, topic: &str) -> Vec<StoredEvent> {
        self.inner.select(id, topic, EventRange::all()).wait().unwrap()
    }

    fn kinds(&self, id: Uuid) -> Vec<Name> {
        let known = self.known();
        known.kinds.iter().filter(|(other, _)| *other == id).map(|(_, kind)| kind.clone()).collect()
    }

    fn of_every_kind(&self, id: Uuid) -> Vec<StoredEvent> {
        let mut found: Vec<_> = self.kinds(id).iter().flat_map(|kind| self.all(id, kind)).collect();
        found.sort_by_key(|snapshot| snapshot.version);
        found
    }

    fn remove(&self, id: Uuid, topic: &str, version: Version) {
        self.inner.delete(id, topic, EventRange::all().from(version).up_to(version)).wait().unwrap();
    }

    /// Returns the snapshot that a wrong recorder keeps instead.
    fn change(&self, mut snapshot: StoredEvent, known: Option<&StoredEvent>) -> StoredEvent {
        match (self.fault, known) {
            (OneTopicForAll, _) => snapshot.topic = name("Snapshot"),
            (TheFirstStays, Some(known)) => snapshot = known.clone(),
            (WritesOverTheStart, Some(known)) => {
                snapshot
                    .state
                    .extend(known.state.iter().skip(snapshot.state.len()).copied().collect::<Vec<_>>());
            }
            (IgnoresTheTopBitOfIds, _) => snapshot.id = without_top_bit(snapshot.id),
            (StatesAreText, _) => {
                snapshot.state = String::from_utf8_lossy(&snapshot.state).into_owned().into();
            }
            (CutsStates, _) => snapshot.state.truncate(1 << 16),
            (CutsTopics, _) => snapshot.topic = name(snapshot.topic.chars().take(120).collect::<String>()),
            (TrimsTopics, _) if !snapshot.topic.trim().is_empty() => {
                snapshot.topic = name(snapshot.topic.trim());
            }
            _ => {}
        }
        snapshot
    }

    async fn put_later(&self, snapshot: StoredEvent) -> Result<(), Error> {
        let (id, version) = (snapshot.id, snapshot.version);
        let all = self.all(id, &snapshot.topic);
        let known = all.iter().find(|known| known.version == version).cloned();
        match self.fault {
            RefusesToReplace if known.is_some() => return Err(failed(ErrorKind::Conflict)),
            RefusesVersion0 if version == 0 => return Err(failed(ErrorKind::Invalid)),
            RefusesLateVersions if version.get() > u64::from(u32::MAX) => {
                return Err(failed(ErrorKind::Invalid));
            }
            OnlyForward if all.last().is_some_and(|last| last.version > version) => return Ok(()),
            DeletedForEver
                if self.known().removed.iter().any(|gone| (gone.id, gone.version) == (id, version)) =>
            {
                return Ok(());
            }
            ClearedForEver if self.known().cleared.contains(&id) => return Ok(()),
            OneKindForEachVersion => {
                for kind in self.kinds(id) {
                    self.remove(id, &kind, version);
                }
            }
            DeletesThenPuts => {
                self.remove(id, &snapshot.topic, version);
                thread::sleep(Duration::from_micros(300));
            }
            HalfThenAll | HalfAtTheFirstPoll if known.is_some() => {
                let mut half = snapshot.clone();
                half.state.truncate(snapshot.state.len() / 2);
                self.inner.put(half).await?;
                if self.fault == HalfAtTheFirstPoll {
                    pause().await;
                }
                thread::sleep(Duration::from_micros(300));
            }
            FailsWhenBusy => {
                let many = self.busy.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_micros(300));
                self.busy.fetch_sub(1, Ordering::SeqCst);
                if many > 0 {
                    return Err(failed(ErrorKind::Unavailable));
                }
            }
            KeepsBoth => self.known().removed.extend(known.clone()),
            _ => {}
        }
        self.known().kinds.insert((id, snapshot.topic.clone()));
        self.known().put_at.push((id, Instant::now()));
        self.inner.put(self.change(snapshot, known.as_ref())).await
    }

    /// Returns the stored snapshots as this recorder shows them.
    fn shown(&self, id: Uuid, topic: &str) -> Vec<StoredEvent> {
        let mut found = match self.fault {
            IgnoresTheTopBitOfIds => {
                let found = self.all(without_top_bit(id), topic).into_iter();
                found.map(|snapshot| StoredEvent { id, ..snapshot }).collect()
            }
            FoldsCaseOfKinds => {
                let mut found = self.of_every_kind(id);
                found.retain(|snapshot| snapshot.topic.eq_ignore_ascii_case(topic));
                found
            }
            MistakesNoKindForAll if topic.is_empty() => self.of_every_kind(id),
            _ => self.all(id, topic),
        };
        match self.fault {
            OrderOfText => found.sort_by_key(|snapshot| snapshot.version.to_string()),
            KeepsBoth => {
                let known = self.known();
                let same = |old: &&StoredEvent| old.id == id && *old.topic == *topic;
                found.extend(known.removed.iter().filter(same).cloned());
            }
            ReadsLag => {
                let known = self.known();
                let late = |at: &Instant| at.elapsed() < Duration::from_millis(2);
                if known.put_at.iter().any(|(other, at)| *other == id && late(at)) {
                    found.pop();
                }
            }
            _ => {}
        }
        found
    }

    /// Returns those of the snapshots that this recorder takes for part of a range.
    fn within(&self, mut found: Vec<StoredEvent>, range: EventRange) -> Vec<StoredEvent> {
        let limit = range.max_count().unwrap_or(usize::MAX);
        let limit = match self.fault {
            NoLimitForLimit0 if limit == 0 => usize::MAX,
            OneTooMany => limit.saturating_add(1),
            _ => limit,
        };
        let last = range.bounds().map(|(_, last)| last);
        found.retain(|snapshot| match self.fault {
            EndIsExclusive => range.contains(snapshot.version) && Some(snapshot.version) != last,
            ForgetsBoundsWhenDescending if range.is_descending() => true,
            _ => range.contains(snapshot.version),
        });
        if self.fault == LimitBeforeOrder {
            found.truncate(limit);
        }
        if range.is_descending() {
            found.reverse();
        }
        found.truncate(limit);
        found
    }

    async fn delete_later(&self, id: Uuid, topic: &str, range: EventRange) -> Result<(), Error> {
        let ascending = || {
            let mut found = self.all(id, topic);
            found.retain(|snapshot| range.contains(snapshot.version));
            found
        };
        let limit = range.max_count().unwrap_or(usize::MAX);
        let removed = match self.fault {
            DeletesNothing => Vec::new(),
            DeletesWithoutLimit => ascending(),
            DeletesFromTheStart => ascending().into_iter().take(limit).collect(),
            DeletesOutsideBounds => self.all(id, topic).into_iter().take(limit).collect(),
            DeletesEveryKind => {
                self.kinds(id).iter().flat_map(|kind| self.within(self.shown(id, kind), range)).collect()
            }
            _ => self.within(self.shown(id, topic), range),
        };
        if self.fault == FailsToDeleteNothing && removed.is_empty() {
            return Err(failed(ErrorKind::NotFound));
        }
        if self.fault == DeletesNearIds {
            self.inner.delete(Uuid::from_u128(id.as_u128() ^ 1), topic, range).await?;
        }
        for snapshot in removed {
            if self.fault == EmptiesThenDeletes {
                self.inner.put(StoredEvent { state: Vec::new(), ..snapshot.clone() }).await?;
                pause().await;
            }
            self.remove(id, &snapshot.topic, snapshot.version);
            self.known().removed.push(snapshot);
        }
        Ok(())
    }

    async fn clear_later(&self, id: Uuid) -> Result<(), Error> {
        match self.fault {
            ClearsNothing => return Ok(()),
            ClearsOneKind => {
                let Some(kind) = self.kinds(id).pop() else { return Ok(()) };
                return self.inner.delete(id, &kind, EventRange::all()).await;
            }
            ClearsNearIds => self.inner.clear(Uuid::from_u128(id.as_u128() ^ 1)).await?,
            ClearedForEver => self.known().cleared.push(id),
            FailsToClearNothing if self.of_every_kind(id).is_empty() => {
                return Err(failed(ErrorKind::NotFound));
            }
            EmptiesThenClears => {
                for snapshot in self.of_every_kind(id) {
                    self.inner.put(StoredEvent { state: Vec::new(), ..snapshot }).await?;
                    pause().await;
                }
            }
            _ => {}
        }
        self.inner.clear(id).await
    }
}

impl SnapshotRecorder for Wrong {
    fn put(&self, snapshot: StoredEvent) -> impl Future<Output = Result<(), Error>> + Send {
        if self.fault == PutsWhenCalled {
            self.inner.put(snapshot.clone()).wait().unwrap();
        }
        self.put_later(snapshot)
    }

    async fn select(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        if self.fault == LeaksReaders {
            self.known().leaked += 1;
            if self.known().leaked > 8 {
                return Err(failed(ErrorKind::Timeout));
            }
            pause().await;
            self.known().leaked -= 1;
        }
        if self.fault == FailsOnUnknownIds && self.of_every_kind(id).is_empty() {
            return Err(failed(ErrorKind::NotFound));
        }
        if self.fault == SelectsEveryKind {
            return Ok(self.within(self.of_every_kind(id), range));
        }
        Ok(self.within(self.shown(id, topic), range))
    }

    async fn versions(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<Version>, Error> {
        let mut found = self.within(self.shown(id, topic), range);
        if self.fault == VersionsOfEveryKind {
            found = self.within(self.of_every_kind(id), range);
        }
        if self.fault == VersionsWithoutLimit {
            found = self.all(id, topic);
            found.retain(|snapshot| range.contains(snapshot.version));
            if range.is_descending() {
                found.reverse();
            }
        }
        if self.fault == VersionsOnlyAscend {
            found.sort_by_key(|snapshot| snapshot.version);
        }
        Ok(found.into_iter().map(|snapshot| snapshot.version).collect())
    }

    fn delete(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        if self.fault == DeletesWhenCalled {
            self.inner.delete(id, topic, range).wait().unwrap();
        }
        self.delete_later(id, topic, range)
    }

    fn clear(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send {
        if self.fault == ClearsWhenCalled {
            self.inner.clear(id).wait().unwrap();
        }
        self.clear_later(id)
    }
}
