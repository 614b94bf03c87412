//! The attributes that the user wrote on an item, and where each of them goes.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Meta, Path};

use crate::args::split;
use crate::diag::Diag;

/// Returns whether the attribute is our `name`, bare or at the end of a path.
pub(crate) fn is_ours(attr: &Attribute, name: &str) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == name)
}

/// Takes our attributes `name` out of `attrs`.
pub(crate) fn take_ours(attrs: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    attrs.extract_if(.., |attr| is_ours(attr, name)).collect()
}

/// Returns whether one of the attributes has nearly the name `event`.
pub(crate) fn misspells_event(written: &[Attribute]) -> bool {
    let mut names = written.iter().filter_map(|attr| attr.path().get_ident());
    names.any(|name| strsim::jaro_winkler(&name.to_string(), "event") > 0.8)
}

/// Reports our attribute `name` under a condition, where `by` does not see it, and removes the condition.
pub(crate) fn refuse_conditions(written: &mut [Attribute], name: &str, by: &str, on: &str, diag: &mut Diag) {
    for attr in written.iter_mut().filter(|attr| attr.path().is_ident("cfg_attr")) {
        let is_named = |meta: &Meta| meta.path().segments.last().is_some_and(|last| last.ident == name);
        let Some(ours) = brought(&attr.meta).into_iter().find(is_named) else { continue };
        diag.error(
            &ours,
            format!("`{by}` does not see `#[{name}]` inside `cfg_attr`; write `#[{name}]` alone, and `#[cfg(..)]` on the {on}"),
        );
        attr.meta = ours;
    }
}

/// Returns whether the attribute decides if the item exists.
pub(crate) fn is_cfg(attr: &Attribute) -> bool {
    carries(attr, &["cfg"])
}

/// Returns whether the attribute is for readers or callers of the item.
pub(crate) fn is_for_callers(attr: &Attribute) -> bool {
    carries(attr, &["doc", "deprecated", "must_use", "inline", "track_caller"])
}

/// Returns whether the attribute asks callers to use what a function returns.
pub(crate) fn is_must_use(attr: &Attribute) -> bool {
    carries(attr, &["must_use"])
}

/// Returns whether the attribute sets the level of a lint for all that is made from the item.
pub(crate) fn is_lint(attr: &Attribute) -> bool {
    carries(attr, &["allow", "warn", "deny", "forbid"])
}

/// Allows an expansion to name deprecated items, if `written` deprecates any: their author needs no warning.
pub(crate) fn naming_deprecated<'a>(mut written: impl Iterator<Item = &'a Attribute>) -> Option<TokenStream> {
    written.any(|attr| carries(attr, &["deprecated"])).then(|| quote::quote!(#[allow(deprecated)]))
}

/// Returns whether the attribute expects a lint, which then has to occur once.
pub(crate) fn is_expectation(attr: &Attribute) -> bool {
    carries(attr, &["expect"])
}

/// Returns whether the compiler itself knows the attribute. Any other is a macro, which needs the function as written.
pub(crate) fn is_built_in(attr: &Attribute) -> bool {
    let first = attr.path().segments.first().map(|segment| segment.ident.to_string());
    let tools = ["rustfmt", "clippy", "diagnostic", "rust_analyzer", "miri"];
    let names =
        ["cold", "target_feature", "optimize", "coverage", "no_mangle", "link_section", "export_name"];
    is_cfg(attr)
        || is_for_callers(attr)
        || is_lint(attr)
        || is_expectation(attr)
        || first.is_some_and(|first| tools.contains(&&*first) || names.contains(&&*first))
}

/// Returns the levels of lints for code that stands apart from the item. An expected lint is allowed there.
pub(crate) fn levels_apart(written: &[Attribute]) -> Vec<TokenStream> {
    let allowed =
        written.iter().filter(|attr| is_expectation(attr)).map(|attr| allowed(attr.to_token_stream()));
    written.iter().filter(|attr| is_lint(attr)).map(ToTokens::to_token_stream).chain(allowed).collect()
}

fn allowed(tokens: TokenStream) -> TokenStream {
    let allowed = |token| match token {
        TokenTree::Ident(word) if word == "expect" => Ident::new("allow", word.span()).into(),
        TokenTree::Group(group) => {
            let mut new = Group::new(group.delimiter(), allowed(group.stream()));
            new.set_span(group.span());
            new.into()
        }
        token => token,
    };
    tokens.into_iter().map(allowed).collect()
}

/// Returns whether the attribute is one of `names`, or brings one of them under a condition.
fn carries(attr: &Attribute, names: &[&str]) -> bool {
    let is_named = |path: &Path| names.iter().any(|name| path.is_ident(name));
    brought(&attr.meta).iter().any(|meta| is_named(meta.path()))
}

/// Returns the attribute itself, or those that it brings under a condition.
pub(crate) fn brought(meta: &Meta) -> Vec<Meta> {
    match meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let brought = split(list.tokens.clone()).into_iter().skip(1);
            brought.filter_map(|meta| syn::parse2::<Meta>(meta).ok()).collect()
        }
        meta => vec![meta.clone()],
    }
}

/// Returns whether a `#[derive(..)]` of the item names this trait.
pub(crate) fn derives(attrs: &[Attribute], name: &str) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).any(|attr| {
        let Meta::List(list) = &attr.meta else { return false };
        split(list.tokens.clone()).into_iter().any(|path| {
            syn::parse2::<Path>(path)
                .is_ok_and(|path| path.segments.last().is_some_and(|segment| segment.ident == name))
        })
    })
}

/// Returns whether any attribute, a derive or another macro, names this trait.
pub(crate) fn mentions(attrs: &[Attribute], name: &str) -> bool {
    fn any(tokens: TokenStream, name: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == name,
            TokenTree::Group(group) => any(group.stream(), name),
            _ => false,
        })
    }
    attrs.iter().any(|attr| any(attr.meta.to_token_stream(), name))
}

/// Takes the trait out of the item's derives, and returns it as it was written there.
pub(crate) fn take_derived(attrs: &mut [Attribute], name: &str) -> Option<Path> {
    let mut taken = None;
    for attr in attrs.iter_mut().filter(|attr| attr.path().is_ident("derive")) {
        let Meta::List(list) = &mut attr.meta else { continue };
        let is_it = |part: &TokenStream| {
            let path = syn::parse2::<Path>(part.clone()).ok();
            path.filter(|path| path.segments.last().is_some_and(|last| last.ident == name))
        };
        let (found, rest): (Vec<_>, Vec<_>) =
            split(list.tokens.clone()).into_iter().partition(|part| is_it(part).is_some());
        taken = taken.or_else(|| found.first().and_then(is_it));
        list.tokens = quote!(#(#rest),*);
    }
    taken
}

/// Returns whether there is an attribute of serde.
pub(crate) fn has_serde(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("serde"))
}

/// Returns the attributes that `wanted` accepts.
pub(crate) fn select(attrs: &[Attribute], wanted: impl Fn(&Attribute) -> bool) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| wanted(attr)).collect()
}

/// Returns whether the attributes have a doc comment.
pub(crate) fn has_doc(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("doc"))
}

/// Returns the text of tokens, without the blanks that the compiler puts between them.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "")
}
