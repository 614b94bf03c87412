//! `#[projection]`: turns the methods of an impl into handlers of events, which keep a view up to date.

mod arguments;
mod param;
mod role;
mod handler;
mod model;
mod check;
mod expand;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Item;

use self::model::Projection;
use crate::attrs;
use crate::diag::Diag;
use crate::recover;

/// Expands `#[projection(args)] item`.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let expansion = match recover::parse(item) {
        Ok((Item::Impl(item), half_typed)) => {
            match Projection::new(args, item.clone(), half_typed, &mut diag) {
                Some(mut projection) => {
                    check::block(&mut projection, &mut diag);
                    expand::expand(&projection, diag.clean_since(0))
                }
                None => fallback(item),
            }
        }
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
    let message = "`#[projection]` goes on the impl that holds the handlers";
    match item {
        Item::Struct(item) => {
            let view = &item.ident;
            diag.error(
                item.struct_token,
                format!(
                    "{message}: `#[projection(Account)] impl {view} {{ .. }}`; the struct needs no attribute"
                ),
            );
        }
        other => diag.error(
            other.to_token_stream().into_iter().take(1).collect::<TokenStream>(),
            format!("{message}: `#[projection(Account)] impl Balances {{ .. }}`"),
        ),
    }
}

/// Returns the impl without the attributes that only our macros understand, so that no second error hides the first.
fn fallback(mut item: syn::ItemImpl) -> TokenStream {
    for member in &mut item.items {
        if let syn::ImplItem::Fn(method) = member {
            for name in role::NAMES {
                attrs::take_ours(&mut method.attrs, name);
            }
        }
    }
    item.into_token_stream()
}
