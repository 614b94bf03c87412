//! The arguments `version = .., upcast = ..` and `aliases = ..`, which events and attributes share.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, LitInt, LitStr, Type};

use crate::args::Args;
use crate::attrs;
use crate::diag::Diag;

/// Takes the older shapes, oldest first, and checks their number against the version.
pub(crate) fn take(args: &mut Args, current: &str, diag: &mut Diag) -> Vec<Type> {
    let mark = diag.mark();
    let version = args.version("version", diag);
    let past = args.types("upcast", diag);
    for (at, shape) in past.iter().enumerate() {
        let text = attrs::text(shape);
        if past.iter().take(at).any(|older| older == shape) {
            diag.error(shape, format!("`upcast` lists `{text}` twice; remove one"));
        } else if text == current || text == "Self" {
            diag.error(shape, format!("`{text}` is the current shape, not an older one: a cycle; remove it"));
        }
    }
    if newest_first(&past) {
        let listed: Vec<String> = past.iter().rev().map(attrs::text).collect();
        diag.error(
            Listed(&past),
            format!("older shapes are listed oldest first; write `upcast = [{}]`", listed.join(", ")),
        );
    }
    // A value that did not parse is reported already; it is not missing as well.
    if diag.clean_since(mark) {
        check_length(version.as_ref(), &past, diag);
    }
    past
}

/// Returns whether the shapes have numbers, and each a lower one than the shape before it.
fn newest_first(past: &[Type]) -> bool {
    let numbers: Option<Vec<(String, u32)>> = past
        .iter()
        .map(|shape| {
            let text = attrs::text(shape);
            let stem = text.trim_end_matches(|last: char| last.is_ascii_digit());
            Some((stem.to_owned(), text.strip_prefix(stem)?.parse().ok()?))
        })
        .collect();
    numbers.is_some_and(|numbers| {
        numbers.len() > 1
            && numbers.iter().zip(numbers.iter().skip(1)).all(|(one, next)| one.0 == next.0 && one.1 > next.1)
    })
}

fn check_length(version: Option<&(LitInt, u32)>, past: &[Type], diag: &mut Diag) {
    let given = u32::try_from(past.len()).unwrap_or(u32::MAX);
    let next = given.saturating_add(1);
    let Some((written, number)) = version else {
        if let Some(first) = past.first() {
            diag.error(first, format!("`upcast` needs a version; add `version = {next}`"));
        }
        return;
    };
    let needed = number - 1;
    match (needed, given) {
        (0, 0) => diag.error(written, "version 1 is the default; remove `version`"),
        (0, _) => diag.error(written, format!("version 1 has no older shapes; write `version = {next}`")),
        (_, 0) => diag.error(
            written,
            format!("version {number} does not say how older events are read; add `upcast = ..` with {}", shapes(needed)),
        ),
        _ if given < needed => diag.error(
            Listed(past),
            format!("`upcast` is too short: version {number} needs {}, oldest first; add the missing shapes", shapes(needed)),
        ),
        _ if given > needed => diag.error(
            Listed(past),
            format!("`upcast` is too long: version {number} has {}, but the list has {given}; write `version = {next}`", shapes(needed)),
        ),
        _ => {}
    }
}

struct Listed<'a>(&'a [Type]);

impl ToTokens for Listed<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let types = self.0;
        tokens.extend(quote!(#(#types),*));
    }
}

fn shapes(number: u32) -> String {
    match number {
        1 => "the one shape of version 1".to_owned(),
        2 => "the shapes of versions 1 and 2".to_owned(),
        last => format!("the shapes of versions 1 to {last}"),
    }
}

/// Returns the older shapes as the runtime's `OlderShapes`: `((), V1)`, `(((), V1), V2)`. The compiler checks that each
/// can be read and becomes the next one, and reports a failure at the shape.
pub(crate) fn past(shapes: &[Type], current: &TokenStream) -> TokenStream {
    if shapes.is_empty() {
        return quote!(());
    }
    let past = shapes.iter().fold(quote!(()), |older, shape| quote!((#older, #shape)));
    let newer = shapes.iter().skip(1).map(ToTokens::to_token_stream).chain([current.clone()]);
    let asserts = shapes.iter().zip(newer).map(|(shape, newer)| {
        quote_spanned! {shape.span()=>
            let () = <#shape as __es::OldShape>::OK;
            let () = <#shape as __es::Becomes<#newer>>::OK;
        }
    });
    quote!(<#past as __es::Checked<{ #(#asserts)* 0 }>>::Type)
}

/// Reports and drops an alias that is the current name.
pub(crate) fn check_aliases(key: &str, current: &str, aliases: &mut Vec<LitStr>, diag: &mut Diag) {
    for alias in aliases.extract_if(.., |alias| alias.value() == current) {
        diag.error(alias, format!("this alias is the current `{key}`; an alias is an older one: remove it"));
    }
}

/// Returns the calls that record the shapes of a stored value in `events.lock`, under all names that it is, or was,
/// stored under. `source` is the method or struct that stores it; attributes have none.
pub(crate) fn traced<N: ToTokens>(
    topic: &TokenStream,
    current: impl ToTokens,
    past: &[Type],
    aliases: impl Iterator<Item = N>,
    source: &str,
) -> TokenStream {
    let older =
        past.iter().zip(1u32..).map(|(shape, version)| quote!(shapes.past::<#shape>(#topic, #version);));
    let version = current_version(past);
    let stored = if source.is_empty() {
        quote!(shapes.event::<#current>(#topic, #version);)
    } else {
        quote!(shapes.stored::<#current>(#topic, #version, #source);)
    };
    quote!({
        #(#older)*
        #stored
        #(shapes.alias(#topic, #aliases);)*
    })
}

/// Returns the version of the shape that follows the older ones.
pub(crate) fn current_version(past: &[Type]) -> u32 {
    u32::try_from(past.len()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Hands the traced shapes to `events_lock!()`; the runtime drops them outside of tests.
pub(crate) fn stored_shapes(traced: &TokenStream, cfgs: &[&Attribute]) -> TokenStream {
    if traced.is_empty() {
        return TokenStream::new();
    }
    quote! {
        #(#cfgs)*
        __es::stored_shapes! { |shapes| { #traced } }
    }
}
