use es_runtime::aggregate;

#[aggregate]
pub struct Account(i64);

fn main() {}
