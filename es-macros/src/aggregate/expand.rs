use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::model::{Aggregate, AttributeField};
use crate::attrs;
use crate::names;
use crate::types::{assert_all, is_known_storable, lazy_bounds, serde_bounds};
use crate::upcast;

pub(super) fn expand(aggregate: &Aggregate) -> TokenStream {
    let state = state(aggregate);
    let root = root(aggregate);
    let attributes = attributes(aggregate);
    quote!(#state #root #attributes)
}

/// The struct as written, under the name of the state, with the derives that storing needs.
fn state(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { runtime, root, state, .. } = aggregate;
    let private = runtime.private();
    let doc = format!("The state of [`{root}`]: what events change and snapshots keep.");
    let mut derives = Vec::new();
    if !attrs::derives(&state.attrs, "Clone") {
        derives.push(quote!(::core::clone::Clone));
    }
    let serialize = !attrs::derives(&state.attrs, "Serialize");
    let deserialize = !attrs::derives(&state.attrs, "Deserialize");
    if serialize {
        derives.push(quote!(#private::serde::Serialize));
    }
    if deserialize {
        derives.push(quote!(#private::serde::Deserialize));
    }
    let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
    let serde = runtime.serde();
    let unknown = aggregate.unknown_types();
    let bound = quote!(#private::StateField);
    let bounds = (serialize && deserialize && !attrs::has_serde(&state.attrs)).then(|| serde_bounds(&unknown, &bound));
    let crate_path = (serialize || deserialize).then(|| quote!(#[serde(crate = #serde)]));
    let asserts = assert_all(unknown.get(1..).unwrap_or_default(), &quote!(#private::AssertStateField));
    let lazy = lazy_bounds(&unknown, &bound);
    let cfgs = attrs::select(&state.attrs, attrs::is_cfg);
    let ident = &state.ident;
    quote! {
        #[doc = #doc]
        #derives
        #crate_path
        #bounds
        #state
        #(#cfgs)*
        #[automatically_derived]
        impl #private::State for #ident where #lazy {}
        #(#cfgs)*
        #asserts
    }
}

fn root(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { runtime, root, name, id_namespace, trigger, state, docs, .. } = aggregate;
    let private = runtime.private_at(root.span());
    let vis = &state.vis;
    let cfgs = attrs::select(&state.attrs, attrs::is_cfg);
    let lints = attrs::select(&state.attrs, attrs::is_lint);
    let state = &state.ident;
    let namespace = id_namespace.as_ref().map(|namespace| quote!(const ID_NAMESPACE: &'static str = #namespace;));
    let attribute_enum = if aggregate.attributes.is_empty() {
        quote!(#private::NoAttribute<#state>)
    } else {
        let ident = Ident::new(&names::attribute_enum(root).to_string(), aggregate.storing_span());
        quote!(#ident)
    };
    let doc = docs.is_empty().then(|| {
        let doc = format!("An aggregate: [`{state}`] with its identity and its events.");
        quote!(#[doc = #doc])
    });
    let setters = aggregate.attributes.iter().map(|attribute| setter(aggregate, attribute));
    let stored_state = Ident::new(&state.to_string(), aggregate.storing_span());
    // All at the aggregate's name: without a mutator there is then one error, under it.
    quote_spanned! {root.span()=>
        #(#cfgs)*
        #(#lints)*
        #(#docs)*
        #doc
        #vis struct #root {
            __root: #private::Root<#root>,
        }
        #(#cfgs)*
        #[automatically_derived]
        impl #private::Aggregate for #root {
            const NAME: &'static str = #name;
            #namespace
            type State = #stored_state;
            type Event = <#root as #private::Mutator>::Event;
            type Attribute = #attribute_enum;
            fn from_root(root: #private::Root<Self>, _: #private::Seal) -> Self {
                Self { __root: root }
            }
            fn root_mut(&mut self, _: #private::Seal) -> &mut #private::Root<Self> {
                &mut self.__root
            }
        }
        #(#cfgs)*
        #[automatically_derived]
        impl ::core::ops::Deref for #root {
            type Target = #private::Root<Self>;
            fn deref(&self) -> &Self::Target {
                &self.__root
            }
        }
        #(#cfgs)*
        #[automatically_derived]
        impl ::core::fmt::Debug for #root
        where
            for<'a> &'a #state: ::core::fmt::Debug,
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #private::debug(&self.__root, &&*self.__root, f)
            }
        }
        #(#cfgs)*
        #[allow(dead_code)]
        impl #root {
            /// Records an event that is declared on its own, and applies it.
            #trigger fn trigger<E: #private::Changes<Self>>(&mut self, event: E) {
                self.__root.record(event);
            }
            /// Creates the aggregate with an event that is declared on its own.
            #trigger fn create_from<E: #private::Creates<Self>>(event: E) -> Self {
                #private::Root::create(#private::Id::new(), event)
            }
            /// Ends the aggregate; what is returned can only be saved.
            #vis fn discard(self) -> #private::Discarded<Self> {
                self.__root.discard()
            }
            #(#setters)*
        }
    }
}

fn setter(aggregate: &Aggregate, attribute: &AttributeField) -> TokenStream {
    let AttributeField { cfgs, vis, field, variant, ty, .. } = attribute;
    let attribute_enum = names::attribute_enum(&aggregate.root);
    let setter = names::setter(field);
    let doc = format!("Sets `{field}`, by a recorded event.");
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #vis fn #setter(&mut self, #field: #ty) {
            self.__root.set(#attribute_enum::#variant(#field));
        }
    }
}

/// The enum of the attributes.
fn attributes(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { runtime, root, state, attributes, .. } = aggregate;
    if attributes.is_empty() {
        return TokenStream::new();
    }
    let private = runtime.private();
    let attribute_enum = names::attribute_enum(root);
    let vis = &state.vis;
    let outer = attrs::select(&state.attrs, attrs::is_cfg);
    let state = &state.ident;
    let unknown: Vec<_> =
        attributes.iter().map(|attribute| &attribute.ty).filter(|ty| !is_known_storable(ty)).collect();
    let lazy = lazy_bounds(&unknown, &quote!(#private::Storable));
    let doc = format!("A changed attribute of [`{root}`], with its new value.");
    let each = |make: &dyn Fn(&AttributeField) -> TokenStream| -> TokenStream {
        let made = attributes.iter().map(|attribute| {
            let cfgs = &attribute.cfgs;
            let tokens = make(attribute);
            quote!(#(#cfgs)* #tokens)
        });
        quote!(#(#made)*)
    };
    let variants = each(&|AttributeField { field, variant, ty, .. }| {
        let doc = format!("The new `{field}`.");
        quote!(#[doc = #doc] #variant(#ty),)
    });
    let types = each(&|AttributeField { ty, name, aliases, past, .. }| {
        let past = upcast::past(past);
        quote!(#private::AttributeType::of::<#ty, #past>(#name, &[#(#aliases),*]),)
    });
    let visits = each(&|AttributeField { variant, name, past, .. }| {
        let version = u32::try_from(past.len()).unwrap_or(u32::MAX).saturating_add(1);
        quote!(Self::#variant(value) => visitor.attribute(#name, #version, value),)
    });
    let applies = each(&|AttributeField { field, variant, .. }| quote!(Self::#variant(value) => state.#field = value,));
    let decodes = each(&|AttributeField { variant, ty, name, aliases, past, .. }| {
        let past = upcast::past(past);
        quote! {
            #name #(| #aliases)* => ::core::option::Option::Some(
                #private::decode_value::<#ty, #past, D>(name, version, value).map(Self::#variant)
            ),
        }
    });
    let traced = each(&|AttributeField { ty, name, past, .. }| {
        let shape = quote!(&#private::attribute_shape::<#root>(#name));
        upcast::traced(&shape, ty, past)
    });
    quote! {
        #(#outer)*
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis enum #attribute_enum {
            #variants
        }
        #(#outer)*
        #[automatically_derived]
        impl #private::Attribute for #attribute_enum where #lazy {
            type State = #state;
            const TYPES: &'static [#private::AttributeType] = &[#types];
            fn visit<V: #private::AttributeVisitor>(&self, visitor: V) -> V::Output {
                match self { #visits }
            }
            fn apply(self, state: &mut Self::State) {
                match self { #applies }
            }
            fn decode<'de, D: #private::serde::Deserializer<'de>>(
                name: &str,
                version: u32,
                value: D,
            ) -> ::core::option::Option<::core::result::Result<Self, D::Error>> {
                match name {
                    #decodes
                    _ => ::core::option::Option::None,
                }
            }
        }
        #[cfg(test)]
        #(#outer)*
        #private::submit! {
            #private::StoredShapes {
                module: ::core::module_path!(),
                collect: |shapes| { #traced },
            }
        }
    }
}
