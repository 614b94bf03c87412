//! The aggregate's entries in the registry and in `events.lock`, and the checks of its topics.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::method::{EventMethod, MethodEvent};
use super::scope::Names;
use crate::upcast;

/// Returns the aggregate's entries, and the checks that need the topics of all its events.
pub(super) fn registration(names: &Names<'_>) -> TokenStream {
    let Names { mutator, root, .. } = names;
    let place = quote_spanned!(mutator.ident().span()=> __es::AggregateType::of::<#root>());
    let traced = names.each(|method, _| {
        let MethodEvent::Made { stored, .. } = &method.event else { return None };
        let source = format!("{}::{}", mutator.ident().unraw(), method.ident.unraw());
        let (event, of) = (names.as_event(method), names.checked(method));
        Some(upcast::traced(&quote!(#event::TOPIC), of, &stored.past, stored.aliases.iter(), &source))
    });
    let creators = names.each(|method, _| {
        let event = names.as_event(method);
        method.creates().then(|| quote!(shapes.creator::<#root>(#event::TYPE.topic());))
    });
    let shapes = upcast::stored_shapes(&quote!(#traced #creators shapes.aggregate::<#root>();), &[]);
    let topics = topics(names);
    quote! {
        __es::submit! { #place }
        #shapes
        #topics
    }
}

/// Returns the checks of topics that the macro cannot see: those of events declared elsewhere. If the block makes all
/// events under default topics, two equal topics would need two equal names.
fn topics(names: &Names<'_>) -> TokenStream {
    let Names { mutator, root, .. } = names;
    let default = |method: &EventMethod| match &method.event {
        MethodEvent::Made { stored, .. } => stored.topic.is_none() && stored.aliases.is_empty(),
        MethodEvent::Declared { .. } => false,
    };
    let retired = mutator
        .retired
        .iter()
        .map(|topic| quote_spanned!(topic.span()=> const _: () = __es::retired::<#root>(#topic);));
    let distinct = (!mutator.events.iter().all(default)).then(|| {
        names.each(|method, variant| {
            let event = names.as_event(method);
            let check = if method.is_declared() { quote!(distinct_declared) } else { quote!(distinct) };
            Some(quote_spanned!(variant.span()=> const _: () = __es::#check::<#root>(&#event::TYPE);))
        })
    });
    quote!(#(#retired)* #distinct)
}
