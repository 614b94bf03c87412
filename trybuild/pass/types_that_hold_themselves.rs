#![deny(warnings)]

use es_runtime::testing::replay;
use es_runtime::{aggregate, event, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    pub before: Option<Box<AccountState>>,
    pub cause: Option<Box<Caused>>,
    pub older: Vec<Memory>,
}

#[event]
pub struct Node {
    pub next: Option<Box<Node>>,
    pub all: Vec<Node>,
    pub twins: Vec<Self>,
    pub memory: Memory,
}

#[aggregate]
#[derive(Debug)]
pub struct Account {
    pub previous: Option<Box<AccountState>>,
    pub before: Vec<Self>,
    #[attribute]
    pub first: Option<Box<AccountState>>,
    #[attribute]
    pub memory: Memory,
    pub last: Option<Box<Caused>>,
    pub opened: Vec<Opened>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(memory: Memory) -> Self {
        Self { previous: None, before: Vec::new(), first: None, memory, last: None, opened: Vec::new() }
    }

    #[event(Caused)]
    pub fn cause(&mut self, by: Option<Box<Caused>>, opened: Vec<Opened>, memory: Box<Memory>) {
        self.previous = Some(Box::new(self.clone()));
        self.last = by;
        self.opened = opened;
        self.memory = *memory;
    }

    #[event(Restored)]
    pub fn restore(&mut self, to: Box<AccountState>) {
        *self = *to;
    }

    #[event]
    fn node(&mut self, event: &Node) {
        self.memory = event.memory.clone();
    }
}

fn main() {
    let memory = Memory { before: None, cause: None, older: Vec::new() };
    let mut account = Account::open(memory.clone());
    let caused = Caused { by: None, opened: Vec::new(), memory: Box::new(memory.clone()) };
    account.cause(Some(Box::new(caused)), vec![Opened { memory: memory.clone() }], Box::new(memory.clone()));
    let node = Node { next: None, all: Vec::new(), twins: Vec::new(), memory };
    account.trigger(Node { next: Some(Box::new(node.clone())), ..node });
    account.set_first(account.previous.clone());
    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert!(again.previous.is_some() && again.first.is_some() && again.last.is_some());
    let to = again.previous.clone().unwrap();
    account.restore(to);
    assert!(account.opened.is_empty());
}
