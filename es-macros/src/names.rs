//! Names that are derived by rule, so that a user can guess them.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt;

/// Names that no event may have: the standard events.
pub(crate) const RESERVED_EVENTS: &[&str] = &["AttributeChanged", "Discarded"];

/// Names that no event method or helper may have: the methods of every aggregate.
pub(crate) const RESERVED_METHODS: &[&str] =
    &["id", "version", "created_at", "modified_at", "pending", "trigger", "create_from", "discard"];

/// `Account` → `AccountState`.
pub(crate) fn state(root: &Ident) -> Ident {
    suffixed(root, "State")
}

/// `Account` → `AccountEvent`.
pub(crate) fn event_enum(root: &Ident) -> Ident {
    suffixed(root, "Event")
}

/// `Account` → `AccountAttribute`.
pub(crate) fn attribute_enum(root: &Ident) -> Ident {
    suffixed(root, "Attribute")
}

const REFUSED: &str = "__RefusedIn";

/// `Account` → `__RefusedInAccount`: the type of fields that are refused.
pub(crate) fn refused(item: &Ident) -> Ident {
    format_ident!("{REFUSED}{}", item.unraw(), span = item.span())
}

/// Whether this is the type of fields that are refused.
pub(crate) fn is_refused(name: &Ident) -> bool {
    name.to_string().starts_with(REFUSED)
}

/// `open` → `open_with_id`.
pub(crate) fn with_id(method: &Ident) -> Ident {
    suffixed(method, "_with_id")
}

/// `owner` → `set_owner`.
pub(crate) fn setter(field: &Ident) -> Ident {
    format_ident!("set_{}", field.unraw(), span = field.span())
}

/// `owner_name` → `OwnerName`.
pub(crate) fn camel(name: &Ident) -> Ident {
    let mut camel = String::new();
    for word in name.unraw().to_string().split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    // What is left may begin with a digit, be empty, or be the one keyword in this case.
    if camel == "Self" || !camel.starts_with(|first: char| first.is_alphabetic()) {
        camel.insert(0, 'A');
    }
    Ident::new(&camel, name.span())
}

/// Whether `name` looks like a type: `Opened`, not `opened`, `OPENED_TWICE` or `Opened_Twice`.
pub(crate) fn is_camel(name: &Ident) -> bool {
    let text = name.unraw().to_string();
    text.starts_with(|first: char| first.is_alphabetic() && !first.is_lowercase())
        && !text.contains('_')
        && (text.chars().count() == 1 || text.chars().any(|letter| !letter.is_uppercase()))
}

/// A local of the expansion, which no name of the user can clash with.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn suffixed(name: &Ident, suffix: &str) -> Ident {
    format_ident!("{}{}", name.unraw(), suffix, span = name.span())
}
