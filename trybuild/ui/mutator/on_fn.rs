use es_runtime::mutator;

#[mutator]
fn open() {}

fn main() {}
