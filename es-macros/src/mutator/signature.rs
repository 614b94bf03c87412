//! Checks of one method: its signature, its attributes, its name.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, FnArg, ImplItem, ImplItemFn, Meta, PatType, Receiver, ReceiverKind, ReturnType, Safety,
    Signature, Type,
};

use super::{body, envelope};
use crate::attrs;
use crate::diag::Diag;
use crate::event::made::LOST;
use crate::names::RESERVED_METHODS;
use crate::read_back::ReadBack;
use crate::types::{SHOWN, check_owned, peel};
use crate::unstorable;

/// Reports words in front of `fn`, and parameters that are not values.
pub(super) fn signature(sig: &Signature, diag: &mut Diag) {
    if let Some(token) = &sig.asyncness {
        diag.error(
            token,
            "an event method is not async: it only changes the state; await before you call it",
        );
    }
    if let Some(token) = &sig.constness {
        diag.error(token, "an event method is not const: calling it records an event; remove `const`");
    }
    match &sig.safety {
        Safety::Unsafe(token) => diag.error(token, "an event method is not unsafe; remove `unsafe`"),
        Safety::Safe(token) => diag.error(token, "an event method is always safe; remove `safe`"),
        Safety::Default => {}
    }
    if let Some(token) = &sig.abi {
        diag.error(token, "an event method has no ABI of its own; remove `extern`");
    }
    if let Some(lifetime) = sig.generics.lifetimes().next() {
        diag.error(lifetime, "an event method has no lifetimes: what it stores owns its data; remove them");
    } else if let Some(param) = sig.generics.params.first() {
        diag.error(
            param,
            "what an event method stores has one definite shape; remove the generic parameters",
        );
    } else if let Some(clause) = &sig.generics.where_clause {
        diag.error(clause, "an event method has no `where` clause; remove it");
    }
    if let Some(dots) = &sig.variadic {
        diag.error(dots, "an event method has no variable parameters; take a `Vec`");
    }
}

/// Reports attributes that go only on a struct.
pub(super) fn attributes(written: &[Attribute], event: &Ident, diag: &mut Diag) {
    for attr in written {
        if attr.path().is_ident("derive") {
            let traits = match &attr.meta {
                Meta::List(list) => list.tokens.to_string(),
                _ => "..".to_owned(),
            };
            diag.error(
                attr,
                format!("a method derives nothing; its event does: `#[event({event}, derive({traits}))]`"),
            );
        } else if attr.path().is_ident("serde") {
            let message = "`#[serde(..)]` says nothing of a method; put it on a parameter";
            diag.error(attr, format!("{message}, or declare the event: `#[event] struct {event}`"));
        }
    }
}

/// Returns the receiver, if the method has one, and the other parameters.
pub(super) fn receiver<'a>(sig: &'a Signature, diag: &mut Diag) -> (Option<&'a Receiver>, Vec<&'a FnArg>) {
    let mut params: Vec<_> = sig.inputs.iter().collect();
    let Some(FnArg::Receiver(receiver)) = params.first().copied() else { return (None, params) };
    params.remove(0);
    let returns_self = matches!(
        &sig.output,
        ReturnType::Type(_, ty) if matches!(peel(ty), Type::Path(path) if path.path.is_ident("Self"))
    );
    if !is_plain(receiver) && returns_self {
        diag.error(
            receiver,
            "an event method changes the aggregate or creates it; take `&mut self` and return nothing, or remove `self`",
        );
    } else if !is_plain(receiver) {
        diag.error(
            receiver,
            "an event method takes `&mut self` to change the aggregate, or no `self` to create it",
        );
    }
    (Some(receiver), params)
}

fn is_plain(receiver: &Receiver) -> bool {
    matches!(&receiver.kind, ReceiverKind::Reference(_, None, Some(_)))
}

/// Reports a wrong return type. A report of the receiver has named the return type `Self`.
pub(super) fn output(sig: &Signature, receiver: Option<&Receiver>, root: &Ident, diag: &mut Diag) {
    let returned = match &sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(peel(ty)),
    };
    let is = |ty: &Type, name: &str| matches!(ty, Type::Path(path) if path.path.is_ident(name));
    let changes = receiver.is_some();
    match returned {
        Some(ty) if receiver.is_some_and(|receiver| !is_plain(receiver)) && is(ty, "Self") => {}
        None if changes => {}
        Some(Type::Tuple(tuple)) if changes && tuple.elems.is_empty() => {}
        Some(ty) if changes => diag.error(
            ty,
            "an event method returns nothing: a recorded event has happened; decide in a method outside \
             `#[mutator]`, then call this one",
        ),
        Some(ty) if is(ty, "Self") => {}
        Some(ty) if is(ty, &root.to_string()) => {
            diag.error(ty, body::write_self(root));
        }
        Some(ty) => diag.error(
            ty,
            "a creating event method returns `Self`; decide in a method outside `#[mutator]`, then call this one",
        ),
        None => diag.error(
            &sig.ident,
            "an event method takes `&mut self` to change the aggregate, or returns `Self` to create it",
        ),
    }
}

/// Reports mistakes of a parameter that becomes a field of the event.
pub(super) fn stored_param(
    written: &[Attribute],
    name: &Ident,
    ty: &Type,
    read_back: &mut ReadBack,
    diag: &mut Diag,
) {
    for attr in written {
        if attrs::is_cfg(attr) {
            diag.error(
                attr,
                "a `cfg` would change the stored shape from build to build; make the parameter an `Option`",
            );
        }
    }
    read_back.check(name, written, ty, LOST, diag);
    if names_self(ty) {
        diag.error(ty, "`Self` is the state, which is not stored in an event; name the type of the value");
        return;
    }
    if let Some(renamed) = envelope::renamed(ty) {
        diag.error(
            ty,
            format!(
                "the stored parameter `{name}` cannot borrow; take `{renamed}`, or write `&Envelope` if `{renamed}` is its name here"
            ),
        );
        return;
    }
    check_owned(ty, written, &format!("the stored parameter `{name}`"), diag);
    unstorable::check(ty, written, SHOWN, diag);
}

/// Reports a method with the name of one that every aggregate has. Returns whether it is one; the caller drops it.
pub(super) fn reserved_name(method: &ImplItemFn, diag: &mut Diag) -> bool {
    let ident = &method.sig.ident;
    let reserved = RESERVED_METHODS.iter().any(|reserved| ident.unraw() == reserved);
    if reserved {
        diag.error(ident, format!("every aggregate has a method `{ident}` of its own; choose another name"));
    }
    reserved
}

/// Takes `#[event]` off a member of the block, and reports attributes of ours that have no place on it.
pub(super) fn take_attributes(member: &mut ImplItem, diag: &mut Diag) -> Vec<Attribute> {
    // This is a method without a body, which the compiler reports.
    if let ImplItem::Verbatim(tokens) = member {
        let (mut written, rest) = split_attributes(tokens);
        let ours = attrs::take_ours(&mut written, "event");
        *tokens = quote!(#(#written)* #rest);
        return ours;
    }
    let (written, is_method) = match member {
        ImplItem::Fn(method) => {
            for param in &mut method.sig.inputs {
                let (FnArg::Typed(PatType { attrs, .. }) | FnArg::Receiver(Receiver { attrs, .. })) = param;
                for name in ["attribute", "event"] {
                    for attr in attrs::take_ours(attrs, name) {
                        diag.error(attr, format!("`#[{name}]` does not go on a parameter; remove it"));
                    }
                }
            }
            (&mut method.attrs, true)
        }
        ImplItem::Const(item) => (&mut item.attrs, false),
        ImplItem::Type(item) => (&mut item.attrs, false),
        ImplItem::Macro(item) => (&mut item.attrs, false),
        _ => return Vec::new(),
    };
    attrs::refuse_conditions(written, "event", "#[mutator]", "method", diag);
    for name in ["attribute", "mutator", "aggregate"] {
        for attr in attrs::take_ours(written, name) {
            diag.error(
                attr,
                format!("`#[{name}]` does not go on a member of the impl; a method takes `#[event(Name)]`"),
            );
        }
    }
    let ours = attrs::take_ours(written, "event");
    if is_method {
        if let Some(second) = ours.get(1) {
            diag.error(second, "`#[event]` is given twice; one method makes one event: remove one");
        }
        return ours;
    }
    for attr in ours {
        diag.error(attr, "`#[event]` goes on a method; remove it here");
    }
    Vec::new()
}

/// Returns the attributes of an item, and its other tokens.
fn split_attributes(item: &TokenStream) -> (Vec<Attribute>, TokenStream) {
    let parts = |input: ParseStream<'_>| Ok((input.call(Attribute::parse_outer)?, input.parse()?));
    parts.parse2(item.clone()).unwrap_or_else(|_: syn::Error| (Vec::new(), item.clone()))
}

fn names_self(ty: &Type) -> bool {
    use quote::ToTokens;
    fn any(tokens: proc_macro2::TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(ident) => ident == "Self",
            proc_macro2::TokenTree::Group(group) => any(group.stream()),
            _ => false,
        })
    }
    any(ty.to_token_stream())
}
