//! The targets of a command: one aggregate, or up to four that are saved together.

use std::future::Future;

use uuid::Uuid;

use super::{Application, Batch, IntoBatch};
use crate::aggregate::{Aggregate, Seal};
use crate::error::Error;
use crate::id::Id;

/// The ids that [`Application::execute`] takes, for a command `F` that returns `R`: an [`Id`], or a tuple of two to four.
///
/// Only this crate can implement it.
#[diagnostic::on_unimplemented(
    message = "a command cannot be executed on `{Self}`",
    label = "neither an id nor a tuple of two to four ids",
    note = "pass `account.id()` and a closure `|account| ..`, or `(one.id(), other.id())` and `|one, other| ..`"
)]
pub trait Targets<F, R>: Copy {
    /// The loaded aggregates, one for each id.
    #[doc(hidden)]
    type Loaded;

    /// The ids, each with the name of its aggregate.
    #[doc(hidden)]
    fn ids(self, seal: Seal) -> Vec<(&'static str, Uuid)>;

    #[doc(hidden)]
    fn load(self, application: &Application, seal: Seal)
    -> impl Future<Output = Result<Self::Loaded, Error>>;

    #[doc(hidden)]
    fn run(loaded: &mut Self::Loaded, command: &mut F, seal: Seal) -> R;

    #[doc(hidden)]
    fn batch(loaded: &mut Self::Loaded, seal: Seal) -> Batch<'_>;
}

impl<A: Aggregate, F: FnMut(&mut A) -> R, R> Targets<F, R> for Id<A> {
    type Loaded = A;

    fn ids(self, _: Seal) -> Vec<(&'static str, Uuid)> {
        vec![(A::NAME, self.uuid())]
    }

    async fn load(self, application: &Application, _: Seal) -> Result<A, Error> {
        application.get(self).await
    }

    fn run(loaded: &mut A, command: &mut F, _: Seal) -> R {
        command(loaded)
    }

    fn batch(loaded: &mut A, _: Seal) -> Batch<'_> {
        loaded.into_batch()
    }
}

macro_rules! several {
    ($($aggregate:ident)+) => {
        #[allow(non_snake_case, reason = "the names are those of the types")]
        impl<$($aggregate: Aggregate,)+ F: FnMut($(&mut $aggregate),+) -> R, R> Targets<F, R> for ($(Id<$aggregate>,)+) {
            type Loaded = ($($aggregate,)+);

            fn ids(self, _: Seal) -> Vec<(&'static str, Uuid)> {
                let ($($aggregate,)+) = self;
                vec![$(($aggregate::NAME, $aggregate.uuid())),+]
            }

            async fn load(self, application: &Application, _: Seal) -> Result<Self::Loaded, Error> {
                let ($($aggregate,)+) = self;
                Ok(($(application.get($aggregate).await?,)+))
            }

            fn run(loaded: &mut Self::Loaded, command: &mut F, _: Seal) -> R {
                let ($($aggregate,)+) = loaded;
                command($($aggregate),+)
            }

            fn batch(loaded: &mut Self::Loaded, _: Seal) -> Batch<'_> {
                let ($($aggregate,)+) = loaded;
                ($($aggregate,)+).into_batch()
            }
        }
    };
}
several!(A B);
several!(A B C);
several!(A B C D);
