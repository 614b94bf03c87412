#![no_implicit_prelude]
#![deny(warnings)]

// Types with the names of the prelude, and derives behind their paths.
pub struct Option;
pub struct Result;
pub struct Some;
pub struct None;
pub trait From {}
pub trait Clone {}

#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::serde::Serialize,
    ::serde::Deserialize,
    ::es_runtime::Event,
)]
#[event(topic = "opened", aliases = ["started"], version = 2, upcast = OpenedV1, encrypted)]
pub struct Opened {
    pub owner: ::std::string::String,
}

#[derive(::serde::Deserialize, ::serde::Serialize)]
pub struct OpenedV1 {}

impl ::std::convert::From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self { owner: ::std::string::String::new() }
    }
}

#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::serde::Serialize,
    ::serde::Deserialize,
    ::es_runtime::Event,
)]
struct r#Closed {
    r#type: u8,
}

#[derive(::std::clone::Clone, ::std::fmt::Debug, ::es_runtime::EventSet)]
enum Events {
    // Named otherwise than its event.
    Begun(Opened),
    r#Closed(r#Closed),
    #[cfg(any())]
    Never(Unknown),
}

fn main() {
    let begun: Events = ::std::convert::Into::into(Opened { owner: <::std::string::String as ::std::convert::From<&str>>::from("Ann") });
    ::std::assert!(::std::matches!(begun, Events::Begun(_)));
    let closed = <Events as ::std::convert::From<Closed>>::from(Closed { r#type: 1 });
    ::std::assert!(::std::matches!(closed, Events::Closed(Closed { r#type: 1 })));
    ::std::assert_eq!(<Closed as ::es_runtime::Event>::TOPIC, "Closed");
    ::std::assert_eq!(<Opened as ::es_runtime::Event>::VERSION, 2);
    ::std::assert_eq!(<Events as ::es_runtime::EventSet>::TYPES.len(), 2);
}
