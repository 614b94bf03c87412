use es_runtime::Event;

#[derive(Event)]
pub union Deposited {
    amount: i64,
}

fn main() {}
