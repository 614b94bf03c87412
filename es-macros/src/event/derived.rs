//! `#[derive(Event)]`: an event whose other derives are the user's own.

use std::slice::from_ref;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Fields, Item, ItemStruct};

use super::declared;
use crate::args::inner_tokens;
use crate::attrs;
use crate::derives;
use crate::diag::Diag;
use crate::read_back::flattens;
use crate::types::lazy_bounds;

/// Expands `#[derive(Event)] item`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    expand_by(item, "an event is a struct with named fields", |item, diag| match item {
        Item::Struct(item) => Some(derived(item, diag)),
        Item::Enum(item) => {
            diag.error(
                item.enum_token,
                "an event is a struct; make each variant an event of its own, and derive `EventSet` for the enum",
            );
            Some(TokenStream::new())
        }
        _ => None,
    })
}

/// Expands a derive by `expand`, which returns `None` for an item of another kind; `rule` is then the message.
pub(super) fn expand_by(
    item: TokenStream,
    rule: &str,
    expand: impl FnOnce(Item, &mut Diag) -> Option<TokenStream>,
) -> TokenStream {
    let mut diag = Diag::default();
    let start: TokenStream = item.clone().into_iter().take(1).collect();
    let impls = match syn::parse2::<Item>(item) {
        Ok(item) => expand(item, &mut diag).unwrap_or_else(|| {
            diag.error(start, rule);
            TokenStream::new()
        }),
        Err(error) => {
            diag.push(error);
            TokenStream::new()
        }
    };
    let errors = diag.into_tokens();
    quote!(#impls #errors)
}

fn derived(mut item: ItemStruct, diag: &mut Diag) -> TokenStream {
    if item.attrs.iter().any(|attr| attrs::is_ours(attr, "aggregate")) {
        diag.here("a struct is either an aggregate or an event; remove this derive");
        return TokenStream::new();
    }
    let said = attrs::take_ours(&mut item.attrs, "event");
    if let Some(other) = said.iter().find(|attr| !attr.path().is_ident("event")) {
        let path = attrs::text(other.path());
        diag.error(
            other,
            format!(
                "`#[{path}]` makes the struct an event already; remove the derive, or write `#[event(..)]`"
            ),
        );
        return TokenStream::new();
    }
    let args = helper(&said, "event", "topic", diag);
    let (runtime, mut stored) = declared::arguments(args, &item.ident, diag);
    stored.is_flattened = flattens(item.fields.iter().map(|field| &field.attrs));
    let mark = diag.mark();
    declared::check(&item, diag);
    if matches!(item.fields, Fields::Unit) {
        let name = &item.ident;
        diag.error(
            name,
            format!("an event without braces is stored as `null`, to which no field can be added later; write `struct {name} {{}}`"),
        );
    }
    for attr in item.fields.iter_mut().flat_map(|field| attrs::take_ours(&mut field.attrs, "event")) {
        diag.error(attr, "`#[event]` stands on the struct, not on a field; move it there");
    }
    if item.generics.lt_token.is_some() || item.generics.where_clause.is_some() {
        return TokenStream::new();
    }
    let refused = declared::fields(&mut item, diag);
    let is_clean = diag.clean_since(mark) && refused.is_empty();
    let ident = &item.ident;
    let bounds = lazy_bounds(from_ref(&ident), &quote!(__es::Storable));
    let implemented = declared::implemented(&stored, ident, &bounds);
    // A struct that was reported already need not be one that can be stored.
    let checked = is_clean.then(|| {
        let event = derives::checked_name(ident);
        let registered = declared::registered(&stored, ident, &event);
        let assertion = quote_spanned!(ident.span()=> <#ident as __es::AssertEvent>::OK);
        quote! {
            type #event = <#ident as __es::Checked<{ let () = #assertion; 0 }>>::Type;
            #registered
        }
    });
    let use_runtime = runtime.use_private();
    let parts = item.fields.iter().flat_map(|field| &field.attrs);
    let deprecated = attrs::naming_deprecated(item.attrs.iter().chain(parts));
    quote! {
        #deprecated
        const _: () = {
            #use_runtime
            #implemented
            #checked
            #refused
        };
    }
}

/// The arguments in the helper attribute `name`, which is given once at most.
pub(super) fn helper(said: &[Attribute], name: &str, text: &str, diag: &mut Diag) -> TokenStream {
    for twice in said.iter().skip(1) {
        diag.error(twice, format!("`#[{name}]` is given twice; put all arguments into one"));
    }
    said.first().and_then(|attr| inner_tokens(attr, text, diag)).unwrap_or_default()
}
