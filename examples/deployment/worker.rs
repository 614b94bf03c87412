//! A worker: takes tasks from a queue in the store, and does each task once.
//!
//! The queue is the log, and the worker keeps its mark in the same store. A worker that dies between a task and its
//! mark meets the task again, and finds it done: the task and its effect are one commit. So no task is lost or done
//! twice, however many workers there are, and whenever they end.

use es_runtime::recorder::{ApplicationRecorder, Cursor, LogRange, Step, TrackingRecorder};
use es_runtime::{Application, Error, ErrorKind, Event, Id, Wait};

use crate::bank::{Requested, Transfer};

/// Works until the process is killed.
pub(crate) fn work(app: &Application) -> Result<(), Error> {
    let recorder = app.recorder().as_process().expect("this store keeps no marks of readers");
    let worker = Cursor::new("transfers", "bank")?;
    loop {
        let mark = recorder.tracked(&worker).wait()?;
        let tasks = LogRange::all().after(mark).topics([Requested::TOPIC]).limit(10);
        let page = recorder.read_log(tasks).wait()?;
        for task in &page.entries {
            settle(app, Id::from_uuid(task.event.id))?;
        }
        match page.through.filter(|through| Some(*through) != mark) {
            None => recorder.beyond(mark).wait()?,
            Some(through) => match recorder.track(Step::new(worker.clone(), mark, through)?).wait() {
                // Another worker was faster: its mark counts.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                tracked => tracked?,
            },
        }
    }
}

/// Does one task.
fn settle(app: &Application, id: Id<Transfer>) -> Result<(), Error> {
    // A discarded transfer is no task any more.
    let Some(transfer) = app.find(id).wait()? else { return Ok(()) };
    if !transfer.is_open {
        return Ok(());
    }
    let accounts = (id, transfer.from, transfer.to);
    match app.execute(accounts, Transfer::settle).wait() {
        // A task that can never be done must not stop the others: not at this start, nor at the next one.
        Err(error) if !error.is_transient() && error.kind() != ErrorKind::Conflict => {
            let refuse = |transfer: &mut Transfer| {
                // Another worker may have been faster.
                if transfer.is_open {
                    transfer.refuse(error.to_string());
                }
            };
            app.execute(id, refuse).wait()
        }
        settled => settled,
    }
}
