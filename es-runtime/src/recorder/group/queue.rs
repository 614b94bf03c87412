//! The queue of waiting jobs, in their order. Giving up a job costs the same however many jobs wait.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::Worker;
use crate::wait::Slot;

type Slots<W> = Vec<Arc<Slot<<W as Worker>::Outcome>>>;

pub(super) struct Queue<W: Worker> {
    /// The jobs in the order of their numbers. A given-up job leaves its entry empty for a while.
    entries: VecDeque<Entry<W>>,
    next: u64,
    /// The number of jobs left.
    jobs: usize,
    /// The number of jobs whose threads can lead.
    blocking: usize,
}

struct Entry<W: Worker> {
    number: u64,
    job: Option<W::Job>,
    slot: Arc<Slot<W::Outcome>>,
    may_block: bool,
}

impl<W: Worker> Queue<W> {
    pub(super) const fn new() -> Self {
        Self { entries: VecDeque::new(), next: 0, jobs: 0, blocking: 0 }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.jobs == 0
    }

    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.jobs
    }

    /// Returns the number of entries, including empty ones.
    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.entries.len()
    }

    /// Adds a job, and returns its number.
    pub(super) fn push(&mut self, job: W::Job, slot: Arc<Slot<W::Outcome>>, may_block: bool) -> u64 {
        let number = self.next;
        self.next += 1;
        self.jobs += 1;
        self.blocking += usize::from(may_block);
        self.entries.push_back(Entry { number, job: Some(job), slot, may_block });
        number
    }

    /// Takes the first jobs, with the slots for their outcomes.
    pub(super) fn take(&mut self, most: usize) -> (Vec<W::Job>, Slots<W>) {
        let many = most.min(self.jobs);
        let (mut jobs, mut slots) = (Vec::with_capacity(many), Vec::with_capacity(many));
        while jobs.len() < many
            && let Some(entry) = self.entries.pop_front()
        {
            if let Some(job) = entry.job {
                self.count_out(entry.may_block);
                jobs.push(job);
                slots.push(entry.slot);
            }
        }
        (jobs, slots)
    }

    /// Takes a job out, if it is still there.
    pub(super) fn give_up(&mut self, number: u64) -> Option<W::Job> {
        let at = self.entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        let entry = self.entries.get_mut(at)?;
        let job = entry.job.take()?;
        let may_block = entry.may_block;
        self.count_out(may_block);
        // The search for the next leader begins at the front, so no empty entry may stand there.
        while self.entries.front().is_some_and(|entry| entry.job.is_none()) {
            self.entries.pop_front();
        }
        // Empty entries go only once the queue has halved, so this visits each entry no more often than the queue
        // halves.
        if self.jobs <= self.entries.len() / 2 {
            self.entries.retain(|entry| entry.job.is_some());
            self.entries.shrink_to(2 * self.jobs);
        }
        Some(job)
    }

    fn count_out(&mut self, may_block: bool) {
        self.jobs -= 1;
        self.blocking -= usize::from(may_block);
    }

    /// Returns the wakers of the jobs that can lead, from the first on.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Waker> {
        let can_lead = |entry: &&Entry<W>| entry.may_block && entry.job.is_some();
        let entries = (self.blocking > 0).then_some(&self.entries);
        entries.into_iter().flatten().filter(can_lead).filter_map(|entry| entry.slot.waker())
    }
}
