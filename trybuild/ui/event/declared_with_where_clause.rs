use es_runtime::event;

#[event]
pub struct Deposited
where
    i64: Copy,
{
    pub amount: i64,
}

fn main() {}
