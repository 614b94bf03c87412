use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Type};

use super::arguments::Ignored;
use super::handler::Handler;
use super::model::{Place, Projection};
use super::param::Given;
use super::role::Rows;
use crate::attrs;
use crate::names;
use crate::types::peel;

/// A pair of a handler and one kind of rows of one aggregate, by its number.
struct Route<'a> {
    number: usize,
    source: usize,
    of: &'a Rows,
    handler: &'a Handler,
}

impl Route<'_> {
    fn calls_the_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.handler, other.handler) && self.source == other.source
    }
}

/// Returns the whole expansion of the block. If it has mistakes, nothing is checked that needs all of it.
pub(super) fn expand(projection: &Projection, is_clean: bool) -> TokenStream {
    let Projection { arguments, item, view, half_typed, .. } = projection;
    let cfgs = projection.cfgs();
    let levels = attrs::levels_apart(&item.attrs);
    let deprecated = deprecated(projection);
    let use_runtime = arguments.runtime.use_private();
    let routes = routes(projection);
    let aliases = aliases(projection, &routes);
    let seen = seen(projection);
    let projected = projected(projection, &routes);
    let applied = applied(projection, &routes);
    let checks = checks(projection, &routes, is_clean);
    let locked = is_clean.then(|| locked(projection));
    quote! {
        #item
        #(#cfgs)*
        #[allow(unused_qualifications)]
        #(#levels)*
        #deprecated
        const _: () = {
            #use_runtime
            #aliases
            #seen
            #projected
            #applied
            #checks
            #locked
            #(__es::half_typed! { #view { #half_typed } })*
        };
    }
}

/// Allows the expansion to name deprecated events, if the block may.
fn deprecated(projection: &Projection) -> Option<TokenStream> {
    let methods = projection.item.items.iter().filter_map(|member| match member {
        syn::ImplItem::Fn(method) => Some(&method.attrs),
        _ => None,
    });
    let mut written = methods.flatten().chain(&projection.item.attrs);
    written
        .any(|attr| {
            let levels = attrs::is_lint(attr) || attrs::is_expectation(attr);
            attr.path().is_ident("deprecated")
                || levels && attrs::mentions(std::slice::from_ref(attr), "deprecated")
        })
        .then(|| quote!(#[allow(deprecated)]))
}

fn routes(projection: &Projection) -> Vec<Route<'_>> {
    let mut routes = Vec::new();
    for handler in &projection.handlers {
        let sources = match handler.source {
            Some(source) => source..source + 1,
            None => 0..projection.arguments.aggregates.len(),
        };
        for source in sources {
            for role in &handler.roles {
                routes.push(Route { number: routes.len(), source, of: &role.of, handler });
            }
        }
    }
    routes
}

fn aggregate(source: usize) -> Ident {
    names::local(&format!("__Of{source}"))
}

fn attributes(number: usize) -> Ident {
    names::local(&format!("__Attribute{number}"))
}

/// Returns the names of types in the expansion's block. For a type that breaks a rule, the compiler reports an error at
/// the first name, and none at the uses of the others.
fn aliases(projection: &Projection, routes: &[Route<'_>]) -> TokenStream {
    let view = &projection.view;
    let shared = quote_spanned!(view.span()=> <#view as __es::checks::AssertView>::OK);
    let aggregates = projection.arguments.aggregates.iter().enumerate().map(|(source, path)| {
        let alias = aggregate(source);
        let ok = quote_spanned!(path.span()=> <#path as __es::Aggregate>::RENAMED as usize);
        quote!(type #alias = <#path as __es::Checked<{ #ok }>>::Type;)
    });
    let known = (0..projection.arguments.aggregates.len()).map(aggregate);
    let attributes = routes.iter().filter_map(|Route { number, source, of, handler }| {
        let Rows::Attribute(name) = of else { return None };
        let (alias, of, cfgs) = (attributes(*number), aggregate(*source), &handler.cfgs);
        let text = name.unraw().to_string();
        let source = literal(*source);
        let ok = quote_spanned!(name.span()=> __es::checks::attribute(__KNOWN, __es::Some(#source), #text));
        let path = quote!(<#of as __es::Aggregate>::Attribute);
        Some(quote!(#(#cfgs)* type #alias = <#path as __es::Checked<{ #ok }>>::Type;))
    });
    quote! {
        type __View = #view;
        const _: usize = #shared;
        #(#aggregates)*
        const __KNOWN: &[__es::checks::Known] = &[#(__es::checks::Known::of::<#known>()),*];
        #(#attributes)*
    }
}

/// Returns the enum of what a handler sees: a variant for each aggregate.
fn seen(projection: &Projection) -> TokenStream {
    let variants = (0..projection.arguments.aggregates.len()).map(|source| {
        let name = aggregate(source);
        quote!(#name(__es::Seen<#name>))
    });
    quote! {
        #[allow(private_interfaces, unreachable_pub)]
        pub enum __Seen { #(#variants),* }
    }
}

fn projected(projection: &Projection, routes: &[Route<'_>]) -> TokenStream {
    let Projection { arguments, view, name, fingerprint, .. } = projection;
    let sources = (0..arguments.aggregates.len()).map(aggregate);
    let handlers = routes.iter().map(|Route { number, source, of, handler }| {
        let (cfgs, method) = (&handler.cfgs, handler.ident.unraw().to_string());
        let row = match of {
            Rows::Event => event_type(&handler.lent()),
            Rows::Attribute(name) => {
                let (source, name) = (literal(*source), name.unraw().to_string());
                quote!(__es::HandledRow::Attribute(__es::checks::attribute_name(__KNOWN, #source, #name)))
            }
            Rows::Discarded => quote!(__es::HandledRow::End),
            Rows::Forgotten => quote!(__es::HandledRow::Forgotten),
            Rows::Retired(topic) => quote!(__es::HandledRow::Retired(#topic)),
        };
        let (number, source) = (literal(*number), literal(*source));
        let new = Ident::new(if let Rows::Event = of { "event" } else { "new" }, Span::call_site());
        quote!(#(#cfgs)* __es::Handler::#new(#number, #source, #row, #method))
    });
    let partial = arguments.is_partial.then(|| {
        quote!(
            const IS_PARTIAL: bool = true;
        )
    });
    let reads = (0..arguments.aggregates.len()).map(|source| {
        let (name, source) = (aggregate(source), literal(source));
        quote!(#source => row.read(__Seen::#name),)
    });
    quote! {
        #[automatically_derived]
        impl __es::Projection for #view {
            const NAME: &'static str = #name;
            const FINGERPRINT: u64 = #fingerprint;
            const SOURCES: &'static [__es::Topics] = &[#(__es::Topics::of::<#sources>()),*];
            const HANDLERS: &'static [__es::Handler] = &[#(#handlers),*];
            #partial
            type Seen = __Seen;
            fn read(source: usize, row: __es::Row<'_>) -> __es::ReadResult<__Seen> {
                match source {
                    #(#reads)*
                    _ => __es::Ok(__es::None),
                }
            }
        }
    }
}

/// Hands the projection to `views_lock!()`; the runtime drops it outside of tests.
fn locked(projection: &Projection) -> TokenStream {
    let place = match projection.place {
        Place::Memory => "in_memory",
        Place::Blocking(_) | Place::Async(_) => "in_database",
    };
    let (place, version) = (Ident::new(place, Span::call_site()), projection.arguments.version);
    let version = Literal::u32_unsuffixed(version);
    let view = &projection.view;
    quote!(__es::locked_view!(#place #view #version);)
}

/// Returns the description of an event. All uses of the type are through one trait, so that the compiler reports a type
/// that is no event once.
fn event_type(ty: &impl ToTokens) -> TokenStream {
    quote_spanned!(ty.span()=> &<#ty as __es::Handled>::TYPE)
}

fn literal(number: usize) -> Literal {
    Literal::usize_unsuffixed(number)
}

fn applied(projection: &Projection, routes: &[Route<'_>]) -> TokenStream {
    let view = &projection.view;
    let (handler, seen, tx) = (names::local("handler"), names::local("seen"), names::local("tx"));
    // Roles that hand nothing over share an arm.
    let arms = routes.chunk_by(Route::calls_the_same).map(|same| {
        let route = &same[0];
        let (cfgs, of) = (&route.handler.cfgs, aggregate(route.source));
        let numbers = same.iter().map(|route| literal(route.number));
        let call = call(view, route);
        quote!(#(#cfgs)* (#(#numbers)|*, __Seen::#of(#seen)) => #call,)
    });
    let body = quote! {
        match (#handler, #seen) {
            #(#arms)*
            _ => __es::wrong_handler(),
        }
    };
    let has_attributes = routes.iter().any(|route| matches!(route.of, Rows::Attribute(_)));
    let one = has_attributes.then(|| quote!(#[allow(unreachable_patterns)]));
    let tables = if projection.text_of_tables().is_some() || projection.has_calls() {
        quote!(<#view>::TABLES)
    } else {
        quote!("")
    };
    let tables = quote!(const TABLES: &'static str = #tables;);
    // To the compiler, an impl for an alias is as visible as can be, and a transaction of the user's may be private: only
    // an impl for the view itself may name that.
    match &projection.place {
        Place::Memory => quote! {
            #[automatically_derived]
            impl __es::InMemory for #view {
                #one
                fn apply(&mut self, #handler: usize, #seen: &__Seen) -> __es::view::Result {
                    #body
                }
            }
        },
        Place::Blocking(of) => {
            let of = transaction(of.as_ref(), "BlockingTx");
            quote! {
                #[automatically_derived]
                impl __es::Blocking for #view {
                    #tables
                    type Tx = #of;
                    #one
                    fn apply(&self, #handler: usize, #seen: &__Seen, #tx: &Self::Tx) -> __es::view::Result {
                        #body
                    }
                }
            }
        }
        Place::Async(of) => {
            let of = transaction(of.as_ref(), "AsyncTx");
            quote! {
                #[automatically_derived]
                impl __es::Async for #view {
                    #tables
                    type Tx = #of;
                    #one
                    async fn apply<'a>(
                        &'a self,
                        #handler: usize,
                        #seen: &'a __Seen,
                        #tx: &'a Self::Tx,
                    ) -> __es::view::Result {
                        #body
                    }
                }
            }
        }
    }
}

/// Returns the type of the transaction, as one for such handlers.
fn transaction(tx: Option<&Type>, of: &str) -> TokenStream {
    let Some(tx) = tx else { return quote!(__es::UnknownTx) };
    let tx = borrowed(tx);
    let of = Ident::new(of, Span::call_site());
    let ok = quote_spanned!(tx.span()=> <#tx as __es::#of>::OK);
    quote!(<#tx as __es::Checked<{ #ok }>>::Type)
}

/// Returns the type without its `&`.
fn borrowed(ty: &Type) -> &Type {
    match peel(ty) {
        Type::Reference(reference) => &reference.elem,
        ty => ty,
    }
}

/// Returns the call of a handler.
fn call(view: &Type, route: &Route<'_>) -> TokenStream {
    let Route { number, source, of, handler } = route;
    let (ident, of_aggregate) = (&handler.ident, aggregate(*source));
    let receiver = handler.receiver.is_some().then(|| quote!(self,));
    let arguments = handler.params.iter().map(|param| {
        let (cfgs, ty) = (&param.cfgs, &param.ty);
        // The compiler underlines an argument of another type there.
        let at = borrowed(ty).span();
        let (seen, tx, value) =
            (names::local_at("seen", at), names::local_at("tx", at), names::local_at("value", at));
        let argument = match (param.given, of) {
            (Given::Lent, Rows::Event) => {
                let event = handler.lent();
                quote_spanned!(at=> #seen.handed::<#event>()?)
            }
            (Given::Lent, _) => quote!(#value),
            (Given::Tx, _) => quote!(#tx),
            (Given::AnyOrigin, _) => quote_spanned!(at=> &#seen.origin().any()),
            (Given::ByType, _) => {
                quote_spanned!(at=> <#ty as __es::Given<'_, #of_aggregate>>::given(#seen.origin()))
            }
        };
        quote!(#(#cfgs)* #argument)
    });
    let awaited = handler.asyncness.is_some().then(|| quote!(.await));
    let call = quote!(<#view>::#ident(#receiver #(#arguments),*) #awaited);
    let handled = if let Some(ty) = &handler.output {
        quote_spanned!(ty.span()=> <#ty as __es::Handles>::handled(#call))
    } else {
        quote!({ #call; __es::Ok(()) })
    };
    let Rows::Attribute(name) = of else { return handled };
    let (alias, variant) = (attributes(*number), names::camel(name));
    let (seen, value) = (names::local("seen"), names::local("value"));
    quote! {
        match #seen.attribute()? {
            #alias::#variant(#value) => #handled,
            _ => __es::wrong_handler(),
        }
    }
}

/// Returns the check that an aggregate, or any of them, records the event.
fn is_event_of(source: Option<usize>, ty: &impl ToTokens) -> TokenStream {
    let event = event_type(ty);
    if let Some(of) = source.map(aggregate) {
        quote_spanned!(ty.span()=> __es::checks::is_event_of::<#of>(#event))
    } else {
        quote_spanned!(ty.span()=> __es::checks::is_event_of_any(__KNOWN, #event))
    }
}

/// Returns the checks that need the types.
fn checks(projection: &Projection, routes: &[Route<'_>], is_clean: bool) -> TokenStream {
    let aggregates = &projection.arguments.aggregates;
    let mut checks = TokenStream::new();
    let mut check = |cfgs: &[Attribute], at: Span, check: TokenStream| {
        checks.extend(quote_spanned!(at=> #(#cfgs)* const _: () = #check;));
    };
    if aggregates.is_empty() || !projection.arguments.are_aggregates_known {
        return checks;
    }
    for handler in &projection.handlers {
        for role in &handler.roles {
            match (&role.of, handler.lent()) {
                (Rows::Event, Some(ty)) => {
                    check(&handler.cfgs, ty.span(), is_event_of(handler.source, ty));
                }
                (Rows::Retired(topic), _) => {
                    let source = handler.source.map_or_else(
                        || quote!(__es::None),
                        |source| {
                            let source = literal(source);
                            quote!(__es::Some(#source))
                        },
                    );
                    let call =
                        quote_spanned!(topic.span()=> __es::checks::is_retired(__KNOWN, #source, #topic));
                    check(&handler.cfgs, topic.span(), call);
                }
                _ => {}
            }
        }
    }
    let mut earlier: Vec<usize> = Vec::new();
    for Route { number, source, of, handler } in routes {
        if let (Rows::Event, Some(ty)) = (of, handler.lent()) {
            if earlier.contains(source) {
                let number = literal(*number);
                let call = quote_spanned!(ty.span()=> __es::checks::once::<__View>(#number));
                check(&handler.cfgs, ty.span(), call);
            }
            earlier.push(*source);
        }
    }
    let ignored = &projection.arguments.ignored;
    for element in ignored {
        let at = element.tokens().span();
        match element {
            Ignored::Event(path) => check(&[], at, is_event_of(None, path)),
            Ignored::Attribute(_) => {
                let name = element.text();
                let call = quote_spanned!(at=> __es::checks::attribute(__KNOWN, __es::None, #name));
                check(&[], at, quote_spanned!(at=> { #call; }));
            }
            Ignored::Discarded(_) => {}
        }
    }
    if is_clean && !projection.arguments.is_partial && projection.half_typed.is_empty() {
        let ignored = ignored.iter().map(|element| match element {
            Ignored::Event(path) => {
                let of = event_type(path);
                quote!(__es::HandledRow::OfType(#of))
            }
            Ignored::Attribute(_) => {
                let name = element.text();
                quote!(__es::HandledRow::Attribute(#name))
            }
            Ignored::Discarded(_) => quote!(__es::HandledRow::End),
        });
        let ignored: Vec<_> = ignored.collect();
        for (source, path) in aggregates.iter().enumerate() {
            let (at, source) = (path.span(), literal(source));
            let call = quote_spanned!(at=> __es::checks::every::<__View>(__KNOWN, #source, &[#(#ignored),*]));
            check(&[], at, call);
        }
    }
    checks
}
