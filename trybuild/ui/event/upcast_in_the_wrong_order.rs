use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct OpenedV1 {}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct OpenedV2 {
    pub owner: String,
}

impl From<OpenedV1> for OpenedV2 {
    fn from(_: OpenedV1) -> Self {
        Self { owner: String::new() }
    }
}

impl From<OpenedV2> for Opened {
    fn from(old: OpenedV2) -> Self {
        Self { owner: old.owner, limit: 0 }
    }
}

#[aggregate]
pub struct Account {
    pub owner: String,
    pub limit: i64,
}

#[mutator]
impl Account {
    #[event(Opened, version = 3, upcast = [OpenedV2, OpenedV1])]
    pub fn open(owner: String, limit: i64) -> Self {
        Self { owner, limit }
    }
}

fn main() {
    Account::open("Ann".to_owned(), 1);
}
