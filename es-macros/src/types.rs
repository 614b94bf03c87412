//! Facts about a type that its tokens alone show.

use std::collections::HashSet;
use std::iter;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, GenericArgument, LitStr, PathArguments, PathSegment, Token, Type, TypePath, Visibility,
};

use crate::attrs;
use crate::diag::Diag;
use crate::names;

/// The most values that a tuple may have if `Debug` formats it, and if it is only stored.
pub(crate) const SHOWN: usize = 12;
pub(crate) const STORED: usize = 16;

/// Types of the standard library (and ids) that can always be stored. They need no bound: a bound for each field would
/// cost more compile time than the rest of the expansion.
const STORABLE: &[&str] = &[
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64", "String",
];
const STORABLE_OF: &[&str] =
    &["Option", "Vec", "Box", "BTreeMap", "BTreeSet", "HashMap", "HashSet", "VecDeque"];

/// Returns whether the type consists of types that are known to be storable.
pub(crate) fn is_known_storable(ty: &Type) -> bool {
    match peel(ty) {
        Type::Path(TypePath { qself: None, path, .. }) => {
            let segment = match path.segments.iter().collect::<Vec<_>>()[..] {
                [segment] => segment,
                // A bare `Uuid` may be a type of the user's.
                [of, name] => return of.ident == "uuid" && name.ident == "Uuid",
                _ => return false,
            };
            match &segment.arguments {
                PathArguments::None => {
                    STORABLE.iter().any(|name| segment.ident == name) || names::is_refused(&segment.ident)
                }
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
        Type::Tuple(tuple) => tuple.elems.len() <= SHOWN && tuple.elems.iter().all(is_known_storable),
        _ => false,
    }
}

/// Returns the types that decide whether `ty` can be stored and are not known to be: `ty` itself, or types inside it.
pub(crate) fn unknown_storable(ty: &Type) -> Vec<&Type> {
    let ty = peel(ty);
    if is_known_storable(ty) {
        return Vec::new();
    }
    match ty {
        Type::Tuple(tuple) if tuple.elems.len() <= SHOWN => {
            tuple.elems.iter().flat_map(unknown_storable).collect()
        }
        Type::Path(path) => unknown_element(path).map_or_else(|| vec![ty], unknown_storable),
        _ => vec![ty],
    }
}

/// Returns the types without those that are written as one before them.
pub(crate) fn distinct<'a>(types: impl Iterator<Item = &'a Type>) -> Vec<&'a Type> {
    let mut known = HashSet::new();
    // `$crate` is another crate in each macro.
    types.filter(|ty| mentions(ty.to_token_stream(), &|name| name == "$crate") || known.insert(*ty)).collect()
}

/// Returns the element of a plain container. The elements of a set and an unknown key need more than to be storable,
/// and a box may hold a type without a size: there the compiler checks the whole type.
fn unknown_element(ty: &TypePath) -> Option<&Type> {
    let [segment] = ty.path.segments.iter().collect::<Vec<_>>()[..] else { return None };
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let is = |names: &[&str]| ty.qself.is_none() && names.iter().any(|name| segment.ident == name);
    match arguments.args.iter().collect::<Vec<_>>()[..] {
        [GenericArgument::Type(element)] if is(&["Option", "Vec", "VecDeque"]) => Some(element),
        [GenericArgument::Type(key), GenericArgument::Type(value)]
            if is(&["BTreeMap", "HashMap"]) && is_known_storable(key) =>
        {
            Some(value)
        }
        _ => None,
    }
}

/// Types of the standard library that change behind a shared reference, and hold another type.
const CELLS: &[&str] =
    &["Cell", "RefCell", "UnsafeCell", "OnceCell", "LazyCell", "OnceLock", "LazyLock", "Mutex", "RwLock"];

/// Types of the standard library that change behind a shared reference, and hold a number or a pointer.
const ATOMICS: &[&str] = &[
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

/// Reports each reason that keeps a type from being stored. It borrows, has no name, changes without an event, or would
/// differ once read. `attrs` are those of the field.
pub(crate) fn check_owned(ty: &Type, attrs: &[Attribute], what: &str, diag: &mut Diag) {
    Finder { what, diag, by_serde: !attrs::has_serde(attrs) }.visit_type(ty);
}

/// Returns the stand-in for an item that the macro refuses as a whole. `names` become types that hold the first report
/// as a constant that fails, so that the compiler does not report their uses.
pub(crate) fn refused_item(vis: &Visibility, item: &Ident, names: &[Ident], diag: &mut Diag) -> TokenStream {
    let Some(first) = diag.take_first() else { return TokenStream::new() };
    let report = first.to_compile_error();
    let refused = names::refused(item);
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #refused<const N: usize>(());
        #(#[allow(dead_code)] #vis type #names = #refused<{ #report }>;)*
    }
}

struct Finder<'a> {
    what: &'a str,
    diag: &'a mut Diag,
    /// True if serde stores the value by its own rules; a `#[serde(with = ..)]` may store it otherwise.
    by_serde: bool,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        let what = self.what;
        match ty {
            Type::Reference(reference) => {
                let owned = match &*reference.elem {
                    Type::Path(path) if path.path.is_ident("str") => "`String`".to_owned(),
                    Type::Slice(_) => "`Vec<_>`".to_owned(),
                    elem => format!("`{}`", attrs::text(elem)),
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
        // serde reads `Cow<'static, str>` as a value that owns its data.
        if lifetime.ident == "static" {
            return;
        }
        self.diag.error(lifetime, format!("{} cannot borrow; use a type that owns its data", self.what));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(last) = path.segments.last()
            && may_be_of_std(path)
        {
            let (name, what) = (&last.ident, self.what);
            let holds = matches!(last.arguments, PathArguments::AngleBracketed(_));
            let is = |names: &[&str]| names.iter().any(|known| name == known);
            if (holds && is(CELLS)) || is(ATOMICS) {
                self.diag.error(
                    name,
                    format!(
                        "`{name}` can change without an event; {what} holds plain values that only event methods change"
                    ),
                );
            }
            // The compiler would report this for every type that holds the `Rc`.
            if holds && is(&["Rc"]) {
                self.diag.error(
                    name,
                    format!("`Rc` stays in one thread, {what} does not; take the value itself, or an `Arc`"),
                );
            }
        }
        visit::visit_path(self, path);
    }

    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        if self.by_serde
            && let Some(inner) = only_argument(segment, "Option")
            && let Some(null) = stored_as_null(inner)
        {
            self.diag.error(
                segment,
                format!(
                    "`Some({null})` is stored as `null`, and read as `None`; take one `Option`, or an enum of your own"
                ),
            );
            return;
        }
        visit::visit_path_segment(self, segment);
    }
}

/// Returns the type with the name `name`: `ty` itself, or one inside containers that hold their elements.
pub(crate) fn held<'a>(ty: &'a Type, name: &Ident) -> Option<&'a Type> {
    const HOLD: &[&str] =
        &["Option", "Box", "Arc", "Vec", "VecDeque", "BTreeMap", "HashMap", "BTreeSet", "HashSet"];
    let ty = peel(ty);
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            match &last.arguments {
                PathArguments::None => (last.ident == *name).then_some(ty),
                PathArguments::AngleBracketed(arguments) if HOLD.iter().any(|hold| last.ident == hold) => {
                    arguments.args.iter().find_map(|argument| match argument {
                        GenericArgument::Type(inner) => held(inner, name),
                        _ => None,
                    })
                }
                _ => None,
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|inner| held(inner, name)),
        Type::Array(array) => held(&array.elem, name),
        _ => None,
    }
}

/// Returns whether the type is a path that ends in `name`.
pub(crate) fn named_last(ty: &Type, name: &str) -> bool {
    matches!(peel(ty), Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}

/// Returns the type in `Name<..>`, if it is the only argument.
pub(crate) fn only_argument<'a>(segment: &'a PathSegment, name: &str) -> Option<&'a Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let [GenericArgument::Type(ty)] = arguments.args.iter().collect::<Vec<_>>()[..] else { return None };
    (segment.ident == name).then(|| peel(ty))
}

/// Returns the value of the type that serde writes as JSON's `null`.
fn stored_as_null(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Path(path) => {
            path.path.segments.last().and_then(|last| only_argument(last, "Option")).map(|_| "None")
        }
        Type::Tuple(tuple) if tuple.elems.is_empty() => Some("()"),
        _ => None,
    }
}

/// Returns whether the path may lead into the standard library: `Cell`, `cell::Cell`, `std::cell::Cell`.
fn may_be_of_std(path: &syn::Path) -> bool {
    let mut modules = path.segments.iter().rev().skip(1);
    modules.all(|module| {
        ["std", "core", "alloc", "cell", "rc", "sync", "atomic"].iter().any(|known| module.ident == known)
    })
}

/// Returns `checked`, with an assertion for each of `types` that the compiler evaluates and reports at that type.
pub(crate) fn checked(checked: &TokenStream, types: &[&Type], assertion: &TokenStream) -> TokenStream {
    if types.is_empty() {
        return checked.clone();
    }
    let asserts = types.iter().map(|ty| quote_spanned!(ty.span()=> let () = <#ty as #assertion>::OK;));
    quote!(<#checked as __es::Checked<{ #(#asserts)* 0 }>>::Type)
}

/// Returns assertions that each of `types` goes from thread to thread. A type that fails `assertion` already has its
/// report, and gets no second one.
pub(crate) fn shared(types: &[&Type], assertion: &TokenStream, cfgs: &[&Attribute]) -> TokenStream {
    if types.is_empty() {
        return TokenStream::new();
    }
    let asserts = types.iter().map(|ty| assert_shared(ty, assertion));
    let frozen = types.iter().map(|ty| frozen(ty, cfgs));
    quote!(#(#cfgs)* const _: () = { #(#asserts)* }; #(#frozen)*)
}

/// Returns the assertion that one type goes from thread to thread.
pub(crate) fn assert_shared(ty: &Type, assertion: &TokenStream) -> TokenStream {
    quote_spanned! {ty.span()=>
        let () = <<#ty as __es::Checked<{ let () = <#ty as #assertion>::OK; 0 }>>::Type as __es::AssertShared>::OK;
    }
}

/// Returns an assertion that the type holds no cell: the compiler refuses to borrow such a value in a constant (E0492).
/// Its message has the name of the constant.
pub(crate) fn frozen(ty: &Type, cfgs: &[&Attribute]) -> TokenStream {
    // The name is code of the macro: otherwise the compiler would suggest an unknown type as a parameter of the
    // constant.
    let unnamed = Token![_](Span::call_site().located_at(ty.span()));
    quote_spanned!(ty.span()=> #(#cfgs)* const #unnamed: &__es::MaybeUninit<#ty> = &__es::MaybeUninit::uninit();)
}

/// Returns `where for<'a> Item: Bound<'a>` for each stored type that the expansion makes. The compiler checks such a
/// bound only if the impl is used. Without it, the impl would report a type that cannot be stored again, in other
/// words.
pub(crate) fn lazy_bounds(items: &[&Ident], bound: &TokenStream) -> TokenStream {
    if items.is_empty() { TokenStream::new() } else { quote!(where #(for<'a> #items: #bound<'a>),*) }
}

/// Gives each field the bounds of serde's derives, which the compiler checks only if an impl is used.
///
/// The bounds stand at the field and name its type once more: at one place, the compiler prints a report once. Another
/// type in each bound tells them apart: `()`, `((),)`, `(((),),)`. Two types may be written differently and be one, and
/// the compiler does not choose between two equal bounds. A type that names one of `own`, the stored types that the expansion makes, gets no bound:
/// it would depend on itself.
pub(crate) fn bound_fields<'a>(
    fields: impl Iterator<Item = (&'a mut Vec<Attribute>, &'a Type)>,
    own: &[Ident],
    private: &TokenStream,
) {
    // serde reads the bounds as a string, in which `$crate` is no path.
    let unsaid = |name: &Ident| name == "$crate" || own.iter().any(|own| own.unraw() == name.unraw());
    let (mut marks, mut known) =
        (iter::successors(Some(quote!(())), |mark| Some(quote!((#mark,)))), HashSet::new());
    for (written, ty) in fields {
        if written.iter().any(|attr| attrs::is_cfg(attr) || attr.path().is_ident("serde")) {
            continue;
        }
        let mut types = unknown_storable(ty);
        types.retain(|ty| !mentions(ty.to_token_stream(), &unsaid) && known.insert(*ty));
        let Some(place) = types.first().map(|ty| name_span(ty)) else { continue };
        let at: Vec<TokenStream> = marks.by_ref().take(types.len()).collect();
        let text = |bounds: TokenStream| LitStr::new(&bounds.to_string(), place);
        let serialize = text(quote!(#(for<'a> #types: #private::Written<'a, #at>),*));
        // The bound has the lifetime of serde's impl: to the compiler, one `for<'a>` never equals another.
        let deserialize = text(quote!(#(#types: #private::Read<'de, #at>),*));
        written.push(syn::parse_quote!(#[serde(bound(serialize = #serialize, deserialize = #deserialize))]));
    }
}

/// Returns the place where the compiler reports that the type is unknown or private.
fn name_span(ty: &Type) -> Span {
    match ty {
        Type::Path(path) => path.path.segments.last().map_or_else(|| ty.span(), |last| last.ident.span()),
        ty => ty.span(),
    }
}

/// Returns whether one of the words in the tokens is such a name.
pub(crate) fn mentions(tokens: TokenStream, name: &impl Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => name(&ident),
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// Returns the type without parentheses, and without the invisible group around a `macro_rules` variable.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        ty => ty,
    }
}
