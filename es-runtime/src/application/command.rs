//! A command on its way: it is run on the loaded aggregates, and again if another caller was first.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::turns::{End, Turns};
use super::{Runs, Targets};
use crate::aggregate::Seal;
use crate::error::{Error, ErrorKind};
use crate::observe::Span;
use crate::recorder::Boxed;

/// The results of commands: nothing, or a `Result` that refuses with `Err`.
#[diagnostic::on_unimplemented(
    message = "a command returns nothing or a `Result`, not `{Self}`",
    label = "neither `()` nor a `Result`",
    note = "a command that cannot refuse and returns a value: `update(id, |account| ..)`",
    note = "an async command: `execute_async(id, async |account| ..)`"
)]
pub trait CommandResult: Send {
    /// Returns whether the command refused: then nothing is saved.
    fn is_refused(&self) -> bool;
}

impl CommandResult for () {
    fn is_refused(&self) -> bool {
        false
    }
}

impl<T: Send, E: Send> CommandResult for Result<T, E> {
    fn is_refused(&self) -> bool {
        self.is_err()
    }
}

/// The future of a command `F` on the aggregates `L`: see [`Application::execute`](super::Application::execute).
///
/// It can be sent to another thread if the command and its result `R` can.
// A future by hand, and calls as pointers: its type has no bounds that a compiler would report for `.await` a second time, as it
// does for an `async fn`. And a box would have to say whether it is `Send`.
#[must_use = "a command runs once its future is awaited; write `.await` or `.wait()`"]
pub struct Execute<'a, L, F, R, O = R> {
    command: F,
    run: fn(&mut L, &mut F) -> R,
    is_refused: fn(&R) -> bool,
    output: fn(Option<R>) -> Result<O, Error>,
    stage: Stage<'a, L>,
    result: Option<R>,
    span: Span,
}

enum Stage<'a, L> {
    Loading(Boxed<'a, Option<Ready<'a, L>>>),
    Saving(Boxed<'a, Next<'a, L>>),
}

/// Aggregates that are loaded, and the way to save them.
struct Ready<'a, L> {
    loaded: L,
    save: Box<dyn FnOnce(L) -> Boxed<'a, Next<'a, L>> + Send + 'a>,
}

enum Next<'a, L> {
    Again(Boxed<'a, Option<Ready<'a, L>>>),
    Ended { is_ours: bool },
}

fn load<T: Targets>(mut turns: Turns<'_, T>) -> Boxed<'_, Option<Ready<'_, T::Loaded>>> {
    Box::pin(async move {
        let loaded = turns.load().await?;
        Ok(loaded.map(|loaded| Ready { loaded, save: Box::new(|loaded| save(turns, loaded)) }))
    })
}

fn save<T: Targets>(mut turns: Turns<'_, T>, mut loaded: T::Loaded) -> Boxed<'_, Next<'_, T::Loaded>> {
    Box::pin(async move {
        Ok(match turns.save(&mut loaded).await? {
            End::Again => Next::Again(load(turns)),
            End::Saved => Next::Ended { is_ours: true },
            End::DoneBefore => Next::Ended { is_ours: false },
        })
    })
}

impl<'a, L, F, R, O> Execute<'a, L, F, R, O> {
    pub(super) fn new<T: Runs<F, R, Loaded = L>>(
        turns: Turns<'a, T>,
        command: F,
        is_refused: fn(&R) -> bool,
        output: fn(Option<R>) -> Result<O, Error>,
    ) -> Self {
        let (name, id) = turns.first();
        Self {
            command,
            run: |loaded, command| T::run(loaded, command, Seal::new()),
            is_refused,
            output,
            stage: Stage::Loading(load(turns)),
            result: None,
            span: Span::execute(name, id),
        }
    }

    fn poll_stages(&mut self, context: &mut Context<'_>) -> Poll<Result<O, Error>> {
        loop {
            self.stage = match &mut self.stage {
                Stage::Loading(loading) => {
                    let Some(Ready { mut loaded, save }) = ready!(loading.as_mut().poll(context))? else {
                        return Poll::Ready((self.output)(None));
                    };
                    let result = (self.run)(&mut loaded, &mut self.command);
                    if (self.is_refused)(&result) {
                        return Poll::Ready((self.output)(Some(result)));
                    }
                    self.result = Some(result);
                    Stage::Saving(save(loaded))
                }
                Stage::Saving(saving) => match ready!(saving.as_mut().poll(context))? {
                    Next::Again(loading) => Stage::Loading(loading),
                    Next::Ended { is_ours } => {
                        let result = self.result.take().filter(|_| is_ours);
                        return Poll::Ready((self.output)(result));
                    }
                },
            };
        }
    }
}

/// Returns the result of a command under a commit id that the library made.
pub(super) fn of_new_commit<R>(result: Option<R>) -> Result<R, Error> {
    result.ok_or_else(|| {
        // Nobody else knows that commit id.
        Error::new(ErrorKind::Corrupt, "the store reports a new commit as done before; check the store")
    })
}

// Neither the command nor its result is ever pinned.
impl<L, F, R, O> Unpin for Execute<'_, L, F, R, O> {}

impl<L, F, R, O> Future for Execute<'_, L, F, R, O> {
    type Output = Result<O, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let span = self.span.clone();
        span.poll(|| self.poll_stages(context))
    }
}

impl<L, F, R, O> fmt::Debug for Execute<'_, L, F, R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execute").finish_non_exhaustive()
    }
}
