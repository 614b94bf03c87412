//! The attribute macros, with what a user has to know of them.
//!
//! Their code is in the crate `es-macros`, which knows the runtime only by the paths that it writes into
//! expansions; so the documentation, whose examples run, stands here.

/// Makes a struct an aggregate: a state that only events change, and a root that records them.
///
/// ```
/// use es_runtime::{aggregate, mutator};
///
/// #[aggregate]
/// #[derive(Debug)]
/// pub struct Account {
///     #[attribute]
///     pub owner: String,
///     pub balance: i64,
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open(owner: String) -> Self {
///         Self { owner, balance: 0 }
///     }
/// }
///
/// let account = Account::open("Ann".into());
/// assert_eq!((account.owner.as_str(), account.balance), ("Ann", 0)); // fields can be read ..
/// assert_eq!(account.version(), 1); // .. and what every aggregate has
/// assert_eq!(account.pending().len(), 1);
/// ```
///
/// From `struct Account` it makes
///
/// - `AccountState`: the struct as written. It derives `Clone`, `Serialize` and `Deserialize` where the
///   struct does not derive them itself. This is what events change.
/// - `Account`: the root, which dereferences to [`Root<Account>`](crate::Root) and on to the state, for
///   reading. It has `discard`, a `set_<field>` for each [`#[attribute]`](macro@attribute) field, and
///   `Debug` if the state has it.
/// - `AccountAttribute`, if there are attributes: an enum with a variant for each, holding the new value.
///
/// Its events stand in [`#[mutator] impl`](macro@mutator). What the struct's documentation says goes to the
/// root.
///
/// Nothing but events may change the state, so cells, locks and atomics are refused where a field names them. A type
/// of your own that hides one, with a `Clone` written by hand, is not found: keep such types out of a state.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `name = "Account"` | the stable name: topics begin with it | the name of the struct |
/// | `aliases = ["Account"]` | former names, oldest first: what was stored under them stays readable | none |
/// | `id_namespace = "Account"` | what ids derived from a key are made with | the oldest name |
/// | `retired = ["owner"]` | names of attributes that are stored, whose fields are no attributes any more | none |
/// | `snapshot_version = 2` | to be raised when code outside these blocks changes what events do to the state | 1 |
/// | `trigger = pub(crate)` | the visibility of `trigger` and `create_from` | private to the module |
/// | `crate = path` | where the runtime is found | `::es_runtime` |
///
/// `name` keeps the topics, and the ids derived from keys, when the struct is renamed. If the name itself has
/// to change, `aliases` keeps what was stored readable, and the ids as they were:
///
/// ```standalone_crate
/// use es_runtime::{Aggregate, Registry, aggregate, mutator};
///
/// // Was `struct Account`.
/// #[aggregate(aliases = ["Account"])]
/// pub struct BankAccount {
///     pub balance: i64,
/// }
///
/// #[mutator]
/// impl BankAccount {
///     #[event(Opened)]
///     pub fn open() -> Self {
///         Self { balance: 0 }
///     }
/// }
///
/// # fn main() -> Result<(), es_runtime::Error> {
/// let opened = Registry::global()?.event("Account.Opened").unwrap();
/// assert_eq!(opened.topic(), "BankAccount.Opened");
/// assert_eq!(BankAccount::ID_NAMESPACE, "Account");
/// # Ok(())
/// # }
/// ```
///
/// `trigger` records an event that is declared on its own, `create_from` creates the aggregate with one. Who
/// can call them can record such an event without the checks of a command, so they are private unless you
/// say otherwise:
///
/// ```
/// mod bank {
///     use es_runtime::{aggregate, event, mutator};
///
///     #[event]
///     pub struct Imported {
///         pub balance: i64,
///     }
///
///     #[aggregate(trigger = pub(crate))]
///     pub struct Account {
///         pub balance: i64,
///     }
///
///     #[mutator]
///     impl Account {
///         #[event]
///         fn imported(event: &Imported) -> Self {
///             Self { balance: event.balance }
///         }
///     }
/// }
///
/// let account = bank::Account::create_from(bank::Imported { balance: 10 });
/// assert_eq!(account.balance, 10);
/// ```
///
/// `crate` is for a runtime that is renamed, or reached through a crate of your own. It is said to each of
/// the macros:
///
/// ```standalone_crate
/// mod framework {
///     pub use es_runtime::*;
/// }
///
/// mod bank {
///     use crate::framework::{aggregate, mutator};
///
///     #[aggregate(crate = crate::framework)]
///     pub struct Account {
///         pub balance: i64,
///     }
///
///     #[mutator(crate = crate::framework)]
///     impl Account {
///         #[event(Opened)]
///         pub fn open() -> Self {
///             Self { balance: 0 }
///         }
///     }
/// }
///
/// fn main() {
///     assert_eq!(bank::Account::open().balance, 0);
/// }
/// ```
///
/// # Mistakes
///
/// - `#[derive(..)]` above `#[aggregate]` derives for the root. Write it below: it then derives for the state.
/// - A field that can change behind a shared reference, such as a `Cell` or an atomic: it would change without an
///   event.
/// - `#[serde(skip)]`, `skip_serializing` or `skip_deserializing` on a field: a snapshot would not hold it.
/// - Generic parameters, lifetimes, unnamed fields: a stored event needs one definite shape.
/// - Assigning a field. Only the bodies of event methods can:
///
/// ```compile_fail,E0594
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// impl Account {
///     pub fn steal(&mut self) {
///         self.balance = 0;
///     }
/// }
/// ```
#[doc(inline)]
pub use es_macros::aggregate;

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
/// There is one such block for each aggregate, in the module of the struct or in one inside it. In it,
/// `Self` is the state. A method is one of these:
///
/// | method | what it is |
/// |---|---|
/// | `#[event(Opened)] fn open(owner: String) -> Self` | makes an event that creates; commands `open` and `open_with_id` |
/// | `#[event(Deposited)] fn deposit(&mut self, amount: i64)` | makes an event that changes; command `deposit` |
/// | `#[event] fn imported(event: &Imported) -> Self` | says how a declared event creates; recorded with `create_from` |
/// | `#[event] fn paid(&mut self, event: &Paid)` | says how a declared event changes; recorded with `trigger` |
/// | without `#[event]` | a helper of the state; with `&self`, the root has it, too |
///
/// A command has the name, the parameters, the visibility and the documentation of its method, and belongs to the
/// root. Its parameters are the fields of the event. An event method may also take one `&Envelope`: it is
/// given, not stored.
///
/// The block also makes `AccountEvent`, the enum of all events of the aggregate: a variant for each, and
/// `AttributeChanged` and `Discarded`, which every aggregate has.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `retired = ["Account.Frozen"]` | topics that are stored, whose events have no method any more | none |
/// | `visibility = pub(crate)` | the visibility of the made events and of the enum | `pub` |
/// | `crate = path` | where the runtime is found, as for [`#[aggregate]`](macro@aggregate#arguments) | `::es_runtime` |
///
/// A topic that is retired may be missing from the code: `events.lock` accepts that. No later event can take
/// it by accident.
///
/// Made events are `pub`, since the macro does not see the struct. For an aggregate of which the rest of the
/// program should know nothing, give its visibility here:
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
/// # Mistakes
///
/// - `Account { .. }` or `-> Account` inside the block: write `Self`.
/// - An event method that returns a `Result`. What is recorded has happened. Decide in a method outside the block,
///   which then calls the event method.
/// - `pub fn deposit(&mut self, ..)` without `#[event]`: it would be a helper of the state, which nobody outside can
///   call. Give it an event, or make the helper private.
/// - An event method called by another one, or by a helper: nothing is recorded while an event is applied. Move
///   what both need to a helper.
/// - A parameter that borrows: what is stored owns its data. Take a `String`, not a `&str`.
/// - Anything in a body that is not in the state, the event or the envelope, such as the current time or a
///   random number: it would be another one at each replay. Make it a parameter, or take `&Envelope`.
/// - Two aggregates in one module with events of one name: they would make one type twice. Put each aggregate
///   into a module of its own.
#[doc(inline)]
pub use es_macros::mutator;

/// Makes an event: of a method inside [`#[mutator] impl`](macro@mutator), or of a struct.
///
/// On a method, the event is made: a struct with the given name and the parameters as fields.
///
/// ```
/// use es_runtime::{Event, aggregate, mutator};
///
/// #[aggregate]
/// pub struct Account {
///     pub balance: i64,
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open() -> Self {
///         Self { balance: 0 }
///     }
///
///     #[event(Deposited, topic = "account.deposited")]
///     pub fn deposit(&mut self, amount: i64, #[serde(default)] note: Option<String>) {
///         self.balance += amount;
///     }
/// }
///
/// let deposited = Deposited { amount: 10, note: None };
/// assert_eq!(Opened::TOPIC, "Account.Opened");
/// assert_eq!(Deposited::TOPIC, "account.deposited");
/// ```
///
/// On a struct, the event is declared, and any number of aggregates may handle it. It has one topic in all
/// of them. A method with a bare `#[event]` says how it changes an aggregate:
///
/// ```
/// use es_runtime::{Event, aggregate, event, mutator};
///
/// /// The bank has closed for good.
/// #[event]
/// pub struct BankClosed;
///
/// #[aggregate]
/// pub struct Account {
///     pub open: bool,
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open() -> Self {
///         Self { open: true }
///     }
///
///     #[event]
///     fn bank_closed(&mut self, _event: &BankClosed) {
///         self.open = false;
///     }
/// }
///
/// let mut account = Account::open();
/// account.trigger(BankClosed {});
/// assert!(!account.open);
/// assert_eq!(BankClosed::TOPIC, "BankClosed");
/// ```
///
/// An event is `Clone`, `Debug`, `Serialize` and `Deserialize`; on a struct, what it derives itself is left
/// alone. `struct BankClosed;` becomes `struct BankClosed {}`, to which fields can be added later.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `Name` (first, on a method) | the name of the made event | the method handles a declared event |
/// | `topic = "account.deposited"` | what it is stored under | `Account.Name` if made, `Name` if declared |
/// | `aliases = ["Account.PaidIn"]` | topics it was stored under before | none |
/// | `version = 2` | the version of its shape | 1 |
/// | `upcast = DepositedV1` | the shape of version 1 | none |
/// | `upcast = [DepositedV1, DepositedV2]` | the shapes of versions 1, 2 and so on | none |
/// | `crate = path` (on a struct) | where the runtime is found, as for [`#[aggregate]`](macro@aggregate#arguments) | `::es_runtime` |
///
/// A topic never changes once an event is stored under it; when the name in the code does, keep the old
/// topic, or make it an alias:
///
/// ```
/// use es_runtime::{Event, event};
///
/// #[event(topic = "payment.received", aliases = ["PaymentReceived"])]
/// pub struct Paid {
///     pub amount: i64,
/// }
///
/// assert!(Paid::is("payment.received") && Paid::is("PaymentReceived"));
/// ```
///
/// Each older shape says by `From` how it becomes the next one. Stored events of any version are then read as
/// the current one:
///
/// ```
/// use es_runtime::{Event, event};
/// use serde::Deserialize;
///
/// #[event(version = 3, upcast = [PaidV1, PaidV2])]
/// pub struct Paid {
///     pub cents: i64,
///     pub currency: String,
/// }
///
/// #[derive(Deserialize)]
/// struct PaidV1 {
///     amount: i64,
/// }
///
/// #[derive(Deserialize)]
/// struct PaidV2 {
///     cents: i64,
/// }
///
/// impl From<PaidV1> for PaidV2 {
///     fn from(old: PaidV1) -> Self {
///         Self { cents: old.amount * 100 }
///     }
/// }
///
/// impl From<PaidV2> for Paid {
///     fn from(old: PaidV2) -> Self {
///         Self { cents: old.cents, currency: "EUR".into() }
///     }
/// }
///
/// let mut stored = serde_json::Deserializer::from_str(r#"{"amount":3}"#);
/// let paid = Paid::decode(1, &mut stored).unwrap();
/// assert_eq!((paid.cents, paid.currency.as_str()), (300, "EUR"));
/// ```
///
/// # Mistakes
///
/// - `#[event("Opened")]` or `#[event(name = "Opened")]`: write `#[event(Opened)]`.
/// - `#[event(Paid)]` on a method that takes `&Paid`: a declared event has its name already. Write `#[event]`.
/// - Two events of one aggregate with the same topic, or `upcast` without its `version`: refused while
///   compiling. Two events of two crates with the same topic: refused by [`Registry`](crate::Registry).
/// - `#[serde(skip)]`, `skip_serializing` or `skip_deserializing` on a parameter or a field: what is not stored is
///   not there on replay.
/// - A changed shape without a new `version`: found by [`events_lock!`](crate::events_lock).
/// - An enum: make each variant an event of its own, or put the enum in a field.
#[doc(inline)]
pub use es_macros::event;

/// Makes a field of an [`#[aggregate]`](macro@aggregate) struct an attribute: changing it is an event without code.
///
/// ```
/// use es_runtime::{aggregate, mutator};
///
/// #[aggregate]
/// pub struct Account {
///     #[attribute]
///     pub owner: String,
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open(owner: String) -> Self {
///         Self { owner }
///     }
/// }
///
/// let mut account = Account::open("Ann".into());
/// account.set_owner("Anna".into());
/// assert_eq!(account.owner, "Anna");
///
/// let AccountEvent::AttributeChanged(AccountAttribute::Owner(owner)) = account.pending()[1].event() else {
///     panic!("the second event changes the owner");
/// };
/// assert_eq!(owner, "Anna");
/// ```
///
/// The setter has the visibility of the field. The event is `AttributeChanged`, which is stored with the name of
/// the attribute and its value: `{"name":"owner","value":"Anna"}`.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `name = "owner"` | what the attribute is stored under | the name of the field |
/// | `aliases = ["holder"]` | names it was stored under before | none |
/// | `version = 2` | the version of the value's shape | 1 |
/// | `upcast = String` | the type of version 1, or a list, as for [`#[event]`](macro@event#arguments) | none |
///
/// Each attribute is a shape of its own: its value can change its type without the others.
///
/// ```
/// use es_runtime::aggregate::Events;
/// use es_runtime::{aggregate, mutator};
/// use serde::{Deserialize, Serialize};
///
/// #[aggregate]
/// pub struct Account {
///     #[attribute(aliases = ["holder"], version = 2, upcast = String)]
///     pub owner: Name,
/// }
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// pub struct Name {
///     first: String,
///     last: Option<String>,
/// }
///
/// impl From<String> for Name {
///     fn from(first: String) -> Self {
///         Self { first, last: None }
///     }
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open(owner: Name) -> Self {
///         Self { owner }
///     }
/// }
///
/// // Stored when the attribute was a string, and called `holder`.
/// let mut stored = serde_json::Deserializer::from_str(r#"{"name":"holder","value":"Ann"}"#);
/// let event = AccountEvent::decode("Account.AttributeChanged", 1, &mut stored).unwrap().unwrap();
/// let ann = Name::from(String::from("Ann"));
/// assert!(matches!(event, AccountEvent::AttributeChanged(AccountAttribute::Owner(name)) if name == ann));
/// ```
///
/// # Mistakes
///
/// - On anything but a field of an `#[aggregate]` struct.
/// - A method `set_owner` of your own beside `#[attribute] owner`: there would be two.
/// - A field whose change means more than its new value, such as a balance. That deserves an event with a name.
#[doc(inline)]
pub use es_macros::attribute;
