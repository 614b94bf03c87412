use es_runtime::{Discarded, aggregate, mutator};
use serde::{Deserialize, Serialize};

/// An account with its cards.
#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute]
    pub owner: String,
    cards: Vec<Card>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    number: u32,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, cards: Vec::new() }
    }

    #[event(CardIssued)]
    fn add_card(&mut self, number: u32) {
        self.cards.push(Card { number });
    }
}

impl Account {
    pub fn issue_card(&mut self) {
        let number = self.cards.last().map_or(1, |last| last.number + 1);
        self.add_card(number);
    }

    pub fn close(self) -> Discarded<Self> {
        self.discard()
    }

    pub fn count_cards(&self) -> usize {
        self.cards.len()
    }
}
