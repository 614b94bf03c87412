use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{
    AttrStyle, Attribute, ImplItem, ImplItemFn, ItemImpl, LitStr, Path, PathArguments, Token, Type,
    Visibility,
};

use super::method::{EventMethod, Own, underscores};
use super::signature;
use crate::args::{Args, listed};
use crate::attrs;
use crate::diag::Diag;
use crate::fingerprint;
use crate::names;
use crate::recover::HalfTyped;
use crate::runtime_path::Runtime;
use crate::silent;
use crate::types::peel;

const ARGUMENTS: &[&str] = &["retired", "visibility", "state", "events", "events_in", "derive", "crate"];

/// The model of a mutator: everything that the expansion of `#[mutator]` needs.
pub(super) struct Mutator {
    pub(super) runtime: Runtime,
    /// The aggregate as written: `Account`, or `super::Account`.
    pub(super) root: Path,
    /// The visibility of made events and the enum, if the user wrote one.
    visibility: Option<Visibility>,
    pub(super) retired: Vec<LitStr>,
    /// The name of the state, if the aggregate has another than the usual one.
    state: Option<Ident>,
    /// The name of the enum, if it is not the usual one.
    enumeration: Option<Ident>,
    /// The module of made events.
    pub(super) module: Option<Ident>,
    /// The traits that all made events and the enum derive beside the usual ones.
    pub(super) derives: Vec<Path>,
    pub(super) fingerprint: u64,
    /// The levels of lints on the impl.
    pub(super) levels: Vec<Attribute>,
    pub(super) events: Vec<EventMethod>,
    /// The members without `#[event]`: constants and helper methods of the state.
    pub(super) helpers: Vec<ImplItem>,
    /// Event methods with mistakes: the expansion keeps their signatures, so that callers see no second error.
    pub(super) broken: Vec<ImplItem>,
    /// The tokens that cannot be parsed, which the compiler has reported.
    pub(super) half_typed: Vec<TokenStream>,
    /// The number of members that the user meant for events.
    pub(super) attempts: usize,
}

impl Mutator {
    pub(super) fn new(
        args: TokenStream,
        item: ItemImpl,
        half_typed: Vec<HalfTyped>,
        diag: &mut Diag,
    ) -> Option<Self> {
        let fingerprint = fingerprint::of([&args, &item.to_token_stream()]);
        let mut args = Args::parse("mutator", "retired = [\"..\"]", args, diag);
        let runtime = Runtime::take(&mut args, diag);
        let retired = args.strings("retired", diag);
        let visibility = args.visibility("visibility", diag);
        let state = args.name("state", "AccountData", diag);
        let enumeration = args.name("events", "AccountChange", diag);
        let module = args.name("events_in", "account_events", diag);
        let derives = comparable(&args.derives(diag), diag);
        args.finish(ARGUMENTS, diag);

        let root = root(&item, diag)?;
        let mut mutator = Self {
            runtime,
            root,
            visibility,
            retired,
            state,
            enumeration,
            module,
            derives,
            fingerprint,
            levels: item
                .attrs
                .into_iter()
                .filter(|attr| attrs::is_lint(attr) || attrs::is_expectation(attr))
                .map(|attr| Attribute { style: AttrStyle::Outer, ..attr })
                .collect(),
            events: Vec::new(),
            helpers: Vec::new(),
            broken: Vec::new(),
            half_typed: Vec::new(),
            attempts: 0,
        };
        let (root, state, events) = (mutator.ident(), mutator.state_ident(), mutator.event_enum());
        let own = Own { root: &root, state: &state, events: &events };
        for mut member in item.items {
            let mark = diag.mark();
            let ours = signature::take_attributes(&mut member, diag);
            let mut method = match member {
                ImplItem::Fn(method) => method,
                ImplItem::Verbatim(tokens) if !ours.is_empty() => {
                    mutator.attempts += 1;
                    mutator.broken.push(ImplItem::Verbatim(tokens));
                    continue;
                }
                member => {
                    mutator.helpers.push(member);
                    continue;
                }
            };
            mutator.attempts += usize::from(!ours.is_empty());
            if signature::reserved_name(&method, diag) {
                continue;
            }
            let Some(attr) = ours.first() else {
                if !diag.clean_since(mark) {
                    // Callers meant an event method, but bodies may mean the helper: the expansion keeps both.
                    mutator.break_off(method.clone());
                    method.vis = Visibility::Inherited;
                }
                mutator.helpers.push(ImplItem::Fn(method));
                continue;
            };
            match EventMethod::new(attr, &method, own, diag) {
                Some(event) => {
                    underscores(&event, diag);
                    mutator.events.push(event);
                }
                None => mutator.break_off(method),
            }
        }
        for HalfTyped { tokens, stand_in } in half_typed {
            mutator.half_typed.push(tokens);
            let Some(mut method) = stand_in else { continue };
            if attrs::take_ours(&mut method.attrs, "event").is_empty() {
                silent::function(&mut method.attrs, &mut method.sig, &mut method.block);
                mutator.helpers.push(ImplItem::Fn(method));
            } else {
                mutator.break_off(method);
            }
        }
        // All of the expansion may name a deprecated event if the event's own method may.
        let names_deprecated = |attr: &&Attribute| {
            let levels = attrs::is_lint(attr) || attrs::is_expectation(attr);
            levels && attrs::mentions(std::slice::from_ref(*attr), "deprecated")
        };
        if mutator
            .events
            .iter()
            .any(|event| event.is_declared() && event.attrs.iter().any(|attr| names_deprecated(&attr)))
        {
            mutator.levels.push(syn::parse_quote!(#[allow(deprecated)]));
        }
        Some(mutator)
    }

    /// Keeps the signature of a method with mistakes.
    pub(super) fn break_off(&mut self, mut method: ImplItemFn) {
        silent::function(&mut method.attrs, &mut method.sig, &mut method.block);
        self.broken.push(ImplItem::Fn(method));
    }

    /// Returns the visibility of made events and the enum, with tokens of the item at `span`: the compiler underlines
    /// an item from its first token on.
    pub(super) fn visibility_at(&self, span: Span) -> Visibility {
        self.visibility.clone().unwrap_or_else(|| Self::public_at(span))
    }

    /// Returns `pub` at `span`.
    pub(super) fn public_at(span: Span) -> Visibility {
        Visibility::Public(Token![pub](span))
    }

    /// Returns the aggregate's own name.
    pub(super) fn ident(&self) -> Ident {
        last(&self.root)
    }

    /// Returns the state's name as the arguments give it, unless helpers use it: then the compiler reports a wrong one.
    pub(super) fn unused_state(&self) -> Option<&Ident> {
        self.state.as_ref().filter(|_| self.helpers.is_empty())
    }

    /// Returns the state's name.
    pub(super) fn state_ident(&self) -> Ident {
        self.state.clone().unwrap_or_else(|| names::state(&self.ident()))
    }

    /// Returns the name of the enum of events.
    pub(super) fn event_enum(&self) -> Ident {
        self.enumeration.clone().unwrap_or_else(|| names::event_enum(&self.ident()))
    }

    /// Returns the state's path.
    pub(super) fn state(&self) -> Path {
        let mut path = self.root.clone();
        if let Some(segment) = path.segments.last_mut() {
            segment.ident = self.state_ident();
        }
        path
    }
}

/// The traits that a derive of the first one needs.
const NEEDS: [(&str, &[&str]); 3] =
    [("Eq", &["PartialEq"]), ("PartialOrd", &["PartialEq"]), ("Ord", &["PartialEq", "Eq", "PartialOrd"])];

/// Reports a derive that cannot hold for the enum of events, and removes it.
fn comparable(derives: &[Path], diag: &mut Diag) -> Vec<Path> {
    let has = |name: &str| derives.iter().any(|path| last(path) == name);
    let mut kept = Vec::new();
    for path in derives {
        let name = last(path).to_string();
        let needs = NEEDS.iter().find(|(of, _)| name == *of).map_or(&[][..], |(_, needs)| needs);
        let missing: Vec<&str> = needs.iter().copied().filter(|needed| !has(needed)).collect();
        if name == "Default" {
            diag.error(
                path,
                "the enum of events has no default; derive it for one event: `#[event(Name, derive(Default))]`",
            );
        } else if missing.is_empty() {
            kept.push(path.clone());
        } else {
            let all = [&missing[..], &[&name]].concat().join(", ");
            diag.error(path, format!("`{name}` needs {}; write `derive({all})`", listed(&missing)));
        }
    }
    kept
}

fn last(path: &Path) -> Ident {
    path.segments.last().map_or_else(|| names::local("aggregate"), |segment| segment.ident.clone())
}

/// Returns the aggregate of the impl.
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
    }
    for attr in &item.attrs {
        if attrs::is_ours(attr, "mutator") {
            diag.error(attr, "`#[mutator]` is given twice; remove one");
        } else if attrs::is_ours(attr, "aggregate") {
            diag.error(attr, "`#[aggregate]` goes on the struct, not on its impl; move it there");
        }
    }
    // The expansion drops the impl's attributes, so a misplaced one does no harm. A trait or a generic parameter does:
    // the block stays as it is.
    if item.trait_.is_some() || !item.generics.params.is_empty() {
        return None;
    }
    let mut written = peel(&item.self_ty);
    while let Type::Reference(reference) = written {
        written = peel(&reference.elem);
    }
    let mut path = match written {
        Type::Path(path) if path.qself.is_none() => path.path.clone(),
        _ => {
            diag.error(&item.self_ty, "an aggregate is named here; write `#[mutator] impl Account`");
            return None;
        }
    };
    for segment in &mut path.segments {
        segment.arguments = PathArguments::None;
    }
    if path.to_token_stream().to_string() != item.self_ty.to_token_stream().to_string() {
        let aggregate = attrs::text(&path);
        diag.error(&item.self_ty, format!("an aggregate is named here; write `#[mutator] impl {aggregate}`"));
    }
    Some(path)
}
