use es_runtime::event;

#[event]
pub struct Deposited {
    #[serde(default, skip_serializing)]
    pub amount: i64,
    #[serde(rename = "by")]
    #[serde(skip_deserializing)]
    pub clerk: String,
}

fn main() {}
