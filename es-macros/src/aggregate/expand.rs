use std::slice::from_ref;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, Field, LitStr, Type};

use super::model::{Aggregate, AttributeField};
use crate::attrs;
use crate::derives::{self, COMPARED, Part};
use crate::half_typed;
use crate::names;
use crate::types::{bound_fields, checked, distinct, lazy_bounds, shared, unknown_storable};
use crate::upcast::{self, current_version};

pub(super) fn expand(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { runtime, root, state, docs, refused, .. } = aggregate;
    let cfgs: Vec<&Attribute> = attrs::select(&state.attrs, attrs::is_cfg);
    let levels = attrs::levels_apart(&state.attrs);
    let private = runtime.private();
    let vis = &state.vis;
    let parts = state.fields.iter().flat_map(|field| &field.attrs);
    let deprecated = attrs::naming_deprecated(docs.iter().chain(parts));
    let doc = (!attrs::has_doc(docs)).then(|| {
        let doc = format!(" An aggregate: [`{}`] with its identity and its events.", state.ident);
        quote!(#[doc = #doc])
    });
    let state = state_struct(aggregate);
    let attribute_enum = attribute_enum(aggregate);
    let state_impl = state_impl(aggregate);
    let root_impls = root_impls(aggregate);
    let attribute_impl = attribute_impl(aggregate);
    let use_runtime = runtime.use_private();
    // The span is the aggregate's name: without a mutator, the compiler reports one error, under that name.
    let root_struct = quote_spanned! {root.span()=>
        #[allow(unused_qualifications)]
        #vis struct #root {
            __only_events_make_it: #private::Root<#root>,
        }
    };
    quote! {
        #state
        #(#cfgs)*
        #(#levels)*
        #(#docs)*
        #doc
        #root_struct
        #attribute_enum
        #refused
        #(#cfgs)*
        #[allow(unused_qualifications)]
        #(#levels)*
        #deprecated
        const _: () = {
            #use_runtime
            #state_impl
            #root_impls
            #attribute_impl
        };
    }
}

/// Returns the struct as written, under the name of the state, with the derives that storing needs.
fn state_struct(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { runtime, root, state, .. } = aggregate;
    let private = runtime.private();
    let doc = format!(" The state of [`{root}`]: events change it, and snapshots keep it.");
    if let Some(fields) = &aggregate.half_typed {
        let state = half_typed::expand(state, fields, &private);
        return quote!(#[doc = #doc] #state);
    }
    let missing = |name: &str| !attrs::derives(&state.attrs, name);
    let (serialize, deserialize) = (missing("Serialize"), missing("Deserialize"));
    let derives = [
        (missing("Clone") && !aggregate.may_not_be_storable(), quote!(::core::clone::Clone)),
        (serialize, quote!(#private::Serialize)),
        (deserialize, quote!(#private::Deserialize)),
    ];
    let derives: Vec<_> = derives.into_iter().filter(|(missing, _)| *missing).map(|(_, path)| path).collect();
    // One `#[derive]` for each trait, so that each line can be read at a glance.
    let derives = quote!(#(#[derive(#derives)])*);
    let path = runtime.serde();
    let path = (serialize || deserialize).then(|| quote!(#[serde(crate = #path)]));
    let mut state = state.clone();
    if serialize && deserialize && !attrs::has_serde(&state.attrs) {
        let fields = state.fields.iter_mut().map(|field| (&mut field.attrs, &field.ty));
        bound_fields(fields, from_ref(&state.ident), &private);
    }
    quote! {
        #[doc = #doc]
        #derives
        #path
        #state
    }
}

fn state_impl(aggregate: &Aggregate) -> TokenStream {
    let state = &aggregate.state.ident;
    let plain = shared(&aggregate.unknown_plain_types(), &quote!(__es::AssertStateField), &[]);
    let values = shared(&unknown_values(&aggregate.attributes), &quote!(__es::AssertStorable), &[]);
    let unknown: &[_] = if aggregate.may_not_be_storable() { &[state] } else { &[] };
    let bounds = lazy_bounds(unknown, &quote!(__es::StateField));
    let by_hand = aggregate.may_not_be_storable().then(|| {
        let fields = aggregate.state.fields.iter();
        let parts = fields.filter_map(|Field { attrs, ident, ty, .. }| {
            Some(Part { cfgs: attrs::select(attrs, attrs::is_cfg), name: ident.as_ref()?, ty })
        });
        let parts: Vec<_> = parts.collect();
        let copied = !attrs::derives(&aggregate.state.attrs, "Clone");
        let copied = copied.then(|| derives::copied(state, &parts));
        derives::by_hand(&[], state, &checked_state(aggregate), copied, None)
    });
    quote! {
        #[automatically_derived]
        impl __es::State for #state #bounds {}
        #plain
        #values
        #by_hand
    }
}

/// Returns the state, if a snapshot can keep it and its attributes can be stored.
fn checked_state(aggregate: &Aggregate) -> TokenStream {
    let state = &aggregate.state.ident;
    let plain = checked(&quote!(#state), &aggregate.unknown_plain_types(), &quote!(__es::AssertStateField));
    // The attributes' own check makes the same assertion, so the compiler reports both once.
    checked(&plain, &unknown_values(&aggregate.attributes), &quote!(__es::AssertStorable))
}

/// Returns the equality of the root, if the state has one.
fn compared(aggregate: &Aggregate) -> Option<TokenStream> {
    let Aggregate { root, state, .. } = aggregate;
    attrs::derives(&state.attrs, "PartialEq").then(|| {
        let reflexive = attrs::derives(&state.attrs, "Eq").then(|| {
            quote! {
                #[automatically_derived]
                impl __es::Eq for #root {}
            }
        });
        quote! {
            #[automatically_derived]
            impl __es::PartialEq for #root {
                fn eq(&self, other: &Self) -> bool {
                    self.__only_events_make_it == other.__only_events_make_it
                }
            }
            #reflexive
        }
    })
}

fn root_impls(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { root, trigger, discard, state, attributes, misshaped, .. } = aggregate;
    let vis = &state.vis;
    let compared = compared(aggregate);
    let state = &state.ident;
    let checked_state =
        if aggregate.may_not_be_storable() { derives::checked_name(state) } else { state.clone() };
    let attribute_enum = names::attribute_enum(root);
    let attribute_enum = if attributes.is_empty() {
        quote!(__es::NoAttribute<#state>)
    } else if unknown_values(attributes).is_empty() {
        attribute_enum.into_token_stream()
    } else {
        derives::checked_name(&attribute_enum).into_token_stream()
    };
    let setters = attributes.iter().map(|attribute| setter(root, attribute));
    let naming = naming(aggregate);
    // Callers elsewhere may record an event that is declared on its own. An event that a method makes may stand behind
    // the checks of a command.
    let (changes, creates) = if trigger.is_some() {
        (quote!(Triggers), quote!(Founds))
    } else {
        (quote!(Changes), quote!(Creates))
    };
    // If the state has no `Debug`, the user may write one for the root.
    let debug = attrs::mentions(&aggregate.state.attrs, "Debug").then(|| {
        quote_spanned! {root.span()=>
            #[automatically_derived]
            impl __es::Debug for #root
            where
                for<'a> &'a #state: __es::Debug,
            {
                fn fmt(&self, f: &mut __es::Formatter<'_>) -> __es::fmt::Result {
                    __es::debug(&self.__only_events_make_it, &&*self.__only_events_make_it, f)
                }
            }
        }
    });
    let ok = misshaped.clone().unwrap_or_else(|| quote_spanned!(root.span()=> <#root as __es::Mutator>::OK));
    let impls = quote_spanned! {root.span()=>
        #[automatically_derived]
        impl __es::Aggregate for #root {
            #naming
            type State = #checked_state;
            type Event = __es::EventsOf<#root, { #ok }>;
            type Attribute = #attribute_enum;
            type Seal = __Seal;
            fn from_root(root: __es::Root<Self>, _: __es::Seal<Self>) -> Self {
                Self { __only_events_make_it: root }
            }
            fn into_root(self, _: __es::Seal<Self>) -> __es::Root<Self> {
                self.__only_events_make_it
            }
            fn root_mut(&mut self, _: __es::Seal<Self>) -> &mut __es::Root<Self> {
                &mut self.__only_events_make_it
            }
        }
        #[automatically_derived]
        impl __es::Deref for #root {
            type Target = __es::Root<Self>;
            fn deref(&self) -> &Self::Target {
                &self.__only_events_make_it
            }
        }
        #debug
    };
    // Only the location is the aggregate's name: a span of the user's would make lints report an unused method.
    let body = |statements: TokenStream| {
        let mut body = Group::new(Delimiter::Brace, statements);
        body.set_span(Span::call_site());
        body
    };
    let record = body(quote_spanned!(root.span()=> self.__only_events_make_it.record(event);));
    let create = body(quote_spanned!(root.span()=> Self::create_from_with_id(__es::Id::new(), event)));
    let create_with_id =
        body(quote_spanned!(root.span()=> Self { __only_events_make_it: __es::Root::create(id, event) }));
    let taken = body(quote_spanned!(root.span()=> __es::Root::into_state(self.__only_events_make_it)));
    let end = body(quote_spanned!(root.span()=> __es::Root::discard(self, __Seal(()))));
    let home = quote!(
        const __IN_ITS_MODULE: bool = true;
    );
    let methods = quote_spanned! {root.span()=>
        impl #root {
            #home
            #[doc = " Records an event that is declared on its own, and applies it."]
            #trigger fn trigger<__E: __es::#changes<Self>>(&mut self, event: __E) #record
            #[doc = " Creates the aggregate with an event that is declared on its own."]
            #trigger fn create_from<__E: __es::#creates<Self>>(event: __E) -> Self #create
            #[doc = " As [`create_from`](Self::create_from), under the given id."]
            #trigger fn create_from_with_id<__E: __es::#creates<Self>>(id: __es::Id<Self>, event: __E) -> Self #create_with_id
            #[doc = " Takes the state out of the aggregate, and drops the pending events."]
            #vis fn into_state(self) -> #checked_state #taken
            #[doc = " Discards the aggregate. The returned value can only be saved."]
            #discard fn discard(self) -> __es::Discarded<Self> #end
            #(#setters)*
        }
    };
    // Not spanned at the aggregate's name: lints would take the item for one of the user's.
    quote! {
        #[doc(hidden)]
        pub struct __Seal(());
        #impls
        #compared
        #methods
    }
}

/// Returns the constants of the names that stored data has, or had, for the aggregate.
fn naming(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { renamed, name, aliases, id_namespace, retired, state_name, fingerprint, .. } = aggregate;
    let list = |constant: &str, names: &[LitStr]| {
        let constant = names::local(constant);
        (!names.is_empty()).then(|| quote!(const #constant: &'static [&'static str] = &[#(#names),*];))
    };
    let (aliases, retired) = (list("ALIASES", aliases), list("RETIRED_ATTRIBUTES", retired));
    let renamed = renamed.then(|| {
        let ident = aggregate.root.unraw().to_string();
        quote! {
            const RENAMED: bool = true;
            const IDENT: &'static str = #ident;
        }
    });
    let namespace =
        id_namespace.as_ref().map(|namespace| quote!(const ID_NAMESPACE: &'static str = #namespace;));
    let state = state_name
        .as_ref()
        .map(|state| quote!(const STATE: __es::Option<&'static str> = __es::Some(#state);));
    quote! {
        const NAME: &'static str = #name;
        #renamed
        #aliases
        #namespace
        #retired
        #state
        const FINGERPRINT: u64 = #fingerprint;
    }
}

fn setter(root: &Ident, attribute: &AttributeField) -> TokenStream {
    let AttributeField { cfgs, levels, vis, field, variant, ty, .. } = attribute;
    let attribute_enum = names::attribute_enum(root);
    let mut setter = names::setter(field);
    let doc = format!(" Sets `{field}`, by a recorded event.");
    // The span is code of the macro at the field: there the compiler reports a method of the user's with the same name,
    // too.
    let place = Span::call_site().located_at(field.span());
    setter.set_span(place);
    let head = quote_spanned!(place=> fn #setter(&mut self, #field: #ty));
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #(#levels)*
        #vis #head {
            self.__only_events_make_it.set(#attribute_enum::#variant(#field));
        }
    }
}

/// Returns one line for each attribute, under the conditions of its field.
fn each(attributes: &[AttributeField], line: impl Fn(&AttributeField) -> TokenStream) -> TokenStream {
    let lines = attributes.iter().map(|attribute| {
        let cfgs = &attribute.cfgs;
        let tokens = line(attribute);
        quote!(#(#cfgs)* #tokens)
    });
    quote!(#(#lines)*)
}

fn attribute_enum(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { root, state, attributes, .. } = aggregate;
    if attributes.is_empty() {
        return TokenStream::new();
    }
    let attribute_enum = names::attribute_enum(root);
    let vis = &state.vis;
    let cfgs = attrs::select(&state.attrs, attrs::is_cfg);
    let doc = format!(" A changed attribute of [`{root}`], with its new value.");
    let levels = attrs::levels_apart(&state.attrs);
    let variants = each(attributes, |AttributeField { field, levels, variant, ty, .. }| {
        let doc = format!(" The new `{field}`.");
        quote!(#[doc = #doc] #(#levels)* #variant(#ty),)
    });
    // A type of the user's may be more private than the aggregate.
    let private = attributes.iter().any(|attribute| !unknown_storable(&attribute.ty).is_empty());
    let private = private.then(|| quote!(#[allow(private_interfaces)]));
    let derives = unknown_values(attributes)
        .is_empty()
        .then(|| quote!(#[derive(::core::clone::Clone, ::core::fmt::Debug)]));
    // If events can be compared by a trait, the attributes that they change can be, too.
    let compared = COMPARED.iter().filter(|(name, _)| attrs::derives(&state.attrs, name));
    let compared: Vec<TokenStream> = compared.filter_map(|(_, path)| path.parse().ok()).collect();
    let compared = (!compared.is_empty()).then(|| quote!(#[derive(#(#compared),*)]));
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #private
        #(#levels)*
        #derives
        #compared
        #vis enum #attribute_enum { #variants }
    }
}

/// Returns the types of attributes that are not known to be storable.
fn unknown_values(attributes: &[AttributeField]) -> Vec<&Type> {
    let everywhere = attributes.iter().filter(|attribute| attribute.cfgs.is_empty());
    distinct(everywhere.flat_map(|attribute| unknown_storable(&attribute.ty)))
}

fn attribute_impl(aggregate: &Aggregate) -> TokenStream {
    let Aggregate { root, state, attributes, .. } = aggregate;
    if attributes.is_empty() {
        return TokenStream::new();
    }
    let attribute_enum = names::attribute_enum(root);
    let state = &state.ident;
    let unknown = unknown_values(attributes);
    let bounds = if unknown.is_empty() { &[][..] } else { &[&attribute_enum] };
    let bounds = lazy_bounds(bounds, &quote!(__es::Kept));
    // A value that cannot be stored is silent in the visitor, too: the compiler reports it once.
    let checked_enum = derives::checked_name(&attribute_enum);
    // If each attribute has a condition, the enum may be empty, and then has no value that a reference leads to.
    let may_be_empty = attributes.iter().all(|attribute| !attribute.cfgs.is_empty());
    let by_ref = may_be_empty.then(|| quote!(ref));
    let unused = may_be_empty.then(|| quote!(#[allow(unreachable_code, unused_variables)]));
    let (visited, begin) = if may_be_empty {
        (quote!(Self), quote!(match *self))
    } else if unknown.is_empty() {
        (quote!(Self), quote!(match self))
    } else {
        let this = names::local("this");
        (quote!(#checked_enum), quote!(let #this: &#checked_enum = self; match #this))
    };
    let by_hand = (!unknown.is_empty()).then(|| {
        let name = &checked_enum;
        let (this, f, value) = (names::local("this"), names::local("f"), names::local("value"));
        let copies = each(attributes, |AttributeField { variant, .. }| {
            quote!(#name::#variant(#value) => #name::#variant(__es::Clone::clone(#value)),)
        });
        let shown = each(attributes, |AttributeField { variant, .. }| {
            let text = variant.to_string();
            quote!(#name::#variant(#value) => #f.debug_tuple(#text).field(#value).finish(),)
        });
        let (copy, show) = (quote!(match #this { #copies }), quote!(match #this { #shown }));
        let checked = checked(&quote!(#attribute_enum), &unknown, &quote!(__es::AssertStorable));
        derives::by_hand(&[], &attribute_enum, &checked, Some(copy), Some(show))
    });
    let types = each(attributes, |AttributeField { field, name, aliases, past, .. }| {
        let version = current_version(past);
        let field = field.unraw().to_string();
        let field = (name.value() != field).then(|| quote!(.of_field(#field)));
        quote!(__es::AttributeType::new(#name, &[#(#aliases),*], #version)#field,)
    });
    let visits = each(attributes, |AttributeField { variant, name, past, .. }| {
        let version = current_version(past);
        quote!(#visited::#variant(#by_ref value) => visitor.attribute(#name, #version, value),)
    });
    let applies = each(
        attributes,
        |AttributeField { field, variant, .. }| quote!(Self::#variant(value) => state.#field = value,),
    );
    let decodes = each(attributes, |AttributeField { variant, ty, name, aliases, past, .. }| {
        let past = upcast::past(past, &quote!(#ty));
        quote!(#name #(| #aliases)* => __es::read_value::<_, #past, _, _>(#visited::#variant, name, version, value),)
    });
    let traced = each(attributes, |AttributeField { ty, name, aliases, past, .. }| {
        let shape = |name: &LitStr| quote!(&__es::attribute_topic::<#root>(#name));
        upcast::traced(&shape(name), ty, past, aliases.iter().map(shape), "")
    });
    let shapes = upcast::stored_shapes(&traced, &[]);
    // Only the compiler knows which conditions hold. If two fields with one name exist, it refuses the second arm,
    // which would never be read.
    let conditions = attributes.iter().any(|attribute| !attribute.cfgs.is_empty());
    let same_name = conditions.then(|| quote!(#[deny(unreachable_patterns)]));
    quote! {
        #[automatically_derived]
        #unused
        impl __es::Attribute for #attribute_enum #bounds {
            type State = #state;
            const TYPES: &'static [__es::AttributeType] = &[#types];
            fn visit<__V: __es::AttributeVisitor>(&self, visitor: __V) -> __V::Output {
                #begin { #visits }
            }
            fn apply(self, state: &mut #state) {
                match self { #applies }
            }
            #same_name
            fn decode<'de, __D: __es::Deserializer<'de>>(
                name: &str,
                version: u32,
                value: __D,
            ) -> __es::Decoded<Self, __D::Error> {
                match name {
                    #decodes
                    _ => __es::None,
                }
            }
        }
        #by_hand
        #shapes
    }
}
