//! The run of a command on the loaded aggregates, repeated if another caller was first.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::turns::{End, Turns};
use super::{Runs, Targets};
use crate::error::{Error, ErrorKind};
use crate::observe::Span;
use crate::recorder::Boxed;

/// The result of a command: nothing, or a `Result` that refuses with `Err`.
#[diagnostic::on_unimplemented(
    message = "a command returns nothing or a `Result`, not `{Self}`",
    label = "neither `()` nor a `Result`",
    note = "a command that cannot refuse and returns a value: `update(id, |account| ..)`",
    note = "an async command: `execute_async(id, async |account| ..)`"
)]
pub trait CommandResult: Send {
    /// Returns whether the command refused: the application then saves nothing.
    fn is_refused(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl CommandResult for () {
    fn is_refused(&self) -> bool {
        false
    }
}

#[diagnostic::do_not_recommend]
impl<T: Send, E: Send> CommandResult for Result<T, E> {
    fn is_refused(&self) -> bool {
        self.is_err()
    }
}

/// The future of a command `F`: see [`Application::execute`](super::Application::execute).
///
/// The future can be sent to another thread if the command and its result `R` can.
// A hand-written future, because its type has no bounds. For an `async fn`, the compiler would report them again at
// `.await`.
#[must_use = "a command runs once its future is awaited; write `.await` or `.wait()`"]
pub struct Execute<'a, F, R, O = R> {
    command: F,
    is_refused: fn(&R) -> bool,
    output: fn(Option<R>) -> Result<O, Error>,
    stage: Stage<'a, F, R>,
    result: Option<R>,
    span: Span,
}

enum Stage<'a, F, R> {
    Loading(Loading<'a, F, R>),
    Saving(Boxed<'a, Next<'a, F, R>>),
}

type Loading<'a, F, R> = Boxed<'a, Option<Box<dyn Loaded<'a, F, R> + 'a>>>;

/// The loaded aggregates of a turn, of any types.
trait Loaded<'a, F, R>: Send {
    fn run(&mut self, command: &mut F) -> R;
    fn save(self: Box<Self>) -> Boxed<'a, Next<'a, F, R>>;
}

enum Next<'a, F, R> {
    Again(Loading<'a, F, R>),
    Ended { is_ours: bool },
}

struct Turn<'a, T: Targets> {
    turns: Turns<'a, T>,
    loaded: T::Loaded,
}

impl<'a, T: Runs<F, R>, F, R> Loaded<'a, F, R> for Turn<'a, T> {
    fn run(&mut self, command: &mut F) -> R {
        T::run(&mut self.loaded, command)
    }

    fn save(mut self: Box<Self>) -> Boxed<'a, Next<'a, F, R>> {
        Box::pin(async move {
            Ok(match self.turns.save(&mut self.loaded).await? {
                End::Again => Next::Again(load(self.turns)),
                End::Saved => Next::Ended { is_ours: true },
                End::DoneBefore => Next::Ended { is_ours: false },
            })
        })
    }
}

fn load<'a, T: Runs<F, R>, F, R>(mut turns: Turns<'a, T>) -> Loading<'a, F, R> {
    Box::pin(async move {
        let loaded = turns.load().await?;
        Ok(loaded.map(|loaded| -> Box<dyn Loaded<'a, F, R>> { Box::new(Turn { turns, loaded }) }))
    })
}

impl<'a, F, R, O> Execute<'a, F, R, O> {
    pub(super) fn new<T: Runs<F, R>>(
        turns: Turns<'a, T>,
        command: F,
        is_refused: fn(&R) -> bool,
        output: fn(Option<R>) -> Result<O, Error>,
    ) -> Self {
        let (name, id) = turns.first();
        let (stage, span) = (Stage::Loading(load(turns)), Span::execute(name, id));
        Self { command, is_refused, output, stage, result: None, span }
    }

    fn poll_stages(&mut self, context: &mut Context<'_>) -> Poll<Result<O, Error>> {
        loop {
            self.stage = match &mut self.stage {
                Stage::Loading(loading) => {
                    let Some(mut loaded) = ready!(loading.as_mut().poll(context))? else {
                        return Poll::Ready((self.output)(None));
                    };
                    let result = loaded.run(&mut self.command);
                    if (self.is_refused)(&result) {
                        return Poll::Ready((self.output)(Some(result)));
                    }
                    self.result = Some(result);
                    Stage::Saving(loaded.save())
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

// The future never pins the command or its result.
impl<F, R, O> Unpin for Execute<'_, F, R, O> {}

impl<F, R, O> Future for Execute<'_, F, R, O> {
    type Output = Result<O, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let span = self.span.clone();
        span.poll(|| self.poll_stages(context))
    }
}

impl<F, R, O> fmt::Debug for Execute<'_, F, R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execute").finish_non_exhaustive()
    }
}
