//! Attributes of ours at a place where no macro takes them.

use proc_macro2::TokenStream;
use quote::quote;

use syn::FnArg;

use crate::diag::Diag;
use crate::silent;

/// Reports the right place of `#[attribute]`, and leaves the item as it is.
pub(crate) fn attribute(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    diag.here("`#[attribute]` has no place here; it goes on a field of an `#[aggregate]` struct");
    let errors = diag.into_tokens();
    // A method of a trait, for one, is no item: it cannot stand beside the report.
    let item = syn::parse2::<syn::Item>(item).ok();
    quote!(#item #errors)
}

/// Reports that `#[mutator]` cannot see the event, and keeps the signature for callers of the method.
pub(crate) fn late_event(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    diag.here(
        "`#[mutator]` does not see an event in a macro call, which is expanded later; write the method out, or let the \
         macro make the whole impl",
    );
    let errors = diag.into_tokens();
    let Ok(mut method) = syn::parse2::<syn::ImplItemFn>(item) else { return errors };
    // The method belongs to the state, which callers reach from the root by a shared reference alone.
    if let Some(receiver @ FnArg::Receiver(_)) = method.sig.inputs.first_mut() {
        *receiver = syn::parse_quote!(&self);
    }
    silent::function(&mut method.attrs, &mut method.sig, &mut method.block);
    quote!(#errors #method)
}
