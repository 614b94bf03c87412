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
/// | `encrypted` | it is never stored in clear | as the mapper has it |
/// | `clear` | it is stored in clear, although there is a cipher | as the mapper has it |
/// | `allow(nondeterminism)` (on a method) | its body may call what answers otherwise at each replay, such as a `now()` of yours that does not | such calls are refused |
/// | `crate = path` (on a struct) | where the runtime is found, as for [`#[aggregate]`](macro@crate::aggregate#arguments) | `::es_runtime` |
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
/// let paid = Paid::decode(1, &mut stored)?;
/// assert_eq!((paid.cents, paid.currency.as_str()), (300, "EUR"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A mapper without a cipher refuses to write an event that is `encrypted`, as `Config`, and every mapper refuses to read
/// a row of it that is in clear, also with [`allowing_clear_data`](crate::mapper::Mapper::allowing_clear_data). Opening an
/// application does not look for such events: several applications in one program may have different mappers. An
/// event that is `clear` can be read by whoever can read the store, also after its aggregate was forgotten.
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
/// - `encrypted` and `clear` on one event: they say the opposite.
/// - `#[serde(skip)]`, `skip_serializing` or `skip_deserializing` on a parameter or a field: what is not stored is
///   not there on replay.
/// - A changed shape without a new `version`: found by [`events_lock!`](crate::events_lock).
/// - An enum: make each variant an event of its own, or put the enum in a field.
#[doc(inline)]
pub use es_macros::event;
