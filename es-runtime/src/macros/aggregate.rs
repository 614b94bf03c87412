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
/// - `AccountState`: the struct as written, which events change. It derives `Clone`, `Serialize` and `Deserialize` if the
///   struct does not derive them itself.
/// - `Account`: the root, which dereferences to [`Root<Account>`](crate::Root) and on to the state, for reading. It has
///   `into_state`, and a `set_<field>` for each [`#[attribute]`](macro@crate::attribute) field. It implements `Debug`,
///   `PartialEq` and `Eq` if the struct derives them; two roots are equal if their ids and states are. If the struct does
///   not derive `Debug`, you may implement it for `Account`, for `AccountState`, or for both. Code in the module of the
///   aggregate can call `discard`.
/// - `AccountAttribute`, if there are attributes: an enum with a variant for each, holding the new value. It
///   derives those of `PartialEq`, `Eq`, `PartialOrd`, `Ord` and `Hash` that the struct derives.
///
/// Levels of lints (`#[allow]`, `#[expect]` and so on) on the struct hold for all of these; those on a field hold for its
/// setter and its variant.
///
/// The aggregate's events stand in [`#[mutator] impl`](macro@crate::mutator). The struct's documentation goes to the
/// root.
///
/// Only events may change the state. So the macro refuses cells, locks and atomics that a field names, and the compiler
/// refuses a type of your own that holds one (error E0492). Neither finds one behind an `Arc`, a `Box` or another
/// pointer: keep such types out of a state.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `name = "Account"` | the stable name: topics begin with it | the name of the struct |
/// | `aliases = ["Account"]` | former names, oldest first: rows stored under them stay readable | none |
/// | `id_namespace = "Account"` | the namespace of ids derived from a key | the oldest name |
/// | `retired = ["owner"]` | names of stored attributes whose fields are no attributes any more | none |
/// | `snapshot_version = 2` | raise it if code outside these blocks changes the effect of events on the state | 1 |
/// | `state = AccountData` | the name of the state, if the usual one is taken; also at `#[mutator]` | `AccountState` |
/// | `trigger = pub(crate)` | the visibility of `trigger`, `create_from` and `create_from_with_id`, for declared events | private to the module |
/// | `discard = pub` | the visibility of `discard` | private to the module |
/// | `crate = path` | the path of the runtime | `::es_runtime` |
///
/// `name` keeps the topics, and the ids derived from keys, when the struct is renamed. If the name itself has to
/// change, `aliases` keeps stored rows readable, and the ids as they were:
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
/// let opened = Registry::global()?.event("Account.Opened");
/// assert_eq!(opened.map(|event| event.topic()), Some("BankAccount.Opened"));
/// assert_eq!(BankAccount::ID_NAMESPACE, "Account");
/// # Ok(())
/// # }
/// ```
///
/// `discard` ends the aggregate. It is private to the aggregate's module, so that a command there checks first:
///
/// ```
/// mod bank {
///     use es_runtime::{Discarded, aggregate, mutator};
///
///     #[aggregate]
///     pub struct Account {
///         pub balance: i64,
///     }
///
///     #[mutator]
///     impl Account {
///         #[event(Opened)]
///         pub fn open(balance: i64) -> Self {
///             Self { balance }
///         }
///     }
///
///     impl Account {
///         pub fn close(self) -> Result<Discarded<Self>, Self> {
///             if self.balance == 0 { Ok(self.discard()) } else { Err(self) }
///         }
///     }
/// }
///
/// let account = bank::Account::open(10);
/// assert!(account.close().is_err());
/// ```
///
/// `trigger` records an event that is declared on its own, `create_from` creates the aggregate with one. Their callers
/// could record such an event without the checks of a command, so both are private unless you set a visibility. With a
/// visibility they take declared events alone: an event that a method makes is recorded by that method, which may stand
/// behind a check.
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
/// `crate` is for a runtime that is renamed, or reached through a crate of your own. Write it at each of the macros:
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
/// - `#[derive(..)]` above `#[aggregate]` derives for the root. Write it below: it then derives for the state. The macro
///   refuses the derives above that make a value (`Clone`, `Default`, `Deserialize`): events alone make a root.
/// - `Account { .. }` in a plain `impl`: the root has none of the fields. An event method that returns `Self` makes one.
/// - `Account` where serde wants `Serialize`: the state has it. Pass that on: `account.state()`.
/// - Another aggregate, or the aggregate itself, in a field: an aggregate is stored apart. Hold its `Id<..>`.
/// - An array of more than 32 elements: serde reads none. Take a `Vec`, or name a module with `#[serde(with = "..")]`.
/// - A field that can change behind a shared reference, such as a `Cell` or an atomic: it would change without an
///   event. If a type of your own holds one, the compiler reports it in its own words (E0492, "interior mutable").
/// - `Option<Option<..>>` and `Option<()>`: serde writes `Some(None)` and `None` alike. `#[serde(with = ..)]` may tell
///   them apart.
/// - `#[serde(skip)]`, `skip_serializing` or `skip_deserializing` on a field: a snapshot would not hold it. The other
///   attributes of serde that the macro refuses [are those of events](macro@crate::event#mistakes).
/// - `#[derive(Event)]`: a struct is either an aggregate or an event.
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
