//! `#[aggregate]`: turns a struct into a root and its state.

pub(crate) mod above;
mod model;
mod expand;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Item, Visibility};

use self::model::Aggregate;
use crate::diag::Diag;
use crate::half_typed;
use crate::names;
use crate::types::refused_item;

/// Expands `#[aggregate(args)] item`.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let expansion = match half_typed::parse(item) {
        Ok((Item::Struct(item), fields)) => match Aggregate::new(args, item.clone(), fields, &mut diag) {
            Some(aggregate) => expand::expand(&aggregate),
            None => refused(&item.vis, &item.ident, &mut diag),
        },
        Ok((other, _)) => {
            refuse(&other, &mut diag);
            match other {
                Item::Enum(item) => refused(&item.vis, &item.ident, &mut diag),
                Item::Union(item) => refused(&item.vis, &item.ident, &mut diag),
                // The user meant `#[mutator]`; its expansion keeps the compiler from reporting anything else.
                Item::Impl(item) => crate::mutator::expand(TokenStream::new(), item.into_token_stream()),
                other => other.into_token_stream(),
            }
        }
        Err(error) => {
            diag.push(error);
            TokenStream::new()
        }
    };
    let errors = diag.into_tokens();
    quote!(#expansion #errors)
}

/// Refuses the struct below a derive of the trait `derived`, which makes a value field by field.
pub(crate) fn refuse_below(derived: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(Item::Struct(item)) = syn::parse2(item.clone()) else { return expand(args, item) };
    let mut diag = Diag::default();
    diag.here(format!(
        "`{derived}` is derived above `#[aggregate]`, for a root that only events make; move the derive below `#[aggregate]`"
    ));
    refused(&item.vis, &item.ident, &mut diag)
}

fn refuse(item: &Item, diag: &mut Diag) {
    match item {
        Item::Enum(item) => diag.error(
            item.enum_token,
            "an aggregate is a struct; put the enum in a field: `struct Order { status: Status }`",
        ),
        Item::Impl(item) => diag.error(
            item.impl_token,
            "`#[aggregate]` goes on the struct; the impl that holds its events is `#[mutator] impl`",
        ),
        Item::Union(item) => diag.error(item.union_token, "an aggregate is a struct, not a union"),
        other => diag.error(first_token(other), "an aggregate is a struct with named fields"),
    }
}

fn first_token(item: &Item) -> TokenStream {
    item.to_token_stream().into_iter().take(1).collect()
}

/// Returns the stand-ins for an aggregate that the macro refuses: its root and its state.
fn refused(vis: &Visibility, root: &Ident, diag: &mut Diag) -> TokenStream {
    refused_item(vis, root, &[root.clone(), names::state(root)], diag)
}
