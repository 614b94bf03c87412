use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{ImplItem, ImplItemFn, ItemImpl, LitStr, Path, PathArguments, Token, Type, Visibility};

use super::check;
use super::method::EventMethod;
use crate::args::Args;
use crate::attrs;
use crate::diag::Diag;
use crate::fingerprint;
use crate::names;
use crate::runtime_path::Runtime;
use crate::silent;
use crate::types::peel;

const ARGUMENTS: &[&str] = &["retired", "visibility", "crate"];

/// All that the expansion of `#[mutator]` needs.
pub(super) struct Mutator {
    pub(super) runtime: Runtime,
    /// The aggregate as written: `Account`, or `super::Account`.
    pub(super) root: Path,
    /// Of made events and the enum, if it is written.
    visibility: Option<Visibility>,
    pub(super) retired: Vec<LitStr>,
    pub(super) fingerprint: u64,
    pub(super) events: Vec<EventMethod>,
    /// What has no `#[event]`: constants and helper methods of the state.
    pub(super) helpers: Vec<ImplItem>,
    /// Event methods with mistakes: their signatures stay, so that callers see no second error.
    pub(super) broken: Vec<ImplItemFn>,
}

impl Mutator {
    pub(super) fn new(args: TokenStream, item: ItemImpl, diag: &mut Diag) -> Option<Self> {
        let fingerprint = fingerprint::of([&args, &item.to_token_stream()]);
        let mut args = Args::parse("mutator", "retired = [\"..\"]", args, diag);
        let runtime = Runtime::take(&mut args, diag);
        let retired = args.strings("retired", diag);
        let visibility = args.visibility("visibility", diag);
        args.finish(ARGUMENTS, diag);

        let root = root(&item, diag)?;
        let mut mutator = Self {
            runtime,
            root,
            visibility,
            retired,
            fingerprint,
            events: Vec::new(),
            helpers: Vec::new(),
            broken: Vec::new(),
        };
        let mut attempts = 0;
        for mut member in item.items {
            let mark = diag.mark();
            let ours = check::take_attributes(&mut member, diag);
            let ImplItem::Fn(mut method) = member else {
                mutator.helpers.push(member);
                continue;
            };
            attempts += usize::from(!ours.is_empty());
            if check::reserved_name(&method, diag) {
                continue;
            }
            let Some(attr) = ours.first() else {
                if diag.clean_since(mark) && check::public_helper(&method, diag) {
                    // Callers meant an event method, bodies may mean the helper.
                    mutator.break_off(method.clone());
                    method.vis = Visibility::Inherited;
                }
                mutator.helpers.push(ImplItem::Fn(method));
                continue;
            };
            match EventMethod::new(attr, &method, &mutator.ident(), diag) {
                Some(event) => mutator.events.push(event),
                None => mutator.break_off(method),
            }
        }
        check::events(&mut mutator, diag);
        check::block(&mutator, attempts, diag);
        check::bodies(&mut mutator, diag);
        Some(mutator)
    }

    /// Keeps the signature of a method with mistakes.
    fn break_off(&mut self, mut method: ImplItemFn) {
        silent::function(&mut method.attrs, &mut method.sig, &mut method.block);
        self.broken.push(method);
    }

    /// The visibility of made events and the enum, as tokens of the item at `span`: an item is underlined from
    /// its first token on.
    pub(super) fn visibility_at(&self, span: Span) -> Visibility {
        self.visibility.clone().unwrap_or_else(|| Visibility::Public(Token![pub](span)))
    }

    /// The aggregate's own name.
    pub(super) fn ident(&self) -> Ident {
        last(&self.root)
    }

    /// The state's path.
    pub(super) fn state(&self) -> Path {
        let mut path = self.root.clone();
        if let Some(segment) = path.segments.last_mut() {
            segment.ident = names::state(&segment.ident);
        }
        path
    }
}

fn last(path: &Path) -> Ident {
    path.segments.last().map_or_else(|| names::local("aggregate"), |segment| segment.ident.clone())
}

/// The aggregate that the impl is for.
fn root(item: &ItemImpl, diag: &mut Diag) -> Option<Path> {
    if let Some((of, _)) = &item.trait_ {
        diag.error(
            of,
            "the impl of a trait has no events; move the event methods to `#[mutator] impl Account`",
        );
    } else if let Some(param) = item.generics.params.first() {
        diag.error(param, "an aggregate has one definite shape; remove the generic parameters");
    } else if let Some(clause) = &item.generics.where_clause {
        diag.error(clause, "`#[mutator] impl` has no `where` clause; remove it");
    } else if let Some(token) = &item.unsafety {
        diag.error(token, "`#[mutator] impl` is not unsafe; remove the word");
    }
    for attr in &item.attrs {
        if attrs::is_ours(attr, "mutator") {
            diag.error(attr, "`#[mutator]` is given twice; remove one");
        } else if attrs::is_ours(attr, "aggregate") {
            diag.error(attr, "`#[aggregate]` goes on the struct, not on its impl; move it there");
        }
    }
    // Attributes are dropped with the impl's line: these mistakes leave the block as it is.
    let fatal = item.trait_.is_some() || !item.generics.params.is_empty();
    let path = match peel(&item.self_ty) {
        Type::Path(path) if path.qself.is_none() => Some(path.path.clone()),
        _ => None,
    };
    let plain = path
        .filter(|path| path.segments.iter().all(|segment| matches!(segment.arguments, PathArguments::None)));
    if plain.is_none() && !fatal {
        diag.error(&item.self_ty, "an aggregate is named here; write `#[mutator] impl Account`");
    }
    plain.filter(|_| !fatal)
}
