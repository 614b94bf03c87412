// An expansion has this where `#[mutator]` cannot read a member. If the compiler can, the build fails all the same.
use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

es_runtime::__private::half_typed! {
    AccountState {
        fn understood_by_the_compiler_alone(&self) {}
    }
}

fn main() {
    assert_eq!(Account::open().balance, 0);
}
