use es_runtime::event;

#[event]
pub struct Opened<'a> {
    pub owner: &'a str,
}

fn main() {}
