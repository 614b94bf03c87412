//! The targets of a command: one aggregate, or up to four that the application saves together.

use std::future::Future;

use uuid::Uuid;

use super::{Application, Batch, IntoBatch};
use crate::aggregate::{Aggregate, Seal};
use crate::error::Error;
use crate::id::Id;

/// The ids that name the aggregates of a command: an [`Id`], or a tuple of two to four.
///
/// Only this crate can implement the trait.
#[diagnostic::on_unimplemented(
    message = "a command cannot be executed on `{Self}`",
    label = "neither an id nor a tuple of two to four ids",
    note = "pass `account.id()` and a closure `|account| ..`, or `(one.id(), other.id())` and `|one, other| ..`"
)]
pub trait Targets: Copy + Send + Sync + 'static {
    /// The loaded aggregates, one for each id.
    #[doc(hidden)]
    type Loaded: Send;

    /// Returns the ids, each with the name of its aggregate.
    #[doc(hidden)]
    fn ids(self, seal: Seal) -> Vec<(&'static str, Uuid)>;

    #[doc(hidden)]
    fn load(
        self,
        application: &Application,
        seal: Seal,
    ) -> impl Future<Output = Result<Self::Loaded, Error>> + Send;

    #[doc(hidden)]
    fn batch(loaded: &mut Self::Loaded, seal: Seal) -> Batch<'_>;
}

/// [`Targets`] on which a command `F` runs that returns `R`: it takes `&mut` of each aggregate.
#[diagnostic::on_unimplemented(
    message = "a command cannot be executed on `{Self}`",
    label = "neither an id nor a tuple of two to four ids",
    note = "pass `account.id()` and a closure `|account| ..`, or `(one.id(), other.id())` and `|one, other| ..`"
)]
pub trait Runs<F, R>: Targets {
    #[doc(hidden)]
    fn run(loaded: &mut Self::Loaded, command: &mut F, seal: Seal) -> R;
}

/// [`Targets`] on which an async command `F` runs that returns `R`: it takes `&mut` of each aggregate.
#[diagnostic::on_unimplemented(
    message = "an async command cannot be executed on `{Self}`",
    label = "neither an id nor a tuple of two to four ids, or the closure is not `async`",
    note = "pass `account.id()` and a closure `async |account| ..`, or `(one.id(), other.id())` and `async |one, other| ..`"
)]
pub trait RunsAsync<F, R>: Targets {
    #[doc(hidden)]
    fn run_async(loaded: &mut Self::Loaded, command: &mut F, seal: Seal) -> impl Future<Output = R>;
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate + Send> Targets for Id<A> {
    type Loaded = A;

    fn ids(self, _: Seal) -> Vec<(&'static str, Uuid)> {
        vec![(A::NAME, self.uuid())]
    }

    async fn load(self, application: &Application, _: Seal) -> Result<A, Error> {
        application.get(self).await
    }

    fn batch(loaded: &mut A, _: Seal) -> Batch<'_> {
        loaded.into_batch()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate + Send, F: FnMut(&mut A) -> R, R> Runs<F, R> for Id<A> {
    fn run(loaded: &mut A, command: &mut F, _: Seal) -> R {
        command(loaded)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate + Send, F: AsyncFnMut(&mut A) -> R, R> RunsAsync<F, R> for Id<A> {
    async fn run_async(loaded: &mut A, command: &mut F, _: Seal) -> R {
        command(loaded).await
    }
}

macro_rules! several {
    ($($aggregate:ident)+) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "the names are those of the types")]
        impl<$($aggregate: Aggregate + Send),+> Targets for ($(Id<$aggregate>,)+) {
            type Loaded = ($($aggregate,)+);

            fn ids(self, _: Seal) -> Vec<(&'static str, Uuid)> {
                let ($($aggregate,)+) = self;
                vec![$(($aggregate::NAME, $aggregate.uuid())),+]
            }

            async fn load(self, application: &Application, _: Seal) -> Result<Self::Loaded, Error> {
                let ($($aggregate,)+) = self;
                Ok(($(application.get($aggregate).await?,)+))
            }

            fn batch(loaded: &mut Self::Loaded, _: Seal) -> Batch<'_> {
                let ($($aggregate,)+) = loaded;
                ($($aggregate,)+).into_batch()
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "the names are those of the types")]
        impl<$($aggregate: Aggregate + Send,)+ F: FnMut($(&mut $aggregate),+) -> R, R> Runs<F, R>
            for ($(Id<$aggregate>,)+)
        {
            fn run(loaded: &mut Self::Loaded, command: &mut F, _: Seal) -> R {
                let ($($aggregate,)+) = loaded;
                command($($aggregate),+)
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "the names are those of the types")]
        impl<$($aggregate: Aggregate + Send,)+ F: AsyncFnMut($(&mut $aggregate),+) -> R, R> RunsAsync<F, R>
            for ($(Id<$aggregate>,)+)
        {
            async fn run_async(loaded: &mut Self::Loaded, command: &mut F, _: Seal) -> R {
                let ($($aggregate,)+) = loaded;
                command($($aggregate),+).await
            }
        }
    };
}
several!(A B);
several!(A B C);
several!(A B C D);
