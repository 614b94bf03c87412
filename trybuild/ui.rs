//! Code that must not compile, with the exact message, and odd code that must compile and work.
//!
//! `TRYBUILD=overwrite cargo test -p es-trybuild` writes the messages anew: read the diff, it is the
//! review of the message.

mod odd;

/// Without a case that has to run, the compiler only checks the cases: that is faster than building them.
#[test]
fn misuse_is_refused() {
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}

#[test]
fn odd_code_works() {
    odd::works("pass");
}
