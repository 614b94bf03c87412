use es_runtime::event;

#[event]
pub struct Forgotten {
    pub by: String,
}

fn main() {}
