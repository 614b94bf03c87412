use es_runtime::{Id, Root, aggregate, mutator};

mod bank {
    use super::*;

    #[aggregate]
    pub struct Account {
        pub balance: i64,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        fn open(balance: i64) -> Self {
            Self { balance }
        }
    }
}

fn main() {
    let root = Root::<bank::Account>::create(Id::new(), bank::Opened { balance: 1_000_000 });
    let _ = Root::<bank::Account>::discard(root);
}
