#![deny(warnings)]

use es_runtime::projection::Projection;
use es_runtime::{Id, aggregate, mutator, projection};

#[aggregate]
#[allow(non_camel_case_types)]
pub struct r#struct {
    #[attribute]
    pub r#type: String,
}

#[mutator]
#[allow(non_camel_case_types)]
impl r#struct {
    #[event(Opened)]
    pub fn r#fn(r#type: String) -> Self {
        Self { r#type }
    }
}

#[allow(non_camel_case_types)]
pub struct r#impl(u64);

#[projection(r#struct)]
#[allow(non_camel_case_types)]
impl r#impl {
    #[event]
    fn r#match(&mut self, r#event: &Opened, r#mut: Id<r#struct>) {
        assert_ne!(event.r#type, r#mut.to_string());
        self.0 += 1;
    }

    #[attribute(r#type)]
    fn r#type(&mut self, r#type: &str) {
        assert_ne!(r#type, "");
    }

    #[discarded]
    fn r#loop(&mut self) {}
}

pub struct Ignores;

#[projection(r#struct, ignore = [Opened, r#type])]
impl Ignores {
    #[discarded]
    fn r#gone(&mut self) {}
}

fn main() {
    assert_eq!(r#impl::NAME, "impl");
}
