//! The impls of the event enum, which tell the events apart at run time.
//!
//! The calls for made events are the cheapest for the compiler. The calls for events declared elsewhere go through
//! `Event`, always by the same path, so that the compiler reports a type that is no event once.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Token;

use super::method::MethodEvent;
use super::scope::Names;
use crate::derives::COMPARED;
use crate::names;
use crate::types::checked;

pub(super) fn dispatch(names: &Names<'_>) -> TokenStream {
    let Names { mutator, root, events, .. } = names;
    let written = &mutator.root;
    let bounds = names.bounds();
    let checked_events = names.checked_events();
    let unsure = !names.unknown.is_empty();
    let of = unsure.then(|| quote!(::<#checked_events>));
    let of_any = unsure.then(|| quote!(::<#checked_events, __S>));
    let checked = checked(&quote!(#events), &names.unknown, &quote!(__es::AssertStorable));
    let attribute = attribute(names);
    // The keyword is code of the macro: otherwise the compiler would suggest an unknown type as a parameter of this
    // impl.
    let keyword = Token![impl](Span::call_site().located_at(mutator.ident().span()));
    let mutated = quote_spanned! {mutator.ident().span()=>
        #[automatically_derived]
        #keyword __es::Mutator for #written {
            type Event = #checked;
            type Attribute = #attribute;
        }
    };
    let types = names.each(|method, _| {
        let event = names.as_event(method);
        Some(quote!(#event::TYPE,))
    });
    let fingerprint = mutator.fingerprint;
    let retired = &mutator.retired;
    let retired =
        (!retired.is_empty()).then(|| quote!(const RETIRED: &'static [&'static str] = &[#(#retired),*];));
    let (visit, create) = (visit(names), create(names));
    let clone = (!names.all_made()).then(|| {
        let clone = clone(names);
        quote! {
            #[automatically_derived]
            impl __es::Clone for #events #bounds { #clone }
        }
    });
    let (change, decode, as_any) = (change(names), decode(names), as_any(names));
    quote! {
        #mutated
        #clone
        #[automatically_derived]
        impl __es::Debug for #events {
            #[inline]
            fn fmt(&self, f: &mut __es::Formatter<'_>) -> __es::fmt::Result {
                __es::debug_event #of (self, f)
            }
        }
        #[automatically_derived]
        impl __es::Serialize for #events {
            fn serialize<__S: __es::Serializer>(&self, serializer: __S) -> __es::Result<__S::Ok, __S::Error> {
                __es::serialize_event #of_any (self, serializer)
            }
        }
        #[automatically_derived]
        impl __es::EventSet for #events #bounds {
            const TYPES: &'static [__es::EventType] = &[#types];
            const AGGREGATE: __es::Option<__es::Topics> = __es::Some(__es::Topics::of::<#root>());
            #visit
            #decode
        }
        #[automatically_derived]
        impl __es::Events<#root> for #events #bounds {
            #retired
            const FINGERPRINT: u64 = #fingerprint;
            const ATTRIBUTE_CHANGED: fn(<#root as __es::Aggregate>::Attribute) -> Self = Self::AttributeChanged;
            const DISCARDED: Self = Self::Discarded;
            type Seal = __sealed::Seal;
            #create
            #change
            #as_any
        }
    }
}

/// The attributes that the enum holds, if they have the traits that it derives.
fn attribute(names: &Names<'_>) -> TokenStream {
    let root = &names.root;
    let attribute = quote!(<#root as __es::Aggregate>::Attribute);
    let derived = names.mutator.derives.iter().filter_map(|path| path.segments.last());
    let compared = derived.filter(|derived| COMPARED.iter().any(|(name, _)| derived.ident == name));
    let asserts = compared.map(|segment| {
        let at = names::made_at(segment.ident.span());
        let (name, root) = (Ident::new(&segment.ident.to_string(), at), names::local_at("__Root", at));
        let attribute = quote_spanned!(at=> <#root as __es::Aggregate>::Attribute);
        quote_spanned!(at=> let () = <#attribute as __es::AssertDerives<__es::derived::#name>>::OK;)
    });
    let asserts: Vec<_> = asserts.collect();
    if asserts.is_empty() {
        attribute
    } else {
        quote!(<#attribute as __es::Checked<{ #(#asserts)* 0 }>>::Type)
    }
}

fn clone(names: &Names<'_>) -> TokenStream {
    let arms = names.each(|method, variant| {
        let copy = match &method.event {
            MethodEvent::Made { .. } => quote!(__es::Clone::clone(event)),
            MethodEvent::Declared { .. } => {
                let event = names.as_event(method);
                quote!(#event::copied(event))
            }
        };
        Some(quote!(Self::#variant(event) => Self::#variant(#copy),))
    });
    quote! {
        #[inline]
        fn clone(&self) -> Self {
            match self {
                #arms
                Self::AttributeChanged(attribute) => Self::AttributeChanged(__es::Clone::clone(attribute)),
                Self::Discarded => Self::Discarded,
            }
        }
    }
}

fn visit(names: &Names<'_>) -> TokenStream {
    let enumeration = names.enumeration();
    let root = &names.root;
    let arms = names.each(|method, variant| {
        let event = names.as_event(method);
        let visit = match &method.event {
            MethodEvent::Made { .. } => {
                let (name, event) = (method.variant(), names.checked(method));
                let of = quote_spanned!(name.span()=> __es::of::<#event>());
                quote!(visitor.event(#of, event))
            }
            MethodEvent::Declared { .. } => quote!(#event::accept(event, visitor)),
        };
        Some(quote!(#enumeration::#variant(event) => #visit,))
    });
    quote! {
        fn visit<__V: __es::EventVisitor>(&self, visitor: __V) -> __V::Output {
            match self {
                #arms
                Self::AttributeChanged(attribute) => __es::visit_attribute::<#root, __V>(attribute, visitor),
                Self::Discarded => __es::visit_discarded::<#root, __V>(visitor),
            }
        }
    }
}

fn as_any(names: &Names<'_>) -> TokenStream {
    let enumeration = names.enumeration();
    let arms = names.each(|_, variant| Some(quote!(#enumeration::#variant(event) => event,)));
    quote! {
        #[inline]
        fn as_any(&self) -> &dyn __es::Any {
            match self {
                #arms
                Self::AttributeChanged(attribute) => attribute,
                Self::Discarded => &__es::Ended,
            }
        }
    }
}

fn create(names: &Names<'_>) -> TokenStream {
    let enumeration = names.enumeration();
    let Names { root, state, .. } = names;
    let arms = names.each(|method, variant| {
        let begin = match (method.creates(), &method.event) {
            (false, _) => return None,
            (true, MethodEvent::Made { .. }) => quote!(__es::Begin::begin(event, envelope)),
            (true, MethodEvent::Declared { .. }) => {
                quote!(__es::BeginRef::<_, #root>::begin_ref(&event, envelope))
            }
        };
        Some(quote!(#enumeration::#variant(event) => __es::Some(#begin),))
    });
    quote! {
        #[inline]
        fn create(self, envelope: &__es::Envelope) -> __es::Option<#state> {
            match self {
                #arms
                _ => __es::None,
            }
        }
    }
}

/// Each arm names its event: otherwise the compiler would try the impls of all events in the crate. And each moves its
/// event out of the enum: if one arm left it in place, the compiler would drop the enum as a whole, and keep every event
/// in memory until then.
fn change(names: &Names<'_>) -> TokenStream {
    let enumeration = names.enumeration();
    let Names { root, state, .. } = names;
    let arms = names.each(|method, variant| {
        let apply = match (method.creates(), &method.event) {
            (true, _) => quote!(return __es::creates(event)),
            (false, MethodEvent::Made { .. }) => {
                let event = names.checked(method);
                quote!(__es::Apply::<#event>::apply(state, event, envelope))
            }
            (false, MethodEvent::Declared { .. }) => {
                quote!(__es::ApplyRef::<_, #root>::apply_ref(state, &event, envelope))
            }
        };
        Some(quote!(#enumeration::#variant(event) => #apply,))
    });
    quote! {
        #[inline]
        fn change(self, state: &mut #state, envelope: &__es::Envelope) -> __es::Effect {
            match self {
                #arms
                Self::AttributeChanged(value) => __es::Attribute::apply(value, state),
                Self::Discarded => return __es::Effect::Discards,
            }
            __es::Effect::Changed
        }
    }
}

fn decode(names: &Names<'_>) -> TokenStream {
    let enumeration = names.enumeration();
    let root = &names.root;
    let arms = names.each(|method, variant| {
        let event = names.as_event(method);
        let stored = match &method.event {
            MethodEvent::Made { stored, .. } => {
                let aliases = &stored.aliases;
                quote!(#event::TOPIC #(| #aliases)*)
            }
            MethodEvent::Declared { .. } => quote!(_ if #event::is(topic)),
        };
        let read = match &method.event {
            MethodEvent::Made { .. } => quote!(__es::read(#enumeration::#variant, version, data)),
            MethodEvent::Declared { .. } => {
                quote!(__es::Some(#event::decode(version, data).map(#enumeration::#variant)))
            }
        };
        Some(quote!(#stored => #read,))
    });
    let standard = quote!(__es::decode_standard::<#root, __D>(topic, version, data));
    let decoded = if arms.is_empty() {
        standard
    } else {
        // An alias may be the topic of another event, which has a report of its own.
        let aliased = names.mutator.events.iter().any(
            |method| matches!(&method.event, MethodEvent::Made { stored, .. } if !stored.aliases.is_empty()),
        );
        let silent = aliased.then(|| quote!(#[allow(unreachable_patterns)]));
        quote! {
            #silent
            match topic {
                #arms
                _ => #standard,
            }
        }
    };
    quote! {
        fn decode<'de, __D: __es::Deserializer<'de>>(
            topic: &str,
            version: u32,
            data: __D,
        ) -> __es::Decoded<Self, __D::Error> {
            #decoded
        }
    }
}
