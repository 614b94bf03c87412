//! The rules of `#[mutator]` that one method, or the whole block, has to keep.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, ImplItem, ImplItemFn, Receiver, ReceiverKind, ReturnType, Safety, Signature, Type};

use super::body;
use super::method::{EventMethod, MethodEvent};
use super::model::Mutator;
use crate::attrs;
use crate::diag::Diag;
use crate::names::{self, RESERVED_EVENTS, RESERVED_METHODS};
use crate::types::check_owned;

/// Words in front of `fn`, and parameters that are not values.
pub(super) fn signature(sig: &Signature, diag: &mut Diag) {
    if let Some(token) = &sig.asyncness {
        diag.error(token, "an event method is not async: it only changes the state; await before you call it");
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
    if let Some(param) = sig.generics.params.first() {
        diag.error(param, "an event method has no generic parameters: what it stores needs one definite shape");
    } else if let Some(clause) = &sig.generics.where_clause {
        diag.error(clause, "an event method has no `where` clause; remove it");
    }
    if let Some(dots) = &sig.variadic {
        diag.error(dots, "an event method has no variable parameters; take a `Vec`");
    }
}

/// The receiver, if the method has one, and the other parameters.
pub(super) fn receiver<'a>(sig: &'a Signature, diag: &mut Diag) -> (Option<&'a Receiver>, Vec<&'a FnArg>) {
    let mut params: Vec<_> = sig.inputs.iter().collect();
    let Some(FnArg::Receiver(receiver)) = params.first().copied() else { return (None, params) };
    params.remove(0);
    let plain = matches!(&receiver.kind, ReceiverKind::Reference(_, None, Some(_)));
    if !plain {
        diag.error(receiver, "an event method takes `&mut self` to change the aggregate, or no `self` to create it");
    }
    (Some(receiver), params)
}

/// What the method returns.
pub(super) fn output(sig: &Signature, changes: bool, root: &Ident, diag: &mut Diag) {
    let returned = match &sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(&**ty),
    };
    let is = |ty: &Type, name: &str| matches!(ty, Type::Path(path) if path.path.is_ident(name));
    match returned {
        None if changes => {}
        Some(Type::Tuple(tuple)) if changes && tuple.elems.is_empty() => {}
        Some(ty) if changes => diag.error(
            ty,
            "an event method returns nothing: what is recorded has happened; decide in a method outside \
             `#[mutator]`, then call this one",
        ),
        Some(ty) if is(ty, "Self") => {}
        Some(ty) if is(ty, &root.to_string()) => {
            diag.error(ty, format!("write `Self`: inside `#[mutator]` that is the state of `{root}`"));
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

/// A parameter that becomes a field of the event.
pub(super) fn stored_param(written: &[Attribute], name: &Ident, ty: &Type, diag: &mut Diag) {
    for attr in written {
        if attrs::is_cfg(attr) {
            diag.error(attr, "a `cfg` would change the stored shape from build to build; make the parameter an `Option`");
        } else if attrs::is_ours(attr, "attribute") || attrs::is_ours(attr, "event") {
            diag.error(attr, "a parameter takes no attribute of ours");
        }
    }
    if names_self(ty) {
        diag.error(ty, "`Self` is the state, which is not stored in an event; name the type of the value");
        return;
    }
    check_owned(ty, &format!("the stored parameter `{name}`"), diag);
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

/// The name of a method, with or without `#[event]`.
pub(super) fn method_name(method: &ImplItemFn, diag: &mut Diag) {
    let ident = &method.sig.ident;
    if RESERVED_METHODS.iter().any(|reserved| ident.unraw() == reserved) {
        diag.error(ident, format!("every aggregate has a method `{ident}` of its own; choose another name"));
    }
}

/// Rules that need all event methods.
pub(super) fn block(mutator: &Mutator, attempts: usize, diag: &mut Diag) {
    let root = mutator.ident();
    let generated = [names::state(&root), names::event_enum(&root), names::attribute_enum(&root), root.clone()];
    for (at, event) in mutator.events.iter().enumerate() {
        let name = event.variant();
        if RESERVED_EVENTS.iter().any(|reserved| name.unraw() == reserved) {
            diag.error(name, format!("`{name}` is an event that every aggregate has; choose another name"));
        } else if generated.contains(name) && matches!(event.event, MethodEvent::Made { .. }) {
            diag.error(name, format!("`{name}` is the name of another type of this aggregate; choose another name"));
        }
        let earlier = mutator.events.iter().take(at).filter(|other| other.cfgs().is_empty() && event.cfgs().is_empty());
        for other in earlier {
            if other.variant() == name {
                diag.error(
                    name,
                    format!("`{name}` has two event methods, `{}` and `{}`; one event has one", other.ident, event.ident),
                );
            } else {
                equal_topics(other, event, diag);
            }
        }
    }
    if let Some(retired) = mutator.retired.iter().find(|retired| is_topic_of(mutator, &retired.value())) {
        diag.error(retired, "this event is still handled here; an event is retired when its method is gone");
    }
    if !mutator.events.iter().any(EventMethod::creates) && mutator.broken.is_empty() {
        let message = if attempts == 0 {
            format!("`{root}` has no events; give it a method `#[event(Created)] fn create(..) -> Self`")
        } else {
            format!("no event creates `{root}`; give it a method `#[event(Created)] fn create(..) -> Self`")
        };
        diag.error(&mutator.root, message);
    }
}

fn is_topic_of(mutator: &Mutator, topic: &str) -> bool {
    let root = mutator.ident();
    mutator.events.iter().any(|event| {
        event.topic().map_or_else(|| format!("{root}.{}", event.variant()) == topic, |own| own.value() == topic)
    })
}

/// Two made events under one written topic, or under the alias of the other.
fn equal_topics(other: &EventMethod, event: &EventMethod, diag: &mut Diag) {
    let names = |method: &EventMethod| match &method.event {
        MethodEvent::Made { stored, .. } => stored.topic.iter().chain(&stored.aliases).cloned().collect(),
        MethodEvent::Declared { .. } => Vec::new(),
    };
    let known = names(other);
    for topic in names(event) {
        if known.contains(&topic) {
            diag.error(
                &topic,
                format!(
                    "the events `{}` and `{}` share the topic {}; give one of them another",
                    other.variant(),
                    event.variant(),
                    topic.token()
                ),
            );
        }
    }
}

/// Rules for what stands in the bodies.
pub(super) fn bodies(mutator: &Mutator, diag: &mut Diag) {
    let helpers = mutator.helpers.iter().filter_map(|helper| match helper {
        ImplItem::Fn(method) => Some(&method.sig.ident),
        ImplItem::Const(constant) => Some(&constant.ident),
        _ => None,
    });
    let scope = body::Scope {
        root: mutator.ident(),
        events: mutator.events.iter().map(|event| &event.ident).collect(),
        helpers: helpers.collect(),
    };
    for event in &mutator.events {
        body::check(&scope, &event.body, diag);
    }
    for helper in &mutator.helpers {
        if let ImplItem::Fn(method) = helper {
            body::check(&scope, &method.block, diag);
        }
    }
}
