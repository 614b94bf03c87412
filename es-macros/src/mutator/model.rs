use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{ImplItem, ImplItemFn, ItemImpl, LitStr, Path, PathArguments, Type, Visibility};

use super::check;
use super::method::EventMethod;
use crate::args::Args;
use crate::attrs;
use crate::diag::Diag;
use crate::names;
use crate::runtime_path::Runtime;

const ARGUMENTS: &[&str] = &["retired", "visibility", "crate"];

/// All that the expansion of `#[mutator]` needs.
pub(super) struct Mutator {
    pub(super) runtime: Runtime,
    /// The aggregate as written: `Account`, or `super::Account`.
    pub(super) root: Path,
    pub(super) visibility: Visibility,
    pub(super) retired: Vec<LitStr>,
    pub(super) events: Vec<EventMethod>,
    /// What has no `#[event]`: constants and helper methods of the state.
    pub(super) helpers: Vec<ImplItem>,
    /// Event methods with mistakes: their signatures stay, so that callers see no second error.
    pub(super) broken: Vec<ImplItemFn>,
}

impl Mutator {
    pub(super) fn new(args: TokenStream, item: ItemImpl, diag: &mut Diag) -> Option<Self> {
        let mut args = Args::parse("#[mutator]", args, diag);
        let runtime = Runtime::take(&mut args, diag);
        let retired = args.strings("retired", diag);
        let visibility =
            args.visibility("visibility", diag).unwrap_or_else(|| Visibility::Public(syn::token::Pub::default()));
        args.finish(ARGUMENTS, diag);

        let root = root(&item, diag)?;
        let mut mutator =
            Self { runtime, root, visibility, retired, events: Vec::new(), helpers: Vec::new(), broken: Vec::new() };
        let mut attempts = 0;
        for member in item.items {
            match member {
                ImplItem::Fn(mut method) => {
                    let ours = attrs::take_ours(&mut method.attrs, "event");
                    refuse_misplaced(&method, diag);
                    check::method_name(&method, diag);
                    let Some(attr) = ours.first() else {
                        mutator.helpers.push(ImplItem::Fn(method));
                        continue;
                    };
                    attempts += 1;
                    if let Some(second) = ours.get(1) {
                        diag.error(second, "`#[event]` is given twice; one method makes one event");
                    }
                    match EventMethod::new(attr, &method, mutator.ident(), diag) {
                        Some(event) => mutator.events.push(event),
                        None => mutator.broken.push(method),
                    }
                }
                other => mutator.helpers.push(other),
            }
        }
        check::block(&mutator, attempts, diag);
        check::bodies(&mutator, diag);
        mutator.drop_doubles();
        Some(mutator)
    }

    /// The aggregate's own name.
    pub(super) fn ident(&self) -> Ident {
        last(&self.root)
    }

    /// The aggregate's path with another last name.
    pub(super) fn beside(&self, rename: impl Fn(&Ident) -> Ident) -> Path {
        let mut path = self.root.clone();
        if let Some(segment) = path.segments.last_mut() {
            segment.ident = rename(&segment.ident);
        }
        path
    }

    /// The state's path.
    pub(super) fn state(&self) -> Path {
        self.beside(names::state)
    }

    /// Keeps the first of two events with one name: the second is reported, and would not compile.
    fn drop_doubles(&mut self) {
        let mut seen: Vec<String> = Vec::new();
        self.events.retain(|event| {
            let name = event.variant().unraw().to_string();
            let new = !event.cfgs().is_empty() || !seen.contains(&name);
            seen.push(name);
            new
        });
    }
}

fn last(path: &Path) -> Ident {
    path.segments.last().map_or_else(|| names::local("aggregate"), |segment| segment.ident.clone())
}

/// The aggregate that the impl is for.
fn root(item: &ItemImpl, diag: &mut Diag) -> Option<Path> {
    let mark = diag.mark();
    if let Some((of, _)) = &item.trait_ {
        diag.error(of, "`#[mutator]` goes on `impl Account`, not on the impl of a trait; move the event methods there");
    }
    if let Some(param) = item.generics.params.first() {
        diag.error(param, "`#[mutator] impl` has no generic parameters: stored events need one definite shape");
    }
    if let Some(token) = &item.unsafety {
        diag.error(token, "`#[mutator] impl` is not unsafe; remove the word");
    }
    for attr in &item.attrs {
        if attrs::is_ours(attr, "mutator") {
            diag.error(attr, "`#[mutator]` is given twice; remove one");
        } else if attrs::is_ours(attr, "aggregate") {
            diag.error(attr, "`#[aggregate]` goes on the struct, not on its impl");
        }
    }
    let path = match &*item.self_ty {
        Type::Path(path) if path.qself.is_none() => Some(path.path.clone()),
        _ => None,
    };
    let plain = path.filter(|path| path.segments.iter().all(|segment| matches!(segment.arguments, PathArguments::None)));
    if plain.is_none() {
        diag.error(&item.self_ty, "name the aggregate: `#[mutator] impl Account { .. }`");
    }
    plain.filter(|_| diag.clean_since(mark))
}

fn refuse_misplaced(method: &ImplItemFn, diag: &mut Diag) {
    for attr in &method.attrs {
        if attrs::is_ours(attr, "attribute") {
            diag.error(attr, "`#[attribute]` goes on a field of the `#[aggregate]` struct; a method takes `#[event(Name)]`");
        } else if attrs::is_ours(attr, "mutator") || attrs::is_ours(attr, "aggregate") {
            diag.error(attr, "a method takes `#[event(Name)]`");
        }
    }
}
