//! The test kit: given / when / then for aggregates, a clock and ids that tests set, and events made by hand.
//!
//! Everything here reports by panicking, at the line of the test. Every event that the kit is given or
//! sees recorded is written as JSON and read back, so that a value that cannot be stored fails its test.
//!
//! Whoever tests a recorder, a codec or a wrapper of their own finds an [example account](example) here, [faults], and the
//! rules of recorders in [`conformance`].
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
mod events;
#[cfg(all(feature = "conformance", feature = "macros"))]
pub mod example;
pub mod faults;
mod history;
mod ids;
mod rebuild;
mod scenario;
mod several;
mod subject;
mod when;
mod outcome;
mod then;

pub use self::clock::ManualClock;
pub use self::codec::{Encoded, decode, encode};
#[doc(hidden)]
pub use self::events::kind;
pub use self::events::{EventList, EventLists, IntoEvent};
pub use self::history::{history, recorded, replay};
pub use self::ids::{IdsGuard, id, ids_from};
pub use self::outcome::Outcome;
pub use self::scenario::Scenario;
pub use self::subject::Subject;
pub use self::when::OrError;
