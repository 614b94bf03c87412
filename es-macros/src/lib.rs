//! The attribute macros of `es-runtime`, which re-exports them.
//!
//! Each macro runs the same stages: read the arguments, build a model while collecting every mistake,
//! expand the model. What expansions call lives in `es_runtime::__private`.

mod aggregate;
mod args;
mod attrs;
mod diag;
mod event;
mod misuse;
mod mutator;
mod names;
mod runtime_path;
mod types;
mod upcast;

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn aggregate(args: TokenStream, item: TokenStream) -> TokenStream {
    aggregate::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn mutator(args: TokenStream, item: TokenStream) -> TokenStream {
    mutator::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn event(args: TokenStream, item: TokenStream) -> TokenStream {
    event::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    misuse::attribute(args.into(), item.into()).into()
}
