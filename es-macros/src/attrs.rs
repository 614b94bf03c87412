//! The attributes that the user wrote on an item, and where each of them goes.

use quote::ToTokens;
use syn::{Attribute, Meta};

/// Whether this is our attribute `name`, by itself or behind a path.
pub(crate) fn is_ours(attr: &Attribute, name: &str) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == name)
}

/// Takes our attributes `name` out of `attrs`.
pub(crate) fn take_ours(attrs: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    attrs.extract_if(.., |attr| is_ours(attr, name)).collect()
}

/// Whether the attribute decides if the item exists.
pub(crate) fn is_cfg(attr: &Attribute) -> bool {
    carries(attr, &["cfg"])
}

/// Whether the attribute is for whoever reads or calls the item.
pub(crate) fn is_for_callers(attr: &Attribute) -> bool {
    carries(attr, &["doc", "deprecated", "must_use", "inline", "track_caller"])
}

/// Whether the attribute sets the level of a lint for all that is made from the item.
pub(crate) fn is_lint(attr: &Attribute) -> bool {
    carries(attr, &["allow", "warn", "deny", "forbid"])
}

/// Whether the attribute is one of `names`, or brings one of them under a condition.
fn carries(attr: &Attribute, names: &[&str]) -> bool {
    let is_named = |path: &syn::Path| names.iter().any(|name| path.is_ident(name));
    match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let brought = crate::args::split(list.tokens.clone()).into_iter().skip(1);
            brought.filter_map(|meta| syn::parse2::<Meta>(meta).ok()).any(|meta| is_named(meta.path()))
        }
        meta => is_named(meta.path()),
    }
}

/// Whether a `#[derive(..)]` of the item names this trait.
pub(crate) fn derives(attrs: &[Attribute], name: &str) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).any(|attr| {
        let Meta::List(list) = &attr.meta else { return false };
        crate::args::split(list.tokens.clone()).into_iter().any(|path| {
            syn::parse2::<syn::Path>(path)
                .is_ok_and(|path| path.segments.last().is_some_and(|segment| segment.ident == name))
        })
    })
}

/// Whether the user said something to serde.
pub(crate) fn has_serde(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("serde"))
}

/// The attributes for which `wanted` holds, as tokens.
pub(crate) fn select(attrs: &[Attribute], wanted: impl Fn(&Attribute) -> bool) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| wanted(attr)).collect()
}

/// Whether anything is documented.
pub(crate) fn has_doc(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("doc"))
}

/// The text of tokens, without the blanks that the compiler puts between them.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "")
}
