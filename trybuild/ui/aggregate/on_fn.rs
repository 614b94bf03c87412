use es_runtime::aggregate;

#[aggregate]
fn open() {}

fn main() {}
