//! Derives payments from the log of the bank.

use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::Mark;
use es_runtime::log::{Log, LogEvent, Subscription};
use es_runtime::recorder::{
    ApplicationRecorder, Commit, CommitId, Cursor, DynProcessRecorder, ProcessRecorder, Step,
    TrackingRecorder,
};
use es_runtime::{Application, Error, ErrorKind, Metadata, Version, Wait, event};
use uuid::Uuid;

use crate::bank::{AccountEvent, PaidIn};

/// A payment, as the derived log has it.
#[event]
pub(crate) struct Paid {
    /// Stands for the account, and leads to it only with the secret.
    pub(crate) account: Uuid,
    pub(crate) cents: i64,
}

/// Reads the log of the bank, and keeps its place beside the payments.
pub(crate) struct Deriver {
    payments: Application,
    secret: String,
    cursor: Cursor,
    from: Option<Mark>,
}

impl Deriver {
    pub(crate) fn new(payments: &Application, secret: &str) -> Result<Self, Error> {
        let cursor = Cursor::new("payments", "bank")?;
        let from = process(payments)?.tracked(&cursor).wait()?;
        Ok(Self { payments: payments.clone(), secret: secret.to_owned(), cursor, from })
    }

    /// Returns the bank's log behind the place.
    pub(crate) fn log(&self, bank: &Application) -> Log<AccountEvent> {
        bank.log::<AccountEvent>().after(self.from)
    }

    /// Follows the log until the subscription ends, or until another process of the same kind is faster: that is a
    /// conflict, and a new deriver begins at the place that the other has reached.
    pub(crate) fn follow(&mut self, events: &mut Subscription<AccountEvent>) -> Result<(), Error> {
        for event in events.wait() {
            self.take(&event?)?;
        }
        Ok(())
    }

    /// Stores what follows from one event with the step to that event, in one transaction.
    fn take(&mut self, event: &LogEvent<AccountEvent>) -> Result<(), Error> {
        let recorder = process(&self.payments)?;
        let step = || Step::new(self.cursor.clone(), self.from, event.mark());
        match event.event() {
            AccountEvent::PaidIn(paid) => {
                let commit = self.derived(event, paid)?;
                // The log has this payment already, from another event of the bank: only the place moves.
                if recorder.append_tracked(commit, step()?).wait()?.is_repeated() {
                    recorder.track(step()?).wait()?;
                }
            }
            // The owner's name stays with the bank.
            _ => recorder.track(step()?).wait()?,
        }
        self.from = Some(event.mark());
        Ok(())
    }

    /// Makes the commit of a payment. Its id comes from the reference, so that the recorder knows a payment again.
    fn derived(&self, event: &LogEvent<AccountEvent>, paid: &PaidIn) -> Result<Commit, Error> {
        let id = CommitId::from_key(&format!("paid: {}", paid.reference));
        let envelope = event.envelope();
        let account = CommitId::from_key(&format!("{} {}", self.secret, envelope.id())).uuid();
        let paid = Paid { account, cents: paid.cents };
        // The metadata may name people, too: it is left out.
        let row = self.payments.store().mapper().encode_event(
            id.uuid(),
            Version::INITIAL,
            envelope.timestamp(),
            &Metadata::new(),
            &paid,
        )?;
        Ok(Commit::once(id, vec![row]))
    }

    /// Waits until a deriver, perhaps in another process, has reached a place of the bank's log.
    pub(crate) fn reaches(&self, mark: Option<Mark>, within: Duration) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            let reached = process(&self.payments)?.tracked(&self.cursor).wait()?;
            if reached.map(Mark::position) >= mark.map(Mark::position) {
                return Ok(());
            }
            if began.elapsed() > within {
                let message = format!("no deriver has reached the place within {within:?}; start one");
                return Err(Error::new(ErrorKind::Timeout, message));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Returns the recorder that stores events and the place of their reader together.
pub(crate) fn process(app: &Application) -> Result<&(dyn DynProcessRecorder + 'static), Error> {
    let refused = || Error::new(ErrorKind::Config, "this store keeps no places; choose one that does");
    app.recorder().as_process().ok_or_else(refused)
}
