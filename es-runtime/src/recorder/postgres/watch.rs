//! The watch over other processes: one connection of this process to a database, which hears of their commits and tells
//! them of ours.
//!
//! A notification within an append would make all appends of the database wait for each other. So the watch sends one
//! afterwards, for all appends of a moment. It is a hint: a reader also looks from time to time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use std::{process, thread};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::way::Way;
use crate::wait::Bell;

/// Listens on the channel of the database. A notification is a hint, for which the server need not wait for its disk.
const LISTEN: &str = "SET synchronous_commit = off; LISTEN es_runtime";
const NOTIFY: &str = "NOTIFY es_runtime";

/// The shortest time between two notifications.
const MOMENT: Duration = Duration::from_millis(10);
/// The time after which the watch looks after its connection, and the first pause before it connects anew.
const LONGEST: Duration = Duration::from_secs(1);
/// The longest pause before it connects anew.
const REFUSED: Duration = Duration::from_secs(30);

/// The watch that all recorders of this process on one database share. It ends with the last of them.
pub(super) struct Watch {
    state: Arc<State>,
}

struct State {
    way: Arc<Way>,
    /// The bell that rings after commits, those of other processes too.
    bell: Bell,
    /// Signals that there is something to tell.
    news: Notify,
    /// Signals that the watch is over.
    end: Notify,
    has_begun: AtomicBool,
    is_over: AtomicBool,
}

/// The watches, each with its process: a fork has no thread of its parent.
static WATCHES: Mutex<Vec<(u32, Weak<Watch>)>> = Mutex::new(Vec::new());

impl Watch {
    /// Returns the watch over the database to which the way leads. A watch never uses the rights of another role than those
    /// it was asked with.
    pub(super) fn over(way: &Arc<Way>) -> Arc<Self> {
        let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|(_, watch)| watch.strong_count() > 0);
        let mut of_process = watches.iter().filter(|(process, _)| *process == process::id());
        let known = of_process.find_map(|(_, watch)| {
            let watch = watch.upgrade()?;
            way.options().is_same_way(watch.state.way.options()).then_some(watch)
        });
        known.unwrap_or_else(|| {
            let state = State {
                way: Arc::clone(way),
                bell: Bell::new(),
                news: Notify::new(),
                end: Notify::new(),
                has_begun: AtomicBool::new(false),
                is_over: AtomicBool::new(false),
            };
            let watch = Arc::new(Self { state: Arc::new(state) });
            watches.push((process::id(), Arc::downgrade(&watch)));
            watch
        })
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.state.bell
    }

    /// Tells readers, of this process and of others, that there may be more.
    pub(super) fn tell(&self) {
        self.state.bell.ring();
        self.begin();
        self.state.news.notify_one();
    }

    /// Begins to watch, if it has not: a program that neither appends nor waits needs no watch.
    pub(super) fn begin(&self) {
        if self.state.has_begun.swap(true, Ordering::Relaxed) {
            return;
        }
        let state = Arc::clone(&self.state);
        let work = move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                runtime.block_on(watch(&state));
                // The function that returns the password may be at work.
                runtime.shutdown_background();
            } else {
                state.has_begun.store(false, Ordering::Relaxed);
            }
        };
        if thread::Builder::new().name("es-postgres-watch".to_owned()).spawn(work).is_err() {
            // The next call tries again; until then readers look from time to time.
            self.state.has_begun.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        self.state.news.notify_one();
        self.state.end.notify_one();
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// Watches until the last recorder is gone.
async fn watch(state: &State) {
    let mut pause = LONGEST;
    while !state.is_over() {
        let has_worked = watch_once(state).await;
        if has_worked {
            pause = LONGEST;
        }
        // No commit ends the pause: a server that refuses connections must not get one attempt for each.
        let _ = timeout(pause, state.end.notified()).await;
        pause = (pause * 2).min(REFUSED);
    }
}

/// Watches over one connection, until it ends; returns whether it could be made.
async fn watch_once(state: &State) -> bool {
    let Ok(connection) = state.way.connect(Some(state.bell.clone())).await else { return false };
    // A pooler gives each statement another session, and none of them hears anything.
    let hears = !state.way.options().is_pooled;
    let limit = state.way.options().patience();
    let run = async |statement| matches!(timeout(limit, connection.run(statement)).await, Ok(Ok(())));
    if (hears && !run(LISTEN).await) || !run(NOTIFY).await {
        return false;
    }
    // Others may have committed before; their notifications are lost.
    state.bell.ring();
    while !connection.is_closed() && !state.is_over() {
        if timeout(LONGEST, state.news.notified()).await.is_ok() && !state.is_over() {
            // If the connection is cut, the next one rings.
            if !run(NOTIFY).await {
                break;
            }
            sleep(MOMENT).await;
        }
    }
    true
}
