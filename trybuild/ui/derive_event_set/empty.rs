use es_runtime::EventSet;

#[derive(Clone, Debug, EventSet)]
pub enum AccountEvent {}

fn main() {}
