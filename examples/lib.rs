//! Runnable programs: `cargo run --example hello`.
//!
//! - `hello`: a bank account in memory, its events, and the account made from them once more.
