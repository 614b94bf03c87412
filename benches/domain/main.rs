//! B7.
fn main() {}
