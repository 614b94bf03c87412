use es_runtime::event;

#[event]
pub struct Opened {
    #[attribute]
    pub owner: String,
}

fn main() {}
