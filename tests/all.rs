//! Behaviour tests, one module per concept.

mod account;
#[macro_use]
mod delegate;
mod failure;

mod application;
mod attributes;
mod bus;
mod cache;
mod clock;
mod columns;
mod data_keys;
mod discard;
mod environment;
mod errors;
mod events;
mod faults;
mod followers;
mod forgetting;
mod ids;
mod layering;
mod mapper;
mod metadata;
mod observed;
mod once;
mod registry;
mod renaming;
mod replay;
mod root;
mod saving_again;
mod scenario;
mod shared_events;
mod snapshots;
mod standalone;
mod stored_data;
mod test_kit;
mod time_sequences;
mod topics;
mod transcoding;
mod upcasting;
