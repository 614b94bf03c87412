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

/// Reports fields of one name, and keeps the first of them.
pub(crate) fn refuse_doubles(fields: &mut syn::Fields, diag: &mut Diag) {
    let syn::Fields::Named(named) = fields else { return };
    let (mut known, mut kept): (Vec<Ident>, _) = (Vec::new(), syn::punctuated::Punctuated::new());
    for field in std::mem::take(&mut named.named) {
        // Under conditions, the two may never exist at once.
        let name = field.ident.clone().filter(|_| !field.attrs.iter().any(attrs::is_cfg));
        if let Some(name) = &name
            && known.contains(name)
        {
            diag.error(name, format!("two fields are called `{name}`; rename one"));
            continue;
        }
        known.extend(name);
        kept.push(field);
    }
    named.named = kept;
}

fn refused_type(name: &Ident, error: &syn::Error) -> TokenStream {
    let report = error.to_compile_error();
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        type #name = ::core::marker::PhantomData<[(); { #report }]>;
    }
}
