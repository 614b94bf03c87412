//! The names and paths that all parts of an expansion share.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::method::{EventMethod, MethodEvent};
use super::model::Mutator;
use crate::attrs;
use crate::types::{lazy_bounds, unknown_storable};

/// The names that most parts of the expansion use.
pub(super) struct Names<'a> {
    pub(super) mutator: &'a Mutator,
    /// The aggregate, by the name that the expansion's block gives it.
    pub(super) root: Ident,
    /// The state, by the name that the expansion's block gives it.
    pub(super) state: Ident,
    pub(super) events: Ident,
    /// The types of stored parameters that may lack a form to store.
    pub(super) unknown: Vec<&'a Type>,
}

impl Names<'_> {
    /// Returns one line for each event, under the conditions of its method.
    pub(super) fn each(&self, line: impl Fn(&EventMethod, &Ident) -> Option<TokenStream>) -> TokenStream {
        let lines = self.mutator.events.iter().filter_map(|method| {
            let cfgs = method.cfgs();
            line(method, method.variant()).map(|tokens| quote!(#(#cfgs)* #tokens))
        });
        quote!(#(#lines)*)
    }

    /// Returns whether the block makes all its events itself: only then the enum can derive `Clone`.
    pub(super) fn all_made(&self) -> bool {
        self.mutator.events.iter().all(|method| matches!(method.event, MethodEvent::Made { .. }))
    }

    /// Returns the bounds that keep the impls of the enum silent about a type that cannot be stored: the compiler
    /// reports it at the parameter.
    pub(super) fn bounds(&self) -> TokenStream {
        let events = self.mutator.events.iter().filter(|event| event.cfgs().is_empty());
        let unknown: Vec<_> =
            events.filter(|event| !stored_types(event).is_empty()).map(EventMethod::variant).collect();
        lazy_bounds(&unknown, &quote!(__es::Storable))
    }
}

/// Returns the event as a type.
pub(super) fn path(method: &EventMethod) -> TokenStream {
    match &method.event {
        MethodEvent::Made { name, .. } => quote!(#name),
        MethodEvent::Declared { ty, .. } => quote!(#ty),
    }
}

/// Returns the event as an implementor of `Event`, or of `Handled`, its counterpart for events declared elsewhere.
/// All uses share this path and its span, so the compiler reports a type that is no event only once.
pub(super) fn as_event(method: &EventMethod) -> TokenStream {
    let ty = path(method);
    match &method.event {
        MethodEvent::Made { .. } => quote_spanned!(ty.span()=> <#ty as __es::Event>),
        MethodEvent::Declared { .. } => quote_spanned!(ty.span()=> <#ty as __es::Handled>),
    }
}

/// Returns the types of the stored parameters that may lack a form to store.
pub(super) fn stored_types(method: &EventMethod) -> Vec<&Type> {
    let MethodEvent::Made { fields, .. } = &method.event else { return Vec::new() };
    let fields = fields.iter().filter(|field| !attrs::has_serde(&field.attrs));
    fields.flat_map(|field| unknown_storable(&field.ty)).collect()
}
