use es_runtime::{Id, aggregate, mutator};

#[aggregate]
pub struct Node {
    #[attribute]
    pub parent: Option<Id<Self>>,
    pub kids: Vec<Self>,
    pub next: Option<Box<Self>>,
}

#[mutator]
impl Node {
    #[event(Added)]
    pub fn add() -> Self {
        Self { parent: None, kids: Vec::new(), next: None }
    }
}

fn main() {
    Node::add();
}
