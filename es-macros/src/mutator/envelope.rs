//! The parameter `&Envelope` of an event method.

use proc_macro2::Ident;
use syn::{Attribute, FnArg, Pat, Type, TypeReference};

use crate::diag::Diag;
use crate::types::{named_last, only_argument, peel};

/// A parameter that is neither the receiver nor the envelope.
pub(super) struct Param<'a> {
    pub(super) attrs: &'a [Attribute],
    pub(super) pat: &'a Pat,
    pub(super) ty: &'a Type,
}

/// Takes the parameter `&Envelope` out, if there is one. An event `declared` elsewhere may itself have that name; then
/// the event is the parameter whose path leads elsewhere than to the runtime.
pub(super) fn take<'a>(
    params: &[&'a FnArg],
    declared: bool,
    diag: &mut Diag,
) -> (Option<(Pat, Type)>, Vec<Param<'a>>) {
    let typed = |param: &&'a FnArg| match param {
        FnArg::Typed(param) => Some(param),
        FnArg::Receiver(_) => None,
    };
    let is_event =
        declared && params.iter().filter_map(typed).all(|param| envelope_type(&param.ty).is_some());
    let mut envelope = None;
    let mut rest: Vec<Param<'a>> = Vec::new();
    for param in params.iter().filter_map(typed) {
        let plain = Param { attrs: &param.attrs, pat: &param.pat, ty: peel(&param.ty) };
        if inside_option(&param.ty).and_then(envelope_type).is_some_and(|given| given.borrowed) {
            diag.error(&param.ty, "every event has its envelope; take `&Envelope`");
            continue;
        }
        match envelope_type(&param.ty) {
            None | Some(Given { own: true, borrowed: false, .. }) => rest.push(plain),
            Some(Given { own: true, .. }) if is_event && rest.is_empty() => rest.push(plain),
            Some(Given { borrowed: true, changed: false, .. }) if envelope.is_none() => {
                envelope = Some(((*param.pat).clone(), (*param.ty).clone()));
            }
            Some(Given { borrowed: true, changed: false, .. }) => {
                diag.error(&param.ty, "the envelope is asked for twice; remove one");
            }
            Some(Given { changed: true, .. }) => {
                diag.error(&param.ty, "an event method reads the envelope, and does not store it; take `&Envelope`");
            }
            Some(_) => diag.error(
                &param.ty,
                "an event method reads the envelope, and does not store it; take `&Envelope`, or `self::Envelope` if that is a type \
                 of your own",
            ),
        }
    }
    (envelope, rest)
}

/// A type with the name `Envelope`.
struct Given {
    /// True if the path leads elsewhere than to the runtime.
    own: bool,
    borrowed: bool,
    changed: bool,
}

fn envelope_type(ty: &Type) -> Option<Given> {
    let (ty, borrowed, changed) = match peel(ty) {
        Type::Reference(reference) => (peel(&reference.elem), true, reference.mutability.is_some()),
        ty => (ty, false, false),
    };
    let Type::Path(path) = ty else { return None };
    let first = path.path.segments.first()?;
    let own = path.path.segments.len() > 1 && first.ident != "es_runtime";
    named_last(ty, "Envelope").then_some(Given { own, borrowed, changed })
}

fn inside_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel(ty) else { return None };
    only_argument(path.path.segments.last()?, "Option")
}

/// Returns the name of a borrowed type that may be the envelope under another name.
pub(super) fn renamed(ty: &Type) -> Option<&Ident> {
    let Type::Reference(TypeReference { mutability: None, elem, .. }) = ty else { return None };
    let Type::Path(path) = peel(elem) else { return None };
    let name = path.path.get_ident()?;
    (strsim::jaro_winkler(&name.to_string(), "Envelope") > 0.8).then_some(name)
}
