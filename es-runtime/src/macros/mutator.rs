/// Makes the methods of an impl the events of an aggregate, and the commands that record them.
///
/// ```
/// use es_runtime::{Envelope, aggregate, mutator};
///
/// #[aggregate]
/// pub struct Account {
///     pub balance: i64,
///     pub deposits: u32,
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open() -> Self {
///         Self { balance: 0, deposits: 0 }
///     }
///
///     #[event(Deposited)]
///     pub fn deposit(&mut self, amount: i64) {
///         self.deposits += 1;
///         self.add(amount);
///     }
///
///     fn add(&mut self, amount: i64) {
///         self.balance += amount;
///     }
/// }
///
/// let mut account = Account::open();
/// account.deposit(10);
/// assert_eq!((account.balance, account.deposits), (10, 1));
/// assert!(matches!(account.pending()[1].event(), AccountEvent::Deposited(Deposited { amount: 10 })));
/// ```
///
/// Each aggregate has one such block, in the module of the struct or in a module inside that. In the block, `Self` is
/// the state. A method is one of these:
///
/// | method | role |
/// |---|---|
/// | `#[event(Opened)] fn open(owner: String) -> Self` | makes an event that creates; commands `open` and `open_with_id` |
/// | `#[event(Deposited)] fn deposit(&mut self, amount: i64)` | makes an event that changes; command `deposit` |
/// | `#[event] fn imported(event: &Imported) -> Self` | applies a declared event that creates; `create_from` records it |
/// | `#[event] fn paid(&mut self, event: &Paid)` | applies a declared event that changes; `trigger` records it |
/// | without `#[event]` | a helper of the state; with `&self`, the root has it, too |
///
/// A command has the name, the parameters, the visibility and the documentation of its method, and belongs to the root.
/// Its parameters are the fields of the event. An event method may also take one `&Envelope`, which is no field of the
/// event.
///
/// # Where code goes
///
/// | code | place |
/// |---|---|
/// | decides, then calls event methods (`withdraw`) | a plain `impl Account`: `self` is the root |
/// | applies an event | `#[mutator] impl Account`: `self` and `Self` are the state |
/// | is used by event methods: a helper, a constant | without `#[event]` in the same block, or in `impl AccountState` |
/// | reads the state, for both | as above, with `&self`: the root finds it, too |
///
/// An event method sees nothing in a plain `impl Account`: the compiler reports "no method named `fee` found for `&mut
/// AccountState`". Move the helper or the constant into the block:
///
/// ```
/// use es_runtime::{aggregate, mutator};
///
/// #[aggregate]
/// pub struct Account {
///     pub balance: i64,
/// }
///
/// #[mutator]
/// impl Account {
///     const FEE: i64 = 1;
///
///     #[event(Opened)]
///     pub fn open() -> Self {
///         Self { balance: 0 }
///     }
///
///     #[event(Withdrawn)]
///     fn take(&mut self, amount: i64) {
///         self.balance -= amount + Self::FEE;
///     }
///
///     pub fn can_pay(&self, amount: i64) -> bool {
///         amount + Self::FEE <= self.balance
///     }
/// }
///
/// impl Account {
///     pub fn withdraw(&mut self, amount: i64) -> bool {
///         let can_pay = self.can_pay(amount);
///         if can_pay {
///             self.take(amount);
///         }
///         can_pay
///     }
/// }
///
/// assert!(!Account::open().withdraw(1));
/// ```
///
/// # Attributes on methods
///
/// Levels of lints (`#[allow]`, `#[expect]` and so on) hold for the whole expansion of the impl, or of the method.
/// `#[must_use]`, `#[deprecated]` and the like go to the command. A macro such as
/// `#[tracing::instrument(skip(amount))]` gets the command, which has the parameters, so that nothing is traced when
/// events are replayed. `#[cfg(..)]` stands alone, not as `#[cfg_attr(.., event(..))]`: the macro looks for `#[event]`
/// before the compiler knows conditions. For the same reason the macro sees no event that a macro call in the block
/// makes.
///
/// # The events
///
/// The block also makes `AccountEvent`, the enum of all events of the aggregate: a variant for each, and
/// `AttributeChanged` and `Discarded`, which every aggregate has. `Forgotten` is reserved, too: the log holds it once an
/// aggregate is forgotten.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `retired = ["Account.Frozen"]` | stored topics whose events have no method any more | none |
/// | `visibility = pub(crate)` | the visibility of the made events and of the enum | `pub` |
/// | `derive(PartialEq, Eq)` | traits that all made events and the enum derive, beside `Clone`, `Debug` and serde's traits | nothing |
/// | `events_in = account_events` | the module of made events | beside the block |
/// | `events = AccountChange` | the name of the enum, if the usual one is taken | `AccountEvent` |
/// | `state = AccountData` | the name of the state, if `#[aggregate]` sets it | `AccountState` |
/// | `crate = path` | the path of the runtime, as for [`#[aggregate]`](macro@crate::aggregate#arguments) | `::es_runtime` |
///
/// A retired topic may be missing from the code: `events.lock` accepts that. No later event can take such a topic by
/// accident.
///
/// Made events are `pub`, since the macro does not see the struct. If the rest of the program should not know the
/// aggregate, set its visibility here:
///
/// ```
/// use es_runtime::{aggregate, mutator};
///
/// #[aggregate]
/// pub(crate) struct Account {
///     balance: i64,
/// }
///
/// #[mutator(visibility = pub(crate), retired = ["Account.Frozen"])]
/// impl Account {
///     #[event(Opened)]
///     pub(crate) fn open() -> Self {
///         Self { balance: 0 }
///     }
/// }
///
/// assert_eq!(Account::open().balance, 0);
/// ```
///
/// Events derive more if a program needs it: `derive(..)` here is for all made events and the enum, and
/// `#[event(Deposited, derive(..))]` for one event. `events_in` puts made events into a module, so that two aggregates
/// of one module can both have an event `Created`. The enum is `Serialize`: it writes the stored part of the event,
/// without the topic.
///
/// ```
/// use es_runtime::{aggregate, mutator};
///
/// #[aggregate]
/// pub struct Page {
///     pub title: String,
/// }
///
/// #[mutator(events_in = page, derive(PartialEq))]
/// impl Page {
///     #[event(Created, derive(Eq))]
///     pub fn create(title: String) -> Self {
///         Self { title }
///     }
/// }
///
/// #[aggregate]
/// pub struct Author {
///     pub name: String,
/// }
///
/// #[mutator(events_in = author)]
/// impl Author {
///     #[event(Created)]
///     pub fn create(name: String) -> Self {
///         Self { name }
///     }
/// }
///
/// let page = Page::create("Home".into());
/// let event = page.pending()[0].event();
/// assert_eq!(*event, PageEvent::Created(page::Created { title: "Home".into() }));
/// assert_eq!(serde_json::to_string(event)?, r#"{"title":"Home"}"#);
///
/// match event.clone() {
///     PageEvent::Created(page::Created { title }) => assert_eq!(title, "Home"),
///     PageEvent::Discarded => {} // a page has no attributes: a value needs no arm for them
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Mistakes
///
/// - `Account { .. }` or `-> Account` inside the block: write `Self`.
/// - An event method that returns a `Result`. A recorded event has happened. Decide in a method outside the block,
///   which then calls the event method.
/// - `pub fn deposit(&mut self, ..)` without `#[event]`: it would be a helper of the state, which nobody outside can
///   call. Give it an event, or make the helper private.
/// - An event method called by another one, or by a helper: nothing is recorded while an event is applied. Move
///   the code that both need to a helper.
/// - A parameter that borrows: a stored event owns its data. Take a `String`, not a `&str`.
/// - A body that reads the current time, makes an id or takes a random number: the value would differ at each replay. Pass
///   the value as a parameter, or take `&Envelope` for the time. The macro refuses well-known calls (`now()`,
///   `Id::new()`, `random()`, `env::var(..)`, `println!`) in event methods, and in the helpers that these call, unless the
///   event has the argument `allow(nondeterminism)`. A `Scenario` of the test kit finds other such bodies.
/// - Two aggregates in one module with events of one name: they would make one type twice. Give one of the blocks
///   `events_in = ..`, or put each aggregate into a module of its own.
/// - `events_in` in the body of a function: a module there does not see the types of the function.
#[doc(inline)]
pub use es_macros::mutator;
