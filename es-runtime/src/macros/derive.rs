/// Makes a struct an event and leaves all other derives to you: the [`Event`](trait@crate::Event) of the stand-alone style.
///
/// ```
/// use es_runtime::Event;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
/// #[event(topic = "payment.received", aliases = ["payment-received"])]
/// pub struct PaymentReceived {
///     pub amount: i64,
/// }
///
/// assert_eq!(PaymentReceived::TOPIC, "payment.received");
/// ```
///
/// `#[event(..)]` takes the arguments that [the attribute](macro@crate::event) takes on a struct: `topic`, `aliases`,
/// `version` with `upcast`, `encrypted` or `clear`, and `crate`. The registry and `events.lock` know the event, as they
/// know an event of the attribute. Without a `topic`, the event is stored under the name of the struct.
///
/// The struct needs `Clone`, `Debug`, and serde's `Serialize` and `Deserialize`, derived or by hand.
///
/// # Mistakes
///
/// - `#[event]` above the derive: write it below, where it is the derive's even if the attribute macro is imported, too.
/// - The derive and the attribute macro on one struct: either makes it an event.
/// - A struct without braces, with unnamed fields, with generic parameters, or an enum. Events are stored by the names of
///   their fields, in one definite shape; an enum of events is an [`EventSet`](macro@crate::EventSet).
#[doc(inline)]
pub use es_macros::Event;

/// Makes an enum of events, each the one field of a variant, an [`EventSet`](trait@crate::EventSet): the events that a
/// sequence may hold.
///
/// ```
/// use es_runtime::{Event, EventSet};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize, Event)]
/// #[event(topic = "example.created")]
/// pub struct Created {
///     pub name: String,
/// }
///
/// #[derive(Clone, Debug, Serialize, Deserialize, Event)]
/// #[event(topic = "example.removed")]
/// pub struct Removed {}
///
/// #[derive(Clone, Debug, EventSet)]
/// pub enum ExampleEvent {
///     Created(Created),
///     Gone(Removed),
/// }
///
/// // Each event converts to the set.
/// let event: ExampleEvent = Created { name: "one".into() }.into();
/// assert!(matches!(event, ExampleEvent::Created(Created { name }) if name == "one"));
/// assert_eq!(ExampleEvent::TYPES.len(), 2);
/// ```
///
/// The events may be made in any way, also by [`#[event]`](macro@crate::event). The enum needs `Clone` and `Debug`.
/// Variants may have other names than their events. `#[event_set(crate = path)]` sets the path of the runtime.
///
/// # Mistakes
///
/// - Two events with one topic do not compile:
///
/// ```compile_fail,E0080
/// use es_runtime::{EventSet, event};
///
/// #[event(topic = "example.created")]
/// pub struct Created {}
///
/// #[event(topic = "example.created")]
/// pub struct Made {}
///
/// #[derive(Clone, Debug, EventSet)]
/// pub enum ExampleEvent {
///     Created(Created),
///     Made(Made),
/// }
/// ```
///
/// - A variant with several fields, with named ones, or with none: it holds one event.
#[doc(inline)]
pub use es_macros::EventSet;
