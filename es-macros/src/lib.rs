//! The attribute macros of `es-runtime`, which re-exports and documents them.
//!
//! Each macro reads its arguments, builds a model while it collects every mistake, and expands the model.
//! The names that expansions call live in `es_runtime::__private`.

#![allow(missing_docs, reason = "es-runtime documents the macros where it re-exports them")]

mod diag;
mod args;
mod attrs;
mod names;
mod derives;
mod fingerprint;
mod half_typed;
mod runtime_path;
mod types;
mod unstorable;
mod serde_said;
mod read_back;
mod fields;
mod silent;
mod recover;
mod upcast;
mod event;
mod mutator;
mod projection;
mod aggregate;
mod misuse;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

// Makes a struct the state of an aggregate.
#[proc_macro_attribute]
pub fn aggregate(args: TokenStream, item: TokenStream) -> TokenStream {
    let (args, item) = (args.into(), item.into());
    match aggregate::above::read(proc_macro::Span::call_site()) {
        Some(derived) => aggregate::refuse_below(&derived, args, item).into(),
        None => aggregate::expand(args, item).into(),
    }
}

// Makes the methods of an impl events and commands.
#[proc_macro_attribute]
pub fn mutator(args: TokenStream, item: TokenStream) -> TokenStream {
    mutator::expand(args.into(), item.into()).into()
}

// Makes the methods of an impl the handlers of a view.
#[proc_macro_attribute]
pub fn projection(args: TokenStream, item: TokenStream) -> TokenStream {
    projection::expand(args.into(), item.into()).into()
}

// Makes a struct, or a method inside `#[mutator] impl`, an event.
#[proc_macro_attribute]
pub fn event(args: TokenStream, item: TokenStream) -> TokenStream {
    event::expand(args.into(), item.into()).into()
}

// Refuses an event method that a macro call within `#[mutator] impl` makes.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn late_event(args: TokenStream, item: TokenStream) -> TokenStream {
    misuse::late_event(args.into(), item.into()).into()
}

// Makes a struct with derives of its own an event.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    event::derived::expand(item.into()).into()
}

// Makes an enum of events a set of them.
#[proc_macro_derive(EventSet, attributes(event_set))]
pub fn derive_event_set(item: TokenStream) -> TokenStream {
    event::set::expand(item.into()).into()
}

// Makes a field of an `#[aggregate]` struct an attribute.
#[proc_macro_attribute]
pub fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    misuse::attribute(args.into(), item.into()).into()
}
