use es_runtime::event;

// Neither `Serialize` nor `Default`.
#[derive(Clone, Debug)]
pub struct Money(i64);

#[event]
pub struct Deposited {
    #[serde(skip)]
    pub amount: Money,
}

fn main() {
    let deposited = Deposited { amount: Money(1) };
    assert_eq!(deposited.amount.0, 1);
}
