use super::answer::Answer;
use super::operation::Operation;
use super::pages;
use super::places::Places;
use crate::error::Error;
use crate::id::Position;
use crate::recorder::{
    Commit, KeyRecorder, LogRange, Notification, ProcessRecorder, Receipt, Step, StoredKey,
};
use crate::wait::Wait;

/// A recorder, with the positions of its events.
pub(super) struct Side<R> {
    recorder: R,
    places: Places,
}

impl<R: ProcessRecorder + KeyRecorder> Side<R> {
    pub(super) fn new(recorder: R) -> Self {
        Self { recorder, places: Places::default() }
    }

    pub(super) fn run(&mut self, operation: &Operation) -> Answer {
        self.answer(operation).unwrap_or_else(|error| Answer::refused(&error, &self.places))
    }

    fn answer(&mut self, operation: &Operation) -> Result<Answer, Error> {
        let Self { recorder, places } = &mut *self;
        Ok(match operation {
            Operation::Append(commit) => {
                let receipt = recorder.append(commit.clone()).wait()?;
                self.stored(commit, &receipt)?
            }
            Operation::AppendTracked(commit, step) => {
                let step = stored_step(step, places)?;
                let receipt = recorder.append_tracked(commit.clone(), step).wait()?;
                self.stored(commit, &receipt)?
            }
            Operation::Track(step) => {
                recorder.track(stored_step(step, places)?).wait()?;
                Answer::Done
            }
            Operation::Tracked(cursor) => {
                let tracked = recorder.tracked(cursor).wait()?;
                Answer::Place(tracked.map(|mark| places.counted_mark(mark)))
            }
            Operation::Select(id, range) => pages::events(recorder, *id, *range, places),
            Operation::ReadLog(query) => pages::log(recorder, query.range(places), places),
            Operation::HasCommit(id, commit) => Answer::Found(recorder.has_commit(*id, *commit).wait()?),
            Operation::SelectKeys(ids) => {
                let mut keys = recorder.select_keys(ids.clone()).wait()?;
                keys.sort_by_key(StoredKey::aggregate);
                Answer::Keys(keys)
            }
            Operation::ReplaceKey(old, new) => {
                Answer::Found(recorder.replace_key(old.clone(), new.clone()).wait()?)
            }
            Operation::Forget(id, notice) => {
                // The files of each store may hold other remains.
                recorder.forget(*id, notice.clone()).wait()?;
                self.note(Position::MAX)?;
                Answer::Done
            }
            Operation::Resolve(receipt) => {
                let mark = recorder.resolve(&places.stored_receipt(receipt)).wait()?;
                Answer::Place(mark.map(|mark| places.counted_mark(mark)))
            }
        })
    }

    /// Notes the positions of a stored commit.
    fn stored(&mut self, commit: &Commit, receipt: &Receipt) -> Result<Answer, Error> {
        if let Some((first, last)) = receipt.positions().filter(|_| !receipt.is_repeated()) {
            if last.get() - first.get() + 1 == commit.events().len() as u64 {
                (first.get()..=last.get())
                    .filter_map(Position::new)
                    .for_each(|position| self.places.push(position));
            } else {
                self.note(last)?;
            }
        }
        let is_repeated = receipt.is_repeated();
        Ok(Answer::Stored { receipt: self.places.counted_receipt(receipt), is_repeated })
    }

    /// Notes the positions of events that came since, up to one.
    fn note(&mut self, up_to: Position) -> Result<(), Error> {
        let from = self.places.last().map_or(Some(Position::FIRST), |last| Position::new(last.get() + 1));
        let range = LogRange::all().from(from.unwrap_or(Position::MAX)).up_to(up_to);
        let page = self.recorder.read_log(range).wait()?;
        page.entries.iter().map(Notification::position).for_each(|position| self.places.push(position));
        Ok(())
    }
}

fn stored_step(step: &Step, places: &Places) -> Result<Step, Error> {
    let from = step.from().map(|from| places.stored_mark(from));
    Step::new(step.cursor().clone(), from, places.stored_mark(step.to()))
}
