use es_runtime::EventSet;

#[derive(EventSet)]
pub union AccountEvent {
    amount: i64,
}

fn main() {}
