//! Behaviour tests, one module for each concept.

#[macro_use]
mod support;

mod application;
mod attributes;
mod bus;
mod cache;
mod clock;
mod columns;
mod creating;
mod data_keys;
mod discard;
mod environment;
mod errors;
mod events;
mod execute;
mod faults;
mod followers;
mod finding;
mod forgetting;
mod golden_bytes;
mod hooks;
mod histories;
mod ids;
mod layering;
mod log;
mod loose;
mod lost_replies;
mod mapper;
mod metadata;
mod observed;
mod once;
mod opening;
mod own_codecs;
mod reading;
mod registry;
mod renaming;
mod replay;
mod retry;
mod root;
mod saving_again;
mod scenario;
mod secrecy;
mod shared_events;
mod snapshots;
mod standalone;
mod stored_data;
mod test_kit;
mod time_sequences;
mod timer;
mod topics;
mod two_crates;
mod transcoding;
mod upcasting;
mod values;

use self::support::{account, failure};
