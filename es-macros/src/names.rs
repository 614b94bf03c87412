//! Names that the macros derive by rule, so that a user can guess them.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt;

/// Names that no event may have: the standard events.
pub(crate) const RESERVED_EVENTS: &[&str] = &["AttributeChanged", "Discarded", "Forgotten"];

/// Names that no event method or helper may have: the methods of every aggregate.
pub(crate) const RESERVED_METHODS: &[&str] = &[
    "id",
    "version",
    "created_at",
    "modified_at",
    "pending",
    "state",
    "into_state",
    "trigger",
    "create_from",
    "create_from_with_id",
    "discard",
];

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

/// Returns the name of the type that refused fields get: `Account` → `__RefusedInAccount`.
pub(crate) fn refused(item: &Ident) -> Ident {
    format_ident!("{REFUSED}{}", item.unraw(), span = item.span())
}

/// Returns whether the name is that of the type that refused fields get.
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

/// `owner_name` and `OWNER_NAME` → `OwnerName`.
pub(crate) fn camel(name: &Ident) -> Ident {
    let text = name.unraw().to_string();
    let screams = text.contains('_') && !text.contains(char::is_lowercase);
    let mut camel = String::new();
    for word in text.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        let rest = letters.as_str();
        camel.push_str(&if screams { rest.to_lowercase() } else { rest.to_owned() });
    }
    // `Self` is the one keyword in camel case.
    if camel == "Self" {
        "Itself".clone_into(&mut camel);
    }
    // The name may still begin with a digit, or with a letter without upper case, or be empty.
    if !camel.starts_with(begins_a_type) {
        camel.insert(0, 'A');
    }
    Ident::new(&camel, name.span())
}

/// Returns whether `name` looks like a type: `Opened` or `KYC`, not `opened`, `OPENED_TWICE` or `Opened_Twice`.
pub(crate) fn is_camel(name: &Ident) -> bool {
    let text = name.unraw().to_string();
    text.starts_with(begins_a_type) && !text.contains('_')
}

fn begins_a_type(first: char) -> bool {
    first.is_alphabetic() && !first.is_lowercase()
}

/// Returns a local of the expansion, which no name of the user can clash with.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Returns such a local at a place of the user's, for the compiler to point at. The user's own span would make it a
/// name of the user's. Inside an argument of a `macro_rules`, such a name does not see bindings from outside.
pub(crate) fn local_at(name: &str, span: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(span))
}

/// Returns a place of the user's for generated code: lints there see code of the macro.
pub(crate) fn made_at(span: Span) -> Span {
    Span::call_site().located_at(span)
}

fn suffixed(name: &Ident, suffix: &str) -> Ident {
    format_ident!("{}{}", name.unraw(), suffix, span = name.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suggested_as_a_name_is_one() {
        for (written, suggested) in [
            ("opened", "Opened"),
            ("opened_twice", "OpenedTwice"),
            ("OPENED_TWICE", "OpenedTwice"),
            ("Opened_Twice", "OpenedTwice"),
            ("KYC_passed", "KYCPassed"),
            ("self_", "Itself"),
            ("Self_", "Itself"),
            ("_1", "A1"),
            ("__", "A"),
            ("ª", "Aª"),
        ] {
            let name = Ident::new(written, Span::call_site());
            assert!(!is_camel(&name), "{written}");
            assert_eq!(camel(&name).to_string(), suggested);
            assert!(is_camel(&camel(&name)), "{suggested}");
        }
        for name in ["Opened", "KYC", "LM", "A", "Opened2", "Öffnung", "開始"] {
            assert!(is_camel(&Ident::new(name, Span::call_site())), "{name}");
        }
    }
}
