//! Types whose tokens show that nothing can store them.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, ExprLit, GenericArgument, Lit, PathArguments, PathSegment, Type, TypeArray,
    TypeParamBound, TypePath,
};

use crate::attrs;
use crate::diag::Diag;
use crate::types::{is_known_storable, peel};

/// Reports types that cannot be stored, unless the field has attributes of serde. A tuple may have up to `longest`
/// values.
pub(crate) fn check(ty: &Type, written: &[Attribute], longest: usize, diag: &mut Diag) {
    if let Some(owned) = sized(ty) {
        diag.error(ty, format!("`{}` has no size of its own; write `{owned}`", peel(ty).to_token_stream()));
    } else if !attrs::has_serde(written) {
        Unstorable { longest, diag }.visit_type(ty);
    }
}

/// Returns the type to write in place of one that has no size.
pub(crate) fn sized(ty: &Type) -> Option<String> {
    match peel(ty) {
        Type::Path(path) if path.path.is_ident("str") => Some("String".to_owned()),
        Type::Slice(slice) => Some(format!("Vec<{}>", attrs::text(&slice.elem))),
        Type::TraitObject(object) if !object.bounds.iter().any(is_code) => {
            Some(format!("Box<{}>", object.to_token_stream()))
        }
        _ => None,
    }
}

/// The longest array that serde can read.
const LONGEST_ARRAY: u64 = 32;

fn is_longer_than_serde_stores(array: &TypeArray) -> bool {
    let Expr::Lit(ExprLit { lit: Lit::Int(length), .. }) = &array.len else { return false };
    length.base10_parse::<u64>().is_ok_and(|length| length > LONGEST_ARRAY)
}

struct Unstorable<'a> {
    longest: usize,
    diag: &'a mut Diag,
}

impl<'ast> Visit<'ast> for Unstorable<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        let code = "code has no stored form; store what it decides by, such as a number or an enum";
        match ty {
            Type::TraitObject(object) if object.bounds.iter().any(is_code) => self.diag.error(object, code),
            Type::FnPtr(function) => self.diag.error(function, code),
            Type::Ptr(pointer) => {
                let to = attrs::text(&pointer.elem);
                self.diag.error(pointer, format!("a pointer has no stored form; store the value: `{to}`"));
            }
            Type::Tuple(tuple) if tuple.elems.len() > self.longest => self.diag.error(
                tuple,
                format!(
                    "a tuple of {} values cannot be stored, only one of up to {}; write a struct with named fields",
                    tuple.elems.len(),
                    self.longest
                ),
            ),
            Type::Array(array) if is_longer_than_serde_stores(array) => {
                let element = attrs::text(&array.elem);
                self.diag.error(
                    array,
                    format!(
                        "serde stores arrays of up to {LONGEST_ARRAY} elements; take `Vec<{element}>`, or say how to store it by \
                         `#[serde(with = \"..\")]`"
                    ),
                );
            }
            _ => visit::visit_type(self, ty),
        }
    }

    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        // It holds no value of the type that it names.
        if segment.ident == "PhantomData" {
            return;
        }
        let ordered = ["BTreeMap", "BTreeSet"].iter().any(|name| segment.ident == name);
        let hashed = ["HashMap", "HashSet"].iter().any(|name| segment.ident == name);
        if (ordered || hashed)
            && let Some(key) = arguments(segment).first()
            && let Some(of) = no_key(key)
        {
            let lacks = if ordered { "order" } else { "hash" };
            let remedy = match of.ident.to_string().as_str() {
                "HashMap" => "take a `BTreeMap` as the key",
                "HashSet" => "take a `BTreeSet` as the key",
                _ => "take an integer as the key, or a `Vec` of pairs",
            };
            self.diag
                .error(*key, format!("`{}` cannot be a key, since it has no {lacks}; {remedy}", of.ident));
            return;
        }
        visit::visit_path_segment(self, segment);
    }
}

/// Returns whether the bound is `Fn(..)`, or one of its kind.
fn is_code(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(of) = bound else { return false };
    of.path.segments.last().is_some_and(|last| matches!(last.arguments, PathArguments::Parenthesized(_)))
}

/// Returns the part of the type, one of the standard library, that keeps it from being a key.
fn no_key(ty: &Type) -> Option<&PathSegment> {
    match peel(ty) {
        Type::Path(TypePath { qself: None, path, .. }) => {
            let [segment] = path.segments.iter().collect::<Vec<_>>()[..] else { return None };
            if ["f32", "f64", "HashMap", "HashSet"].iter().any(|name| segment.ident == name) {
                return Some(segment);
            }
            ["Option", "Vec", "Box", "BTreeMap", "BTreeSet", "VecDeque"]
                .iter()
                .any(|name| segment.ident == name)
                .then(|| arguments(segment).into_iter().find_map(no_key))?
        }
        Type::Tuple(tuple) => tuple.elems.iter().find_map(no_key),
        Type::Array(array) => no_key(&array.elem),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Returns whether a type with the name of the struct `name`, which holds `ty`, must be another type. It must if the
/// struct would hold a value of itself, or if the name is generic or of the standard library. A `Box` or a `Vec` may
/// hold the same struct.
pub(crate) fn holds(ty: &Type, name: &Ident) -> bool {
    match peel(ty) {
        Type::Path(TypePath { qself: None, path, .. }) => {
            let [segment] = path.segments.iter().collect::<Vec<_>>()[..] else { return false };
            let inside = arguments(segment);
            if segment.ident == *name {
                return true;
            }
            let apart = segment.ident != "Option" && !is_known_storable(&syn::parse_quote!(#name));
            inside.into_iter().any(|ty| if apart { is_generic(ty, name) } else { holds(ty, name) })
        }
        Type::Tuple(tuple) => tuple.elems.iter().any(|ty| holds(ty, name)),
        Type::Array(array) => holds(&array.elem, name),
        _ => false,
    }
}

/// Returns whether the type contains a generic type with the name `name`.
fn is_generic(ty: &Type, name: &Ident) -> bool {
    let Type::Path(path) = peel(ty) else { return false };
    path.path.segments.iter().any(|segment| {
        let inside = arguments(segment);
        segment.ident == *name && !inside.is_empty() || inside.into_iter().any(|ty| is_generic(ty, name))
    })
}

/// Replaces `Self` in the type of a field by the name of the struct: in generated code, `Self` means nothing. In ids,
/// `Self` becomes `root`: the struct of a state is no aggregate.
pub(crate) fn name_self(ty: &mut Type, item: &Ident, root: Option<&Ident>, diag: &mut Diag) {
    Naming { item, root, diag }.visit_type_mut(ty);
}

struct Naming<'a> {
    item: &'a Ident,
    root: Option<&'a Ident>,
    diag: &'a mut Diag,
}

impl VisitMut for Naming<'_> {
    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        if let Some(root) = self.root
            && segment.ident == "Id"
            && let [Type::Path(of)] = arguments(segment)[..]
            && of.path.is_ident("Self")
        {
            self.diag.error(of, format!("`Self` is the state here, which has no id; write `Id<{root}>`"));
        }
        visit_mut::visit_path_segment_mut(self, segment);
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        if let Some(first) = path.segments.first_mut()
            && first.ident == "Self"
        {
            let span = first.ident.span();
            first.ident = self.item.clone();
            first.ident.set_span(span);
        }
    }
}
