/// A transaction that handlers use on the thread of the view: they are plain functions.
///
/// ```
/// use es_runtime::view::BlockingTx;
///
/// /// A transaction of a driver that blocks.
/// pub struct Tx;
///
/// impl BlockingTx for Tx {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler that is a plain `fn` cannot write through `{Self}`",
    label = "no transaction for a plain `fn`",
    note = "write `async fn` if the driver is async; a transaction of your own implements `view::BlockingTx`"
)]
pub trait BlockingTx {
    #[doc(hidden)]
    const OK: usize = 0;
}

/// A transaction that handlers use across an `await`: they are `async` functions.
///
/// ```
/// use es_runtime::view::AsyncTx;
///
/// /// A transaction of an async driver.
/// pub struct Tx;
///
/// impl AsyncTx for Tx {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler that is an `async fn` cannot write through `{Self}`",
    label = "no transaction for an `async fn`",
    note = "leave out `async` if the driver blocks, as that of SQLite; a transaction of your own implements `view::AsyncTx`"
)]
pub trait AsyncTx {
    #[doc(hidden)]
    const OK: usize = 0;
}
