//! One handler: the rows that it handles, and the arguments that it takes.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, FnArg, ImplItemFn, Path, Receiver, ReceiverKind, ReturnType, Safety, Signature, Token, Type,
};

use super::param::{self, Given, Named, Param};
use super::role::{Role, Rows};
use crate::attrs;
use crate::diag::Diag;
use crate::types::peel;

/// A handler without mistakes.
pub(super) struct Handler {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) ident: Ident,
    /// `&self` or `&mut self`.
    pub(super) receiver: Option<Receiver>,
    pub(super) fn_token: Token![fn],
    pub(super) asyncness: Option<Token![async]>,
    pub(super) roles: Vec<Role>,
    /// The number of the aggregate; `None` if it is any of several.
    pub(super) source: Option<usize>,
    pub(super) params: Vec<Param>,
    pub(super) output: Option<Type>,
}

impl Handler {
    pub(super) fn new(
        roles: Vec<Role>,
        method: &ImplItemFn,
        aggregates: &[Path],
        diag: &mut Diag,
    ) -> Option<Self> {
        let mark = diag.mark();
        let sig = &method.sig;
        signature(sig, diag);
        let receiver = receiver(sig, diag);
        let typed = sig.inputs.iter().filter_map(|param| match param {
            FnArg::Typed(param) => Some(param),
            FnArg::Receiver(_) => None,
        });
        let mut source = None;
        let mut params: Vec<Param> = Vec::new();
        let role = roles.first()?;
        let first = typed.clone().next().map(|param| &*param.ty);
        let is_lent = match &role.of {
            Rows::Event => param::is_event(first, &sig.ident, aggregates, diag),
            Rows::Attribute(name) => param::is_value(first, &sig.ident, name, diag),
            _ => false,
        };
        // A report of the first parameter has been made, if it is not the event.
        for (at, param) in typed.enumerate().skip(usize::from(role.hands_over() && !is_lent)) {
            let given = if at == 0 && is_lent {
                Some(Given::Lent)
            } else if !role.hands_over() && is_like_an_event(&param.ty) {
                let (of, text) =
                    (aggregates.first().map_or_else(|| "Account".to_owned(), attrs::text), role.text());
                diag.error(&param.ty, format!("`{text}` has no event of its own; begin with `id: Id<{of}>`"));
                None
            } else {
                param::beside(&param.ty, aggregates, &mut source, diag)
            };
            let Some(given) = given else { continue };
            if given == Given::Tx && params.iter().any(|other| other.given == Given::Tx) {
                diag.error(&param.ty, "the transaction is taken twice; remove one");
                continue;
            }
            let cfgs = attrs::select(&param.attrs, attrs::is_cfg).into_iter().cloned().collect();
            params.push(Param { cfgs, ty: (*param.ty).clone(), given });
        }
        if let ([_], None) = (aggregates, source) {
            source = Some(0);
        }
        if let (Rows::Attribute(name), None, [first, ..]) = (&role.of, source, aggregates)
            && diag.clean_since(mark)
        {
            let ids = aggregates.iter().map(|path| format!("`Id<{}>`", attrs::text(path)));
            let ids = ids.collect::<Vec<_>>().join(" or ");
            let first = attrs::text(first);
            diag.error(
                name,
                format!("`{name}` of which aggregate? take its id, {ids}, or `&Origin<{first}>`"),
            );
        }
        let output = output(&sig.output, diag);
        if diag.clean_since(mark) {
            place(sig, receiver, &params, diag);
        }
        diag.clean_since(mark).then(|| Self {
            cfgs: attrs::select(&method.attrs, attrs::is_cfg).into_iter().cloned().collect(),
            ident: sig.ident.clone(),
            receiver: receiver.cloned(),
            fn_token: sig.fn_token,
            asyncness: sig.asyncness,
            roles,
            source,
            params,
            output: output.cloned(),
        })
    }

    /// Returns the type of the event, or of the value.
    pub(super) fn lent(&self) -> Option<&Type> {
        let param = self.params.iter().find(|param| param.given == Given::Lent)?;
        match peel(&param.ty) {
            Type::Reference(reference) => Some(&reference.elem),
            ty => Some(ty),
        }
    }

    /// Returns the type of the transaction, with the parameter's `&`.
    pub(super) fn tx(&self) -> Option<&Type> {
        self.params.iter().find(|param| param.given == Given::Tx).map(|param| &param.ty)
    }

    /// Returns the tokens that say whether the handler is `async`.
    pub(super) fn keyword(&self) -> TokenStream {
        self.asyncness.map_or_else(|| self.fn_token.to_token_stream(), |token| token.to_token_stream())
    }

    /// Returns whether the two handle rows of one aggregate.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.source.is_none() || other.source.is_none() || self.source == other.source
    }
}

/// Returns whether the type looks like an event: it is borrowed, and none of the types that a handler is given.
fn is_like_an_event(ty: &Type) -> bool {
    Named::of(ty).is_some_and(|named| {
        let others = ["Application", "Work", "Batch"];
        named.reference.is_some() && !named.is_tx() && !named.is_given() && !named.is(&others)
    })
}

/// Reports words in front of `fn`, and generic parameters.
fn signature(sig: &Signature, diag: &mut Diag) {
    match &sig.safety {
        Safety::Unsafe(token) => diag.error(token, "a handler is not unsafe; remove `unsafe`"),
        Safety::Safe(token) => diag.error(token, "a handler is always safe; remove `safe`"),
        Safety::Default => {}
    }
    if let Some(token) = &sig.abi {
        diag.error(token, "a handler has no ABI of its own; remove `extern`");
    }
    if let Some(lifetime) = sig.generics.lifetimes().next() {
        diag.error(lifetime, "a handler keeps nothing of what it is lent; remove the lifetimes");
    } else if let Some(param) = sig.generics.params.first() {
        diag.error(param, "a handler has definite parameters; remove the generic ones");
    } else if let Some(clause) = &sig.generics.where_clause {
        diag.error(clause, "a handler has no `where` clause; remove it");
    }
    if let Some(dots) = &sig.variadic {
        diag.error(dots, "a handler has no variable parameters; remove them");
    }
}

/// Returns the receiver; reports one that is not a plain reference.
fn receiver<'a>(sig: &'a Signature, diag: &mut Diag) -> Option<&'a Receiver> {
    let Some(FnArg::Receiver(receiver)) = sig.inputs.first() else { return None };
    if !matches!(&receiver.kind, ReceiverKind::Reference(_, None, _)) {
        diag.error(
            receiver,
            "a handler takes `&mut self` in a view in memory, and `&self` or no `self` beside `&Tx`",
        );
    }
    Some(receiver)
}

/// Returns the type that the handler returns; reports one that has no name.
fn output<'a>(output: &'a ReturnType, diag: &mut Diag) -> Option<&'a Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    match peel(ty) {
        Type::ImplTrait(_) => {
            diag.error(ty, "a handler returns nothing or a `Result<()>`, not an `impl` of a trait");
            None
        }
        Type::Never(_) | Type::Reference(_) => {
            let text = attrs::text(ty);
            diag.error(ty, format!("a handler returns nothing or a `Result<()>`, not `{text}`"));
            None
        }
        Type::Tuple(tuple) if tuple.elems.is_empty() => None,
        ty => Some(ty),
    }
}

/// Reports a handler that has no place to write to, or two.
fn place(sig: &Signature, receiver: Option<&Receiver>, params: &[Param], diag: &mut Diag) {
    let changes = receiver.filter(|receiver| changes(receiver));
    let tx = params.iter().find(|param| param.given == Given::Tx);
    match (changes, tx) {
        (Some(receiver), Some(_)) => diag.error(
            receiver,
            "a view is either in memory (`&mut self`) or in a database (`&Tx`); remove one of the two",
        ),
        (Some(_), None) => {
            if let Some(token) = &sig.asyncness {
                diag.error(token, "a view in memory is changed at once; remove `async`");
            }
        }
        (None, None) => diag.error(
            &sig.ident,
            format!(
                "`{}` has nothing to write to; take `&mut self` in a view in memory, or `tx: &Tx` in a database",
                sig.ident
            ),
        ),
        (None, Some(_)) => {}
    }
}

/// Returns whether the receiver is `&mut self`.
pub(super) fn changes(receiver: &Receiver) -> bool {
    matches!(&receiver.kind, ReceiverKind::Reference(_, _, Some(_)))
}
