use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ImplItem;
use syn::ext::IdentExt;

use super::command::{broken, helpers, recording};
use super::dispatch::dispatch;
use super::events::{derived, event_impls, event_struct, in_module};
use super::model::Mutator;
use super::registration::registration;
use super::scope::{Names, path, stored_types};
use crate::attrs;
use crate::names;
use crate::types::{assert_shared, distinct, frozen};

/// Returns the whole expansion of the block.
pub(super) fn expand(mutator: &Mutator) -> TokenStream {
    let everywhere = mutator.events.iter().filter(|event| event.cfgs().is_empty());
    let unsure = everywhere.map(|event| (event.variant(), stored_types(event)));
    let unsure: Vec<_> = unsure.filter(|(_, types)| !types.is_empty()).collect();
    let names = Names {
        mutator,
        root: names::local("__Root"),
        state: names::local("__State"),
        events: mutator.event_enum(),
        unknown: distinct(unsure.iter().flat_map(|(_, types)| types.iter().copied())),
        unsure: unsure.iter().map(|(event, _)| *event).collect(),
    };
    let made = mutator.events.iter().map(|event| event.variant().clone());
    let own: Vec<Ident> = made.chain([mutator.state_ident()]).collect();
    let structs = mutator.events.iter().map(|method| event_struct(mutator, &own, method));
    let (structs, use_events) = in_module(mutator, quote!(#(#structs)*));
    let event_enum = event_enum(&names);
    let impls = mutator.events.iter().map(|method| {
        let (impls, command) = (event_impls(&names, method), recording(&names, method));
        quote!(#impls #command)
    });
    let levels = &mutator.levels;
    let dispatch = dispatch(&names);
    let broken = broken(&names);
    let helpers = helpers(&names);
    // A macro call in the block may expand to an event: this macro reports its right place.
    let has_calls = mutator.helpers.iter().any(|helper| matches!(helper, ImplItem::Macro(_)));
    let late_event = has_calls.then(|| {
        quote!(
            #[allow(unused_imports)]
            use __es::late_event as event;
        )
    });
    let registration = registration(&names);
    let use_runtime = mutator.runtime.use_private();
    let (aliases, stored, sealed) = (aliases(&names), stored(&names), sealed());
    let state = mutator.state();
    let half_typed = &mutator.half_typed;
    quote! {
        #structs
        #event_enum
        #[allow(unused_qualifications)]
        #(#levels)*
        const _: () = {
            #use_runtime
            #use_events
            #late_event
            #aliases
            #stored
            #sealed
            #dispatch
            #(#impls)*
            #broken
            #helpers
            #registration
            #(__es::half_typed! { #state { #half_typed } })*
        };
    }
}

/// Returns the names of the root and the state in the expansion's block. For a type that is no aggregate, the compiler
/// reports an error at the first name, and none at the uses of the two names.
fn aliases(names: &Names<'_>) -> TokenStream {
    let Names { mutator, root, state, .. } = names;
    let written = &mutator.root;
    let ident = mutator.ident().unraw().to_string();
    let ok = quote_spanned!(mutator.ident().span()=>
        __es::in_its_module(<#written>::__IN_ITS_MODULE) + __es::written_as(<#written as __es::Aggregate>::IDENT, #ident)
    );
    let state_ok = mutator.unused_state().map(|given| {
        let name = given.unraw().to_string();
        let is_usual = *given == names::state(&mutator.ident());
        let of = quote_spanned!(mutator.ident().span()=> <#written as __es::Aggregate>);
        quote_spanned!(given.span()=> + __es::state_called(#of::STATE, #of::IDENT, #name, #is_usual))
    });
    quote! {
        use __es::Elsewhere as _;
        type #root = <#written as __es::Checked<{ #ok #state_ok }>>::Type;
        type #state = <#root as __es::Aggregate>::State;
    }
}

/// Returns the checks of the types that the events store, and the names of what the compiler takes for an error if one
/// of them cannot be stored.
fn stored(names: &Names<'_>) -> TokenStream {
    let Names { events, unknown, .. } = names;
    if unknown.is_empty() {
        return TokenStream::new();
    }
    let storable = quote!(__es::AssertStorable);
    let asserts = unknown.iter().map(|ty| assert_shared(ty, &storable));
    let frozen = unknown.iter().map(|ty| frozen(ty, &[]));
    let checked_events = names.checked_events();
    quote! {
        const __STORED: usize = { #(#asserts)* 0 };
        type __Stored<__T> = <__T as __es::Checked<__STORED>>::Type;
        type #checked_events = __Stored<#events>;
        #(#frozen)*
    }
}

/// Returns the enum's seal: a module within the block. Code outside the block cannot name it, so no other code decides
/// how an event is recorded.
fn sealed() -> TokenStream {
    quote! {
        mod __sealed {
            pub struct Seal(());
            pub const SEAL: &Seal = &Seal(());
        }
    }
}

/// Returns the enum of the events, in the order of their methods.
fn event_enum(names: &Names<'_>) -> TokenStream {
    let Names { mutator, events, .. } = names;
    let private = mutator.runtime.private();
    let written = &mutator.root;
    let vis = mutator.visibility_at(events.span());
    let doc = format!(" The events of [`{}`].", mutator.ident());
    let levels = attrs::levels_apart(&mutator.levels);
    let variants = names.each(|method, variant| {
        let ty = path(method);
        let module = mutator.module.as_ref().filter(|_| !method.is_declared());
        let module = module.map(|module| quote!(#module::));
        let doc = format!(" The event [`{variant}`].");
        Some(quote!(#[doc = #doc] #variant(#module #ty),))
    });
    let derives = derived(mutator.derives.iter());
    let copied = names.all_made().then(|| quote!(#[derive(::core::clone::Clone)]));
    let item = quote_spanned! {events.span()=>
        #vis enum #events {
            #variants
            #[doc = " An attribute was set."]
            AttributeChanged(<#written as #private::Mutator>::Attribute),
            #[doc = " The aggregate has ended."]
            Discarded,
        }
    };
    quote! {
        #[doc = #doc]
        #(#levels)*
        #[allow(private_interfaces, unreachable_pub, clippy::large_enum_variant)]
        #copied
        #derives
        #item
    }
}
