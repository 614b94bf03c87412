//! The pieces of an event: its struct, and the impls that say how it changes the state.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Path, Type};

use super::command::command;
use super::method::{EventMethod, Field, MethodEvent};
use super::model::Mutator;
use super::scope::{Names, path, stored_types};
use crate::attrs;
use crate::derives::{self, Part};
use crate::types::{bound_fields, checked, lazy_bounds, shared};

/// Returns the made events, in their module if they have one, and the imports that the expansion's block needs.
pub(super) fn in_module(mutator: &Mutator, structs: TokenStream) -> (TokenStream, TokenStream) {
    let Some(module) = &mutator.module else { return (structs, TokenStream::new()) };
    let vis = mutator.visibility_at(module.span());
    let doc = format!(" The events that methods of [`{}`] make.", mutator.ident());
    let imports = mutator.events.iter().filter_map(|method| {
        let MethodEvent::Made { name, .. } = &method.event else { return None };
        let cfgs = method.cfgs();
        Some(quote!(#(#cfgs)* use #module::#name;))
    });
    let imports = quote!(#(#imports)*);
    let structs = quote! {
        #[doc = #doc]
        #vis mod #module {
            #[allow(unused_imports)]
            use super::*;
            #structs
        }
    };
    (structs, imports)
}

/// Returns the type as a module inside this one names it.
pub(super) fn from_inside(ty: &Type) -> Type {
    fn deeper(tokens: TokenStream) -> TokenStream {
        let (mut deep, mut colons) = (TokenStream::new(), false);
        for token in tokens {
            let after_colons = std::mem::replace(
                &mut colons,
                matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':'),
            );
            deep.extend(match token {
                TokenTree::Ident(ident) if ident == "super" && !after_colons => {
                    quote_spanned!(ident.span()=> super::super)
                }
                TokenTree::Ident(ident) if ident == "self" && !after_colons => {
                    quote_spanned!(ident.span()=> super)
                }
                TokenTree::Group(group) => {
                    let mut deeper = Group::new(group.delimiter(), deeper(group.stream()));
                    deeper.set_span(group.span());
                    TokenTree::Group(deeper).into()
                }
                other => other.into(),
            });
        }
        deep
    }
    syn::parse2(deeper(ty.to_token_stream())).unwrap_or_else(|_| ty.clone())
}

/// Returns the struct that the parameters of a method become.
pub(super) fn event_struct(mutator: &Mutator, own: &[Ident], method: &EventMethod) -> TokenStream {
    let MethodEvent::Made { name, fields, derives, .. } = &method.event else { return TokenStream::new() };
    let private = mutator.runtime.private();
    let serde = mutator.runtime.serde();
    // In a module of its own, that has the visibility.
    let inside = mutator.module.is_some();
    let vis = if inside { Mutator::public_at(name.span()) } else { mutator.visibility_at(name.span()) };
    let types: Vec<Type> =
        fields.iter().map(|field| if inside { from_inside(&field.ty) } else { field.ty.clone() }).collect();
    let cfgs = method.cfgs();
    let levels = attrs::levels_apart(&mutator.levels).into_iter().chain(attrs::levels_apart(&method.attrs));
    let doc = format!(" Recorded by [`{}::{}`].", mutator.ident(), method.ident);
    let unknown = stored_types(method);
    let copied = unknown.is_empty().then(|| quote!(#[derive(::core::clone::Clone, ::core::fmt::Debug)]));
    let derives = derived(mutator.derives.iter().chain(derives));
    let mut attrs: Vec<_> = fields.iter().map(|field| field.attrs.clone()).collect();
    bound_fields(attrs.iter_mut().zip(&types), own, &private);
    let fields = fields.iter().zip(&types).zip(attrs).map(|((Field { pat, .. }, ty), attrs)| {
        let ident = &pat.ident;
        let doc = (!attrs::has_doc(&attrs)).then(|| {
            let doc = format!(" The `{ident}`.");
            quote!(#[doc = #doc])
        });
        quote!(#doc #(#attrs)* #vis #ident: #ty,)
    });
    let item = quote_spanned!(name.span()=> #vis struct #name { #(#fields)* });
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #(#levels)*
        #[allow(missing_copy_implementations, private_interfaces, unreachable_pub)]
        #copied
        #[derive(#private::Serialize, #private::Deserialize)]
        #[serde(crate = #serde)]
        #derives
        #item
    }
}

/// Returns `#[derive(..)]` of the user's derives, each once.
pub(super) fn derived<'a>(asked: impl Iterator<Item = &'a Path>) -> Option<TokenStream> {
    let mut paths: Vec<&Path> = Vec::new();
    for path in asked {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    (!paths.is_empty()).then(|| quote!(#[derive(#(#paths),*)]))
}

/// Returns the impls of one event: its description, the permission to record it, and the user's body.
pub(super) fn event_impls(names: &Names<'_>, method: &EventMethod) -> TokenStream {
    let Names { root, events, state, .. } = names;
    let described = described(names, method);
    let variant = method.variant();
    let event = path(method);
    let cfgs = method.cfgs();
    let declared = method.is_declared();
    let (role, constant, how) = if method.creates() {
        (quote!(Creates), quote!(CREATION), quote!(Creation))
    } else {
        (quote!(Changes), quote!(CHANGE), quote!(Change))
    };
    let (origin, taken_by) =
        if declared { (quote!(Declared), quote!(declared)) } else { (quote!(Made), quote!(made)) };
    let (home, body) = match (method.creates(), declared) {
        (true, false) => (quote!(Begin), "begin"),
        (true, true) => (quote!(BeginRef), "begin_ref"),
        (false, false) => (quote!(Apply), "apply"),
        (false, true) => (quote!(ApplyRef), "apply_ref"),
    };
    // A macro wants the parameters, which the command has. Where there is none, it gets the body.
    let on_body = attrs::select(&method.attrs, |attr| {
        let elsewhere = attrs::is_cfg(attr) || attrs::is_for_callers(attr) || attrs::is_expectation(attr);
        !elsewhere && (declared || attrs::is_built_in(attr))
    });
    let receiver = method.receiver.iter();
    let (given, read) = match &method.event {
        MethodEvent::Made { fields, .. } if fields.is_empty() => (quote!(_: #event), None),
        MethodEvent::Made { fields, .. } => {
            let pats = fields.iter().map(|field| &field.pat);
            let read = fields.iter().map(|field| &field.pat.ident);
            let deprecated = attrs::naming_deprecated(fields.iter().flat_map(|field| &field.attrs));
            // A parameter may be stored for readers alone.
            (quote!(#deprecated #event { #(#pats),* }: #event), Some(quote!(_ = (#(&#read,)*);)))
        }
        MethodEvent::Declared { pat, ty, .. } => (quote!(#pat: &#ty), None),
    };
    // The user's own name of the type: its import is used.
    let unread = || quote!(_: &__es::Envelope);
    let envelope = method.envelope.as_ref().map_or_else(unread, |(pat, ty)| quote!(#pat: #ty));
    let output = method.creates().then_some(&method.output);
    // At the user's method, to which the compiler then points.
    let body = Ident::new(body, method.ident.span());
    let statements = &method.body.stmts;
    // The compiler also points at what is not there: behind the parameters, and at the end of the body.
    let mut params = Group::new(Delimiter::Parenthesis, quote!(#(#receiver,)* #given, #envelope));
    params.set_span(method.params_end);
    let mut block = Group::new(Delimiter::Brace, quote!(#read #(#statements)*));
    block.set_span(method.body.brace_token.span.close());
    // The plain name tells the impls of a declared event in several crates apart.
    let written = &names.mutator.root;
    let of = declared.then(|| quote!(, #written));
    let impls = quote! {
        #described
        #(#cfgs)*
        impl __es::#role<#root #of> for #event {
            type Origin = __es::#origin;
            const #constant: __es::#how<#root, Self, __es::#origin> = __es::#how::#taken_by(__sealed::SEAL, #events::#variant);
        }
        #(#cfgs)*
        impl __es::#home<#event #of> for #state {
            #[inline]
            #(#on_body)*
            fn #body #params #output #block
        }
    };
    let expected = attrs::select(&method.attrs, attrs::is_expectation);
    if expected.is_empty() {
        return impls;
    }
    // Both the command and the body are what is expected to be met by a lint.
    let (written, command) = (&names.mutator.root, command(names, method));
    quote! {
        #(#expected)*
        const _: () = {
            #impls
            impl #written { #command }
        };
    }
}

/// Returns the `impl Event` of a made event.
pub(super) fn described(names: &Names<'_>, method: &EventMethod) -> TokenStream {
    let MethodEvent::Made { name, stored, fields, .. } = &method.event else { return TokenStream::new() };
    let cfgs = method.cfgs();
    let unknown = stored_types(method);
    let storable = quote!(__es::AssertStorable);
    let by_hand = (!unknown.is_empty()).then(|| {
        let checked = if cfgs.is_empty() {
            names.checked(method)
        } else {
            checked(&quote!(#name), &unknown, &storable)
        };
        let parts =
            fields.iter().map(|Field { pat, ty, .. }| Part { cfgs: Vec::new(), name: &pat.ident, ty });
        let parts: Vec<_> = parts.collect();
        let (copied, shown) = (derives::copied(name, &parts), derives::shown(name, &parts));
        derives::by_hand(&cfgs, name, &checked, Some(copied), Some(shown))
    });
    // The block checks the types of events without conditions.
    let shared = (!cfgs.is_empty()).then(|| shared(&unknown, &storable, &cfgs));
    let bounds = if unknown.is_empty() { &[][..] } else { &[name] };
    let bounds = lazy_bounds(bounds, &quote!(__es::Storable));
    let root = &names.root;
    let usual = format!("{}.{}", names.mutator.ident().unraw(), name.unraw());
    let items = stored.items(name, &quote!(__es::topic::<#root, Self>(#usual)), true);
    quote! {
        #(#cfgs)*
        impl __es::Event for #name #bounds { #items }
        #shared
        #by_hand
    }
}
