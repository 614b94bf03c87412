//! The style without macros: a bus with policies, and states made by any function.

mod repository;
mod bus;

pub use self::bus::{Bus, BusSubscription, HandlerResult, PersistencePolicy, SnapshottingPolicy};
pub use self::repository::MutatorRepository;
