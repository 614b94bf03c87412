//! One event method: what it stores, how it applies it.

use proc_macro2::{Ident, TokenStream};
use syn::parse::Parser;
use syn::{Attribute, Block, FnArg, ImplItemFn, LitStr, Pat, PatIdent, Receiver, Type, Visibility};

use super::check;
use crate::args::{Args, inner_tokens, split};
use crate::attrs;
use crate::diag::Diag;
use crate::event::made::{ARGUMENTS, Stored};
use crate::names;

/// An event method without mistakes.
pub(super) struct EventMethod {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    /// Nothing if the method creates the aggregate.
    pub(super) receiver: Option<Receiver>,
    pub(super) event: MethodEvent,
    /// The parameter that asks for the envelope.
    pub(super) envelope: Option<PatIdent>,
    pub(super) body: Block,
}

/// Where the event comes from.
pub(super) enum MethodEvent {
    /// `#[event(Name)]`: made from the parameters.
    Made { name: Ident, fields: Vec<Field>, stored: Stored },
    /// `#[event]` with a parameter `&SomeEvent`: declared elsewhere.
    Declared { ty: Type, variant: Ident, pat: PatIdent },
}

/// A parameter that is stored.
pub(super) struct Field {
    pub(super) attrs: Vec<Attribute>,
    pub(super) pat: PatIdent,
    pub(super) ty: Type,
}

impl EventMethod {
    pub(super) fn new(attr: &Attribute, method: &ImplItemFn, root: Ident, diag: &mut Diag) -> Option<Self> {
        let mark = diag.mark();
        check::signature(&method.sig, diag);
        let (receiver, params) = check::receiver(&method.sig, diag);
        check::output(&method.sig, receiver.is_some(), &root, diag);
        let (envelope, params) = take_envelope(params, diag);
        let arguments = inner_tokens(attr, diag);
        let event = if arguments.is_empty() && diag.clean_since(mark) {
            declared(attr, &method.sig.ident, params, diag)
        } else {
            made(arguments, params, diag)
        };
        if !diag.clean_since(mark) {
            return None;
        }
        Some(Self {
            attrs: method.attrs.clone(),
            vis: method.vis.clone(),
            ident: method.sig.ident.clone(),
            receiver: receiver.cloned(),
            event: event?,
            envelope,
            body: method.block.clone(),
        })
    }

    /// The event's name, in the code and in the enum.
    pub(super) fn variant(&self) -> &Ident {
        match &self.event {
            MethodEvent::Made { name, .. } => name,
            MethodEvent::Declared { variant, .. } => variant,
        }
    }

    /// Whether the method makes the first state.
    pub(super) fn creates(&self) -> bool {
        self.receiver.is_none()
    }

    /// The conditions under which the method exists.
    pub(super) fn cfgs(&self) -> Vec<&Attribute> {
        attrs::select(&self.attrs, attrs::is_cfg)
    }

    /// The topic, if it is written.
    pub(super) fn topic(&self) -> Option<&LitStr> {
        match &self.event {
            MethodEvent::Made { stored, .. } => stored.topic.as_ref(),
            MethodEvent::Declared { .. } => None,
        }
    }
}

struct Param<'a> {
    attrs: &'a [Attribute],
    pat: &'a Pat,
    ty: &'a Type,
}

/// Takes the parameter `&Envelope` out, if there is one.
fn take_envelope<'a>(params: Vec<&'a FnArg>, diag: &mut Diag) -> (Option<PatIdent>, Vec<Param<'a>>) {
    let mut envelope = None;
    let mut rest = Vec::new();
    for param in params {
        let FnArg::Typed(param) = param else { continue };
        if !is_envelope(&param.ty) {
            rest.push(Param { attrs: &param.attrs, pat: &param.pat, ty: &param.ty });
        } else if envelope.is_some() {
            diag.error(&param.ty, "the envelope is asked for twice; remove one");
        } else {
            envelope = simple(&param.pat, diag);
        }
    }
    (envelope, rest)
}

fn is_envelope(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    reference.mutability.is_none() && path.path.segments.last().is_some_and(|segment| segment.ident == "Envelope")
}

/// The name of a parameter.
fn simple(pat: &Pat, diag: &mut Diag) -> Option<PatIdent> {
    if let Pat::Ident(ident) = pat
        && ident.by_ref.is_none()
        && ident.subpat.is_none()
    {
        return Some(ident.clone());
    }
    diag.error(pat, "give the parameter a plain name: it is the name that its value is stored under");
    None
}

fn made(arguments: TokenStream, params: Vec<Param<'_>>, diag: &mut Diag) -> Option<MethodEvent> {
    let fields: Vec<_> = params.into_iter().filter_map(|param| field(&param, diag)).collect();
    let (name, rest) = event_name(arguments, diag)?;
    let mut args = Args::parse("#[event]", rest, diag);
    let stored = Stored::take(&mut args, &name, diag);
    args.finish(ARGUMENTS, diag);
    Some(MethodEvent::Made { name, fields, stored })
}

/// The name in front of the other arguments.
fn event_name(arguments: TokenStream, diag: &mut Diag) -> Option<(Ident, TokenStream)> {
    let mut parts = split(arguments.clone()).into_iter();
    let Some(first) = parts.next() else {
        if !arguments.is_empty() {
            diag.error(arguments, "write the name of the event: `#[event(Deposited)]`");
        }
        return None;
    };
    let rest = parts.map(|part| quote::quote!(#part,)).collect();
    if let Ok(text) = syn::parse2::<LitStr>(first.clone()) {
        diag.error(&text, format!("write the name of the event without quotes: `#[event({})]`", text.value()));
        return None;
    }
    match (|input: syn::parse::ParseStream<'_>| input.parse::<Ident>()).parse2(first.clone()) {
        Ok(name) if names::is_camel(&name) => Some((name, rest)),
        Ok(name) => {
            let camel = names::camel(&name);
            diag.error(&name, format!("the name of an event is the name of a type: `{camel}`"));
            None
        }
        Err(_) => {
            diag.error(first, "write the name of the event first: `#[event(Deposited, ..)]`");
            None
        }
    }
}

fn field(param: &Param<'_>, diag: &mut Diag) -> Option<Field> {
    let mut pat = simple(param.pat, diag)?;
    pat.attrs.clear();
    check::stored_param(param.attrs, &pat.ident, param.ty, diag);
    Some(Field { attrs: param.attrs.to_vec(), pat, ty: param.ty.clone() })
}

fn declared(attr: &Attribute, method: &Ident, params: Vec<Param<'_>>, diag: &mut Diag) -> Option<MethodEvent> {
    if let [Param { pat, ty: Type::Reference(reference), .. }] = &params[..]
        && let Type::Path(path) = &*reference.elem
        && let Some(segment) = path.path.segments.last()
        && segment.ident != "str"
    {
        if let Some(token) = &reference.mutability {
            diag.error(token, "an event never changes; take `&` of it");
        }
        let variant = segment.ident.clone();
        return Some(MethodEvent::Declared { ty: (*reference.elem).clone(), variant, pat: simple(pat, diag)? });
    }
    diag.error(
        attr,
        format!(
            "name the event that this method makes: `#[event({})]`; a bare `#[event]` is for a method that takes \
             one `&SomeEvent`, declared with `#[event] struct`",
            names::camel(method)
        ),
    );
    None
}
