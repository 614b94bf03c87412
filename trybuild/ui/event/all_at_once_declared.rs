use es_runtime::event;

#[event(topic = "", version = 1, alias = ["Paid"])]
pub struct Deposited {
    pub amount: &'static i64,
    #[cfg(all())]
    pub note: String,
    #[attribute]
    pub by: std::sync::Mutex<String>,
}

fn main() {}
