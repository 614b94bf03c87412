//! The block keeps its lints, docs and visibility; the expansion keeps to the strictest lints.
#![deny(
    warnings,
    unused,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unnameable_types,
    unused_qualifications,
    unused_results,
    unused_lifetimes,
    single_use_lifetimes,
    elided_lifetimes_in_paths,
    rust_2018_idioms,
    trivial_casts,
    trivial_numeric_casts,
    let_underscore_drop
)]

use es_runtime::view::{AsyncTx, BlockingTx, Result};
use es_runtime::{Id, aggregate, event, mutator, projection};

/// An account.
#[aggregate]
#[derive(Debug)]
pub struct Account {
    /// Who.
    #[attribute]
    pub owner: String,
}

/// It was noted.
#[event]
#[deprecated]
pub struct Noted {
    /// The text.
    pub text: String,
}

#[mutator]
impl Account {
    /// Opens it.
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }

    #[event]
    #[allow(deprecated)]
    fn noted(&mut self, event: &Noted) {
        self.owner.push_str(&event.text);
    }
}

/// A transaction.
#[derive(Debug)]
pub struct Tx;

impl BlockingTx for Tx {}

/// Another one.
#[derive(Debug)]
pub struct SchemaTx;

impl AsyncTx for SchemaTx {}

/// The rows.
#[derive(Debug)]
pub struct Rows;

#[projection(Account, ignore = [discarded])]
#[deny(unused_must_use)]
impl Rows {
    const TABLES: &str = "";

    /// Rows are made.
    ///
    /// # Errors
    ///
    /// None.
    #[event]
    pub fn opened(_: &Opened, _: Id<Account>, _: &Tx) -> Result {
        Ok(())
    }

    #[event]
    #[allow(deprecated)]
    fn noted(_: &Noted, _: &Tx) {}

    #[attribute(owner)]
    #[expect(unused_variables, reason = "nothing to do")]
    fn renamed(owner: &str, _: &Tx) {
        let unused = 0;
    }
}

/// The rows elsewhere.
#[derive(Debug)]
pub struct Others;

#[projection(Account, ..)]
impl Others {
    const TABLES: &str = "";

    #[event]
    #[deprecated]
    pub(crate) async fn opened(_: &Opened, _: Id<Account>, _: &SchemaTx) -> Result {
        std::future::ready(()).await;
        Ok(())
    }

    #[discarded]
    #[must_use]
    async fn gone(_: &SchemaTx) -> Result {
        Ok(())
    }
}

struct Private(u64);

#[projection(Account, ..)]
impl Private {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
}

fn main() {
    let mut private = Private(0);
    private.opened(&Opened { owner: String::new() });
    assert_eq!(private.0, 1);
}
