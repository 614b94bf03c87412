//! A struct that does not parse, because its author is still typing.
//!
//! The compiler reported the mistake before it called the macro. The expansion returns the fields as written: the
//! compiler repeats the report, prints it once, and then accepts any field of the struct. The macro expands the fields
//! that parse.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Field, Fields, Item, ItemStruct, Path, Token};

use crate::attrs;

/// Parses the item. A struct that does not parse comes with the fields that do, and with all of its fields as written.
pub(crate) fn parse(tokens: TokenStream) -> syn::Result<(Item, Option<Group>)> {
    let error = match syn::parse2(tokens.clone()) {
        Ok(item) => return Ok((item, None)),
        Err(error) => error,
    };
    let (item, fields) = readable_struct(tokens).ok_or(error)?;
    Ok((Item::Struct(item), Some(fields)))
}

fn readable_struct(tokens: TokenStream) -> Option<(ItemStruct, Group)> {
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    let Some(TokenTree::Group(fields)) = trees.pop() else { return None };
    trees.push(TokenTree::Group(Group::new(fields.delimiter(), TokenStream::new())));
    let mut item: ItemStruct = syn::parse2(trees.into_iter().collect()).ok()?;
    let Fields::Named(named) = &mut item.fields else { return None };
    named.named = readable.parse2(fields.stream()).ok()?.into_iter().collect();
    Some((item, fields))
}

fn readable(input: ParseStream<'_>) -> syn::Result<Vec<Field>> {
    let mut fields = Vec::new();
    while !input.is_empty() {
        let ahead = input.fork();
        match Field::parse_named(&ahead) {
            Ok(field) => {
                input.advance_to(&ahead);
                fields.push(field);
            }
            Err(_) => {
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<TokenTree>()?;
                }
            }
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(fields)
}

/// The derives of the compiler. Other derives would report that they cannot parse the struct.
const BUILT_IN: &[&str] =
    &["Clone", "Copy", "Debug", "Default", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];

/// Returns the struct for the compiler, with the impls that storing it needs.
pub(crate) fn expand(item: &ItemStruct, fields: &Group, private: &TokenStream) -> TokenStream {
    let ItemStruct { vis, ident, .. } = item;
    let plain = item.attrs.iter().filter(|attr| !attr.path().is_ident("derive") && !is_macros(attr));
    let derives: Vec<Path> = BUILT_IN
        .iter()
        .filter(|name| attrs::derives(&item.attrs, name))
        .filter_map(|name| syn::parse_str(&format!("::core::prelude::v1::{name}")).ok())
        .collect();
    // The bodies of these impls never run: the reported mistake fails the build.
    let clone = (!attrs::derives(&item.attrs, "Clone")).then(|| {
        quote! {
            impl #private::Clone for #ident {
                fn clone(&self) -> Self {
                    ::core::panic!()
                }
            }
        }
    });
    let mut typed = Group::new(fields.delimiter(), without_attributes(fields.stream()));
    typed.set_span(fields.span_close());
    quote! {
        #(#plain)*
        #[derive(#(#derives),*)]
        #[allow(dead_code)]
        #vis struct #ident #typed
        #clone
        impl #private::serde::Serialize for #ident {
            fn serialize<S: #private::serde::Serializer>(&self, _: S) -> #private::Result<S::Ok, S::Error> {
                ::core::panic!()
            }
        }
        impl<'de> #private::serde::Deserialize<'de> for #ident {
            fn deserialize<D: #private::serde::Deserializer<'de>>(_: D) -> #private::Result<Self, D::Error> {
                ::core::panic!()
            }
        }
        #private::half_typed! { #ident {} }
    }
}

/// Returns whether the attribute belongs to a macro that never sees the struct.
fn is_macros(attr: &Attribute) -> bool {
    attr.path().is_ident("serde") || ["attribute", "event"].iter().any(|name| attrs::is_ours(attr, name))
}

/// Returns the fields without the attributes that belong to a macro.
fn without_attributes(tokens: TokenStream) -> TokenStream {
    let mut trees = tokens.into_iter().peekable();
    let mut kept = TokenStream::new();
    while let Some(tree) = trees.next() {
        if let (TokenTree::Punct(hash), Some(TokenTree::Group(brackets))) = (&tree, trees.peek())
            && hash.as_char() == '#'
            && Attribute::parse_outer
                .parse2(quote!(#hash #brackets))
                .is_ok_and(|attrs| attrs.iter().any(is_macros))
        {
            trees.next();
            continue;
        }
        tree.to_tokens(&mut kept);
    }
    kept
}
