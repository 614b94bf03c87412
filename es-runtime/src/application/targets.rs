//! The targets of a command: one aggregate, or up to four that the application saves together.

use std::future::Future;

use uuid::Uuid;

use super::{Application, Batch, IntoBatch};
use crate::aggregate::Aggregate;
use crate::error::Error;
use crate::id::Id;

/// The aggregates of a command: an [`Id`], a [`Find`], or a tuple of two to four of them.
///
/// Only this crate can implement the trait.
#[diagnostic::on_unimplemented(
    message = "a command cannot be executed on `{Self}`",
    label = "neither an id nor a tuple of two to four ids",
    note = "pass `account.id()` and a closure `|account| ..`, or `(one.id(), other.id())` and `|one, other| ..`"
)]
pub trait Targets: sealed::Targets + Copy + Send + Sync + 'static {
    /// The loaded aggregates, one for each id.
    #[doc(hidden)]
    type Loaded: Send;

    /// Returns the ids, each with the name of its aggregate.
    #[doc(hidden)]
    fn ids(self) -> Vec<(&'static str, Uuid)>;

    #[doc(hidden)]
    fn load(self, application: &Application) -> impl Future<Output = Result<Self::Loaded, Error>> + Send;

    #[doc(hidden)]
    fn batch(loaded: &mut Self::Loaded) -> Batch<'_>;

    /// Returns, for each id, the id and the stored version of the aggregate, if there is one.
    #[doc(hidden)]
    fn places(loaded: &mut Self::Loaded) -> Vec<Option<(Uuid, u64)>>;
}

fn place<T: Target>(loaded: &mut T::Loaded) -> Option<(Uuid, u64)> {
    T::batch(loaded).roots.first().map(|root| (root.id(), root.stored_version()))
}

/// [`Targets`] on which a command `F` runs that returns `R`: it takes `&mut` of each aggregate.
#[diagnostic::on_unimplemented(
    message = "a command cannot be executed on `{Self}`",
    label = "neither an id nor a tuple of two to four ids",
    note = "pass `account.id()` and a closure `|account| ..`, or `(one.id(), other.id())` and `|one, other| ..`"
)]
pub trait Runs<F, R>: Targets {
    #[doc(hidden)]
    fn run(loaded: &mut Self::Loaded, command: &mut F) -> R;
}

/// [`Targets`] on which an async command `F` runs that returns `R`: it takes `&mut` of each aggregate.
#[diagnostic::on_unimplemented(
    message = "an async command cannot be executed on `{Self}`",
    label = "neither an id nor a tuple of two to four ids, or the closure is not `async`",
    note = "pass `account.id()` and a closure `async |account| ..`, or `(one.id(), other.id())` and `async |one, other| ..`"
)]
pub trait RunsAsync<F, R>: Targets {
    #[doc(hidden)]
    fn run_async(loaded: &mut Self::Loaded, command: &mut F) -> impl Future<Output = R>;
}

/// One aggregate of a command: an [`Id`], or a [`Find`].
///
/// Only this crate can implement the trait.
#[diagnostic::on_unimplemented(
    message = "a command cannot be executed on `{Self}`",
    label = "not the id of an aggregate",
    note = "pass `account.id()`, or `Find(id)` for an aggregate that the command may create"
)]
pub trait Target: sealed::Target + Copy + Send + Sync + 'static {
    /// The value that the command gets.
    #[doc(hidden)]
    type Loaded: Send;

    /// Returns the name of the aggregate, and the id.
    #[doc(hidden)]
    fn id(self) -> (&'static str, Uuid);

    #[doc(hidden)]
    fn load(self, application: &Application) -> impl Future<Output = Result<Self::Loaded, Error>> + Send;

    #[doc(hidden)]
    fn batch(loaded: &mut Self::Loaded) -> Batch<'_>;
}

/// An aggregate that a command may create: the command gets `&mut Option<A>`, which is `None` if there is no such
/// aggregate, as with [`find`](Application::find).
///
/// A new aggregate needs the same id: create it with `.._with_id`. If another caller creates it first, the command runs
/// again and gets the aggregate.
///
/// ```standalone_crate
/// # use es_runtime::{Application, Id, Wait, aggregate, mutator};
/// use es_runtime::application::Find;
///
/// # #[aggregate]
/// # pub struct Room { pub is_taken: bool }
/// # #[mutator]
/// # impl Room {
/// #     #[event(Built)]
/// #     pub fn build() -> Self { Self { is_taken: false } }
/// #     #[event(Taken)]
/// #     pub fn take(&mut self) { self.is_taken = true; }
/// # }
/// # #[aggregate]
/// # pub struct Reservation { pub guest: String }
/// # #[mutator]
/// # impl Reservation {
/// #     #[event(Made)]
/// #     pub fn make(guest: String) -> Self { Self { guest } }
/// # }
/// # #[derive(Debug)]
/// # pub struct RoomIsTaken;
/// # let app = Application::open("memory:").wait()?;
/// # let mut room = Room::build();
/// # app.save(&mut room).wait()?;
/// let id = Id::<Reservation>::new();
/// let reserve = |room: &mut Room, reservation: &mut Option<Reservation>| {
///     if room.is_taken {
///         return Err(RoomIsTaken);
///     }
///     room.take();
///     *reservation = Some(Reservation::make_with_id(id, "Ann".into()));
///     Ok(())
/// };
/// // The room changes and the reservation is created, or neither.
/// let reserved = app.execute((room.id(), Find(id)), reserve).wait()?;
/// assert!(reserved.is_ok());
/// assert_eq!(app.get(id).wait()?.guest, "Ann");
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Debug)]
pub struct Find<A: Aggregate>(pub Id<A>);

impl<A: Aggregate> Clone for Find<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Aggregate> Copy for Find<A> {}

#[diagnostic::do_not_recommend]
impl<A: Aggregate + Send> Target for Id<A> {
    type Loaded = A;

    fn id(self) -> (&'static str, Uuid) {
        (A::NAME, self.uuid())
    }

    async fn load(self, application: &Application) -> Result<A, Error> {
        application.get(self).await
    }

    fn batch(loaded: &mut A) -> Batch<'_> {
        loaded.into_batch()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate + Send> Target for Find<A> {
    type Loaded = Option<A>;

    fn id(self) -> (&'static str, Uuid) {
        (A::NAME, self.0.uuid())
    }

    async fn load(self, application: &Application) -> Result<Option<A>, Error> {
        application.find(self.0).await
    }

    fn batch(loaded: &mut Option<A>) -> Batch<'_> {
        loaded.as_mut().map_or_else(Batch::new, IntoBatch::into_batch)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Target> Targets for T {
    type Loaded = T::Loaded;

    fn ids(self) -> Vec<(&'static str, Uuid)> {
        vec![self.id()]
    }

    async fn load(self, application: &Application) -> Result<T::Loaded, Error> {
        Target::load(self, application).await
    }

    fn batch(loaded: &mut T::Loaded) -> Batch<'_> {
        <T as Target>::batch(loaded)
    }

    fn places(loaded: &mut T::Loaded) -> Vec<Option<(Uuid, u64)>> {
        vec![place::<T>(loaded)]
    }
}

#[diagnostic::do_not_recommend]
impl<T: Target, F: FnMut(&mut <T as Target>::Loaded) -> R, R> Runs<F, R> for T {
    fn run(loaded: &mut <T as Target>::Loaded, command: &mut F) -> R {
        command(loaded)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Target, F: AsyncFnMut(&mut <T as Target>::Loaded) -> R, R> RunsAsync<F, R> for T {
    async fn run_async(loaded: &mut <T as Target>::Loaded, command: &mut F) -> R {
        command(loaded).await
    }
}

macro_rules! several {
    ($($target:ident)+) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "the names are those of the types")]
        impl<$($target: Target),+> Targets for ($($target,)+) {
            type Loaded = ($($target::Loaded,)+);

            fn ids(self) -> Vec<(&'static str, Uuid)> {
                let ($($target,)+) = self;
                vec![$($target.id()),+]
            }

            async fn load(self, application: &Application) -> Result<Self::Loaded, Error> {
                let ($($target,)+) = self;
                Ok(($($target.load(application).await?,)+))
            }

            fn batch(loaded: &mut Self::Loaded) -> Batch<'_> {
                let ($($target,)+) = loaded;
                Batch::new()$(.add(<$target as Target>::batch($target)))+
            }

            fn places(loaded: &mut Self::Loaded) -> Vec<Option<(Uuid, u64)>> {
                let ($($target,)+) = loaded;
                vec![$(place::<$target>($target)),+]
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "the names are those of the types")]
        impl<$($target: Target,)+ F: FnMut($(&mut $target::Loaded),+) -> R, R> Runs<F, R> for ($($target,)+) {
            fn run(loaded: &mut Self::Loaded, command: &mut F) -> R {
                let ($($target,)+) = loaded;
                command($($target),+)
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "the names are those of the types")]
        impl<$($target: Target,)+ F: AsyncFnMut($(&mut $target::Loaded),+) -> R, R> RunsAsync<F, R>
            for ($($target,)+)
        {
            async fn run_async(loaded: &mut Self::Loaded, command: &mut F) -> R {
                let ($($target,)+) = loaded;
                command($($target),+).await
            }
        }
    };
}
several!(A B);
several!(A B C);
several!(A B C D);

/// Traits out of reach: no other crate can implement [`Target`] or [`Targets`].
mod sealed {
    use super::{Aggregate, Find, Id};

    pub trait Target {}
    impl<A: Aggregate> Target for Id<A> {}
    impl<A: Aggregate> Target for Find<A> {}

    pub trait Targets {}
    impl<T: Target> Targets for T {}
    impl<A: Target, B: Target> Targets for (A, B) {}
    impl<A: Target, B: Target, C: Target> Targets for (A, B, C) {}
    impl<A: Target, B: Target, C: Target, D: Target> Targets for (A, B, C, D) {}
}
