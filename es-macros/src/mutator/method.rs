//! One event method: the fields that it stores, and the way it applies them.

use proc_macro2::{Ident, Punct, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::{
    Attribute, Block, FnArg, ImplItemFn, LitStr, Pat, PatIdent, Path, Receiver, ReturnType, Token, Type,
    TypeReference, Visibility,
};

use super::envelope::{self, Param};
use super::{determinism, signature};
use crate::args::{Args, inner_tokens, split};
use crate::attrs;
use crate::diag::Diag;
use crate::event::made::{ARGUMENTS, SECRECY, Stored};
use crate::names;
use crate::read_back::{ReadBack, flattens};
use crate::types::{held, is_known_storable, named_last, peel};
use crate::unstorable;

/// An event method without mistakes.
pub(super) struct EventMethod {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    /// `None` if the method creates the aggregate.
    pub(super) receiver: Option<Receiver>,
    pub(super) fn_token: Token![fn],
    /// The place where the parameters end.
    pub(super) params_end: Span,
    pub(super) output: ReturnType,
    pub(super) event: MethodEvent,
    /// The parameter that takes the envelope.
    pub(super) envelope: Option<(Pat, Type)>,
    pub(super) body: Block,
    /// True if calls in the body may differ from replay to replay.
    pub(super) may_vary: bool,
}

/// The origin of the event.
pub(super) enum MethodEvent {
    /// `#[event(Name)]`: made from the parameters.
    Made { name: Ident, fields: Vec<Field>, stored: Stored, derives: Vec<Path> },
    /// `#[event]` with a parameter `&SomeEvent`: declared elsewhere.
    Declared { ty: Box<Type>, variant: Ident, pat: Pat },
}

/// A parameter that is stored.
pub(super) struct Field {
    pub(super) attrs: Vec<Attribute>,
    pub(super) pat: PatIdent,
    pub(super) ty: Type,
}

/// The names of the types that the macros make for the aggregate.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub(super) root: &'a Ident,
    pub(super) state: &'a Ident,
    pub(super) events: &'a Ident,
}

impl EventMethod {
    pub(super) fn new(
        attr: &Attribute,
        method: &ImplItemFn,
        Own { root, state, events }: Own<'_>,
        diag: &mut Diag,
    ) -> Option<Self> {
        let mark = diag.mark();
        signature::signature(&method.sig, diag);
        // A parameter that borrows by such a lifetime would be reported as a second mistake.
        if method.sig.generics.lifetimes().next().is_some() {
            return None;
        }
        let (receiver, params) = signature::receiver(&method.sig, diag);
        if let (None, Some(FnArg::Typed(first))) = (receiver, params.first())
            && is_state(&first.ty, state, root)
        {
            let of = attrs::text(&first.ty).replace("&mut", "&mut ");
            let written = format!("{}: {of}", attrs::text(&first.pat));
            diag.error(
                first,
                format!("an event method changes its own aggregate; write `&mut self` for `{written}`"),
            );
            return None;
        }
        signature::output(&method.sig, receiver, root, diag);
        let mut arguments = inner_tokens(attr, "", diag)?;
        let may_vary = determinism::take_allowed(&mut arguments, diag);
        let (envelope, params) = envelope::take(&params, arguments.is_empty(), diag);
        let bare = arguments.is_empty();
        if let (true, [], Some((_, ty))) = (bare, &params[..], &envelope) {
            let guess = names::camel(&method.sig.ident);
            diag.error(
                ty,
                format!(
                    "the event has no name, and `&Envelope` asks for its envelope; write `#[event({guess})]`, or \
                     `&self::Envelope` for an event of that name"
                ),
            );
            return None;
        }
        let event = if bare {
            declared(attr, &method.sig.ident, &params, events, diag)
        } else {
            made(arguments, &method.sig.ident, &params, root, events, diag)
        };
        if let Some(MethodEvent::Made { name, .. }) = &event {
            signature::attributes(&method.attrs, name, diag);
        }
        if !diag.clean_since(mark) {
            return None;
        }
        Some(Self {
            attrs: method.attrs.clone(),
            vis: method.vis.clone(),
            ident: method.sig.ident.clone(),
            receiver: receiver.cloned(),
            fn_token: method.sig.fn_token,
            params_end: method.sig.paren_token.span.close(),
            output: method.sig.output.clone(),
            event: event?,
            envelope,
            body: method.block.clone(),
            may_vary,
        })
    }

    /// Returns the name of the event, which is also its variant in the enum.
    pub(super) fn variant(&self) -> &Ident {
        match &self.event {
            MethodEvent::Made { name, .. } => name,
            MethodEvent::Declared { variant, .. } => variant,
        }
    }

    /// Returns whether the method makes the first state.
    pub(super) fn creates(&self) -> bool {
        self.receiver.is_none()
    }

    /// Returns whether the event is declared elsewhere.
    pub(super) fn is_declared(&self) -> bool {
        matches!(self.event, MethodEvent::Declared { .. })
    }

    /// Returns the conditions under which the method exists.
    pub(super) fn cfgs(&self) -> Vec<&Attribute> {
        attrs::select(&self.attrs, attrs::is_cfg)
    }

    /// Returns the methods that the aggregate gets for the event.
    pub(super) fn makes(&self) -> Vec<Ident> {
        match &self.event {
            MethodEvent::Made { .. } if self.creates() => {
                vec![self.ident.clone(), names::with_id(&self.ident)]
            }
            MethodEvent::Made { .. } => vec![self.ident.clone()],
            MethodEvent::Declared { .. } => Vec::new(),
        }
    }
}

/// Returns whether the type is `&mut` of the state, by any of its names.
fn is_state(ty: &Type, state: &Ident, root: &Ident) -> bool {
    let Type::Reference(TypeReference { mutability: Some(_), elem, .. }) = peel(ty) else { return false };
    let is = |name: &Ident| matches!(peel(elem), Type::Path(path) if path.path.is_ident(name));
    is(state) || is(root) || is(&Ident::new("Self", Span::call_site()))
}

/// Returns the name of a parameter; reports a pattern that is more than a name.
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

fn made(
    arguments: TokenStream,
    method: &Ident,
    params: &[Param<'_>],
    root: &Ident,
    events: &Ident,
    diag: &mut Diag,
) -> Option<MethodEvent> {
    let mark = diag.mark();
    if let [Param { ty: Type::Reference(reference), .. }] = params
        && let Some(Ok(pair)) =
            split(arguments.clone()).into_iter().next().map(syn::parse2::<syn::MetaNameValue>)
        && pair.path.get_ident().is_some_and(|key| ARGUMENTS.iter().any(|known| key == known))
        && !named_last(&reference.elem, "str")
    {
        let (key, event) = (attrs::text(&pair.path), attrs::text(&reference.elem));
        diag.error(
            pair,
            format!("`{key}` stands where `{event}` is declared; write `#[event({key} = ..)] struct` there"),
        );
        return None;
    }
    if let [Param { ty: Type::Reference(reference), .. }] = params
        && let Some(Ok(word)) = split(arguments.clone()).into_iter().next().map(syn::parse2::<Ident>)
        && SECRECY.iter().any(|known| word == known)
        && !named_last(&reference.elem, "str")
    {
        let event = attrs::text(&reference.elem);
        diag.error(
            &word,
            format!("`{word}` stands where `{event}` is declared; write `#[event({word})] struct` there"),
        );
        return None;
    }
    let named = event_name(arguments, method, diag);
    // Report the event's home once, not each of its parameters.
    if let (Some((name, _)), [Param { ty: Type::Reference(reference), .. }]) = (&named, params)
        && named_last(&reference.elem, &name.to_string())
    {
        diag.error(name, format!("`{name}` is declared on its own; write `#[event]` without a name"));
        return None;
    }
    let mut fields: Vec<Field> = Vec::new();
    let mut read_back = ReadBack::default();
    for param in params {
        if let Some(all @ Type::Path(path)) = held(param.ty, events)
            && path.path.is_ident(events)
        {
            diag.error(
                all,
                format!("`{events}` holds this event, so that the event cannot hold it; take another type"),
            );
            continue;
        }
        let Some(field) = field(param, root, &mut read_back, diag) else { continue };
        let name = &field.pat.ident;
        if fields.iter().any(|other| other.pat.ident == *name) {
            diag.error(name, format!("two parameters are called `{name}`; rename one"));
        }
        fields.push(field);
    }
    let (name, rest) = named?;
    name_of_a_type(&name, &fields, method, diag);
    let mut args = Args::parse("event", "topic = \"..\"", rest, diag);
    // The usual topic depends on the name of the aggregate, which this macro does not see.
    let mut stored = Stored::take(&mut args, &name, None, diag);
    stored.is_flattened = flattens(fields.iter().map(|field| &field.attrs));
    let derives = args.derives(diag);
    args.finish(&[ARGUMENTS, &["derive"]].concat(), diag);
    diag.clean_since(mark).then_some(MethodEvent::Made { name, fields, stored, derives })
}

/// Returns the name in front of the other arguments, and those arguments.
fn event_name(arguments: TokenStream, method: &Ident, diag: &mut Diag) -> Option<(Ident, TokenStream)> {
    let parts = split(arguments.clone());
    let guess = names::camel(method);
    let Some((first, others)) = parts.split_first() else {
        diag.error(arguments, format!("the event has no name; write `#[event({guess})]`"));
        return None;
    };
    let rest = others.iter().map(|part| quote::quote!(#part,)).collect();
    let ident = |tokens: &TokenStream| syn::parse2::<Ident>(tokens.clone()).ok();
    if matches!(first.clone().into_iter().next(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#') {
        diag.error(first, "an attribute stands above the method, not in `#[event(..)]`; move it there");
    } else if let Some(name) = ident(first) {
        if names::is_camel(&name) {
            return Some((name, rest));
        }
        if SECRECY.iter().any(|known| name == known) {
            diag.error(&name, format!("the event has no name; write `#[event({guess}, {name})]`"));
            return None;
        }
        let camel = names::camel(&name);
        diag.error(&name, format!("`{name}` is not the name of a type, which an event is; write `{camel}`"));
    } else if let Some((name, behind)) = followed_name(first) {
        match behind {
            TokenTree::Group(fields) => diag.error(
                fields,
                format!("the parameters are the fields of `{name}`; write `#[event({name})]`"),
            ),
            behind => {
                diag.error(
                    behind,
                    format!("a comma is missing after `{name}`; write `#[event({name}, ..)]`"),
                );
            }
        }
    } else if let Ok(text) = syn::parse2::<LitStr>(first.clone()) {
        diag.error(
            &text,
            format!("the name of an event is a type, not a text; write `#[event({})]`", text.value()),
        );
    } else if let Some(late) = others.iter().filter_map(ident).find(names::is_camel) {
        diag.error(&late, format!("the name of an event comes first; write `#[event({late}, ..)]`"));
    } else if let Ok(pair) = syn::parse2::<syn::MetaNameValue>(first.clone())
        && pair.path.is_ident("name")
    {
        let value = pair.value;
        diag.error(
            first,
            format!("the name stands alone; write `#[event({})]`", attrs::text(&value).trim_matches('"')),
        );
    } else if let Ok(path) = syn::parse2::<syn::Path>(first.clone())
        && let Some(last) = path.segments.last()
    {
        if path.is_ident("Self") {
            diag.error(
                first,
                format!("`Self` is the state here; give the event a name of its own: `#[event({guess})]`"),
            );
            return None;
        }
        diag.error(first, format!("the event is made here, so its name is no path; write `{}`", last.ident));
    } else if syn::parse2::<syn::MetaNameValue>(first.clone()).is_ok() {
        let tokens = attrs::text(first);
        let key = tokens.split('=').next().unwrap_or_default();
        if ARGUMENTS.contains(&key) {
            diag.error(first, format!("the event has no name; write `#[event({guess}, {key} = ..)]`"));
        } else {
            diag.error(first, format!("the event has no name; write `#[event({guess})]`"));
        }
    } else {
        diag.error(first, format!("the event has no name; write `#[event({guess}, ..)]`"));
    }
    None
}

/// Returns the name of an event, and the token behind it that stands where a comma should.
fn followed_name(tokens: &TokenStream) -> Option<(Ident, TokenTree)> {
    let mut trees = tokens.clone().into_iter();
    let Some(TokenTree::Ident(name)) = trees.next() else { return None };
    let behind = trees.next()?;
    let of_a_path = |punct: &Punct| ['=', ':', '<', '!', '.'].contains(&punct.as_char());
    let other = !matches!(&behind, TokenTree::Punct(punct) if of_a_path(punct));
    (other && names::is_camel(&name)).then_some((name, behind))
}

fn field(param: &Param<'_>, root: &Ident, read_back: &mut ReadBack, diag: &mut Diag) -> Option<Field> {
    let mut pat = simple(param.pat, diag)?;
    pat.attrs.clear();
    if let Some(held) = held(param.ty, root) {
        diag.error(held, format!("an aggregate is not stored in an event; store its id: `Id<{root}>`"));
        return None;
    }
    let mark = diag.mark();
    unstorable::name_self(&mut param.ty.clone(), root, Some(root), diag);
    if !diag.clean_since(mark) {
        return None;
    }
    signature::stored_param(param.attrs, &pat.ident, param.ty, read_back, diag);
    Some(Field { attrs: param.attrs.to_vec(), pat, ty: param.ty.clone() })
}

fn declared(
    attr: &Attribute,
    method: &Ident,
    params: &[Param<'_>],
    events: &Ident,
    diag: &mut Diag,
) -> Option<MethodEvent> {
    if let [Param { pat, ty: Type::Reference(reference), .. }] = params
        && let Type::Path(path) = peel(&reference.elem)
        && let Some(segment) = path.path.segments.last()
        && segment.ident != "str"
    {
        if let Some(token) = &reference.mutability {
            diag.error(token, "an event never changes; take `&` of it");
        } else if segment.ident == *events {
            diag.error(&path.path, "a method handles one event, not all of them; take `&SomeEvent`");
        }
        let variant = segment.ident.clone();
        return Some(MethodEvent::Declared { ty: reference.elem.clone(), variant, pat: (*pat).clone() });
    }
    let guess = names::camel(method);
    match params {
        [Param { ty: ty @ Type::Path(_), .. }] if !is_known_storable(ty) => {
            let event = attrs::text(ty);
            diag.error(
                attr,
                format!(
                    "the event has no name; write `#[event({guess})]`, or take `&{event}` if that is declared with \
                     `#[event] struct`"
                ),
            );
            return None;
        }
        [Param { ty: Type::Reference(_), .. }, Param { ty: second @ Type::Reference(_), .. }, ..] => {
            diag.error(second, "a method handles one event; take one `&SomeEvent`");
            return None;
        }
        _ => {}
    }
    diag.error(
        attr,
        format!(
            "the event has no name; write `#[event({})]` (a bare `#[event]` is for a method that takes one \
             `&SomeEvent`, declared with `#[event] struct`)",
            names::camel(method)
        ),
    );
    None
}

/// Reports parameters whose names begin with `_`. The macro makes such an event all the same.
pub(super) fn underscores(event: &EventMethod, diag: &mut Diag) {
    let MethodEvent::Made { fields, .. } = &event.event else { return };
    for Field { pat, .. } in fields {
        let stored = pat.ident.unraw().to_string();
        let plain = stored.trim_start_matches('_');
        if plain != stored {
            diag.error(&pat.ident, format!("`{stored}` is the name that the value is stored under; write `{plain}` (a stored parameter need not be used)"));
        }
    }
}

/// Reports an event with the name of a parameter's type: the event would hide that type.
fn name_of_a_type(name: &Ident, fields: &[Field], method: &Ident, diag: &mut Diag) {
    if let Some(Field { pat, .. }) = fields.iter().find(|field| unstorable::holds(&field.ty, name)) {
        let (param, guess) = (&pat.ident, names::camel(method));
        diag.error(
            name,
            format!("`{name}` is the type of `{param}`; give the event another name, such as `{guess}`"),
        );
    }
}
