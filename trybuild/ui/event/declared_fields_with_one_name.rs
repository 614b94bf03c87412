use es_runtime::event;

#[event]
pub struct Deposited {
    #[serde(rename = "sum")]
    pub amount: i64,
    pub sum: i64,
    pub total: i64,
    #[serde(rename = "total")]
    pub all: i64,
}

#[event]
#[serde(rename_all = "camelCase", tag = "type")]
pub struct Withdrawn {
    pub by_clerk: i64,
    #[serde(rename = "byClerk")]
    pub clerk: i64,
    pub r#type: i64,
}

fn main() {
    let deposited = Deposited { amount: 1, sum: 2, total: 3, all: 4 };
    assert_eq!(deposited.amount + deposited.sum + deposited.total + deposited.all, 10);
    let withdrawn = Withdrawn { by_clerk: 1, clerk: 2, r#type: 3 };
    assert_eq!(withdrawn.by_clerk + withdrawn.clerk + withdrawn.r#type, 6);
}
