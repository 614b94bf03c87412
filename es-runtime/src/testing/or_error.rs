use std::fmt::Debug;

/// The return type of a command that makes a `T` or may fail to: a `T`, or a `Result` with one.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::OrError;
///
/// let opened: Result<Account, &str> = Ok(Account::open("Ann".into()));
/// let (account, returned) = OrError::<Account>::split(opened);
/// assert!(account.is_some() && returned.is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "this command does not return `{T}`",
    label = "neither `{T}` nor a `Result` with it"
)]
pub trait OrError<T> {
    /// The value that is left for [`then_returns`](super::Outcome::then_returns): `()`, or a `Result` without the `T`.
    type Returned: Debug;

    /// Takes the `T` and the rest apart.
    fn split(self) -> (Option<T>, Self::Returned);
}

impl<T> OrError<T> for T {
    type Returned = ();

    fn split(self) -> (Option<T>, ()) {
        (Some(self), ())
    }
}

impl<T, E: Debug> OrError<T> for Result<T, E> {
    type Returned = Result<(), E>;

    fn split(self) -> (Option<T>, Result<(), E>) {
        match self {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        }
    }
}
