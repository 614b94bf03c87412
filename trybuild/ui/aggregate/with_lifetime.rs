use es_runtime::aggregate;

#[aggregate]
pub struct Account<'a> {
    pub owner: &'a str,
}

fn main() {}
