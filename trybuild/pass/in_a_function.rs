#![deny(warnings)]

fn main() {
    use es_runtime::testing::replay;
    use es_runtime::{aggregate, event, mutator};

    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    struct Money(i64);

    #[aggregate]
    struct Account {
        #[attribute]
        owner: String,
        balance: Money,
    }

    #[event]
    struct Deposited {
        amount: Money,
    }

    #[mutator(visibility = pub(crate))]
    impl Account {
        #[event(Opened)]
        fn open(owner: String) -> Self {
            Self { owner, balance: Money(0) }
        }

        #[event]
        fn on_deposited(&mut self, event: &Deposited) {
            self.balance.0 += event.amount.0;
        }
    }

    let mut account = Account::open("Ann".into());
    account.set_owner("Anna".into());
    account.trigger(Deposited { amount: Money(3) });
    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert_eq!((again.owner.as_str(), again.balance.0), ("Anna", 3));
}
