//! `#[event] struct`: an event declared on its own.

use std::slice::from_ref;

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Fields, Item, ItemStruct, LitStr, Type};

use super::made::{ARGUMENTS, LOST, Stored};
use crate::args::{Args, split};
use crate::attrs;
use crate::derives::{self, Part};
use crate::diag::Diag;
use crate::fields::{check_fields, refuse_doubles};
use crate::half_typed;
use crate::names;
use crate::read_back::flattens;
use crate::runtime_path::Runtime;
use crate::silent;
use crate::types::{
    SHOWN, bound_fields, checked, distinct, lazy_bounds, refused_item, shared, unknown_storable,
};
use crate::unstorable;
use crate::upcast;

/// Expands `#[event(args)] item`.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let expansion = match half_typed::parse(item.clone()) {
        Ok((Item::Struct(item), None)) => declared(args, item, &mut diag),
        Ok((Item::Struct(item), Some(fields))) => expand_half_typed(args, &item, &fields, &mut diag),
        Ok((other, _)) => {
            refuse(&other, &mut diag);
            match other {
                Item::Enum(item) => refused_item(&item.vis, &item.ident, from_ref(&item.ident), &mut diag),
                // The body works on the state, which only `#[mutator]` knows.
                Item::Fn(mut item) => {
                    silent::function(&mut item.attrs, &mut item.sig, &mut item.block);
                    item.into_token_stream()
                }
                other => other.into_token_stream(),
            }
        }
        // A method of a trait is no item: the expansion cannot repeat it.
        Err(_) => {
            let start: TokenStream = item.into_iter().take(1).collect();
            diag.error(start, "`#[event]` goes on a struct, or on a method inside `#[mutator] impl`");
            TokenStream::new()
        }
    };
    let errors = diag.into_tokens();
    quote!(#expansion #errors)
}

fn refuse(item: &Item, diag: &mut Diag) {
    match item {
        Item::Enum(item) => {
            diag.error(
                item.enum_token,
                "an event is a struct; make each variant an event of its own, or put the enum in a field",
            );
        }
        Item::Fn(item) => {
            diag.error(
                &item.sig.ident,
                "an event method stands inside `#[mutator] impl`; outside it, `#[event]` goes on a struct",
            );
        }
        Item::Impl(item) => {
            diag.error(item.impl_token, "`#[event]` goes on a struct or a method; the impl that holds event methods is `#[mutator] impl`");
        }
        other => {
            let start: TokenStream = other.to_token_stream().into_iter().take(1).collect();
            diag.error(start, "`#[event]` goes on a struct, or on a method inside `#[mutator] impl`");
        }
    }
}

fn declared(args: TokenStream, mut item: ItemStruct, diag: &mut Diag) -> TokenStream {
    let (runtime, mut stored) = arguments(args, &item.ident, diag);
    stored.is_flattened = flattens(item.fields.iter().map(|field| &field.attrs));
    let mark = diag.mark();
    check(&item, diag);
    if !diag.clean_since(mark) {
        return refused_item(&item.vis, &item.ident, from_ref(&item.ident), diag);
    }
    for attr in &item.attrs {
        if attrs::is_ours(attr, "event") {
            diag.error(attr, "`#[event]` is given twice; remove one");
        } else if attrs::is_ours(attr, "aggregate") {
            diag.error(attr, "a struct is either an aggregate or an event; remove one of the attributes");
        }
    }
    if let Some(derived) = attrs::take_derived(&mut item.attrs, "Event") {
        diag.error(
            derived,
            "`#[event]` makes the struct an event already; remove this derive, or the attribute",
        );
    }
    item.attrs.retain(|attr| !attrs::is_ours(attr, "event") && !attrs::is_ours(attr, "aggregate"));
    refuse_doubles(&mut item.fields, diag);
    let refused = fields(&mut item, diag);
    // serde would store a unit struct as `null`, to which no field can be added later.
    if matches!(item.fields, Fields::Unit) {
        item.fields = Fields::Named(syn::parse_quote!({}));
        item.semi_token = None;
    }
    let tokens = tokens(&runtime, &stored, &item);
    quote!(#tokens #refused)
}

/// Takes all arguments of the event `ident`.
pub(super) fn arguments(args: TokenStream, ident: &Ident, diag: &mut Diag) -> (Runtime, Stored) {
    let args = refuse_name(args, ident, diag);
    let mut args = Args::parse("event", "topic = \"..\"", args, diag);
    let runtime = Runtime::take(&mut args, diag);
    let stored = Stored::take(&mut args, ident, Some(&ident.unraw().to_string()), diag);
    args.finish(&[ARGUMENTS, &["crate"]].concat(), diag);
    (runtime, stored)
}

/// Reports a struct that cannot be an event, whatever its fields.
pub(super) fn check(item: &ItemStruct, diag: &mut Diag) {
    if let Some(param) = item.generics.params.first() {
        let message = match param {
            syn::GenericParam::Lifetime(_) => "an event owns its data; remove the lifetimes",
            _ => "an event has one definite shape; remove the generic parameters",
        };
        diag.error(param, message);
    } else if let Some(clause) = &item.generics.where_clause {
        diag.error(clause, "an event has no `where` clause; remove it");
    }
    if let Fields::Unnamed(fields) = &item.fields {
        diag.error(
            fields,
            "name the fields of an event: they are stored by name, so that more can be added later",
        );
    }
    if names::RESERVED_EVENTS.iter().any(|reserved| item.ident.unraw() == reserved) {
        diag.error(
            &item.ident,
            format!("`{}` is an event that every aggregate has; choose another name", item.ident),
        );
    }
}

/// Reports fields that an event cannot have. Returns the definition of the type that replaces theirs.
pub(super) fn fields(item: &mut ItemStruct, diag: &mut Diag) -> TokenStream {
    for field in &mut item.fields {
        unstorable::name_self(&mut field.ty, &item.ident, None, diag);
    }
    let refused = check_fields(item, "a field of an event", LOST, SHOWN, None, diag);
    for field in &mut item.fields {
        for attr in attrs::take_ours(&mut field.attrs, "attribute") {
            diag.error(attr, "`#[attribute]` goes on a field of an `#[aggregate]` struct, not of an event");
        }
        if let Some(cfg) = field.attrs.iter().find(|attr| attrs::is_cfg(attr)) {
            diag.error(
                cfg,
                "a `cfg` would change the stored shape from build to build; make the field an `Option`",
            );
        }
    }
    refused
}

/// Reports and drops a string, or a name as the event of a method has.
fn refuse_name(args: TokenStream, ident: &Ident, diag: &mut Diag) -> TokenStream {
    let mut parts = split(args.clone()).into_iter();
    let Some(first) = parts.next() else { return args };
    match syn::parse2::<Ident>(first.clone()) {
        Ok(name) if names::is_camel(&name) => {
            diag.error(&name, format!("the struct `{ident}` names the event already; remove this name"));
        }
        _ => match syn::parse2::<LitStr>(first.clone()) {
            Ok(text) => diag.error(
                &text,
                format!(
                    "this is no argument of `#[event]`; write `topic = {:?}`, or `#[event]` alone, if the name `{ident}` \
                     will do",
                    text.value()
                ),
            ),
            Err(_) => return args,
        },
    }
    parts.map(|part| quote!(#part,)).collect()
}

/// Returns the items that the rest of the program needs of an event whose fields cannot all be parsed.
fn expand_half_typed(args: TokenStream, item: &ItemStruct, fields: &Group, diag: &mut Diag) -> TokenStream {
    let mut args = Args::parse("event", "topic = \"..\"", args, diag);
    let runtime = Runtime::take(&mut args, diag);
    let private = runtime.private();
    let typed = half_typed::expand(item, fields, &private);
    let ItemStruct { ident, .. } = item;
    let topic = ident.unraw().to_string();
    // The body never runs: the reported mistake fails the build.
    let debug = (!attrs::derives(&item.attrs, "Debug")).then(|| {
        quote! {
            impl #private::Debug for #ident {
                fn fmt(&self, _: &mut #private::Formatter<'_>) -> #private::fmt::Result {
                    ::core::panic!()
                }
            }
        }
    });
    quote! {
        #typed
        #debug
        impl #private::Event for #ident {
            const NAME: &'static str = #topic;
            const TOPIC: &'static str = #topic;
        }
    }
}

fn tokens(runtime: &Runtime, stored: &Stored, item: &ItemStruct) -> TokenStream {
    let ident = &item.ident;
    let cfgs = attrs::select(&item.attrs, attrs::is_cfg);
    let fields = item.fields.iter().filter(|field| !attrs::has_serde(&field.attrs));
    let unknown = distinct(fields.flat_map(|field| unknown_storable(&field.ty)));
    let derived = derived(runtime, item, &unknown);
    let bounds = if unknown.is_empty() { &[][..] } else { &[ident] };
    let bounds = lazy_bounds(bounds, &quote!(__es::Storable));
    let shared = shared(&unknown, &quote!(__es::AssertStorable), &[]);
    let checked = checked(&quote!(#ident), &unknown, &quote!(__es::AssertStorable));
    let by_hand = by_hand(item, &unknown, &checked);
    let event = if unknown.is_empty() { ident.clone() } else { derives::checked_name(ident) };
    let implemented = implemented(stored, ident, &bounds);
    let registered = registered(stored, ident, &event);
    let use_runtime = runtime.use_private();
    let parts = item.fields.iter().flat_map(|field| &field.attrs);
    let deprecated = attrs::naming_deprecated(item.attrs.iter().chain(parts));
    quote! {
        #derived
        #(#cfgs)*
        #deprecated
        const _: () = {
            #use_runtime
            #implemented
            #shared
            #by_hand
            #registered
        };
    }
}

/// Returns the impl of `Event`.
pub(super) fn implemented(stored: &Stored, ident: &Ident, bounds: &TokenStream) -> TokenStream {
    let topic = ident.unraw().to_string();
    let items = stored.items(ident, &quote!(#topic), false);
    quote! {
        #[automatically_derived]
        impl __es::Event for #ident #bounds { #items }
    }
}

/// Returns the event's entries in the registry and in `events.lock`. `event` is the checked type.
pub(super) fn registered(stored: &Stored, ident: &Ident, event: &Ident) -> TokenStream {
    let traced = upcast::traced(
        &quote!(<#ident as __es::Event>::TOPIC),
        ident,
        &stored.past,
        stored.aliases.iter(),
        &ident.unraw().to_string(),
    );
    let shapes = upcast::stored_shapes(&traced, &[]);
    quote! {
        __es::submit! { <#event as __es::Event>::TYPE }
        #shapes
    }
}

/// Returns the impls that take the place of derives, so that the compiler reports a field in our words alone.
fn by_hand(item: &ItemStruct, unknown: &[&Type], checked: &TokenStream) -> TokenStream {
    if unknown.is_empty() {
        return TokenStream::new();
    }
    let parts: Vec<_> = item
        .fields
        .iter()
        .filter_map(|field| Some(Part { cfgs: Vec::new(), name: field.ident.as_ref()?, ty: &field.ty }))
        .collect();
    let missing = |name: &str| !attrs::derives(&item.attrs, name);
    let copied = missing("Clone").then(|| derives::copied(&item.ident, &parts));
    let shown = missing("Debug").then(|| derives::shown(&item.ident, &parts));
    derives::by_hand(&[], &item.ident, checked, copied, shown)
}

/// Returns the struct with the derives that storing an event needs and the user did not write.
fn derived(runtime: &Runtime, item: &ItemStruct, unknown: &[&Type]) -> TokenStream {
    let private = runtime.private();
    let missing = |name: &str| !attrs::derives(&item.attrs, name);
    let mut derives = Vec::new();
    if missing("Clone") && unknown.is_empty() {
        derives.push(quote!(::core::clone::Clone));
    }
    if missing("Debug") && unknown.is_empty() {
        derives.push(quote!(::core::fmt::Debug));
    }
    let (serialize, deserialize) = (missing("Serialize"), missing("Deserialize"));
    if serialize {
        derives.push(quote!(#private::serde::Serialize));
    }
    if deserialize {
        derives.push(quote!(#private::serde::Deserialize));
    }
    let serde = runtime.serde();
    let serde = (serialize || deserialize).then(|| quote!(#[serde(crate = #serde)]));
    let mut item = item.clone();
    if serialize && deserialize && !attrs::has_serde(&item.attrs) {
        let fields = item.fields.iter_mut().map(|field| (&mut field.attrs, &field.ty));
        bound_fields(fields, from_ref(&item.ident), &private);
    }
    let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
    quote!(#derives #serde #item)
}
