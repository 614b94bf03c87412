use es_runtime::attribute;

#[attribute]
fn owner() {}

fn main() {}
