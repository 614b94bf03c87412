use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute(alias = ["holder"])]
    pub owner: String,
    #[attribute(name = "owner")]
    pub keeper: String,
    #[attribute[name = "limit"]]
    pub limit: u64,
    #[attribute(version = 3, upcast = u32)]
    pub rate: u64,
    #[attribute]
    #[attribute]
    pub branch: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { keeper: owner.clone(), limit: 0, rate: 0, branch: owner.clone(), owner }
    }
}

fn main() {}
