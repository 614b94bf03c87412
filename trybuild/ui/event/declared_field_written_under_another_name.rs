use es_runtime::event;

#[event]
pub struct Deposited {
    #[serde(rename(serialize = "sum", deserialize = "total"))]
    pub amount: i64,
    #[serde(rename(serialize = "by"))]
    pub clerk: String,
    #[serde(rename(deserialize = "text"), default)]
    pub note: String,
    // It is read under the name that it is written under.
    #[serde(rename(serialize = "where"), alias = "where")]
    pub place: String,
}

fn main() {
    let deposited = Deposited { amount: 1, clerk: String::new(), note: String::new(), place: String::new() };
    assert_eq!(deposited.amount, 1);
}
