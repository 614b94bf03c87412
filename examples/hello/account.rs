use es_runtime::{aggregate, mutator};

#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute]
    pub owner: String,
    pub balance: i64,
}

#[mutator]
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
}

impl Account {
    pub fn withdraw(&mut self, amount: i64) -> Result<(), Overdrawn> {
        let covered = amount <= self.balance;
        covered.then(|| self.take(amount)).ok_or(Overdrawn)
    }
}

#[derive(Debug, PartialEq)]
pub struct Overdrawn;

#[cfg(test)]
mod tests {
    use es_runtime::testing::Scenario;

    use super::*;

    #[test]
    fn an_owner_withdraws_a_part_of_the_balance() {
        Scenario::<Account>::given((Opened { owner: "Ann".into() }, Deposited { amount: 10 }))
            .when(|account| account.withdraw(3))
            .then(Withdrawn { amount: 3 })
            .then_state(|account| assert_eq!(account.balance, 7));
    }

    #[test]
    fn the_account_refuses_to_be_overdrawn() {
        Scenario::<Account>::given((Opened { owner: "Ann".into() }, Deposited { amount: 10 }))
            .when(|account| account.withdraw(30))
            .then_refused(Overdrawn);
    }
}
