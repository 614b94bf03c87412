use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{
    Attribute, FnArg, GenericArgument, ImplItem, ImplItemConst, ImplItemFn, ItemImpl, LitStr, PathArguments,
    Type,
};

use super::arguments::Arguments;
use super::handler::{Handler, changes};
use super::param::Named;
use super::role;
use crate::attrs;
use crate::diag::Diag;
use crate::fingerprint;
use crate::recover::HalfTyped;
use crate::silent;
use crate::types::peel;

/// The model of a projection: everything that the expansion of `#[projection]` needs.
pub(super) struct Projection {
    pub(super) arguments: Arguments,
    /// The block as written, without our attributes.
    pub(super) item: ItemImpl,
    /// The view as the block names it.
    pub(super) view: Type,
    pub(super) name: LitStr,
    pub(super) fingerprint: u64,
    pub(super) handlers: Vec<Handler>,
    /// The place of the view, as the first handler tells it.
    pub(super) place: Place,
    /// The tokens that cannot be parsed, which the compiler has reported.
    pub(super) half_typed: Vec<TokenStream>,
    /// The number of methods that the user meant for handlers.
    pub(super) attempts: usize,
}

/// The place of a view.
#[derive(Clone)]
pub(super) enum Place {
    Memory,
    /// A database whose driver blocks, with the type of the transaction.
    Blocking(Option<Type>),
    /// A database with an async driver.
    Async(Option<Type>),
}

impl Projection {
    pub(super) fn new(
        args: TokenStream,
        mut item: ItemImpl,
        half_typed: Vec<HalfTyped>,
        diag: &mut Diag,
    ) -> Option<Self> {
        let fingerprint = fingerprint::of([&args, &item.to_token_stream()]);
        let (view, ident) = view(&mut item, diag)?;
        let arguments = Arguments::parse(&attrs::text(&view), args, diag);
        let name = arguments.name.clone();
        let name = name.unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span()));
        let mut handlers = Vec::new();
        let (mut attempts, mut guess) = (0, None);
        for member in &mut item.items {
            let ours = role::take(member, diag);
            let ImplItem::Fn(method) = member else { continue };
            if ours.is_empty() {
                continue;
            }
            attempts += 1;
            if let Some(roles) = role::read(&ours, &method.sig.ident, diag) {
                handlers.extend(Handler::new(roles, method, &arguments.aggregates, diag));
            }
            without_lifetimes(method);
            guess = guess.or_else(|| place_of(method));
        }
        let mut projection = Self {
            arguments,
            item,
            view,
            name,
            fingerprint,
            handlers,
            place: Place::Memory,
            half_typed: Vec::new(),
            attempts,
        };
        for HalfTyped { tokens, stand_in } in half_typed {
            projection.half_typed.push(tokens);
            let Some(mut method) = stand_in else { continue };
            for name in role::NAMES {
                attrs::take_ours(&mut method.attrs, name);
            }
            silent::function(&mut method.attrs, &mut method.sig, &mut method.block);
            projection.item.items.push(ImplItem::Fn(method));
        }
        projection.place = match (projection.handlers.first(), guess) {
            (Some(first), _) => match (first.tx().cloned(), first.asyncness) {
                (Some(tx), Some(_)) => Place::Async(Some(tx)),
                (Some(tx), None) => Place::Blocking(Some(tx)),
                (None, _) => Place::Memory,
            },
            (None, Some(place)) => place,
            (None, None) if projection.tables().is_some() => Place::Blocking(None),
            (None, None) => Place::Memory,
        };
        Some(projection)
    }

    /// Returns the constant with the statements that make the tables, if it is a text.
    pub(super) fn text_of_tables(&self) -> Option<&ImplItemConst> {
        self.tables().filter(|tables| {
            let Type::Reference(reference) = peel(&tables.ty) else { return false };
            matches!(peel(&reference.elem), Type::Path(path) if path.path.is_ident("str"))
        })
    }

    /// Returns the constant with the statements that make the tables.
    pub(super) fn tables(&self) -> Option<&ImplItemConst> {
        self.item.items.iter().find_map(|member| match member {
            ImplItem::Const(constant) if constant.ident == "TABLES" => Some(constant),
            _ => None,
        })
    }

    /// Returns whether a macro call in the block may make members that this macro does not see.
    pub(super) fn has_calls(&self) -> bool {
        self.item.items.iter().any(|member| matches!(member, ImplItem::Macro(_)))
    }

    /// Returns the conditions under which the block exists.
    pub(super) fn cfgs(&self) -> Vec<&Attribute> {
        attrs::select(&self.item.attrs, attrs::is_cfg)
    }
}

/// Removes the lifetimes of transactions, which are reported: the compiler would report them, too.
fn without_lifetimes(method: &mut ImplItemFn) {
    for param in &mut method.sig.inputs {
        if let FnArg::Typed(param) = param
            && let Type::Reference(reference) = &mut *param.ty
            && let Type::Path(path) = &mut *reference.elem
            && let Some(last) = path.path.segments.last_mut()
            && last.ident.to_string().ends_with("Tx")
            && let PathArguments::AngleBracketed(arguments) = &last.arguments
            && arguments.args.iter().all(|argument| matches!(argument, GenericArgument::Lifetime(_)))
        {
            last.arguments = PathArguments::None;
        }
    }
}

/// Returns the place of a view with such a handler, even if the handler has mistakes.
fn place_of(method: &ImplItemFn) -> Option<Place> {
    let mut inputs = method.sig.inputs.iter();
    let tx = inputs.clone().find_map(|param| match param {
        FnArg::Typed(param) => Named::of(&param.ty)
            .filter(|named| named.reference.is_some() && named.is_tx())
            .map(|_| &*param.ty),
        FnArg::Receiver(_) => None,
    });
    match (tx, method.sig.asyncness) {
        (Some(tx), Some(_)) => Some(Place::Async(Some(tx.clone()))),
        (Some(tx), None) => Some(Place::Blocking(Some(tx.clone()))),
        (None, _) => inputs
            .any(|param| matches!(param, FnArg::Receiver(receiver) if changes(receiver)))
            .then_some(Place::Memory),
    }
}

/// Returns the view of the impl, and its own name.
fn view(item: &mut ItemImpl, diag: &mut Diag) -> Option<(Type, Ident)> {
    let written = attrs::text(&item.self_ty);
    for attr in attrs::take_ours(&mut item.attrs, "projection") {
        diag.error(
            attr,
            "`#[projection]` is given twice; write one, with all aggregates: `#[projection(Account, Order)]`",
        );
    }
    for name in ["mutator", "aggregate"] {
        for attr in attrs::take_ours(&mut item.attrs, name) {
            diag.error(
                attr,
                format!("`#[{name}]` is for aggregates, `#[projection]` for views; remove one of the two"),
            );
        }
    }
    if let Some((of, _)) = &item.trait_ {
        diag.error(
            of,
            format!(
                "the impl of a trait has no handlers; move them to `#[projection(..)] impl {written} {{ .. }}`"
            ),
        );
        return None;
    }
    if let Some(param) = item.generics.params.first() {
        diag.error(param, "a view has one definite type; remove the generic parameters");
        return None;
    }
    if let Some(clause) = &item.generics.where_clause {
        diag.error(clause, "`#[projection] impl` has no `where` clause; remove it");
        return None;
    }
    let Type::Path(path) = peel(&item.self_ty) else {
        diag.error(&item.self_ty, "a view is named here; write `#[projection(..)] impl Balances`");
        return None;
    };
    if let Some(lifetime) = lifetime(&item.self_ty) {
        diag.error(lifetime, "a view owns its data; remove the lifetime");
        return None;
    }
    let ident = path.path.segments.last()?.ident.clone();
    Some((peel(&item.self_ty).clone(), ident))
}

fn lifetime(ty: &Type) -> Option<syn::Lifetime> {
    struct First(Option<syn::Lifetime>);
    impl<'ast> Visit<'ast> for First {
        fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
            if lifetime.ident != "static" {
                self.0.get_or_insert_with(|| lifetime.clone());
            }
            visit::visit_lifetime(self, lifetime);
        }
    }
    let mut first = First(None);
    first.visit_type(ty);
    first.0
}
