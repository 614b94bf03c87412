use es_runtime::event;
use serde::{Deserialize, Deserializer, Serializer};

fn write<S: Serializer>(amount: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    i64::deserialize(deserializer)
}

#[event]
pub struct Deposited {
    #[serde(serialize_with = "write")]
    pub amount: i64,
    #[serde(deserialize_with = "read")]
    pub fee: i64,
}

fn main() {
    assert_eq!(Deposited { amount: 1, fee: 0 }.amount, 1);
}
