use es_runtime::aggregate;

#[aggregate]
pub struct Account;

fn main() {}
