//! Snapshots, one for each attribute form. `UPDATE_EXPECT=1 cargo test -p es-macros` writes them.

use expect_test::{ExpectFile, expect_file};

use super::corpus::{
    ACCOUNT, ACCOUNT_MUTATOR, DERIVED_EVENT, EVENT, EVENT_SET, PROJECTION, PROJECTION_IN_MEMORY,
    PROJECTION_OF_TWO, derive_event, derive_event_set,
};
use super::{Expand, pretty, tokens};
use crate::{aggregate, event, mutator, projection};

#[test]
fn aggregate_of_the_readme() {
    check(aggregate::expand, "", ACCOUNT, &expect_file!["expansion/aggregate.rs"]);
}

#[test]
fn mutator_of_the_readme() {
    check(mutator::expand, "", ACCOUNT_MUTATOR, &expect_file!["expansion/mutator.rs"]);
}

#[test]
fn event_struct() {
    check(event::expand, "topic = \"payment.received\"", EVENT, &expect_file!["expansion/event_struct.rs"]);
}

#[test]
fn derived_event() {
    check(derive_event, "", DERIVED_EVENT, &expect_file!["expansion/derived_event.rs"]);
}

#[test]
fn derived_set() {
    check(derive_event_set, "", EVENT_SET, &expect_file!["expansion/derived_set.rs"]);
}

#[test]
fn declared_event_with_envelope() {
    let item = "impl Account {
        #[event]
        fn imported(event: &Imported) -> Self {
            Self { balance: event.balance }
        }
        #[event]
        fn on_payment(&mut self, event: &PaymentReceived, envelope: &Envelope) {
            self.balance += event.amount;
            self.paid_at = envelope.timestamp();
        }
        fn helper(&self) -> bool {
            self.balance > 0
        }
    }";
    check(mutator::expand, "", item, &expect_file!["expansion/declared_event.rs"]);
}

#[test]
fn versions_and_aliases() {
    let item = "impl Account {
        #[event(Opened, topic = \"opened\", aliases = [\"started\"], version = 3, upcast = [OpenedV1, OpenedV2])]
        #[cfg(feature = \"accounts\")]
        fn open(money: Money) -> Self {
            Self { money }
        }
    }";
    check(mutator::expand, "retired = [\"Account.Old\"]", item, &expect_file!["expansion/versions.rs"]);
}

#[test]
fn attribute_with_arguments() {
    let item = "struct Account {
        #[attribute(name = \"holder\", aliases = [\"owner\"], version = 2, upcast = String)]
        owner: Name,
    }";
    check(aggregate::expand, "crate = crate::es", item, &expect_file!["expansion/attribute.rs"]);
}

#[test]
fn projection_in_a_file() {
    check(projection::expand, "Account", PROJECTION, &expect_file!["expansion/projection.rs"]);
}

#[test]
fn projection_in_memory() {
    let arguments = "Account, ignore = [Closed, limit], name = \"rows\"";
    let expected = &expect_file!["expansion/projection_in_memory.rs"];
    check(projection::expand, arguments, PROJECTION_IN_MEMORY, expected);
}

#[test]
fn async_projection_of_two_aggregates() {
    let expected = &expect_file!["expansion/projection_of_two.rs"];
    check(projection::expand, "Account, order::Order, ..", PROJECTION_OF_TWO, expected);
}

#[test]
fn a_projection_with_mistakes_is_still_one() {
    let item = "impl Balances {
        #[event]
        fn opened(event: Opened, tx: &Tx) -> Result {}
    }";
    check(projection::expand, "", item, &expect_file!["expansion/projection_with_mistakes.rs"]);
}

#[test]
fn a_macro_on_an_event_method_gets_the_commands_and_not_the_body() {
    let item = "impl Account {
        #[event(Opened)]
        #[instrument(skip(owner))]
        pub fn open(owner: String) -> Self {
            Self { owner }
        }
        #[event]
        #[instrument]
        fn on_payment(&mut self, event: &PaymentReceived) {}
    }";
    let expansion = pretty(mutator::expand(tokens(""), tokens(item)));
    let lines: Vec<&str> = expansion.lines().map(str::trim).collect();
    let instrumented = lines.windows(4).filter(|lines| lines[0].starts_with("#[instrument"));
    let functions = instrumented.filter_map(|lines| lines.iter().find(|line| line.contains("fn ")));
    let names: Vec<&str> = functions.filter_map(|line| line.split("fn ").nth(1)?.split('(').next()).collect();
    assert_eq!(names, ["open", "open_with_id", "apply_ref"]);
}

fn check(expand: Expand, args: &str, item: &str, expected: &ExpectFile) {
    expected.assert_eq(&pretty(expand(tokens(args), tokens(item))));
}
