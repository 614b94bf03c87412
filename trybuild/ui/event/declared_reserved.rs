use es_runtime::event;

#[event]
pub struct AttributeChanged {
    pub name: String,
}

fn main() {}
