use es_runtime::event;

fn large(amount: &i64) -> bool {
    *amount > 1000
}

fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

fn one() -> i64 {
    1
}

#[event]
pub struct Deposited {
    #[serde(default, skip_serializing_if = "large")]
    pub amount: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub coins: Vec<u32>,
    #[serde(default = "one", skip_serializing_if = "is_zero")]
    pub times: i64,
    // Right: nothing is read as `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

fn main() {
    let deposited = Deposited { amount: 1, coins: vec![], times: 1, note: None };
    assert_eq!(deposited.amount, 1);
}
