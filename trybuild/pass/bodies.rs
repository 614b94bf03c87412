#![deny(warnings)]

use es_runtime::testing::replay;
use es_runtime::{aggregate, mutator};

#[aggregate]
#[derive(Debug, PartialEq)]
pub struct Account {
    pub owner: String,
    pub balance: i64,
    pub moves: Vec<i64>,
}

#[mutator]
impl Account {
    const NONE: &'static str = "nobody";

    #[event(Opened)]
    pub fn open(mut owner: String, balance: i64) -> Self {
        if balance < 0 {
            return Self::empty();
        }
        owner.push('!');
        Self { balance, ..Self { owner, ..Self::empty() } }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, mut amount: i64) {
        amount *= 2;
        let Self { balance, moves, .. } = self;
        *balance += amount;
        moves.push(amount);
        if let [first, .., last] = moves[..] {
            *balance += first - last;
        }
    }

    #[event(Withdrawn)]
    pub fn withdraw(&mut self, amount: i64) {
        if amount == 0 {
            return;
        }
        self.balance -= amount;
        for part in [amount / 2, amount - amount / 2] {
            if part == 0 {
                continue;
            }
            self.moves.push(-part);
        }
    }

    #[event(Reset)]
    pub fn reset(&mut self) {
        *self = Self { owner: std::mem::take(&mut self.owner), ..Self::empty() };
    }

    #[event(Renamed)]
    pub fn rename(&mut self, owner: Option<String>) {
        let Some(owner) = owner else {
            self.owner.clear();
            return;
        };
        let mut set = |owner: String| self.owner = owner;
        set(owner);
    }

    #[event(Doubled)]
    pub fn double(&mut self) {
        fn twice(number: i64) -> i64 {
            struct Account {
                balance: i64,
            }
            let Account { balance } = Account { balance: number };
            balance * 2
        }
        self.balance = twice(self.balance);
        self.moves.iter_mut().for_each(|part| *part *= 2);
    }

    #[event(Touched)]
    pub fn touch(&mut self) {}

    fn empty() -> Self {
        Self { owner: Self::NONE.into(), balance: 0, moves: vec![] }
    }
}

fn main() {
    let mut account = Account::open("Ann".into(), 1);
    assert_eq!(account.owner, "Ann!");
    account.deposit(5);
    account.deposit(7);
    assert_eq!(account.balance, 1 + 10 + 14 + (10 - 14));
    account.withdraw(0);
    account.withdraw(1);
    assert_eq!(account.moves, [10, 14, -1]);
    account.double();
    assert_eq!(account.moves, [20, 28, -2]);
    account.reset();
    assert_eq!((account.owner.as_str(), account.balance), ("Ann!", 0));
    account.rename(Some("Bob".into()));
    assert_eq!(account.owner, "Bob");
    account.rename(None);
    assert_eq!(account.owner, "");
    account.touch();
    assert_eq!(account.version(), 10);
    assert_eq!(**replay::<Account>(account.pending().to_vec()).unwrap(), **account);
    assert_eq!(Account::open("Ann".into(), -1).owner, "nobody");
}
