//! Every store against all rules of its level.

#[path = "../support/folder.rs"]
mod folder;
mod memory;
mod sqlite;
