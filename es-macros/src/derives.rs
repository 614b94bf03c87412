//! `Clone` and `Debug` for types whose fields may not be storable.
//!
//! The derives would report such a field once more each, in their own words. Here the value goes through `Checked`,
//! whose report the expansion makes anyway. If all types are known, the expansion uses the derives.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Type};

use crate::names;

/// The traits that the enum of attributes derives if the struct does.
pub(crate) const COMPARED: [(&str, &str); 5] = [
    ("PartialEq", "::core::cmp::PartialEq"),
    ("Eq", "::core::cmp::Eq"),
    ("PartialOrd", "::core::cmp::PartialOrd"),
    ("Ord", "::core::cmp::Ord"),
    ("Hash", "::core::hash::Hash"),
];

/// A field of a struct.
pub(crate) struct Part<'a> {
    pub(crate) cfgs: Vec<&'a Attribute>,
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
}

/// Returns the name of the checked type in the expansion's block: `Opened` → `__Opened`.
pub(crate) fn checked_name(item: &Ident) -> Ident {
    // Not spanned at the item: the compiler would suggest generic parameters for it.
    format_ident!("__{}", item.unraw(), span = Span::call_site())
}

/// Returns the impls whose body is `Some`. A body is an expression of the local `this`, and `Debug`'s also of `f`.
/// `checked` is the type.
pub(crate) fn by_hand(
    cfgs: &[&Attribute],
    item: &Ident,
    checked: &TokenStream,
    copied: Option<TokenStream>,
    shown: Option<TokenStream>,
) -> TokenStream {
    let name = checked_name(item);
    let (this, f) = (names::local("this"), names::local("f"));
    let clone = copied.map(|copied| {
        quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl __es::Clone for #item {
                #[inline]
                fn clone(&self) -> Self {
                    let #this: &#name = self;
                    #copied
                }
            }
        }
    });
    let debug = shown.map(|shown| {
        quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl __es::Debug for #item {
                fn fmt(&self, #f: &mut __es::Formatter<'_>) -> __es::fmt::Result {
                    let #this: &#name = self;
                    #shown
                }
            }
        }
    });
    quote!(#(#cfgs)* type #name = #checked; #clone #debug)
}

/// Returns an expression that copies the struct `this`.
pub(crate) fn copied(item: &Ident, parts: &[Part<'_>]) -> TokenStream {
    let name = checked_name(item);
    let fields = parts.iter().map(|Part { cfgs, name, ty }| {
        let this = names::local_at("this", ty.span());
        let value = quote_spanned!(ty.span()=> &#this.#name);
        quote!(#(#cfgs)* #name: __es::Clone::clone(#value),)
    });
    quote!(#name { #(#fields)* })
}

/// Returns an expression that formats the struct `this` into `f`.
pub(crate) fn shown(item: &Ident, parts: &[Part<'_>]) -> TokenStream {
    let text = item.unraw().to_string();
    let f = names::local("f");
    let fields = parts.iter().map(|Part { name, ty, .. }| {
        let text = name.unraw().to_string();
        let this = names::local_at("this", ty.span());
        let value = quote_spanned!(ty.span()=> &#this.#name);
        quote!(.field(#text, #value))
    });
    quote!(#f.debug_struct(#text) #(#fields)* .finish())
}
