//! The checks of the fields of an item, and the stand-in for a refused field.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ItemStruct;

use crate::attrs;
use crate::diag::Diag;
use crate::names;
use crate::read_back::ReadBack;
use crate::types::{SHOWN, check_owned, held};
use crate::unstorable;

/// Checks the fields of an item as [`check_owned`] does; `root` is the aggregate, if the item is one. Reports a field
/// that serde would not read as it was written, too: `lost` names the place that would miss a field.
///
/// A refused field gets a type whose definition the function returns. The definition holds the first report as a constant that fails. To the compiler that makes an error type, whose uses it does not report.
pub(crate) fn check_fields(
    item: &mut ItemStruct,
    what: &str,
    lost: &str,
    longest: usize,
    root: Option<&Ident>,
    diag: &mut Diag,
) -> TokenStream {
    let refused = names::refused(&item.ident);
    let mut definition = TokenStream::new();
    let mut read_back = ReadBack::of(&item.attrs, diag);
    for field in &mut item.fields {
        let mut own = Diag::default();
        check_owned(&field.ty, &field.attrs, what, &mut own);
        let is_attribute = field.attrs.iter().any(|attr| attrs::is_ours(attr, "attribute"));
        let longest = if is_attribute { SHOWN } else { longest };
        unstorable::check(&field.ty, &field.attrs, longest, &mut own);
        if let Some(name) = &field.ident {
            read_back.check(name, &field.attrs, &field.ty, lost, &mut own);
        }
        if let Some(root) = root
            && let Some(held) = held(&field.ty, root)
        {
            own.error(held, format!("an aggregate does not hold itself; store the id: `Id<{root}>`"));
        }
        let mut errors = own.into_errors().into_iter();
        let Some(first) = errors.next() else { continue };
        if definition.is_empty() {
            definition = refused_type(&refused, &first);
        } else {
            diag.push(first);
        }
        errors.for_each(|error| diag.push(error));
        field.ty = syn::parse_quote!(#refused);
    }
    read_back.part(&mut item.fields);
    definition
}

fn refused_type(name: &Ident, error: &syn::Error) -> TokenStream {
    let report = error.to_compile_error();
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        type #name = ::core::marker::PhantomData<[(); { #report }]>;
    }
}
