//! `#[mutator]`: turns the methods of an impl into events, commands and the dispatch between them.

mod determinism;
mod body;
mod envelope;
mod signature;
mod method;
mod model;
mod helpers;
mod check;
mod scope;
mod command;
mod events;
mod dispatch;
mod registration;
mod expand;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Item;

use self::model::Mutator;
use crate::attrs;
use crate::diag::Diag;
use crate::{recover, silent};

/// Expands `#[mutator(args)] item`.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let expansion = match recover::parse(item) {
        Ok((Item::Impl(item), half_typed)) => match Mutator::new(args, item.clone(), half_typed, &mut diag) {
            Some(mut mutator) => {
                check::events(&mut mutator, &mut diag);
                helpers::check(&mut mutator, &mut diag);
                check::block(&mutator, &mut diag);
                check::bodies(&mut mutator, &mut diag);
                expand::expand(&mutator)
            }
            None => fallback(item),
        },
        Ok((other, _)) => {
            refuse(&other, &mut diag);
            other.into_token_stream()
        }
        Err(error) => {
            diag.push(error);
            TokenStream::new()
        }
    };
    let errors = diag.into_tokens();
    quote!(#expansion #errors)
}

fn refuse(item: &Item, diag: &mut Diag) {
    let message =
        "`#[mutator]` goes on the impl that holds the event methods: `#[mutator] impl Account { .. }`";
    match item {
        Item::Struct(item) => {
            diag.error(item.struct_token, format!("{message}; the struct is `#[aggregate]`"));
        }
        other => diag.error(other.to_token_stream().into_iter().take(1).collect::<TokenStream>(), message),
    }
}

/// Returns the impl without the parts that only our macros understand, so that no second error hides the first.
fn fallback(mut item: syn::ItemImpl) -> TokenStream {
    // `#[aggregate]` refuses the parameters, too: its stand-in for the struct has none.
    if item.trait_.is_none() && !item.generics.params.is_empty() {
        return TokenStream::new();
    }
    for member in &mut item.items {
        if let syn::ImplItem::Fn(method) = member {
            attrs::take_ours(&mut method.attrs, "event");
            silent::function(&mut method.attrs, &mut method.sig, &mut method.block);
        }
    }
    item.into_token_stream()
}
