use es_runtime::event;

#[event]
pub struct Opened {
    pub owner: &'static str,
}

fn main() {}
