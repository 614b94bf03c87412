use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use es_runtime::Wait;
use es_runtime::id::Mark;
use es_runtime::recorder::{ApplicationRecorder, LogRange, Notification};

use super::{CLOSED, Follower, Log, View};

fn seen(log: &Log, range: LogRange) -> Vec<Notification> {
    log.visible(range).wait().unwrap()
}

fn rest() -> bool {
    thread::sleep(Duration::from_micros(200));
    false
}

/// Keeps the highest position that it saw.
pub(crate) struct Highest {
    page: usize,
    reached: Option<Mark>,
}

impl Highest {
    pub(crate) fn new(page: usize) -> Self {
        Self { page, reached: None }
    }
}

impl Follower for Highest {
    fn read_on(&mut self, log: &Log, view: &View) -> bool {
        let entries = seen(log, LogRange::all().after(self.reached).limit(self.page));
        let Some(last) = entries.last() else { return rest() };
        self.reached = Some(last.mark());
        view.apply(&entries);
        true
    }
}

/// Keeps the newest position of the log whenever its filter lets no event pass.
pub(crate) struct Filtering {
    page: usize,
    reached: Option<Mark>,
}

impl Filtering {
    pub(crate) fn new(page: usize) -> Self {
        Self { page, reached: None }
    }
}

impl Follower for Filtering {
    fn read_on(&mut self, log: &Log, view: &View) -> bool {
        let range = LogRange::all().after(self.reached).topics([CLOSED]).limit(self.page);
        let page = log.read_log(range).wait().unwrap();
        view.apply(&page.entries);
        let last = page.entries.last().map(Notification::mark);
        let newest = || seen(log, LogRange::all().after(self.reached)).last().map(Notification::mark);
        let Some(reached) = last.or_else(newest) else { return rest() };
        self.reached = Some(reached);
        true
    }
}

/// Shares its mark with other runners, and moves it forward only; it does not compare where its step begins.
pub(crate) struct Beyond {
    page: usize,
    reached: Reached,
}

type Reached = Arc<Mutex<Option<Mark>>>;

impl Beyond {
    pub(crate) fn beginning() -> Reached {
        Reached::default()
    }

    pub(crate) fn new(reached: &Reached, page: usize) -> Self {
        Self { page, reached: Arc::clone(reached) }
    }
}

impl Follower for Beyond {
    fn read_on(&mut self, log: &Log, view: &View) -> bool {
        let from = *self.reached.lock().unwrap();
        let page = log.read_log(LogRange::all().after(from).limit(self.page)).wait().unwrap();
        let Some(through) = page.through.filter(|through| Some(*through) != from) else { return rest() };
        let mut reached = self.reached.lock().unwrap();
        if reached.is_none_or(|reached| reached.position() < through.position()) {
            *reached = Some(through);
            view.apply(&page.entries);
        }
        true
    }
}
