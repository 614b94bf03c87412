use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::hold::Hold;
use super::pause::Pause;
use super::when::{Call, When};
use crate::error::{Error, ErrorKind};

/// A switch that turns one fault off and on, and counts how often it struck.
///
/// ```
/// use es_runtime::recorder::{ApplicationRecorder, LogRange, MemoryRecorder};
/// use es_runtime::testing::faults::{Call, Faulty, When};
/// use es_runtime::{ErrorKind, Wait};
///
/// let recorder = Faulty::new(MemoryRecorder::new());
/// let outage = recorder.faults().fail_before(Call::Any, When::always(), ErrorKind::Unavailable);
/// assert!(recorder.read_log(LogRange::all()).wait().is_err());
/// outage.off();
/// assert!(recorder.read_log(LogRange::all()).wait().is_ok());
/// assert_eq!(outage.strikes(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Switch(Arc<Asked>);

#[derive(Debug)]
struct Asked {
    call: Call,
    when: When,
    act: Act,
    is_on: AtomicBool,
    calls: AtomicU64,
    strikes: AtomicU64,
}

#[derive(Debug)]
pub(super) enum Act {
    FailBefore(ErrorKind),
    FailAfter(ErrorKind),
    StallBefore(Pause),
    StallAfter(Pause),
    HoldBack(Hold),
}

impl Switch {
    pub(super) fn new(call: Call, when: When, act: Act) -> Self {
        let (calls, strikes) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Asked { call, when, act, is_on: AtomicBool::new(true), calls, strikes }))
    }

    pub(super) fn act(&self) -> &Act {
        &self.0.act
    }

    /// Turns the fault off; the fault does not count calls meanwhile.
    pub fn off(&self) {
        self.0.is_on.store(false, Ordering::SeqCst);
    }

    /// Turns the fault on again.
    pub fn on(&self) {
        self.0.is_on.store(true, Ordering::SeqCst);
    }

    /// Returns how often the fault struck.
    pub fn strikes(&self) -> u64 {
        self.0.strikes.load(Ordering::SeqCst)
    }

    pub(super) fn is_due(&self, call: Call) -> bool {
        let Asked { call: asked, when, is_on, calls, .. } = &*self.0;
        (*asked == Call::Any || *asked == call)
            && is_on.load(Ordering::SeqCst)
            && when.strikes(calls.fetch_add(1, Ordering::SeqCst) + 1)
    }

    pub(super) fn strike(&self) {
        self.0.strikes.fetch_add(1, Ordering::SeqCst);
    }
}

/// The faults of one call.
pub(super) struct Due(Vec<Switch>);

impl Due {
    pub(super) fn new(due: Vec<Switch>) -> Self {
        Self(due)
    }

    pub(super) async fn before(&self) -> Result<(), Error> {
        for switch in &self.0 {
            if let Act::StallBefore(pause) = switch.act() {
                switch.strike();
                pause.pass().await;
            }
        }
        self.fail(|act| if let Act::FailBefore(kind) = act { Some(*kind) } else { None }, "nothing was done")
    }

    /// Returns the fault that holds a commit back.
    pub(super) fn hold(&self) -> Option<(&Switch, Hold)> {
        self.0.iter().find_map(|switch| match *switch.act() {
            Act::HoldBack(hold) => Some((switch, hold)),
            _ => None,
        })
    }

    pub(super) async fn after<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        for switch in &self.0 {
            if let Act::StallAfter(pause) = switch.act() {
                switch.strike();
                pause.pass().await;
            }
        }
        self.fail(
            |act| if let Act::FailAfter(kind) = act { Some(*kind) } else { None },
            "the answer was lost",
        )?;
        answer
    }

    fn fail(&self, kind: impl Fn(&Act) -> Option<ErrorKind>, fact: &str) -> Result<(), Error> {
        let failed = self.0.iter().find_map(|switch| Some((switch, kind(switch.act())?)));
        failed.map_or(Ok(()), |(switch, kind)| {
            switch.strike();
            Err(Error::new(kind, format!("a fault that the test asked for: {fact}")))
        })
    }
}
