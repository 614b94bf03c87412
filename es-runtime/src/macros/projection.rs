/// Makes the methods of an impl the handlers of a view: they keep it up to date with the events of some aggregates.
///
/// ```
/// use std::collections::HashMap;
///
/// use es_runtime::{Id, projection};
/// # use es_runtime::{aggregate, mutator};
/// #
/// # #[aggregate]
/// # pub struct Account {
/// #     #[attribute]
/// #     pub owner: String,
/// #     pub balance: i64,
/// # }
/// #
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open(owner: String) -> Self {
/// #         Self { owner, balance: 0 }
/// #     }
/// #
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) {
/// #         self.balance += amount;
/// #     }
/// # }
///
/// /// The balances of all accounts, with their owners.
/// #[derive(Default)]
/// pub struct Balances {
///     by_id: HashMap<Id<Account>, (String, i64)>,
/// }
///
/// #[projection(Account)]
/// impl Balances {
///     #[event]
///     fn opened(&mut self, event: &Opened, id: Id<Account>) {
///         self.by_id.insert(id, (event.owner.clone(), 0));
///     }
///
///     #[event]
///     fn deposited(&mut self, event: &Deposited, id: Id<Account>) {
///         self.by_id.entry(id).or_default().1 += event.amount;
///     }
///
///     #[attribute(owner)]
///     fn renamed(&mut self, owner: &str, id: Id<Account>) {
///         self.by_id.entry(id).or_default().0 = owner.to_owned();
///     }
///
///     #[discarded]
///     #[forgotten]
///     fn gone(&mut self, id: Id<Account>) {
///         self.by_id.remove(&id);
///     }
/// }
/// ```
///
/// The block stays as written: a method without one of the attributes below is a helper. The macro implements
/// [`Projection`](crate::projection::Projection) for the view.
///
/// # Handlers
///
/// | attribute | the method handles | its first parameter |
/// |---|---|---|
/// | `#[event]` | each event of the type that it takes | the event: `event: &Opened`, or a pattern `Opened { owner }: &Opened` |
/// | `#[attribute(owner)]` | each change of the attribute | the new value: `owner: &str` |
/// | `#[discarded]` | the end of an aggregate | |
/// | `#[forgotten]` | the notice that an aggregate is forgotten | |
/// | `#[retired("Account.Frozen")]` | rows of a retired topic, which hold no event any more | |
///
/// The last three go together on one method, and with several `#[retired(..)]`.
///
/// Beside the first parameter, a handler takes what it needs, in any order:
///
/// | type | argument |
/// |---|---|
/// | [`Id<Account>`](crate::Id) | the id of the aggregate |
/// | [`&Origin<Account>`](crate::projection::Origin) | all that is known about the event: id, version, time, place in the log, metadata, key |
/// | [`&Envelope`](crate::Envelope), [`&Metadata`](crate::Metadata), [`Timestamp`](crate::clock::Timestamp), [`Version`](crate::Version), [`Position`](crate::id::Position) | one part of the origin |
/// | `&Tx` | the transaction of a view in a database |
///
/// A handler returns nothing, or a [`Result`](crate::view::Result) with any error.
///
/// # The kind of the view
///
/// The signatures of the handlers decide the kind of the view. All handlers of a view have the same kind:
///
/// | handlers | view |
/// |---|---|
/// | `fn opened(&mut self, event: &Opened)` | in memory: the value itself |
/// | `fn opened(event: &Opened, tx: &Tx)` | in a database whose driver blocks, such as a SQLite file |
/// | `async fn opened(event: &Opened, tx: &Tx)` | in a database with an async driver, such as PostgreSQL |
///
/// A view in a database has a constant `TABLES`, with the statements that make its tables. Its handlers may take
/// `&self`, for settings that never change. The macro recognises the transaction by
/// the name of its type, which ends in `Tx`.
///
#[cfg_attr(feature = "sqlite", doc = "```")]
#[cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
/// use es_runtime::view::{Result, sqlite::Tx};
/// use es_runtime::{Id, projection};
/// # use es_runtime::{aggregate, mutator};
/// #
/// # #[aggregate]
/// # pub struct Account {
/// #     pub owner: String,
/// #     pub balance: i64,
/// # }
/// #
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open(owner: String) -> Self {
/// #         Self { owner, balance: 0 }
/// #     }
/// #
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) {
/// #         self.balance += amount;
/// #     }
/// # }
///
/// /// The balances of all accounts, for the page that lists them.
/// pub struct Balances;
///
/// #[projection(Account, ignore = [discarded])]
/// impl Balances {
///     const TABLES: &str = "CREATE TABLE balances (id BLOB PRIMARY KEY, owner TEXT, cents INTEGER) STRICT";
///
///     #[event]
///     fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
///         tx.run("INSERT INTO balances VALUES (?1, ?2, 0)", (id, &event.owner))
///     }
///
///     #[event]
///     fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
///         tx.run_one("UPDATE balances SET cents = cents + ?2 WHERE id = ?1", (id, event.amount))
///     }
/// }
/// ```
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `Account, Transfer` | the aggregates whose events the view reads; they come first | |
/// | `ignore = [Closed, owner, discarded]` | events, attributes, and the end of aggregates that the view does not need | everything is handled |
/// | `name = "balances"` | the stable name of the view | the name of the type |
/// | `version = 2` | a number to raise when code changes that the block calls: the rows then count as those of [other code](crate::projection::OnChange) | 1 |
/// | `crate = path` | the path of the runtime, as for [`#[aggregate]`](macro@crate::aggregate#arguments) | `::es_runtime` |
/// | `..` | at the end: the rest does not matter, as in a pattern | |
///
/// # Promises
///
/// - **No event is lost.** Each event, each attribute and the end of each aggregate is handled or ignored; otherwise the
///   block does not compile, and the message names what is missing. An event that is added later makes the build fail
///   here. Only `..` waives that.
/// - A handler gets an event of one type, under whichever name and version it was stored.
/// - An event that several aggregates share goes to the handler of its aggregate. The id tells them apart: two methods
///   may take the same event, one with `Id<Account>`, one with `Id<Order>`. A method without an id handles the event of
///   any of them; `&Origin<Any>` says whose it is.
/// - The view changes its fingerprint with the code of the block and the arguments. With the feature `testing`,
///   [`views_lock!()`](mod@crate::projection#before-the-deployment) makes a test that reports the change.
///
/// # Mistakes
///
/// - A handler that uses anything but what it is given and the rows of its view: the time, an id that it makes, another
///   database. The view would be another one when it is made again. The time of the event is a parameter.
/// - Code that the block calls elsewhere does not change the fingerprint. Raise `version` when it changes.
/// - A method without an attribute is a helper: `..` and a forgotten `#[event]` together go unseen.
/// - An event with the name of another aggregate's: the two stand in two modules, so take `&account::Opened` and
///   `&order::Opened`. `ignore` takes paths, too.
/// - `#[cfg(..)]` goes on a handler as on any method. It stands alone, not as `#[cfg_attr(.., event)]`: the macro looks
///   for its attributes before the compiler knows conditions.
#[doc(inline)]
pub use es_macros::projection;
