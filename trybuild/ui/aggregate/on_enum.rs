use es_runtime::aggregate;

#[aggregate]
pub enum Account {
    Open,
    Closed,
}

fn main() {}
