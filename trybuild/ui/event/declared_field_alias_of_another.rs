use es_runtime::event;

#[event]
pub struct Deposited {
    #[serde(alias = "sum")]
    pub amount: i64,
    #[serde(alias = "old")]
    pub sum: i64,
    #[serde(alias = "old")]
    pub note: String,
}

fn main() {
    assert_eq!(Deposited { amount: 1, sum: 2, note: String::new() }.sum, 2);
}
