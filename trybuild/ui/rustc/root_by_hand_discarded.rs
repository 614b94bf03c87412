use es_runtime::{Aggregate, Root, aggregate, mutator};

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

pub fn end(root: Root<bank::Account>, seal: <bank::Account as Aggregate>::Seal) {
    let _ = Root::<bank::Account>::discard(root, seal);
}

fn main() {}
