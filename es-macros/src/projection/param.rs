//! The parameters of a handler: what it is lent, and what else it is given.

use proc_macro2::Ident;
use syn::{Attribute, GenericArgument, Lifetime, Path, PathArguments, PathSegment, Type, TypeReference};

use crate::attrs;
use crate::diag::Diag;
use crate::names;
use crate::types::peel;

/// A parameter after the receiver.
pub(super) struct Param {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) ty: Type,
    pub(super) given: Given,
}

/// The origin of an argument.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Given {
    /// The event, or the value of an attribute.
    Lent,
    Tx,
    /// `&Origin<Any>`.
    AnyOrigin,
    /// The type knows.
    ByType,
}

/// The types that a handler is given beside the event.
const BORROWED: &[&str] = &["Origin", "Envelope", "Metadata"];
const OWNED: &[&str] = &["Id", "Timestamp", "Version", "Position"];

/// The last segment of a type's path, and how the type stands there.
pub(super) struct Named<'a> {
    pub(super) segment: &'a PathSegment,
    pub(super) reference: Option<&'a TypeReference>,
    /// True if the path may lead to the runtime: `Id`, or `es_runtime::Id`.
    may_be_ours: bool,
}

impl<'a> Named<'a> {
    pub(super) fn of(ty: &'a Type) -> Option<Self> {
        let ty = peel(ty);
        let (ty, reference) = match ty {
            Type::Reference(reference) => (peel(&reference.elem), Some(reference)),
            ty => (ty, None),
        };
        let Type::Path(path) = ty else { return None };
        let segments = &path.path.segments;
        let may_be_ours =
            segments.len() == 1 || segments.first().is_some_and(|first| first.ident == "es_runtime");
        Some(Self { segment: segments.last()?, reference, may_be_ours })
    }

    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.segment.ident == name)
    }

    /// Returns whether the type is a transaction, by its name.
    pub(super) fn is_tx(&self) -> bool {
        self.segment.ident.to_string().ends_with("Tx")
    }

    /// Returns whether a handler is given such a value beside the event.
    pub(super) fn is_given(&self) -> bool {
        self.segment.ident == "Tx" || self.may_be_ours && (self.is(BORROWED) || self.is(OWNED))
    }

    /// Returns the lifetime in `Tx<'_>`.
    fn lifetime(&self) -> Option<&'a Lifetime> {
        let PathArguments::AngleBracketed(arguments) = &self.segment.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Lifetime(lifetime) => Some(lifetime),
            _ => None,
        })
    }

    /// Returns the aggregate in `Id<..>` or `Origin<..>`.
    fn of_aggregate(&self) -> Option<&'a Path> {
        if !self.is(&["Id", "Origin"]) {
            return None;
        }
        let PathArguments::AngleBracketed(arguments) = &self.segment.arguments else { return None };
        let [GenericArgument::Type(ty)] = arguments.args.iter().collect::<Vec<_>>()[..] else { return None };
        match peel(ty) {
            Type::Path(path) if path.qself.is_none() => Some(&path.path),
            _ => None,
        }
    }
}

/// Reads a parameter that is neither the event nor a value. Sets `source` to the number of the aggregate that the type
/// names.
pub(super) fn beside(
    ty: &Type,
    aggregates: &[Path],
    source: &mut Option<usize>,
    diag: &mut Diag,
) -> Option<Given> {
    if let Type::ImplTrait(_) = peel(ty) {
        diag.error(ty, "a handler is given values of definite types; name the type");
        return None;
    }
    let Some(named) = Named::of(ty) else { return Some(Given::ByType) };
    let ident = &named.segment.ident;
    if let Some(token) = named.reference.and_then(|reference| reference.mutability) {
        if named.is_tx() {
            diag.error(token, format!("the transaction is lent without `mut`; take `&{ident}`"));
            return None;
        }
        if named.is_given() {
            diag.error(token, "a handler only reads what it is given; remove `mut`");
            return None;
        }
    }
    if named.is(&["Application", "Work", "Batch"]) {
        diag.error(
            ty,
            "a projection reads events and records none, so that its rows are the same when it is built again; run \
             commands elsewhere, such as in a subscription to the log",
        );
        return None;
    }
    match named.reference {
        None if named.is_tx() => {
            diag.error(ty, format!("the transaction is lent; take `&{ident}`"));
            return None;
        }
        None if named.is_given() && named.is(BORROWED) => {
            diag.error(ty, format!("`{ident}` is lent; take `&{}`", attrs::text(ty)));
            return None;
        }
        Some(reference) if named.is_given() && named.is(OWNED) => {
            let owned = attrs::text(&reference.elem);
            diag.error(ty, format!("`{ident}` is a value; take `{owned}`"));
            return None;
        }
        Some(_) if named.is_tx() => {
            if let Some(lifetime) = named.lifetime() {
                diag.error(lifetime, format!("the transaction has no lifetime here; take `&{ident}`"));
                return None;
            }
            return Some(Given::Tx);
        }
        _ => {}
    }
    let Some(of) = named.of_aggregate() else { return Some(Given::ByType) };
    if named.is(&["Origin"]) && is_any(of, aggregates) {
        return Some(Given::AnyOrigin);
    }
    let Some(found) = find(of, aggregates) else {
        if is_any(of, aggregates) {
            diag.error(of, "an id is that of one type of aggregate; take `&Origin<Any>`, which returns ids");
        } else if !aggregates.is_empty() {
            let name = attrs::text(of);
            diag.error(
                of,
                format!(
                    "`{name}` is not among the aggregates that are read here; name it in `#[projection(..)]`, or take \
                     the id of another"
                ),
            );
        }
        return None;
    };
    match *source {
        Some(other) if other != found => {
            diag.error(of, "an event belongs to one aggregate; remove one of the two");
            return None;
        }
        _ => *source = Some(found),
    }
    Some(Given::ByType)
}

fn is_any(of: &Path, aggregates: &[Path]) -> bool {
    of.segments.last().is_some_and(|last| last.ident == "Any") && find(of, aggregates).is_none()
}

/// Returns the number of the aggregate, written in the same way, or with the same last name if only one has it.
fn find(of: &Path, aggregates: &[Path]) -> Option<usize> {
    if let Some(at) = aggregates.iter().position(|path| path == of) {
        return Some(at);
    }
    let last = |path: &Path| path.segments.last().map(|segment| segment.ident.clone());
    let mut same = aggregates.iter().enumerate().filter(|(_, path)| last(path) == last(of));
    match (same.next(), same.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    }
}

/// Reads the first parameter of a handler of an event. Returns whether it is one.
pub(super) fn is_event(ty: Option<&Type>, method: &Ident, aggregates: &[Path], diag: &mut Diag) -> bool {
    let guess = names::camel(method);
    let first = format!("a handler takes the event first: `event: &{guess}`");
    let Some(ty) = ty else {
        diag.error(method, first);
        return false;
    };
    let Some(named) = Named::of(ty) else {
        diag.error(ty, first);
        return false;
    };
    let ident = &named.segment.ident;
    let whole = match peel(ty) {
        Type::Reference(reference) => attrs::text(&reference.elem),
        ty => attrs::text(ty),
    };
    if named.is_given() {
        diag.error(ty, first);
        return false;
    }
    let last = |path: &Path| path.segments.last().map(|segment| segment.ident.clone());
    if let Some(of) = aggregates.iter().filter_map(last).find(|of| *ident == names::event_enum(of)) {
        diag.error(
            ty,
            format!(
                "a method handles one event, not all of `{of}`; write a method for each, which takes that event alone"
            ),
        );
        return false;
    }
    if let Some(of) = aggregates.iter().filter_map(last).find(|of| of == ident) {
        diag.error(
            ty,
            format!("a view sees the events of `{of}`, not `{of}` itself; take the event: `event: &{guess}`"),
        );
        return false;
    }
    let is_primitive =
        ident == "String" || !names::is_camel(ident) && ident.to_string().chars().all(is_plain);
    if is_primitive && named.reference.is_some() {
        diag.error(
            ty,
            format!(
                "`{whole}` is no event; take the event first, or handle the change of an attribute with \
                 `#[attribute(..)]`"
            ),
        );
        return false;
    }
    let Some(reference) = named.reference else {
        if is_primitive {
            diag.error(ty, first);
        } else {
            diag.error(ty, format!("an event is lent; take `&{whole}`"));
        }
        return false;
    };
    is_shared(reference, "an event never changes", &whole, diag)
}

/// Reads the first parameter of a handler of an attribute. Returns whether it is the value.
pub(super) fn is_value(ty: Option<&Type>, method: &Ident, attribute: &Ident, diag: &mut Diag) -> bool {
    let first = format!("the handler of an attribute takes the new value first: `{attribute}: &..`");
    let Some(ty) = ty else {
        diag.error(method, first);
        return false;
    };
    match peel(ty) {
        Type::Reference(reference) => {
            let whole = attrs::text(&reference.elem);
            if Named::of(ty).is_some_and(|named| named.is_given()) {
                diag.error(ty, first);
                return false;
            }
            is_shared(reference, "the value of an attribute never changes", &whole, diag)
        }
        _ if Named::of(ty).is_some_and(|named| named.is_given()) => {
            diag.error(ty, first);
            false
        }
        owned => {
            let text = attrs::text(owned);
            let lent = if text == "String" { "str" } else { &*text };
            diag.error(ty, format!("the value of an attribute is lent; take `&{lent}`"));
            false
        }
    }
}

/// Reports a reference with `mut` or with a lifetime.
fn is_shared(reference: &TypeReference, never: &str, whole: &str, diag: &mut Diag) -> bool {
    if let Some(token) = &reference.mutability {
        diag.error(token, format!("{never}; take `&{whole}`"));
        return false;
    }
    if let Some(lifetime) = &reference.lifetime {
        diag.error(
            lifetime,
            format!("a handler keeps nothing of what it is lent; remove the lifetime: `&{whole}`"),
        );
        return false;
    }
    true
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}
