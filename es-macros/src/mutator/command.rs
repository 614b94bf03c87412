//! The methods of the root that record events, and the helpers of the state.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Token, Visibility};

use super::method::{EventMethod, MethodEvent};
use super::model::Mutator;
use super::scope::Names;
use crate::attrs;
use crate::names;

/// Returns the methods of the root that record the event, except those that stand elsewhere because of an expectation.
pub(super) fn recording(names: &Names<'_>, method: &EventMethod) -> Option<TokenStream> {
    let written = &names.mutator.root;
    let plain = !method.attrs.iter().any(attrs::is_expectation);
    let command = plain.then(|| command(names, method)).flatten();
    command.map(|command| quote!(impl #written { #command }))
}

/// Returns methods in place of commands with mistakes, so that their callers compile.
pub(super) fn broken(names: &Names<'_>) -> TokenStream {
    let Mutator { root, broken, .. } = names.mutator;
    if broken.is_empty() { TokenStream::new() } else { quote!(impl #root { #(#broken)* }) }
}

/// Returns the methods that record a made event: one, or two if it creates the aggregate.
pub(super) fn command(names: &Names<'_>, method: &EventMethod) -> Option<TokenStream> {
    let root = &names.root;
    let MethodEvent::Made { name, fields, .. } = &method.event else { return None };
    let EventMethod { vis, fn_token, ident, .. } = method;
    let shown: Vec<&Attribute> = attrs::select(&method.attrs, |attr| {
        attrs::is_cfg(attr)
            || attrs::is_for_callers(attr)
            || attrs::is_lint(attr)
            || !attrs::is_built_in(attr)
    });
    let doc = (!attrs::has_doc(&method.attrs)).then(|| {
        let doc = format!(" Records [`{name}`].");
        quote!(#[doc = #doc])
    });
    let values: Vec<_> = fields.iter().map(|field| &field.pat.ident).collect();
    let types = fields.iter().map(|field| &field.ty);
    let params: Vec<_> = values.iter().zip(types).map(|(ident, ty)| quote!(#ident: #ty)).collect();
    let deprecated = attrs::naming_deprecated(fields.iter().flat_map(|field| &field.attrs));
    let inlined = method.attrs.iter().any(|attr| attr.path().is_ident("inline"));
    let inline = (!inlined).then(|| quote!(#[inline]));
    if !method.creates() {
        let own = names::local("root");
        // A private one is the user's own method to lints, so that the compiler says if nobody calls it.
        let private = matches!(vis, Visibility::Inherited);
        let at = |span| if private { span } else { names::made_at(ident.span()) };
        let fn_token = Token![fn](at(fn_token.span()));
        let mut params = Group::new(Delimiter::Parenthesis, quote!(&mut self, #(#params),*));
        params.set_span(at(method.params_end));
        let recorded = quote! {
            let #own: &mut #root = self;
            #own.__only_events_make_it.record(#name { #(#values),* });
        };
        let mut block = Group::new(Delimiter::Brace, recorded);
        block.set_span(at(method.body.brace_token.span.close()));
        return Some(quote! {
            #(#shown)*
            #doc
            #deprecated
            #inline
            #vis #fn_token #ident #params #block
        });
    }
    let place = names::made_at(ident.span());
    let with_id = names::with_id(ident);
    let id = names::local("id");
    let with_id_doc = format!(" As [`{ident}`](Self::{ident}), under the given id.");
    let kept = attrs::select(&method.attrs, |attr| {
        attrs::is_cfg(attr) || attrs::is_lint(attr) || !attrs::is_built_in(attr)
    });
    // One more than clippy takes for many.
    let many = (params.len() > 6).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    let must_use = quote!(#[must_use = "nothing is stored before the aggregate is saved"]);
    let new_must_use = (!method.attrs.iter().any(attrs::is_must_use)).then_some(&must_use);
    let head = quote_spanned!(place=> fn #with_id(#id: __es::Id<Self>, #(#params),*) -> Self);
    let given_id = quote! {
        #[doc = #with_id_doc]
        #must_use
        #many
        #vis #head {
            #root { __only_events_make_it: __es::Root::<#root>::create(#id, #name { #(#values),* }) }
        }
    };
    let new_id = quote_spanned! {place=>
        #vis fn #ident(#(#params),*) -> Self {
            Self::#with_id(__es::Id::new(), #(#values),*)
        }
    };
    Some(quote! {
        #(#shown)*
        #doc
        #new_must_use
        #deprecated
        #new_id
        #(#kept)*
        #deprecated
        #given_id
    })
}

/// Expands the members without `#[event]`, which become helpers of the state.
pub(super) fn helpers(names: &Names<'_>) -> TokenStream {
    let mutator = names.mutator;
    let helpers = &mutator.helpers;
    if helpers.is_empty() {
        return TokenStream::new();
    }
    // By name: an inherent impl cannot stand on a type that is found through a trait.
    let state = mutator.state();
    quote! {
        impl #state { #(#helpers)* }
    }
}
