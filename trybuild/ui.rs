//! What must not compile, with the exact message; what odd things must compile and work.
//!
//! `TRYBUILD=overwrite cargo test -p es-trybuild` writes the messages anew: read the diff, it is the
//! review of the message.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*/*.rs");
    cases.pass("pass/*.rs");
}
