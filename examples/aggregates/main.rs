//! Aggregates: a root that guards its entities, and whose events are saved together or not at all.

use std::sync::{Arc, Mutex};

use es_runtime::application::SavedCommit;
use es_runtime::{Application, Error, Wait, aggregate, mutator};
use serde::{Deserialize, Serialize};

/// An account with its cards. A caller reaches a card through the account only.
#[aggregate]
#[derive(Debug)]
struct Account {
    cards: Vec<Card>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Card {
    number: u32,
}

#[mutator]
impl Account {
    #[event(Opened)]
    fn open() -> Self {
        Self { cards: Vec::new() }
    }

    #[event(CardIssued)]
    fn add_card(&mut self, number: u32) {
        self.cards.push(Card { number });
    }
}

impl Account {
    /// The root keeps the rule that numbers run from 1.
    fn issue_card(&mut self) -> u32 {
        let number = self.cards.last().map_or(1, |last| last.number + 1);
        self.add_card(number);
        number
    }

    fn count_cards(&self) -> usize {
        self.cards.len()
    }
}

fn main() -> Result<(), Error> {
    // A subscriber that counts the events of each save.
    let published: Arc<Mutex<Vec<usize>>> = Arc::default();
    let counts = Arc::clone(&published);
    let app = Application::builder("sqlite::memory:")
        .on_saved(move |saved: &SavedCommit| counts.lock().expect("nobody panics").push(saved.rows().len()))
        .open()
        .wait()?;
    let published = || std::mem::take(&mut *published.lock().expect("nobody panics"));

    let mut account = Account::open();
    let id = account.id();
    app.save(&mut account).wait()?;
    assert!(app.contains(id).wait()?);
    assert_eq!((account.count_cards(), published()), (0, vec![1]));

    // A recorded event changes this account at once; the store and the subscriber learn of it from the save.
    account.issue_card();
    assert_eq!((account.count_cards(), account.pending().len()), (1, 1));
    assert_eq!((app.get(id).wait()?.count_cards(), published()), (0, vec![]));
    app.save(&mut account).wait()?;
    assert_eq!((app.get(id).wait()?.count_cards(), published()), (1, vec![1]));
    assert_eq!(account.pending().len(), 0);

    // Two events, one transaction.
    assert_eq!([account.issue_card(), account.issue_card()], [2, 3]);
    app.save(&mut account).wait()?;
    assert_eq!((app.get(id).wait()?.count_cards(), published()), (3, vec![2]));

    // Several aggregates, too.
    let mut other = Account::open();
    other.issue_card();
    account.issue_card();
    app.save((&mut account, &mut other)).wait()?;
    assert_eq!(app.get(other.id()).wait()?.count_cards(), 1);

    // The discarded account stays in the store until the save.
    let mut discarded = account.discard();
    assert!(app.contains(id).wait()?);
    app.save(&mut discarded).wait()?;
    assert!(!app.contains(id).wait()?);
    println!("saved together, discarded when saved");
    Ok(())
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
