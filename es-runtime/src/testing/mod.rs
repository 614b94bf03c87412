//! The test kit: given / when / then for aggregates, a clock and ids that tests set, and events made by hand.
//!
//! The test kit reports by panicking, at the line of the test. It writes every given or recorded event as JSON and
//! reads it back, so that a value that cannot be stored fails its test.
//!
//! For tests of a recorder, a codec or a wrapper of your own there are an [example account](example), [faults], and
//! the rules of recorders in [`conformance`].
//!
//! ```
#![doc = include_str!("account.txt")]
//! use es_runtime::testing::Scenario;
//!
//! Scenario::<Account>::given((Opened { owner: "Ann".into() }, Deposited { amount: 10 }))
//!     .when(|account| account.withdraw(3))
//!     .then(Withdrawn { amount: 3 })
//!     .then_returns(Ok(()))
//!     .then_state(|account| assert_eq!(account.balance, 7));
//! ```

mod clock;
mod diff;
mod same;
mod codec;
#[cfg_attr(not(feature = "conformance"), expect(dead_code, reason = "faults need a part of it"))]
mod random;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "conformance")]
pub mod differential;
#[cfg(all(feature = "conformance", feature = "macros"))]
pub mod example;
pub mod faults;
mod ids;
mod events;
mod history;
mod rebuild;
mod compare;
mod subject;
mod lists;
mod scenario;
mod or_error;
mod outcome;
mod when;
mod then;
mod several;
mod view;

pub use self::clock::ManualClock;
pub use self::codec::{Encoded, decode, encode};
#[doc(hidden)]
pub use self::events::kind;
pub use self::events::{EventList, IntoEvent};
pub use self::history::{history, recorded, replay};
pub use self::ids::{IdsGuard, id, ids_from};
pub use self::lists::EventLists;
pub use self::or_error::OrError;
pub use self::outcome::Outcome;
pub use self::scenario::Scenario;
pub use self::subject::Subject;
#[cfg(feature = "sqlite")]
pub use self::view::Values;
pub use self::view::ViewScenario;
