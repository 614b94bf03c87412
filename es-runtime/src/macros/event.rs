/// Makes an event: of a method inside [`#[mutator] impl`](macro@crate::mutator), or of a struct.
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
/// On a struct, the event is declared, and any number of aggregates may handle it. The event has one topic in all of
/// them. A method with a bare `#[event]` applies the event to an aggregate:
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
/// An event is `Clone`, `Debug`, `Serialize` and `Deserialize`; the macro leaves derives of the struct alone. `struct
/// BankClosed;` becomes `struct BankClosed {}`, to which fields can be added later.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `Name` (first, on a method) | the name of the made event | the method handles a declared event |
/// | `topic = "account.deposited"` | the name that the event is stored under | `Account.Name` if made, `Name` if declared |
/// | `aliases = ["Account.PaidIn"]` | topics that the event was stored under before | none |
/// | `version = 2` | the version of the event's shape | 1 |
/// | `upcast = DepositedV1` | the shape of version 1 | none |
/// | `upcast = [DepositedV1, DepositedV2]` | the shapes of versions 1, 2 and so on | none |
/// | `encrypted` | the event is never stored in clear | the mapper decides |
/// | `clear` | the event is stored in clear, even if there is a cipher | the mapper decides |
/// | `allow(nondeterminism)` (on a method) | permits calls that the macro refuses by their name: for a `now()` of your own that returns the same value at each replay | the macro refuses calls such as `now()` |
/// | `crate = path` (on a struct) | the path of the runtime, as for [`#[aggregate]`](macro@crate::aggregate#arguments) | `::es_runtime` |
///
/// A topic never changes once an event is stored under it. If the name in the code changes, keep the old topic, or make
/// it an alias:
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
/// An impl of `From` makes the next shape from each older one. Stored events of any version are then read as the
/// current one:
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
/// let paid = Paid::decode(1, &mut stored)?;
/// assert_eq!((paid.cents, paid.currency.as_str()), (300, "EUR"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A mapper without a cipher refuses to write an event that is `encrypted`, with `Config`. Every mapper refuses to read
/// such an event from a row in clear, also with [`allowing_clear_data`](crate::mapper::Mapper::allowing_clear_data).
/// Opening an application does not look for such events: several applications in one program may have different
/// mappers. Anybody who can read the store can read an event that is `clear`, even after its aggregate was forgotten.
///
/// ```
/// use es_runtime::{Event, event, event::Secrecy};
///
/// #[event(encrypted)]
/// pub struct PinChosen {
///     pub pin: String,
/// }
///
/// assert_eq!(PinChosen::SECRECY, Secrecy::Encrypted);
/// ```
///
/// # Mistakes
///
/// - `#[event("Opened")]` or `#[event(name = "Opened")]`: write `#[event(Opened)]`.
/// - `#[event(Paid)]` on a method that takes `&Paid`: a declared event has its name already. Write `#[event]`.
/// - Two events of one aggregate with the same topic, or `upcast` without its `version`: refused while
///   compiling. Two events of two crates with the same topic: refused by [`Registry`](crate::Registry).
/// - `encrypted` and `clear` on one event: they contradict each other.
/// - `#[serde(skip)]`, `skip_serializing` or `skip_deserializing` on a parameter or a field: a value that is not stored is
///   not there on replay.
/// - Attributes of serde by which a value is not read as it was written. The macro refuses
///   - `rename` and `rename_all` with another name for each direction; to read a former name, too, write `alias`;
///   - two fields with one name, and an `alias` that is a name of another field;
///   - `flatten` after the `flatten` of a map, which takes what the other fields leave: let the map be the last field;
///   - `skip_serializing_if` without `default`, unless the field is an `Option`. Only the default may be left out: so the
///     predicate is called `is_none`, `is_empty`, `is_default`, `is_zero`, `is_false` or `not`, and no function of yours
///     makes the default;
///   - `serialize_with` without `deserialize_with`, or the reverse. If the usual form is meant for the other direction, name
///     it: `serialize_with = "serde::Serialize::serialize"`.
/// - A changed shape without a new `version`: found by [`events_lock!`](crate::events_lock).
/// - An enum: make each variant an event of its own, or put the enum in a field.
#[doc(inline)]
pub use es_macros::event;
