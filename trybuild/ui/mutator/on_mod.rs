use es_runtime::mutator;

#[mutator]
mod account {}

fn main() {}
