use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, PatIdent, Type};

use super::method::{EventMethod, Field, MethodEvent};
use super::model::Mutator;
use crate::attrs;
use crate::names;
use crate::types::{assert_all, is_known_storable, lazy_bounds, serde_bounds};
use crate::upcast;

pub(super) fn expand(mutator: &Mutator) -> TokenStream {
    let made = mutator.events.iter().map(|method| made_event(mutator, method));
    let bodies = mutator.events.iter().map(|method| body(mutator, method));
    let recorded = mutator.events.iter().map(|method| recorded(mutator, method));
    let events = event_enum(mutator);
    let commands = commands(mutator);
    let helpers = helpers(mutator);
    let registration = registration(mutator);
    quote!(#(#made)* #events #(#recorded)* #(#bodies)* #commands #helpers #registration)
}

/// The event as a type.
fn path(method: &EventMethod) -> TokenStream {
    match &method.event {
        MethodEvent::Made { name, .. } => quote!(#name),
        MethodEvent::Declared { ty, .. } => quote!(#ty),
    }
}

/// The event as an implementor of `Event`. Every use of it is this same path at one place, so that the
/// compiler reports a type that is no event once: there.
fn as_event(mutator: &Mutator, method: &EventMethod) -> TokenStream {
    let private = mutator.runtime.private();
    let ty = path(method);
    quote_spanned!(ty.span()=> <#ty as #private::Event>)
}

/// The types of which it is not known that they can be stored.
fn unknown_types(fields: &[Field]) -> Vec<&Type> {
    let fields = fields.iter().filter(|field| !attrs::has_serde(&field.attrs));
    fields.map(|field| &field.ty).filter(|ty| !is_known_storable(ty)).collect()
}

fn stored_types(method: &EventMethod) -> Vec<&Type> {
    match &method.event {
        MethodEvent::Made { fields, .. } => unknown_types(fields),
        MethodEvent::Declared { .. } => Vec::new(),
    }
}

/// The struct that is made from the parameters of a method.
fn made_event(mutator: &Mutator, method: &EventMethod) -> TokenStream {
    let MethodEvent::Made { name, fields, stored } = &method.event else { return TokenStream::new() };
    let private = mutator.runtime.private();
    let serde = mutator.runtime.serde();
    let root = &mutator.root;
    let vis = &mutator.visibility;
    let cfgs = method.cfgs();
    let lints = attrs::select(&method.attrs, attrs::is_lint);
    let doc = format!("Recorded by [`{}::{}`].", mutator.ident(), method.ident);
    let unknown = unknown_types(fields);
    let bound = quote!(#private::Storable);
    let bounds = lazy_bounds(&unknown, &bound);
    let bounds = (!unknown.is_empty()).then(|| quote!(where #bounds));
    let serde_bounds = serde_bounds(&unknown, &bound);
    let asserts = assert_all(&unknown, &quote!(#private::AssertStorable));
    let place = quote_spanned!(name.span()=> ::core::panic::Location::caller());
    let items = stored.items(name, &quote!(#private::made_topic::<#root, Self>()));
    let fields = fields.iter().map(|Field { attrs, pat, ty }| {
        let ident = &pat.ident;
        quote!(#(#attrs)* #vis #ident: #ty,)
    });
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #(#lints)*
        #[allow(missing_docs, unreachable_pub, private_interfaces)]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, #private::serde::Serialize, #private::serde::Deserialize)]
        #[serde(crate = #serde)]
        #serde_bounds
        #vis struct #name { #(#fields)* }
        #(#cfgs)*
        #[automatically_derived]
        impl #private::Event for #name #bounds {
            #items
            const PLACE: &'static ::core::panic::Location<'static> = #place;
        }
        #(#cfgs)*
        #asserts
    }
}

/// The enum of all events and the dispatch over it.
fn event_enum(mutator: &Mutator) -> TokenStream {
    let private = mutator.runtime.private();
    let Mutator { root, visibility, retired, .. } = mutator;
    let root_ident = mutator.ident();
    let events = names::event_enum(&root_ident);
    let state = mutator.state();
    let doc = format!("The events of [`{root_ident}`].");
    let each = |make: &dyn Fn(&EventMethod, &Ident) -> Option<TokenStream>| -> TokenStream {
        let made = mutator.events.iter().filter_map(|method| {
            let cfgs = method.cfgs();
            make(method, method.variant()).map(|tokens| quote!(#(#cfgs)* #tokens))
        });
        quote!(#(#made)*)
    };
    let at = |method: &EventMethod| as_event(mutator, method);
    let variants = each(&|method, variant| {
        let ty = path(method);
        Some(quote!(#variant(#ty),))
    });
    let types = each(&|method, _| {
        let event = at(method);
        Some(quote!(#event::TYPE,))
    });
    let copies = each(&|method, variant| {
        let event = at(method);
        Some(quote!(Self::#variant(event) => Self::#variant(#event::copied(event)),))
    });
    let visits = each(&|method, variant| {
        let event = at(method);
        Some(quote!(Self::#variant(event) => #event::accept(event, visitor),))
    });
    let creates = each(&|method, variant| {
        let made = match (method.creates(), &method.event) {
            (false, _) => return None,
            (true, MethodEvent::Made { .. }) => quote!(#private::Begin::begin(event, envelope)),
            (true, MethodEvent::Declared { .. }) => quote!(#private::BeginRef::begin_ref(&event, envelope)),
        };
        Some(quote!(Self::#variant(event) => ::core::option::Option::Some(#made),))
    });
    let changes = each(&|method, variant| {
        let applied = match (method.creates(), &method.event) {
            (true, _) => return None,
            (false, MethodEvent::Made { .. }) => quote!(#private::Apply::apply(state, event, envelope)),
            (false, MethodEvent::Declared { .. }) => quote!(#private::ApplyRef::apply_ref(state, &event, envelope)),
        };
        Some(quote!(Self::#variant(event) => #applied,))
    });
    let decodes = each(&|method, variant| {
        let event = at(method);
        Some(quote! {
            _ if #event::is(topic) => ::core::option::Option::Some(#event::decode(version, data).map(Self::#variant)),
        })
    });
    let retired = (!retired.is_empty()).then(|| quote!(const RETIRED: &'static [&'static str] = &[#(#retired),*];));
    // A type that cannot be stored is reported where it stands, not in each of these impls.
    let unknown: Vec<&Type> = mutator.events.iter().filter(|method| method.cfgs().is_empty()).flat_map(stored_types).collect();
    let lazy = lazy_bounds(&unknown, &quote!(#private::Storable));
    quote! {
        #[doc = #doc]
        #[allow(missing_docs, unreachable_pub, private_interfaces)]
        #visibility enum #events {
            #variants
            AttributeChanged(<#root as #private::Aggregate>::Attribute),
            Discarded,
        }
        #[automatically_derived]
        impl ::core::clone::Clone for #events where #lazy {
            fn clone(&self) -> Self {
                match self {
                    #copies
                    Self::AttributeChanged(attribute) => {
                        Self::AttributeChanged(::core::clone::Clone::clone(attribute))
                    }
                    Self::Discarded => Self::Discarded,
                }
            }
        }
        #[automatically_derived]
        impl ::core::fmt::Debug for #events where #lazy {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #private::debug_event::<#root>(self, f)
            }
        }
        #[automatically_derived]
        impl #private::Mutator for #root {
            type Event = #events;
        }
        #[automatically_derived]
        impl #private::Events<#root> for #events where #lazy {
            const TYPES: &'static [#private::EventType] = &[#types];
            #retired
            const ATTRIBUTE_CHANGED: fn(<#root as #private::Aggregate>::Attribute) -> Self = Self::AttributeChanged;
            const DISCARDED: Self = Self::Discarded;
            fn visit<V: #private::EventVisitor>(&self, visitor: V) -> V::Output {
                match self {
                    #visits
                    Self::AttributeChanged(attribute) => #private::AttributeChanged::<#root>::accept(attribute, visitor),
                    Self::Discarded => #private::DiscardedEvent::<#root>::accept(visitor),
                }
            }
            fn create(self, envelope: &#private::Envelope) -> ::core::option::Option<#state> {
                match self {
                    #creates
                    _ => ::core::option::Option::None,
                }
            }
            fn change(self, state: &mut #state, envelope: &#private::Envelope) -> #private::Effect {
                match self {
                    #changes
                    Self::AttributeChanged(attribute) => #private::set_attribute::<#root>(attribute, state),
                    Self::Discarded => return #private::Effect::Discards,
                    _ => return #private::Effect::Creates,
                }
                #private::Effect::Changed
            }
            fn decode<'de, D: #private::serde::Deserializer<'de>>(
                topic: &str,
                version: u32,
                data: D,
            ) -> ::core::option::Option<::core::result::Result<Self, D::Error>> {
                match topic {
                    #decodes
                    _ => #private::decode_standard::<#root, D>(topic, data),
                }
            }
        }
    }
}

/// That the event may be recorded, and how.
fn recorded(mutator: &Mutator, method: &EventMethod) -> TokenStream {
    let private = mutator.runtime.private();
    let (root, state) = (&mutator.root, mutator.state());
    let events = names::event_enum(&mutator.ident());
    let variant = method.variant();
    let event = path(method);
    let cfgs = method.cfgs();
    let declared = matches!(method.event, MethodEvent::Declared { .. });
    let (of, apply) = if method.creates() {
        (quote!(Creates), quote!(fn(&Self, &#private::Envelope) -> #state))
    } else {
        (quote!(Changes), quote!(fn(&mut #state, &Self, &#private::Envelope)))
    };
    let run = match (method.creates(), declared) {
        (true, false) => quote!(Begin::begin_copy),
        (true, true) => quote!(BeginRef::begin_ref),
        (false, false) => quote!(Apply::apply_copy),
        (false, true) => quote!(ApplyRef::apply_ref),
    };
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #private::#of<#root> for #event {
            const EVENT: fn(Self) -> #events = #events::#variant;
            const APPLY: #apply = #private::#run;
        }
    }
}

/// The user's body, as what the event does to the state.
fn body(mutator: &Mutator, method: &EventMethod) -> TokenStream {
    let private = mutator.runtime.private();
    let state = mutator.state();
    let event = path(method);
    let cfgs = method.cfgs();
    let on_body = attrs::select(&method.attrs, |attr| !attrs::is_cfg(attr) && !attrs::is_for_callers(attr));
    let envelope = match &method.envelope {
        Some(PatIdent { ident, mutability, .. }) => quote!(#[allow(unused_variables)] #mutability #ident),
        None => quote!(_),
    };
    let statements = &method.body.stmts;
    let pattern = match &method.event {
        MethodEvent::Made { name, fields, .. } => {
            let pats = fields.iter().map(|field| &field.pat);
            quote!(#[allow(unused_variables)] #name { #(#pats),* }: #name)
        }
        MethodEvent::Declared { pat, ty, .. } => quote!(#[allow(unused_variables)] #pat: &#ty),
    };
    let declared = matches!(method.event, MethodEvent::Declared { .. });
    let (of, head) = match (&method.receiver, declared) {
        (Some(receiver), false) => {
            (quote!(Apply), quote!(fn apply(#receiver, #pattern, #envelope: &#private::Envelope)))
        }
        (Some(receiver), true) => {
            (quote!(ApplyRef), quote!(fn apply_ref(#receiver, #pattern, #envelope: &#private::Envelope)))
        }
        (None, false) => (quote!(Begin), quote!(fn begin(#pattern, #envelope: &#private::Envelope) -> Self)),
        (None, true) => (quote!(BeginRef), quote!(fn begin_ref(#pattern, #envelope: &#private::Envelope) -> Self)),
    };
    quote! {
        #(#cfgs)*
        impl #private::#of<#event> for #state {
            #(#on_body)*
            #head { #(#statements)* }
        }
    }
}

/// The methods of the root that record.
fn commands(mutator: &Mutator) -> TokenStream {
    let root = &mutator.root;
    let commands = mutator.events.iter().filter_map(|method| command(mutator, method));
    let broken = mutator.broken.iter().map(|method| {
        let (attrs, vis, sig) = (&method.attrs, &method.vis, &method.sig);
        quote!(#(#attrs)* #[allow(unused)] #vis #sig { ::core::panic!() })
    });
    quote! {
        impl #root {
            #(#commands)*
            #(#broken)*
        }
    }
}

fn command(mutator: &Mutator, method: &EventMethod) -> Option<TokenStream> {
    let MethodEvent::Made { name, fields, .. } = &method.event else { return None };
    let private = mutator.runtime.private();
    let EventMethod { vis, ident, .. } = method;
    let shown: Vec<&Attribute> = attrs::select(&method.attrs, |attr| {
        attrs::is_cfg(attr) || attrs::is_for_callers(attr) || attrs::is_lint(attr)
    });
    let doc = (!attrs::has_doc(&method.attrs)).then(|| {
        let doc = format!("Records [`{name}`].");
        quote!(#[doc = #doc])
    });
    let values: Vec<_> = fields.iter().map(|field| &field.pat.ident).collect();
    let params: Vec<_> = fields.iter().map(|Field { pat, ty, .. }| {
        let ident = &pat.ident;
        quote!(#ident: #ty)
    }).collect();
    if !method.creates() {
        return Some(quote! {
            #(#shown)*
            #doc
            #vis fn #ident(&mut self, #(#params),*) {
                self.__root.record(#name { #(#values),* });
            }
        });
    }
    let with_id = names::with_id(ident);
    let id = names::local("id");
    let with_id_doc = format!("As [`{ident}`](Self::{ident}), under an id that is given.");
    let cfgs = method.cfgs();
    Some(quote! {
        #(#shown)*
        #doc
        #vis fn #ident(#(#params),*) -> Self {
            #private::Root::create(#private::Id::new(), #name { #(#values),* })
        }
        #(#cfgs)*
        #[doc = #with_id_doc]
        #[allow(dead_code)]
        #vis fn #with_id(#id: #private::Id<Self>, #(#params),*) -> Self {
            #private::Root::create(#id, #name { #(#values),* })
        }
    })
}

/// What the user wrote without `#[event]`: it belongs to the state.
fn helpers(mutator: &Mutator) -> TokenStream {
    let helpers: &[ImplItem] = &mutator.helpers;
    if helpers.is_empty() {
        return TokenStream::new();
    }
    let state = mutator.state();
    quote! {
        impl #state { #(#helpers)* }
    }
}

fn registration(mutator: &Mutator) -> TokenStream {
    let private = mutator.runtime.private();
    let root = &mutator.root;
    let ident = mutator.ident();
    let place = quote_spanned!(ident.span()=> #private::AggregateType::of::<#root>());
    let traced = mutator.events.iter().filter_map(|method| {
        let MethodEvent::Made { name, stored, .. } = &method.event else { return None };
        let cfgs = method.cfgs();
        let traced = upcast::traced(&quote!(<#name as #private::Event>::TOPIC), name, &stored.past);
        Some(quote!(#(#cfgs)* #traced))
    });
    let retired = &mutator.retired;
    quote! {
        #private::submit! { #place }
        #[cfg(test)]
        #private::submit! {
            #private::StoredShapes {
                module: ::core::module_path!(),
                collect: |shapes| { #(#traced)* #(shapes.retired(#retired);)* },
            }
        }
    }
}
