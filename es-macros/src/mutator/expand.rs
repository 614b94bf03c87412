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
    let unknown: Vec<&Type> = fields
        .iter()
        .filter(|field| !attrs::has_serde(&field.attrs))
        .map(|field| &field.ty)
        .filter(|ty| !is_known_storable(ty))
        .collect();
    let bound = quote!(#private::Storable);
    let bounds = lazy_bounds(&unknown, &bound);
    let bounds = (!unknown.is_empty()).then(|| quote!(where #bounds));
    let serde_bounds = serde_bounds(&unknown, &bound);
    let asserts = assert_all(&unknown, &bound);
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
        impl #private::Event for #name #bounds { #items }
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
    let each = |make: &dyn Fn(&EventMethod, &Ident, TokenStream) -> Option<TokenStream>| -> TokenStream {
        let made = mutator.events.iter().filter_map(|method| {
            let cfgs = method.cfgs();
            make(method, method.variant(), path(method)).map(|tokens| quote!(#(#cfgs)* #tokens))
        });
        quote!(#(#made)*)
    };
    let variants = each(&|_, variant, ty| {
        Some(quote!(#variant(#ty),))
    });
    let types = each(&|_, _, ty| Some(quote_spanned!(ty.span()=> #private::EventType::of::<#ty>(),)));
    let visits = each(&|_, variant, _| Some(quote!(Self::#variant(event) => visitor.event(event),)));
    let creates = each(&|method, variant, _| {
        method.creates().then(|| quote! {
            Self::#variant(event) => ::core::option::Option::Some(#private::Begin::begin(event, envelope)),
        })
    });
    let changes = each(&|method, variant, _| {
        (!method.creates()).then(|| quote!(Self::#variant(event) => #private::When::when(state, event, envelope),))
    });
    let decodes = each(&|_, variant, ty| {
        Some(quote! {
            _ if #private::is::<#ty>(topic) => ::core::option::Option::Some(
                #private::decode::<#ty, D>(version, data).map(Self::#variant)
            ),
        })
    });
    let retired = (!retired.is_empty()).then(|| quote!(const RETIRED: &'static [&'static str] = &[#(#retired),*];));
    quote! {
        #[doc = #doc]
        #[allow(missing_docs, unreachable_pub, private_interfaces)]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #visibility enum #events {
            #variants
            AttributeChanged(<#root as #private::Aggregate>::Attribute),
            Discarded,
        }
        #[automatically_derived]
        impl #private::Mutator for #root {
            type Event = #events;
        }
        #[automatically_derived]
        impl #private::Events<#root> for #events {
            const TYPES: &'static [#private::EventType] = &[#types];
            #retired
            const ATTRIBUTE_CHANGED: fn(<#root as #private::Aggregate>::Attribute) -> Self = Self::AttributeChanged;
            const DISCARDED: Self = Self::Discarded;
            fn visit<V: #private::EventVisitor>(&self, visitor: V) -> V::Output {
                match self {
                    #visits
                    Self::AttributeChanged(attribute) => visitor.event(&#private::AttributeChanged::<#root>(attribute)),
                    Self::Discarded => visitor.event(&#private::DiscardedEvent::<#root>::new()),
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
                    Self::AttributeChanged(attribute) => #private::Attribute::apply(attribute, state),
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
    let (of, apply, run) = if method.creates() {
        (quote!(Creates), quote!(fn(&Self, &#private::Envelope) -> #state), quote!(#private::Begin::begin_ref))
    } else {
        (quote!(Changes), quote!(fn(&mut #state, &Self, &#private::Envelope)), quote!(#private::When::when_ref))
    };
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #private::#of<#root> for #event {
            const EVENT: fn(Self) -> #events = #events::#variant;
            const APPLY: #apply = #run;
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
    let own = names::local("event");
    let given = names::local("envelope");
    let methods = match &method.receiver {
        Some(receiver) if declared => quote! {
            fn when(&mut self, #own: #event, #given: &#private::Envelope) {
                #private::When::when_ref(self, &#own, #given);
            }
            #(#on_body)*
            fn when_ref(#receiver, #pattern, #envelope: &#private::Envelope) { #(#statements)* }
        },
        Some(receiver) => quote! {
            #(#on_body)*
            fn when(#receiver, #pattern, #envelope: &#private::Envelope) { #(#statements)* }
        },
        None if declared => quote! {
            fn begin(#own: #event, #given: &#private::Envelope) -> Self {
                #private::Begin::begin_ref(&#own, #given)
            }
            #(#on_body)*
            fn begin_ref(#pattern, #envelope: &#private::Envelope) -> Self { #(#statements)* }
        },
        None => quote! {
            #(#on_body)*
            fn begin(#pattern, #envelope: &#private::Envelope) -> Self { #(#statements)* }
        },
    };
    let of = if method.creates() { quote!(Begin) } else { quote!(When) };
    quote! {
        #(#cfgs)*
        impl #private::#of<#event> for #state { #methods }
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
