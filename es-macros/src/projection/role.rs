//! The attributes of a handler, which say what it handles.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, FnArg, ImplItem, LitStr, Meta, PatType, Receiver};

use crate::args::inner_tokens;
use crate::attrs;
use crate::diag::Diag;
use crate::names;

/// The names of the attributes.
pub(super) const NAMES: &[&str] = &["event", "attribute", "discarded", "forgotten", "retired"];

/// The rows that a handler handles.
pub(super) struct Role {
    /// The attribute as written.
    pub(super) attr: Attribute,
    pub(super) of: Rows,
}

pub(super) enum Rows {
    /// The event is the first parameter.
    Event,
    /// The change of an attribute.
    Attribute(Ident),
    Discarded,
    Forgotten,
    Retired(LitStr),
}

impl Role {
    /// Returns whether the handler takes an event or a value.
    pub(super) fn hands_over(&self) -> bool {
        matches!(self.of, Rows::Event | Rows::Attribute(_))
    }

    /// Returns the attribute for a message.
    pub(super) fn text(&self) -> &'static str {
        match self.of {
            Rows::Event => "#[event]",
            Rows::Attribute(_) => "#[attribute(..)]",
            Rows::Discarded => "#[discarded]",
            Rows::Forgotten => "#[forgotten]",
            Rows::Retired(_) => "#[retired(..)]",
        }
    }
}

/// Takes our attributes off a member of the block, and reports those that have no place on it.
pub(super) fn take(member: &mut ImplItem, diag: &mut Diag) -> Vec<Attribute> {
    let (written, is_method) = match member {
        ImplItem::Fn(method) => {
            for param in &mut method.sig.inputs {
                let (FnArg::Typed(PatType { attrs, .. }) | FnArg::Receiver(Receiver { attrs, .. })) = param;
                for name in NAMES {
                    for attr in attrs::take_ours(attrs, name) {
                        diag.error(attr, format!("`#[{name}]` does not go on a parameter; remove it"));
                    }
                }
            }
            (&mut method.attrs, true)
        }
        ImplItem::Const(item) => (&mut item.attrs, false),
        ImplItem::Type(item) => (&mut item.attrs, false),
        ImplItem::Macro(item) => (&mut item.attrs, false),
        _ => return Vec::new(),
    };
    for name in NAMES {
        attrs::refuse_conditions(written, name, "#[projection]", "method", diag);
    }
    for name in ["mutator", "aggregate", "projection"] {
        for attr in attrs::take_ours(written, name) {
            diag.error(
                attr,
                format!("`#[{name}]` does not go on a member of the impl; a handler has `#[event]`"),
            );
        }
    }
    let is_ours = |attr: &mut Attribute| NAMES.iter().any(|name| attrs::is_ours(attr, name));
    let ours: Vec<Attribute> = written.extract_if(.., is_ours).collect();
    if is_method {
        return ours;
    }
    for attr in ours {
        let name = attr.path().segments.last().map_or_else(String::new, |last| last.ident.to_string());
        diag.error(&attr, format!("`#[{name}]` goes on a method; remove it here"));
    }
    Vec::new()
}

/// Reads the attributes of one method.
pub(super) fn read(written: &[Attribute], method: &Ident, diag: &mut Diag) -> Option<Vec<Role>> {
    let mark = diag.mark();
    let mut roles: Vec<Role> = Vec::new();
    for attr in written {
        let Some(of) = rows(attr, method, diag) else { continue };
        let role = Role { attr: attr.clone(), of };
        if let Some(other) = roles.iter().find(|other| other.is_same(&role)) {
            diag.error(attr, format!("`{}` is given twice; remove one", other.text()));
        } else if let Some(other) = roles.iter().find(|other| other.hands_over() || role.hands_over()) {
            let (first, second) = (other.text(), role.text());
            let reason = match (other.hands_over(), role.hands_over()) {
                (true, true) => "they hand over different values",
                _ => "one hands a value over, the other does not",
            };
            diag.error(
                attr,
                format!("`{first}` and `{second}` do not go together, since {reason}; write two methods"),
            );
        } else {
            roles.push(role);
        }
    }
    diag.clean_since(mark).then_some(roles)
}

impl Role {
    fn is_same(&self, other: &Self) -> bool {
        match (&self.of, &other.of) {
            (Rows::Retired(one), Rows::Retired(other)) => one == other,
            (Rows::Attribute(one), Rows::Attribute(other)) => one == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }
}

fn rows(attr: &Attribute, method: &Ident, diag: &mut Diag) -> Option<Rows> {
    let name = attr.path().segments.last()?.ident.to_string();
    match &*name {
        "event" => event(attr, method, diag),
        "attribute" => attribute(attr, method, diag),
        "retired" => retired(attr, diag),
        "discarded" => plain(attr, Rows::Discarded, diag),
        _ => plain(attr, Rows::Forgotten, diag),
    }
}

fn event(attr: &Attribute, method: &Ident, diag: &mut Diag) -> Option<Rows> {
    let Meta::Path(_) = attr.meta else {
        let event = inner(attr)
            .map(attrs::text)
            .filter(|text| syn::parse_str::<Ident>(text).is_ok_and(|name| names::is_camel(&name)));
        let event = event.unwrap_or_else(|| names::camel(method).to_string());
        diag.error(
            attr,
            format!(
                "the first parameter says which event it is; write `#[event]`, and take `event: &{event}`"
            ),
        );
        return None;
    };
    Some(Rows::Event)
}

fn attribute(attr: &Attribute, method: &Ident, diag: &mut Diag) -> Option<Rows> {
    let example = "owner";
    if let Meta::Path(_) = attr.meta {
        diag.error(
            attr,
            format!("the attribute has no name; write `#[attribute({example})]` with the one that `{method}` handles"),
        );
        return None;
    }
    let inside = inner_tokens(attr, "", diag)?;
    if let Ok(name) = syn::parse2::<Ident>(inside.clone()) {
        return Some(Rows::Attribute(name));
    }
    if let Ok(text) = syn::parse2::<LitStr>(inside.clone()) {
        diag.error(
            &text,
            format!(
                "an attribute is named as its field, not by a text; write `#[attribute({})]`",
                text.value()
            ),
        );
    } else if inside.is_empty() {
        diag.error(
            attr,
            format!("the attribute has no name; write `#[attribute({example})]` with the one that `{method}` handles"),
        );
    } else {
        diag.error(
            inside,
            format!("this is not the name of one attribute; write `#[attribute({example})]`, and a method for each"),
        );
    }
    None
}

fn retired(attr: &Attribute, diag: &mut Diag) -> Option<Rows> {
    let example = "#[retired(\"Account.Frozen\")]";
    if let Meta::Path(_) = attr.meta {
        diag.error(attr, format!("the retired topic is missing; write `{example}`"));
        return None;
    }
    let inside = inner_tokens(attr, "", diag)?;
    if let Ok(topic) = syn::parse2::<LitStr>(inside.clone()) {
        return Some(Rows::Retired(topic));
    }
    if inside.is_empty() {
        diag.error(attr, format!("the retired topic is missing; write `{example}`"));
    } else {
        diag.error(inside, format!("a retired topic is a text, one for each attribute; write `{example}`"));
    }
    None
}

fn plain(attr: &Attribute, of: Rows, diag: &mut Diag) -> Option<Rows> {
    if let Meta::Path(_) = attr.meta {
        return Some(of);
    }
    let name = attrs::text(attr.path());
    diag.error(attr, format!("`#[{name}]` takes no arguments; write `#[{name}]`"));
    None
}

/// Returns the tokens in the attribute's parentheses.
fn inner(attr: &Attribute) -> Option<&TokenStream> {
    match &attr.meta {
        Meta::List(list) => Some(&list.tokens),
        _ => None,
    }
}
