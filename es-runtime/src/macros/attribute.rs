/// Makes a field of an [`#[aggregate]`](macro@crate::aggregate) struct an attribute: changing it is an event without code.
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
/// let changed = account.pending()[1].event();
/// assert!(matches!(changed, AccountEvent::AttributeChanged(AccountAttribute::Owner(owner)) if owner == "Anna"));
/// ```
///
/// The setter has the visibility of the field. The event is `AttributeChanged`, which is stored with the name of
/// the attribute and its value: `{"name":"owner","value":"Anna"}`.
///
/// # Arguments
///
/// | argument | meaning | if left out |
/// |---|---|---|
/// | `name = "owner"` | the name that the attribute is stored under | the name of the field |
/// | `aliases = ["holder"]` | names that the attribute was stored under before | none |
/// | `version = 2` | the version of the value's shape | 1 |
/// | `upcast = String` | the type of version 1, or a list, as for [`#[event]`](macro@crate::event#arguments) | none |
///
/// Each attribute has a shape of its own: one can change its type without the others.
///
/// ```
/// use es_runtime::event::EventSet;
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
/// let event = AccountEvent::decode("Account.AttributeChanged", 1, &mut stored).transpose()?;
/// let ann = Name::from(String::from("Ann"));
/// assert!(matches!(event, Some(AccountEvent::AttributeChanged(AccountAttribute::Owner(name))) if name == ann));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Mistakes
///
/// - On anything but a field of an `#[aggregate]` struct.
/// - A method `set_owner` of your own beside `#[attribute] owner`: there would be two.
/// - A field whose change means more than its new value, such as a balance. That deserves an event with a name.
#[doc(inline)]
pub use es_macros::attribute;
