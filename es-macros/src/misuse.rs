//! `#[attribute]` where no `#[aggregate]` takes it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diag::Diag;

/// Says where `#[attribute]` belongs, and leaves the item as it is.
pub(crate) fn attribute(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    diag.here("`#[attribute]` has no place here; it goes on a field of an `#[aggregate]` struct");
    let errors = diag.into_tokens();
    // What is no item by itself, such as a method of a trait, could not stand beside the report.
    let item = syn::parse2::<syn::Item>(item).ok();
    quote!(#item #errors)
}
