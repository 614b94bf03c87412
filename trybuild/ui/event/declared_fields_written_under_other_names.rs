use es_runtime::event;

#[event]
#[serde(rename_all(serialize = "camelCase"))]
pub struct Deposited {
    pub total_amount: i64,
}

fn main() {
    assert_eq!(Deposited { total_amount: 1 }.total_amount, 1);
}
