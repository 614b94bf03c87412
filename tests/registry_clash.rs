//! The registry refuses clashes across modules. The tests are a binary of their own, since they spoil the registry of
//! the whole program.

use std::sync::Arc;

use es_runtime::recorder::MemoryRecorder;
use es_runtime::{Application, ErrorKind, Registry, Wait};

mod bank {
    use es_runtime::{aggregate, event, mutator};

    pub(crate) const PAID_LINE: u32 = line!() + 2;
    #[event(topic = "paid")]
    pub(crate) struct Paid {}

    #[event(topic = "due")]
    pub(crate) struct Due {}

    #[event(aliases = ["due"])]
    pub(crate) struct Owed {}

    #[event(topic = "Account.Discarded")]
    pub(crate) struct Ended {}

    #[aggregate]
    pub(crate) struct Account {
        pub(crate) balance: i64,
    }

    pub(crate) const ACCOUNT_LINE: u32 = line!() + 2;
    #[mutator]
    impl Account {
        #[event(Opened)]
        pub(crate) fn open() -> Self {
            Self { balance: 0 }
        }

        // The registry meets the event twice: on its own, and in the aggregate.
        #[event]
        fn paid(&mut self, _event: &Paid) {
            self.balance += 1;
        }
    }
}

mod shop {
    use es_runtime::{aggregate, event, mutator};

    pub(crate) const PAID_LINE: u32 = line!() + 2;
    #[event(topic = "paid")]
    pub(crate) struct Payment {}

    #[aggregate]
    pub(crate) struct Account {
        pub(crate) visits: u32,
    }

    pub(crate) const ACCOUNT_LINE: u32 = line!() + 2;
    #[mutator]
    impl Account {
        #[event(Opened)]
        pub(crate) fn open() -> Self {
            Self { visits: 0 }
        }

        #[event(Closed)]
        pub(crate) fn close(&mut self) {
            self.visits = 0;
        }

        #[event]
        fn paid(&mut self, _event: &Payment) {
            self.visits += 1;
        }
    }
}

mod keys {
    use es_runtime::{aggregate, mutator};

    #[aggregate(id_namespace = "Customer")]
    pub(crate) struct Buyer {
        pub(crate) visits: u32,
    }

    pub(crate) const BUYER_LINE: u32 = line!() + 2;
    #[mutator]
    impl Buyer {
        #[event(BuyerMet)]
        pub(crate) fn meet() -> Self {
            Self { visits: 1 }
        }
    }

    #[aggregate]
    pub(crate) struct Customer {
        pub(crate) visits: u32,
    }

    pub(crate) const CUSTOMER_LINE: u32 = line!() + 2;
    #[mutator]
    impl Customer {
        #[event(CustomerMet)]
        pub(crate) fn meet() -> Self {
            Self { visits: 1 }
        }
    }

    #[aggregate(aliases = ["Customer"], id_namespace = "Guest")]
    pub(crate) struct Guest {
        pub(crate) visits: u32,
    }

    #[mutator]
    impl Guest {
        #[event(GuestMet)]
        pub(crate) fn meet() -> Self {
            Self { visits: 1 }
        }
    }
}

fn message() -> String {
    let error = Registry::global().expect_err("names clash in this program");
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

fn place(line: u32) -> String {
    format!("tests/registry_clash.rs:{line}:")
}

fn line_about<'a>(message: &'a str, parts: &[&str]) -> &'a str {
    message
        .lines()
        .find(|line| parts.iter().all(|part| line.contains(part)))
        .unwrap_or_else(|| panic!("no line names {parts:?} in\n{message}"))
}

#[test]
fn two_events_with_one_topic_are_refused_naming_both_places() {
    let message = message();
    let line = line_about(&message, &["`Paid` at ", "`Payment` at "]);
    assert!(line.contains(&place(bank::PAID_LINE)), "{line}");
    assert!(line.contains(&place(shop::PAID_LINE)), "{line}");
    assert!(line.ends_with("both have the topic `paid`; give one of them another `topic`"), "{line}");
}

#[test]
fn an_older_topic_clashes_like_a_current_one() {
    line_about(&message(), &["`Due` at ", "`Owed` at ", "topic `due`"]);
}

#[test]
fn the_message_omits_clashes_that_follow_from_a_shared_name() {
    let message = message();
    for topic in ["Account.Opened", "Account.AttributeChanged", "Customer.Discarded"] {
        assert!(!message.contains(topic), "{message}");
    }
}

#[test]
fn the_message_names_shared_names_first() {
    let message = message();
    let named: Vec<bool> = message.lines().map(|line| line.starts_with("two aggregates are named")).collect();
    assert_eq!(named.iter().filter(|named| **named).count(), 2, "{message}");
    assert!(named.is_sorted_by(|one, next| one >= next), "{message}");
}

#[test]
fn no_application_opens_in_such_a_program() {
    let on_recorder = Application::on(Arc::new(MemoryRecorder::new()));
    for builder in [Application::builder("memory:"), on_recorder] {
        let error = builder.open().wait().expect_err("names clash");
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Config, message()));
    }
}

#[test]
fn the_topics_of_standard_events_are_taken() {
    line_about(&message(), &["`Ended` at ", "`Discarded` at ", "topic `Account.Discarded`"]);
}

#[test]
fn two_aggregates_with_one_name_are_refused_naming_both_places() {
    let message = message();
    let line = line_about(&message, &["two aggregates are named `Account`"]);
    assert!(line.contains(&place(bank::ACCOUNT_LINE)), "{line}");
    assert!(line.contains(&place(shop::ACCOUNT_LINE)), "{line}");
    assert!(line.ends_with("give one of them another `name`"), "{line}");
}

#[test]
fn a_former_name_clashes_like_a_current_one() {
    line_about(&message(), &["two aggregates are named `Customer` (a former name counts)"]);
}

#[test]
fn aggregates_that_would_derive_equal_ids_from_equal_keys_are_refused() {
    let message = message();
    let line = line_about(&message, &["`Buyer`", "`Customer`", "equal keys give equal ids"]);
    assert!(line.contains(&place(keys::BUYER_LINE)), "{line}");
    assert!(line.contains(&place(keys::CUSTOMER_LINE)), "{line}");
    assert!(line.ends_with("give one of them another `id_namespace`"), "{line}");
}

#[test]
fn the_message_omits_events_without_a_clash() {
    assert!(!message().contains("Closed"), "{}", message());
}

#[test]
fn the_message_names_each_clash_once_at_every_call() {
    let first = message();
    let mut lines: Vec<_> = first.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), first.lines().count());
    assert_eq!(first, message());
}

#[test]
fn an_aggregate_works_though_its_name_is_taken() {
    let mut account = shop::Account::open();
    account.close();
    assert_eq!((account.visits, bank::Account::open().balance), (0, 0));
    let visits = [keys::Buyer::meet().visits, keys::Customer::meet().visits, keys::Guest::meet().visits];
    assert_eq!(visits, [1, 1, 1]);
}
