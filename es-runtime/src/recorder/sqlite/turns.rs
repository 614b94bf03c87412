//! Turns of the processes that write to one file.
//!
//! SQLite has no queue for its write lock. A process that commits in a loop takes the lock again before another
//! process, which sleeps meanwhile, tries it. So a waiting process holds a second lock, on a file beside the database:
//! it is the head of the queue, and tries often. A process whose [`TURN`] is over checks for a head, and queues behind
//! it. Only the lock of SQLite decides which process may write. The queue serves fairness, so its failures are ignored.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// The time that a process writes before it checks for waiting processes.
const TURN: Duration = Duration::from_millis(4);
/// The least number of rounds in a turn: handing the file over costs as much as a round, even on a slow disk.
const ROUNDS: u32 = 4;
/// The sleep of the head of the queue between two attempts at the write lock.
const SHORT: Duration = Duration::from_micros(50);
/// The sleep of the others between two attempts to become the head.
const LONG: Duration = Duration::from_micros(500);
/// The time that a process whose turn is over waits for a head that does not move: the head may be a stopped process.
const PATIENCE: Duration = Duration::from_millis(100);
/// The longest time that it ignores the queue, after repeated vain waits.
const DISREGARD: Duration = Duration::from_secs(1);

/// The place of one connection among all that write to its file.
pub(super) struct Turns {
    /// The queue, shared with the busy handler of the connection.
    queue: Arc<Mutex<Queue>>,
    /// True for a file, which other processes may have open.
    is_shared: bool,
    timeout: Duration,
}

struct Queue {
    path: Option<PathBuf>,
    file: Option<File>,
    is_head: bool,
    /// The moment when the connection began to wait for the write lock.
    waits_since: Option<Instant>,
    turn_ends: Instant,
    /// The number of rounds written in this turn.
    rounds: u32,
    /// The time to write after a vain wait for the head to move.
    disregard: Duration,
}

impl Turns {
    /// Makes the turns of a connection to a file; a connection in memory waits for nobody.
    pub(super) fn new(connection: &mut Connection, is_shared: bool, timeout: Duration) -> Self {
        // SQLite resolved this path, so all processes that come by a link have the same.
        let path = connection.path().filter(|_| is_shared).map(|path| format!("{path}-queue").into());
        let queue = Queue {
            path,
            file: None,
            is_head: false,
            waits_since: None,
            turn_ends: Instant::now(),
            rounds: 0,
            disregard: TURN,
        };
        let turns = Self { queue: Arc::new(Mutex::new(queue)), is_shared, timeout };
        turns.attach(connection);
        turns
    }

    /// Lets the connection wait in the queue. A busy timeout set later undoes that.
    pub(super) fn attach(&self, connection: &mut Connection) {
        if self.is_shared {
            let (queue, timeout) = (Arc::clone(&self.queue), self.timeout);
            // On failure the connection waits as before.
            let _ = connection.busy_handler(Some(move |looks: i32| lock(&queue).wait(looks, timeout)));
        }
    }

    /// Lets others go first if the turn is over. Call it before each round of writing.
    pub(super) fn begin(&self) {
        let mut queue = lock(&self.queue);
        if queue.rounds >= ROUNDS && Instant::now() >= queue.turn_ends {
            queue.step_back(PATIENCE.min(self.timeout));
            queue.rounds = 0;
        }
        queue.rounds += 1;
    }

    /// Leaves the head of the queue to others, which wait for the end of the turn. Call it after each round of writing.
    pub(super) fn end(&self) {
        let mut queue = lock(&self.queue);
        if queue.waits_since.take().is_some() {
            queue.turn_ends = Instant::now() + TURN;
            queue.rounds = 1;
        }
        queue.leave_head();
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// Sleeps briefly while another process writes. Returns whether to try the write lock again.
    fn wait(&mut self, looks: i32, timeout: Duration) -> bool {
        let now = Instant::now();
        let since = if looks == 0 { now } else { self.waits_since.unwrap_or(now) };
        self.waits_since = Some(since);
        if now.duration_since(since) >= timeout {
            return false;
        }
        if !self.is_head {
            self.open(true);
            self.take_head();
        }
        thread::sleep(if self.is_head { SHORT } else { LONG });
        true
    }

    /// Queues behind the head, if there is one, and begins a new turn.
    fn step_back(&mut self, patience: Duration) {
        self.open(false);
        let since = Instant::now();
        while !self.is_head && self.somebody_waits() {
            if since.elapsed() >= patience {
                self.disregard = DISREGARD.min(2 * self.disregard);
                self.turn_ends = Instant::now() + self.disregard;
                return;
            }
            thread::sleep(LONG);
            self.take_head();
        }
        self.disregard = TURN;
        self.turn_ends = Instant::now() + TURN;
    }

    fn somebody_waits(&self) -> bool {
        let Some(file) = &self.file else { return false };
        match file.try_lock_shared() {
            Ok(()) => {
                let _ = file.unlock();
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    }

    fn take_head(&mut self) {
        self.is_head = self.file.as_ref().is_some_and(|file| file.try_lock().is_ok());
    }

    fn leave_head(&mut self) {
        if std::mem::take(&mut self.is_head)
            && let Some(file) = &self.file
        {
            let _ = file.unlock();
        }
    }

    /// Opens the queue's file. The first process that waits creates it: with one process, there is none.
    fn open(&mut self, make: bool) {
        let Some(path) = self.path.as_ref().filter(|_| self.file.is_none()) else { return };
        let mut found = File::open(path);
        if found.is_err() && make {
            found = File::options().read(true).write(true).create(true).truncate(false).open(path);
        }
        self.file = found.ok();
    }
}
