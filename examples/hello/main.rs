//! A bank account in memory: commands record events, and the events make the same account again.

mod account;

use es_runtime::Error;
use es_runtime::testing::{encode, replay};

use crate::account::Account;

fn main() -> Result<(), Error> {
    let mut account = Account::open("Ann".into());
    account.deposit(10);
    account.set_owner("Anna".into());
    println!("withdraw 3:  {:?}", account.withdraw(3));
    println!("withdraw 30: {:?}", account.withdraw(30));
    show("the account", &account);

    println!("its events, not saved yet:");
    for recorded in account.pending() {
        let encoded = encode::<Account>(recorded.event());
        println!("  {} {:<26}{}", recorded.envelope().version(), encoded.topic(), encoded.data());
    }

    let again: Account = replay(account.pending().to_vec())?;
    show("made from them once more", &again);
    assert_eq!(again.balance, account.balance);
    Ok(())
}

fn show(what: &str, account: &Account) {
    println!("{what}: {} has {} at version {}", account.owner, account.balance, account.version());
}

// Holds the shapes of the stored events to the file `events.lock`.
#[cfg(test)]
es_runtime::events_lock!();

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_runs() {
        assert!(super::main().is_ok());
    }
}
