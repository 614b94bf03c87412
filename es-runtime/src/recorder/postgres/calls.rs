//! The calls of the recorder, on an open database.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::append::of_nothing;
use super::core::Changed;
use super::database::Postgres;
use super::held::HeldBack;
use super::horizon::Places;
use super::in_order::Part;
use super::log::Log;
use super::pool::Call;
use super::queue::{Answer, Job};
use super::{error, forget, held, in_order, read_log};
use crate::error::Error;
use crate::recorder::{Commit, LogPage, LogRange, Mark, Receipt, Remains, Step};
use crate::wait::{Elapsed, Slot, sleep, timeout};

/// The longest time that a reader waits without a ring before it looks again.
const LONGEST: Duration = Duration::from_secs(1);
/// The longest time that a reader waits if no ring comes from other processes.
const UNHEARD: Duration = Duration::from_millis(50);
/// The longest time that a reader waits while a writer holds back what is stored already: at first, and after a while.
const HELD_BACK: Duration = Duration::from_millis(5);
const HELD_LONG: Duration = Duration::from_millis(100);

impl Postgres {
    pub(super) fn append(
        &self,
        log: &Arc<Log>,
        commit: Commit,
        step: Option<Step>,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send + use<> {
        self.append_until(log, commit, step, None)
    }

    /// Stores a commit until a time, or within the time of a call from the first poll on.
    fn append_until(
        &self,
        log: &Arc<Log>,
        commit: Commit,
        step: Option<Step>,
        until: Option<Instant>,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            database.check()?;
            let core = database.core();
            if let Some(outcome) = of_nothing(&commit, step.as_ref()) {
                return if core.queue.is_closed() { Err(error::closed()) } else { outcome };
            }
            let slot = Slot::new();
            let answer = Answer::new(Arc::clone(&slot));
            let since = Instant::now();
            let until = until.unwrap_or_else(|| since + core.way.options().timeout);
            core.queue.push(Job { log, commit, step, since, until, is_unknown: false, answer })?;
            core.engine
                .attend(poll_fn(|context| slot.poll(context)))
                .await
                .unwrap_or_else(|| Err(error::ended()))
        }
    }

    /// Stores several commits with their steps, in their order, many by one statement. Each part of them has the time of one
    /// call.
    pub(super) fn append_in_order(
        &self,
        log: &Arc<Log>,
        commits: Vec<(Commit, Step)>,
    ) -> impl Future<Output = Result<Vec<Receipt>, Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let mut receipts = Vec::with_capacity(commits.len());
            for part in in_order::parts(commits) {
                let part = Arc::new(part);
                let until = Instant::now() + database.core().way.options().timeout;
                let is_unknown = match database.append_part(&log, &part).await {
                    Ok(Some(stored)) => {
                        receipts.extend(stored);
                        continue;
                    }
                    Ok(None) => false,
                    Err(error) if error.is_transient() => true,
                    Err(error) => return Err(error),
                };
                // One after the other, each gets an answer of its own, even if the statement stored it and the answer
                // was lost.
                for (commit, step) in &part.commits {
                    let appended =
                        database.append_until(&log, commit.clone(), Some(step.clone()), Some(until)).await;
                    receipts.push(appended.map_err(|error| {
                        if is_unknown && error.is_transient() { error::unknown(&error) } else { error }
                    })?);
                }
            }
            Ok(receipts)
        }
    }

    /// Stores the commits of a part by one statement, unless each has to be tried alone.
    async fn append_part(&self, log: &Arc<Log>, part: &Arc<Part>) -> Result<Option<Vec<Receipt>>, Error> {
        // With inline views, each is a transaction of its own.
        if !part.is_of_several() || !log.views.is_empty() {
            return Ok(None);
        }
        let (core, log, part) = (Arc::clone(self.core()), Arc::clone(log), Arc::clone(part));
        // Parts follow each other, as their steps say.
        let changed = Changed::Reader(part.reader(&log.statements.names.events));
        let stored = self.on_pool(Some(changed), move |connection| {
            let (core, log, part) = (Arc::clone(&core), Arc::clone(&log), Arc::clone(&part));
            Box::pin(async move {
                let stored = in_order::store(connection, &log.statements, &part).await;
                if matches!(stored, Ok(Some(_))) {
                    core.tell();
                }
                stored
            })
        });
        stored.await
    }

    /// Destroys a data key and stores the notice. Empties the user's own columns, even if the key was destroyed before.
    pub(super) fn forget(
        &self,
        log: &Arc<Log>,
        id: Uuid,
        notice: Commit,
    ) -> impl Future<Output = Result<Remains, Error>> + Send + use<> {
        let (core, log) = (Arc::clone(self.core()), Arc::clone(log));
        let until = Instant::now() + core.way.options().timeout;
        let done = self.change(id, move |connection| {
            let (core, log, notice) = (Arc::clone(&core), Arc::clone(&log), notice.clone());
            Box::pin(async move {
                if forget::write_over(connection, &log, id, &notice, until).await? {
                    core.tell();
                }
                forget::empty_own_columns(connection, &log.statements, id).await
            })
        });
        async move { done.await.map(|()| Remains::OLD_PAGES) }
    }

    /// Reads a page of the log.
    pub(super) fn read_log(
        &self,
        log: &Arc<Log>,
        range: LogRange,
    ) -> impl Future<Output = Result<LogPage, Error>> + Send + use<> {
        let (database, log, range) = (self.clone(), Arc::clone(log), Arc::new(range));
        async move {
            let call = database.begin()?;
            let (at_once, whole) = (Arc::clone(&log), Arc::clone(&range));
            let page = database.within(call.part(), None, move |connection| {
                let (log, range) = (Arc::clone(&at_once), Arc::clone(&whole));
                Box::pin(async move { read_log::at_once(connection, &log, &range).await })
            });
            if let Some(page) = page.await? {
                return Ok(page);
            }
            let page = database.within(call, None, move |connection| {
                let (log, range) = (Arc::clone(&log), Arc::clone(&range));
                Box::pin(async move { read_log::by_parts(connection, &log, &range).await })
            });
            page.await
        }
    }

    /// Returns the newest event, and the place up to which the log is complete.
    async fn look(&self, log: &Arc<Log>, call: &Call) -> Result<Places, Error> {
        let (core, log, call) = (Arc::clone(self.core()), Arc::clone(log), call.part());
        let (engine, looks) = (Arc::clone(&core.engine), Arc::clone(&log.looks));
        let look = move || {
            let (core, log, call) = (Arc::clone(&core), Arc::clone(&log), call.part());
            async move {
                let _call = call;
                let look = core.on_connection(None, |connection| {
                    let log = Arc::clone(&log);
                    Box::pin(async move { log.horizon.look(connection, &log.statements).await })
                });
                look.await
            }
        };
        engine.attend(looks.ask(engine.handle(), look)).await
    }

    /// Reads who holds readers back.
    pub(super) fn held_back(
        &self,
        log: &Arc<Log>,
    ) -> impl Future<Output = Result<Option<HeldBack>, Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let call = database.begin()?;
            database.who_holds_back(&log, call).await
        }
    }

    async fn who_holds_back(&self, log: &Arc<Log>, call: Call) -> Result<Option<HeldBack>, Error> {
        let log = Arc::clone(log);
        let read = self.within(call, None, move |connection| {
            let log = Arc::clone(&log);
            Box::pin(async move { held::read(connection, &log).await })
        });
        read.await
    }

    /// Waits until the log is complete up to a place.
    pub(super) fn reach(
        &self,
        log: &Arc<Log>,
        mark: Mark,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let call = database.begin()?;
            let has =
                |reached: Option<Mark>| reached.is_some_and(|known| known.position() >= mark.position());
            if has(log.horizon.reached()) {
                return Ok(());
            }
            let limit = database.core().way.options().timeout;
            let began = Instant::now();
            let mut pause = Duration::from_micros(200);
            loop {
                let (newest, reached) = database.look(&log, &call).await?;
                if has(reached) {
                    return Ok(());
                }
                if !has(newest) {
                    return Err(error::beyond_the_end(mark));
                }
                if began.elapsed() > limit {
                    let held = database.who_holds_back(&log, call.part()).await?;
                    return Err(held::too_long(mark, limit, held.as_ref()));
                }
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(20));
            }
        }
    }

    /// Waits until there may be events after a place.
    pub(super) fn beyond(
        &self,
        log: &Arc<Log>,
        after: Option<Mark>,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let call = database.begin()?;
            database.core().begin_to_watch();
            let (began, core) = (Instant::now(), database.core());
            loop {
                // Listens before the look, so that it misses no commit between the two.
                let heard = core.bell.listen();
                let (newest, reached) = database.look(&log, &call).await?;
                let held_for = log.horizon.held_for(newest != reached);
                if log.horizon.is_held_too_long()
                    && let Ok(Some(held)) = database.who_holds_back(&log, call.part()).await
                {
                    held.tell();
                }
                // A mark of another process may be ahead.
                if reached.map(Mark::position) > after.map(Mark::position) {
                    return Ok(());
                }
                // Another process may release what it holds back, and its ring may be lost.
                let longest = match held_for {
                    Some(lasts) => (lasts / 4).clamp(HELD_BACK, HELD_LONG),
                    None if core.way.options().is_pooled => UNHEARD,
                    None => LONGEST,
                };
                let _: Result<(), Elapsed> = timeout(longest, heard).await;
                if held_for.is_none() || began.elapsed() > LONGEST {
                    return Ok(());
                }
            }
        }
    }
}
