//! Recorders that are wrong with waiting readers, and with futures that nobody polls again.

use std::future::{pending, poll_fn};
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use super::super::samples::FORGOTTEN;
use super::fault::Fault;
use super::writes::pause;
use super::wrong::{Wrong, failed};
use crate::error::{Error, ErrorKind};
use crate::recorder::*;
use crate::wait::sleep;

impl Wrong {
    pub(super) async fn wait_beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        let is_behind = || self.newest() != after;
        match self.fault {
            Fault::NeverWakes if !is_behind() => pending().await,
            Fault::ChecksThenWaits if !is_behind() => {
                pause().await;
                let seen = self.newest();
                while self.newest() == seen {
                    self.inner.beyond(seen).await?;
                }
                Ok(())
            }
            Fault::NoticesDoNotRing => {
                let is_notice = || self.stored_log().last().is_some_and(|last| last.event.topic == FORGOTTEN);
                while !is_behind() || is_notice() {
                    self.inner.beyond(self.newest()).await?;
                }
                Ok(())
            }
            Fault::LooksFromTimeToTime => {
                sleep(Duration::from_millis(700)).await;
                Ok(())
            }
            Fault::WakesOne if !is_behind() => {
                self.known().leaked += 1;
                if self.known().leaked > 1 {
                    return pending().await;
                }
                while !is_behind() {
                    self.inner.beyond(after).await?;
                }
                self.known().leaked = 0;
                Ok(())
            }
            Fault::DroppedWaitsStay => {
                self.known().leaked += 1;
                if self.known().leaked > 300 {
                    return Err(failed(ErrorKind::Unavailable));
                }
                pause().await;
                self.inner.beyond(after).await?;
                self.known().leaked -= 1;
                Ok(())
            }
            Fault::WaitsOccupyThePool => {
                let _permit = self.permit().await;
                pause().await;
                self.inner.beyond(after).await
            }
            _ => self.inner.beyond(after).await,
        }
    }

    /// Takes one of a few permits, which the caller's future holds.
    pub(super) async fn permit(&self) -> Permit<'_> {
        let mut was_asked = false;
        poll_fn(|context| {
            let free = self
                .busy
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |busy| (busy < 8).then_some(busy + 1));
            if free.is_ok() {
                return Poll::Ready(());
            }
            if was_asked {
                thread::sleep(Duration::from_millis(1));
            }
            was_asked = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Permit(self)
    }

    /// Takes a permit, and works with it for a moment.
    pub(super) async fn work_in_a_pool(&self) {
        let _permit = self.permit().await;
        pause().await;
    }

    /// Occupies the aggregates of a commit one after another, in the order of the commit.
    pub(super) fn occupy(&self, commit: &Commit) -> Result<Receipt, Error> {
        let began = Instant::now();
        let mut own = Vec::new();
        for event in commit.events() {
            while !own.contains(&event.id) && !self.known().occupied.insert(event.id) {
                if began.elapsed() > Duration::from_millis(20) {
                    self.known().occupied.retain(|id| !own.contains(id));
                    return Err(failed(ErrorKind::Timeout));
                }
                thread::yield_now();
            }
            own.push(event.id);
            thread::sleep(Duration::from_micros(200));
        }
        let done = self.put(commit.clone(), None);
        self.known().occupied.retain(|id| !own.contains(id));
        done
    }
}

/// A guard that gives the permit back when it is dropped.
pub(super) struct Permit<'a>(&'a Wrong);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}
