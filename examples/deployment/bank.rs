use es_runtime::{Id, aggregate, mutator};

#[aggregate]
#[derive(Debug)]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
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

#[derive(Debug)]
pub struct Overdrawn;

/// A task: a transfer that a customer asked for, and that a worker makes.
#[aggregate]
#[derive(Debug)]
pub struct Transfer {
    pub from: Id<Account>,
    pub to: Id<Account>,
    pub amount: i64,
    pub is_open: bool,
}

#[mutator]
impl Transfer {
    #[event(Requested)]
    pub fn request(from: Id<Account>, to: Id<Account>, amount: i64) -> Self {
        Self { from, to, amount, is_open: true }
    }

    #[event(Made)]
    fn make(&mut self) {
        self.is_open = false;
    }

    #[event(Refused)]
    pub fn refuse(&mut self, reason: String) {
        self.is_open = false;
    }
}

impl Transfer {
    /// Moves the money, or notes the reason why not; does nothing if another worker has settled the transfer.
    pub fn settle(&mut self, from: &mut Account, to: &mut Account) {
        if !self.is_open {
            return;
        }
        match from.withdraw(self.amount) {
            Ok(()) => {
                to.deposit(self.amount);
                self.make();
            }
            Err(Overdrawn) => self.refuse("the account has less than that".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use es_runtime::testing::{Scenario, id};

    use super::*;

    fn given(balance: i64) -> Scenario<(Transfer, Account, Account)> {
        let requested = Requested { from: id(2), to: id(3), amount: 5 };
        Scenario::given((requested, (Opened {}, Deposited { amount: balance }), Opened {}))
    }

    #[test]
    fn a_transfer_is_made_once() {
        given(9)
            .when(Transfer::settle)
            .then((Made {}, Withdrawn { amount: 5 }, Deposited { amount: 5 }))
            .when(Transfer::settle)
            .then_nothing();
    }

    #[test]
    fn a_transfer_that_is_not_covered_is_refused() {
        given(4).when(Transfer::settle).then((
            Refused { reason: "the account has less than that".into() },
            (),
            (),
        ));
    }
}
