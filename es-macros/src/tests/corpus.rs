//! Valid input for each macro, one of each kind.

use proc_macro2::TokenStream;

use super::Expand;
use crate::{aggregate, event, misuse, mutator, projection};

/// The account of the README, as input of the macros.
pub(super) const ACCOUNT: &str = "
    pub struct Account {
        #[attribute]
        pub owner: String,
        pub balance: i64,
    }";

pub(super) const ACCOUNT_MUTATOR: &str = "
    impl Account {
        #[event(Opened)]
        pub fn open(owner: String) -> Self {
            Self { owner, balance: 0 }
        }
        #[event(Deposited)]
        pub fn deposit(&mut self, amount: i64) {
            self.balance += amount;
        }
        #[event(Withdrawn)]
        fn take(&mut self, amount: i64) {
            self.balance -= amount;
        }
    }";

pub(super) const EVENT: &str = "
    pub struct PaymentReceived {
        pub amount: Money,
        pub reference: Option<String>,
    }";

pub(super) const PROJECTION: &str = "
    impl Balances {
        const TABLES: &str = \"CREATE TABLE balances (id BLOB PRIMARY KEY, cents INTEGER)\";
        #[event]
        fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
            tx.run(\"INSERT INTO balances VALUES (?1, 0)\", (id,))
        }
        #[event]
        fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
            Self::add(id, event.amount, tx)
        }
        #[event]
        fn withdrawn(event: &Withdrawn, id: Id<Account>, tx: &Tx) -> Result {
            Self::add(id, -event.amount, tx)
        }
        fn add(id: Id<Account>, cents: i64, tx: &Tx) -> Result {
            tx.run(\"UPDATE balances SET cents = cents + ?2 WHERE id = ?1\", (id, cents))
        }
    }";

pub(super) const PROJECTION_IN_MEMORY: &str = "
    impl Balances {
        #[event]
        fn opened(&mut self, Opened { owner }: &Opened, id: Id<Account>) {
            self.by_id.insert(id, (owner.clone(), 0));
        }
        #[attribute(owner)]
        fn renamed(&mut self, owner: &str, id: Id<Account>) -> Result {
            self.row(id)?.0 = owner.to_owned();
            Ok(())
        }
        #[discarded]
        #[retired(\"Account.Frozen\")]
        fn gone(&mut self, id: Id<Account>) {
            self.by_id.remove(&id);
        }
    }";

pub(super) const PROJECTION_OF_TWO: &str = "
    impl Notes {
        const TABLES: &'static str = \"\";
        #[event]
        async fn noted(&self, event: &Noted, origin: &Origin<Any>, tx: &postgres::Tx) -> Result {
            tx.run(self.sql, &[&event.text, &origin.aggregate()]).await
        }
        #[event]
        #[cfg(feature = \"orders\")]
        async fn opened(event: &order::Opened, id: Id<Order>, tx: &postgres::Tx) {}
    }";

fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    misuse::attribute(args, item)
}

/// The derives as functions with arguments, which they ignore.
pub(super) fn derive_event(_: TokenStream, item: TokenStream) -> TokenStream {
    event::derived::expand(item)
}

pub(super) fn derive_event_set(_: TokenStream, item: TokenStream) -> TokenStream {
    event::set::expand(item)
}

pub(super) const DERIVED_EVENT: &str = "
    #[event(topic = \"payment.received\", version = 2, upcast = PaymentReceivedV1)]
    pub struct PaymentReceived {
        pub amount: Money,
    }";

pub(super) const EVENT_SET: &str = "
    pub enum PaymentEvent {
        Received(PaymentReceived),
        Refunded(Refunded),
    }";

/// The valid input: macro, arguments, item.
pub(super) const VALID: &[(Expand, &str, &str)] = &[
    (aggregate::expand, "", ACCOUNT),
    (
        aggregate::expand,
        "name = \"account\", id_namespace = \"konto\", trigger = pub(crate), crate = a::b",
        "/// Docs.
        #[derive(Debug, Clone, serde::Serialize)]
        #[cfg(unix)]
        #[allow(dead_code)]
        pub(crate) struct r#Account {
            #[attribute(name = \"owner\", aliases = [\"holder\"], version = 3, upcast = [String, (String, u8)])]
            #[cfg(test)]
            owner: Owner,
            #[serde(default)]
            r#type: Option<Vec<Kind>>,
            #[attribute]
            limits: HashMap<String, [u8; 4]>,
        }",
    ),
    (mutator::expand, "", ACCOUNT_MUTATOR),
    (
        mutator::expand,
        "retired = [\"Account.Old\"], visibility = pub(crate), crate = a::b",
        "impl super::Account {
            const LIMIT: i64 = 10;
            /// Docs.
            #[event(Opened, topic = \"opened\", aliases = [\"a\", \"b\"], version = 3, upcast = [V1, V2])]
            #[cfg(unix)]
            #[must_use]
            pub fn open(mut owner: String, #[serde(default)] kind: Kind, at: &Envelope) -> Self {
                owner.push('!');
                Self { owner, kind, at: at.timestamp() }
            }
            #[event]
            fn on_paid(&mut self, event: &payments::PaymentReceived, envelope: &Envelope) {
                if event.amount > Self::LIMIT { return; }
                let Self { balance, .. } = self;
                *balance += event.amount;
            }
            #[event]
            fn imported(event: &Imported) -> Self { Self::empty(event.owner.clone()) }
            #[event(Closed)]
            pub fn close(&mut self) {}
            fn empty(owner: String) -> Self { Self { owner } }
        }",
    ),
    (event::expand, "", EVENT),
    (
        event::expand,
        "topic = \"paid\", aliases = [\"payed\"], version = 2, upcast = PaidV1, crate = ::a::b",
        "/// Docs.
        #[derive(PartialEq, Debug)]
        pub struct Paid { #[serde(default)] pub amount: Money, at: Option<u64> }",
    ),
    (
        event::expand,
        "",
        "#[serde(rename_all = \"camelCase\", tag = \"kind\")]
        struct Moved {
            #[serde(rename(serialize = \"a\", deserialize = \"a\"), alias = \"b\", with = \"c::d\")] from_whom: Id,
            #[serde(default, skip_serializing_if = \"String::is_empty\")] note: String,
            #[serde(serialize_with = \"e\", deserialize_with = \"f\", rename = \"g\")] to: Id,
            #[serde(flatten)] rest: BTreeMap<String, Value>,
        }",
    ),
    (event::expand, "", "struct Closed;"),
    (event::expand, "encrypted, topic = \"pin\"", "struct PinChosen { pin: String }"),
    (
        mutator::expand,
        "",
        "impl Account {
            #[event(Opened, clear)]
            fn open() -> Self { Self { balance: 0 } }
            #[event(PinChosen, aliases = [\"pin\"], encrypted)]
            fn choose_pin(&mut self, pin: String) { self.pin = pin; }
        }",
    ),
    (event::expand, "Deposited", "pub fn deposit(&mut self, amount: i64) { self.balance += amount; }"),
    (attribute, "", "pub struct Account { balance: i64 }"),
    (projection::expand, "Account", PROJECTION),
    (
        projection::expand,
        "Account, ignore = [Closed, account::Moved, limit], name = \"rows\", version = 2, crate = a::b",
        PROJECTION_IN_MEMORY,
    ),
    (projection::expand, "Account, order::Order, ..", PROJECTION_OF_TWO),
];

/// The valid input of derives, to which the compiler passes only complete items.
pub(super) const DERIVED: &[(Expand, &str, &str)] =
    &[(derive_event, "", DERIVED_EVENT), (derive_event_set, "", EVENT_SET)];
