//! Recorders that are wrong with steps.

use std::thread;
use std::time::Duration;

use super::super::samples::name;
use super::fault::Fault;
use super::wrong::{Wrong, failed};
use crate::error::{Conflict, Error, ErrorKind};
use crate::id::{Mark, Position, Slices};
use crate::recorder::*;
use crate::wait::Wait;
use uuid::Uuid;

impl Wrong {
    /// Returns the reader under which this recorder keeps the mark of a reader.
    fn kept_as(&self, cursor: &Cursor) -> Cursor {
        let mut kept = cursor.clone();
        let cut = |text: &str| name(text.chars().take(200).collect::<String>());
        match self.fault {
            Fault::OneReaderForAll => {
                kept = Cursor { consumer: name("all"), upstream: name("all"), slices: Slices::ALL };
            }
            Fault::KeyIsUpstream => kept.consumer = name("all"),
            Fault::KeyIsConsumer => kept.upstream = name("all"),
            Fault::NamesIgnoreCase => {
                kept.consumer = name(cursor.consumer.to_lowercase());
                kept.upstream = name(cursor.upstream.to_lowercase());
            }
            Fault::RunsNamesTogether => {
                let both = format!("{}{}", cursor.consumer, cursor.upstream);
                kept.consumer = name(Uuid::new_v5(&Uuid::NAMESPACE_OID, both.as_bytes()).to_string());
                kept.upstream = name("all");
            }
            Fault::CutsNames => {
                (kept.consumer, kept.upstream) = (cut(&cursor.consumer), cut(&cursor.upstream));
            }
            Fault::KeyWithoutSlices => kept.slices = Slices::ALL,
            Fault::KeyIsTheFirstSlice => {
                let first = cursor.slices.first().get();
                kept.slices = Slices::new(first..=first).unwrap();
            }
            _ => {}
        }
        kept
    }

    pub(super) fn tracked_now(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        let found = self.inner.tracked(&self.kept_as(cursor)).wait()?;
        Ok(match self.fault {
            Fault::ForgetsStepsOnAppend if self.known().is_reset => None,
            Fault::PositionsOf32Bits => found.and_then(|found| {
                let low = found.position().get() & u64::from(u32::MAX);
                Some(Mark::new(Position::new(low)?, found.commit()))
            }),
            _ => found,
        })
    }

    /// Returns the step as this recorder keeps it.
    pub(super) fn kept_step(&self, step: &Step) -> Step {
        Step::new(self.kept_as(step.cursor()), step.from(), step.to()).unwrap()
    }

    /// Returns the same step from the recorded mark, if it goes forward from there.
    fn forward(&self, step: &Step) -> Option<Step> {
        let recorded = self.inner.tracked(step.cursor()).wait().unwrap();
        Step::new(step.cursor().clone(), recorded, step.to()).ok()
    }

    /// Records a step without events in the way of a recorder that is wrong with steps.
    pub(super) fn track_now(&self, step: &Step) -> Result<(), Error> {
        let kept = self.kept_step(step);
        let recorded = self.inner.tracked(kept.cursor()).wait()?;
        let track = |step: Step| self.inner.track(step).wait();
        let is_elsewhere = recorded != step.from();
        let done = match self.fault {
            Fault::IgnoresSteps => return Ok(()),
            Fault::OnlyBeyond => track(self.forward(&kept).unwrap_or(kept)),
            Fault::AcceptsTheSameStep if recorded == Some(step.to()) => return Ok(()),
            Fault::RefusedStepsAreRecorded if is_elsewhere => {
                let _ = self.forward(&kept).map(track);
                self.inner.track(kept).wait()
            }
            Fault::ComparesPositionsOnly
                if recorded.map(Mark::position) == step.from().map(Mark::position) =>
            {
                track(self.forward(&kept).unwrap_or(kept))
            }
            Fault::FirstStepsFromAnywhere if recorded.is_none() => track(self.forward(&kept).unwrap_or(kept)),
            Fault::ChecksStepsThenWrites if !is_elsewhere => {
                thread::sleep(Duration::from_micros(300));
                let _ = track(kept);
                return Ok(());
            }
            _ => track(kept),
        };
        done.map_err(|error| self.reported_of_step(step, error))
    }

    /// Returns the conflict of a step as a wrong recorder reports it.
    pub(super) fn reported_of_step(&self, step: &Step, error: Error) -> Error {
        let Some(Conflict::Tracking { consumer, upstream, expected, .. }) = error.as_conflict().cloned()
        else {
            return error;
        };
        match self.fault {
            Fault::StepConflictWithoutDetail => failed(ErrorKind::Conflict),
            Fault::StepConflictFindsTheStep => {
                Conflict::tracking(consumer, upstream, expected, Some(step.to())).into()
            }
            _ => error,
        }
    }

    /// Returns the answer of a recorder that is wrong with steps that come with events.
    pub(super) fn decide_tracked(
        &self,
        commit: &Commit,
        step: &Step,
        before: Option<&Receipt>,
    ) -> Option<Result<Receipt, Error>> {
        let recorded = || self.inner.tracked(step.cursor()).wait().unwrap();
        let append = || self.put(commit.clone(), None);
        let track = |step: Step| self.put(Commit::new(Vec::new()), Some(step));
        let onward = || self.forward(step).unwrap_or_else(|| step.clone());
        let is_taken = || commit.events().iter().any(|event| self.is_taken(event));
        match self.fault {
            Fault::IgnoresSteps => Some(append()),
            Fault::StepsWithoutKeys => Some(self.put(self.plain(commit), Some(step.clone()))),
            Fault::NoStepWithoutEvents if commit.events().is_empty() => Some(append()),
            Fault::StepsBeforeRepeats if recorded() != step.from() => {
                let cursor = step.cursor().clone();
                let conflict = Conflict::tracking(cursor.consumer, cursor.upstream, step.from(), recorded());
                Some(Err(conflict.into()))
            }
            Fault::RepeatsStep if before.is_some() => {
                let _ = track(onward());
                None
            }
            Fault::StepsInTwoSteps => {
                if recorded() != step.from() {
                    return None;
                }
                thread::sleep(Duration::from_micros(300));
                let done = append();
                let _ = track(step.clone());
                Some(done)
            }
            Fault::OnlyBeyond => Some(self.put(commit.clone(), Some(onward()))),
            Fault::EventsBeforeSteps if before.is_none() => {
                Some(append().and_then(|done| track(step.clone()).map(|_| done)))
            }
            Fault::StepsBeforeEvents if before.is_none() => Some(track(step.clone()).and_then(|_| append())),
            Fault::VersionsBeforeSteps if before.is_none() && is_taken() => Some(append()),
            Fault::KeysBeforeSteps
                if commit.events().iter().any(|event| self.key(event.id).is_some()) && before.is_none() =>
            {
                // Without the step, the inner recorder reports a fault of keys and versions.
                append().err().map(Err)
            }
            _ => None,
        }
    }
}
