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
    message = "a handler that writes through `{Self}` is no plain `fn`",
    label = "no transaction for a plain `fn`",
    note = "write `async fn`, or take the transaction of another database, as `&view::sqlite::Tx`"
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
    message = "a handler that writes through `{Self}` is a plain `fn`",
    label = "no transaction for an `async fn`",
    note = "leave out `async`, or take the transaction of another database, as `&view::postgres::Tx`"
)]
pub trait AsyncTx {
    #[doc(hidden)]
    const OK: usize = 0;
}
