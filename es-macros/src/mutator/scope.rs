//! The names and paths that all parts of an expansion share.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::method::{EventMethod, MethodEvent};
use super::model::Mutator;
use crate::attrs;
use crate::names;
use crate::types::{distinct, lazy_bounds, mentions, unknown_storable};

/// The names that most parts of the expansion use.
pub(super) struct Names<'a> {
    pub(super) mutator: &'a Mutator,
    /// The aggregate, by the name that the expansion's block gives it.
    pub(super) root: Ident,
    /// The state, by the name that the expansion's block gives it.
    pub(super) state: Ident,
    pub(super) events: Ident,
    /// The types of stored parameters that may lack a form to store, each once.
    pub(super) unknown: Vec<&'a Type>,
    /// The events that store such a type.
    pub(super) unsure: Vec<&'a Ident>,
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

    /// Returns the enum of the events as the expansion's block names it.
    pub(super) fn checked_events(&self) -> Ident {
        if self.unknown.is_empty() { self.events.clone() } else { names::local("__Events") }
    }

    /// Returns the bound of the enum's impls if a type says that it may stay in one thread: the compiler then reports it
    /// at the parameter alone. The bound costs compile time, so that other types are checked without it.
    pub(super) fn bounds(&self) -> TokenStream {
        let enumeration = [&self.events];
        let is_unsure = self.unknown.iter().any(|ty| mentions(ty.to_token_stream(), &|word| word == "dyn"));
        lazy_bounds(if is_unsure { &enumeration } else { &[] }, &quote!(__es::Shared))
    }

    /// Returns the enum as its own impls name it.
    pub(super) fn enumeration(&self) -> Ident {
        if self.unknown.is_empty() { names::local("Self") } else { self.checked_events() }
    }

    /// Returns the event as a type that makes the compiler silent about an event that cannot be stored: the compiler
    /// reports it at the parameter.
    pub(super) fn checked(&self, method: &EventMethod) -> TokenStream {
        let ty = path(method);
        let is_unsure = self.unsure.contains(&method.variant());
        if is_unsure { quote_spanned!(ty.span()=> __Stored<#ty>) } else { ty }
    }

    /// Returns the event as an implementor of `Event`, or of `Handled`, its counterpart for events declared elsewhere.
    /// All uses share this path and its span, so the compiler reports a type that is no event only once.
    pub(super) fn as_event(&self, method: &EventMethod) -> TokenStream {
        let ty = self.checked(method);
        match &method.event {
            MethodEvent::Made { .. } => quote_spanned!(ty.span()=> <#ty as __es::Event>),
            MethodEvent::Declared { .. } => quote_spanned!(ty.span()=> <#ty as __es::Handled>),
        }
    }
}

/// Returns the event as a type.
pub(super) fn path(method: &EventMethod) -> TokenStream {
    match &method.event {
        MethodEvent::Made { name, .. } => quote!(#name),
        MethodEvent::Declared { ty, .. } => quote!(#ty),
    }
}

/// Returns the types of the stored parameters that may lack a form to store.
pub(super) fn stored_types(method: &EventMethod) -> Vec<&Type> {
    let MethodEvent::Made { fields, .. } = &method.event else { return Vec::new() };
    let fields = fields.iter().filter(|field| !attrs::has_serde(&field.attrs));
    distinct(fields.flat_map(|field| unknown_storable(&field.ty)))
}
