//! What can be said of a type from its tokens alone.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, GenericArgument, LitStr, PathArguments, Type, TypePath};

use crate::diag::Diag;

/// Types of the standard library (and ids) that can always be stored, so that no bound need say so:
/// a bound for each field would cost more compile time than the rest of the expansion.
const STORABLE: &[&str] = &[
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64", "String", "Uuid",
];
const STORABLE_OF: &[&str] =
    &["Option", "Vec", "Box", "BTreeMap", "BTreeSet", "HashMap", "HashSet", "VecDeque"];

/// Whether the type is made of types that are known to be storable.
pub(crate) fn is_known_storable(ty: &Type) -> bool {
    match peel(ty) {
        Type::Path(TypePath { qself: None, path, .. }) => {
            let [segment] = path.segments.iter().collect::<Vec<_>>()[..] else { return false };
            match &segment.arguments {
                PathArguments::None => STORABLE.iter().any(|name| segment.ident == name),
                PathArguments::AngleBracketed(arguments) => {
                    STORABLE_OF.iter().any(|name| segment.ident == name)
                        && arguments.args.iter().all(|argument| match argument {
                            GenericArgument::Type(ty) => is_known_storable(ty),
                            _ => false,
                        })
                }
                PathArguments::Parenthesized(_) => false,
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().all(is_known_storable),
        // A report in the place of a type.
        Type::Macro(_) => true,
        _ => false,
    }
}

/// Types that change behind a shared reference.
const CELLS: &[&str] = &[
    "Cell",
    "RefCell",
    "UnsafeCell",
    "OnceCell",
    "LazyCell",
    "OnceLock",
    "LazyLock",
    "Mutex",
    "RwLock",
    "AtomicBool",
    "AtomicU8",
    "AtomicU16",
    "AtomicU32",
    "AtomicU64",
    "AtomicUsize",
    "AtomicI8",
    "AtomicI16",
    "AtomicI32",
    "AtomicI64",
    "AtomicIsize",
    "AtomicPtr",
];

/// Reports what keeps a type from being stored: it borrows, is not named, or changes without an event.
pub(crate) fn check_owned(ty: &Type, what: &str, diag: &mut Diag) {
    Finder { what, diag }.visit_type(ty);
}

/// As [`check_owned`], and puts the report in the place of the type: the compiler is then silent about all
/// that follows from it.
pub(crate) fn check_owned_field(ty: &mut Type, what: &str, diag: &mut Diag) {
    let mut own = Diag::default();
    check_owned(ty, what, &mut own);
    let mut errors = own.into_errors().into_iter();
    if let Some(first) = errors.next()
        && let Ok(poisoned) = syn::parse2(first.to_compile_error())
    {
        *ty = poisoned;
    }
    errors.for_each(|error| diag.push(error));
}

struct Finder<'a> {
    what: &'a str,
    diag: &'a mut Diag,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        let what = self.what;
        match ty {
            Type::Reference(reference) => {
                let owned = match &*reference.elem {
                    Type::Path(path) if path.path.is_ident("str") => "`String`".to_owned(),
                    Type::Slice(_) => "`Vec<_>`".to_owned(),
                    elem => format!("`{}`", crate::attrs::text(elem)),
                };
                self.diag.error(reference, format!("{what} cannot borrow; take {owned}"));
            }
            Type::ImplTrait(of) => {
                self.diag.error(of, format!("{what} needs a named type; `impl Trait` has no stored form"));
            }
            Type::Infer(infer) => self.diag.error(infer, format!("write the type of {what}")),
            _ => visit::visit_type(self, ty),
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        self.diag.error(lifetime, format!("{} cannot borrow; use a type that owns its data", self.what));
    }

    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        if CELLS.iter().any(|cell| segment.ident == cell) {
            self.diag.error(
                &segment.ident,
                format!(
                    "`{}` can change without an event; {} holds plain values that only event methods change",
                    segment.ident, self.what
                ),
            );
        }
        visit::visit_path_segment(self, segment);
    }
}

/// Tells the compiler to check that each of `types` fulfils `bound`, and to say so at the type.
pub(crate) fn assert_all(types: &[&Type], bound: &TokenStream, cfgs: &[&Attribute]) -> TokenStream {
    if types.is_empty() {
        return TokenStream::new();
    }
    let asserts = types.iter().map(|ty| quote_spanned!(ty.span()=> const _: () = <#ty as #bound>::OK;));
    asserts.map(|assert| quote!(#(#cfgs)* #assert)).collect()
}

/// `for<'a> T: Bound<'a>` for each type. Such a bound is checked only where the impl is used: without it,
/// each derive would report a type that cannot be stored once more, in serde's words.
pub(crate) fn lazy_bounds(types: &[&Type], bound: &TokenStream) -> TokenStream {
    quote!(#(for<'a> #types: #bound<'a>),*)
}

/// The same bounds for serde's derives.
pub(crate) fn serde_bounds(types: &[&Type], bound: &TokenStream) -> TokenStream {
    let Some(first) = types.first() else { return TokenStream::new() };
    let text = LitStr::new(&lazy_bounds(types, bound).to_string(), first.span());
    quote!(#[serde(bound(serialize = #text, deserialize = #text))])
}

/// The type itself, without the invisible group that a `macro_rules` variable arrives in, or brackets.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        ty => ty,
    }
}
