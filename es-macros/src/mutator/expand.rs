use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, Path, Token, Type, Visibility};

use super::dispatch::dispatch;
use super::method::{EventMethod, Field, MethodEvent};
use super::model::Mutator;
use super::registration::registration;
use crate::attrs;
use crate::derives::{self, Part};
use crate::names;
use crate::types::{bound_fields, checked, lazy_bounds, shared, unknown_storable};

pub(super) fn expand(mutator: &Mutator) -> TokenStream {
    let names = Names {
        mutator,
        root: names::local("__Root"),
        state: names::local("__State"),
        events: mutator.event_enum(),
        unknown: mutator
            .events
            .iter()
            .filter(|event| event.cfgs().is_empty())
            .flat_map(stored_types)
            .collect(),
    };
    let made = mutator.events.iter().map(|event| event.variant().clone());
    let own: Vec<Ident> = made.chain([mutator.state_ident()]).collect();
    let structs = mutator.events.iter().map(|method| event_struct(mutator, &own, method));
    let (structs, use_events) = in_module(mutator, quote!(#(#structs)*));
    let event_enum = event_enum(&names);
    let impls = mutator.events.iter().map(|method| {
        let (impls, command) = (event_impls(&names, method), recording(&names, method));
        quote!(#impls #command)
    });
    let levels = &mutator.levels;
    let dispatch = dispatch(&names);
    let broken = broken(&names);
    let helpers = helpers(&names);
    // For the events that a macro call makes, the macro that says where they belong.
    let has_calls = mutator.helpers.iter().any(|helper| matches!(helper, ImplItem::Macro(_)));
    let late_event = has_calls.then(|| {
        quote!(
            #[allow(unused_imports)]
            use __es::late_event as event;
        )
    });
    let registration = registration(&names);
    let use_runtime = mutator.runtime.use_private();
    let (aliases, sealed) = (aliases(&names), sealed());
    let state = mutator.state();
    let half_typed = &mutator.half_typed;
    quote! {
        #structs
        #event_enum
        #[allow(unused_qualifications)]
        #(#levels)*
        const _: () = {
            #use_runtime
            #use_events
            #late_event
            #aliases
            #sealed
            #dispatch
            #(#impls)*
            #broken
            #helpers
            #registration
            #(__es::half_typed! { #state { #half_typed } })*
        };
    }
}

/// What most parts of the expansion name.
pub(super) struct Names<'a> {
    pub(super) mutator: &'a Mutator,
    /// The aggregate, by the name that the expansion's block gives it.
    pub(super) root: Ident,
    /// The state, by the name that the expansion's block gives it.
    pub(super) state: Ident,
    pub(super) events: Ident,
    /// Types of stored parameters of which it is not known that they can be stored.
    pub(super) unknown: Vec<&'a Type>,
}

impl Names<'_> {
    /// One line for each event, under the conditions of its method.
    pub(super) fn each(&self, line: impl Fn(&EventMethod, &Ident) -> Option<TokenStream>) -> TokenStream {
        let lines = self.mutator.events.iter().filter_map(|method| {
            let cfgs = method.cfgs();
            line(method, method.variant()).map(|tokens| quote!(#(#cfgs)* #tokens))
        });
        quote!(#(#lines)*)
    }

    /// Whether no event is declared elsewhere, so that the enum's derives know all that they copy.
    pub(super) fn all_made(&self) -> bool {
        self.mutator.events.iter().all(|method| matches!(method.event, MethodEvent::Made { .. }))
    }

    /// The bounds under which the impls of the enum need not report a type that cannot be stored: it is
    /// reported where it stands.
    pub(super) fn bounds(&self) -> TokenStream {
        let events = self.mutator.events.iter().filter(|event| event.cfgs().is_empty());
        let unknown: Vec<_> =
            events.filter(|event| !stored_types(event).is_empty()).map(EventMethod::variant).collect();
        lazy_bounds(&unknown, &quote!(__es::Storable))
    }
}

/// The names of the root and the state in the expansion's block. What is no aggregate makes an error of the first
/// one, and the compiler is silent about all that goes through it.
fn aliases(names: &Names<'_>) -> TokenStream {
    let Names { mutator, root, state, .. } = names;
    let written = &mutator.root;
    let ident = mutator.ident().unraw().to_string();
    let ok = quote_spanned!(mutator.ident().span()=>
        __es::in_its_module(<#written>::__IN_ITS_MODULE) + __es::written_as(<#written as __es::Aggregate>::IDENT, #ident)
    );
    quote! {
        use __es::Elsewhere as _;
        type #root = <#written as __es::Checked<{ #ok }>>::Type;
        type #state = <#root as __es::Aggregate>::State;
    }
}

/// The enum's seal. A module within the block: nobody outside the block can name it, so that nobody else says how an
/// event is recorded.
fn sealed() -> TokenStream {
    quote! {
        mod __sealed {
            pub struct Seal(());
            pub const SEAL: &Seal = &Seal(());
        }
    }
}

/// The event as a type.
fn path(method: &EventMethod) -> TokenStream {
    match &method.event {
        MethodEvent::Made { name, .. } => quote!(#name),
        MethodEvent::Declared { ty, .. } => quote!(#ty),
    }
}

/// The event as an implementor of `Event`, or of `Handled`, which is the same for events declared elsewhere.
/// Every use of it is this same path at one place, so that the compiler reports a type that is no event once: there.
pub(super) fn as_event(method: &EventMethod) -> TokenStream {
    let ty = path(method);
    match &method.event {
        MethodEvent::Made { .. } => quote_spanned!(ty.span()=> <#ty as __es::Event>),
        MethodEvent::Declared { .. } => quote_spanned!(ty.span()=> <#ty as __es::Handled>),
    }
}

fn stored_types(method: &EventMethod) -> Vec<&Type> {
    let MethodEvent::Made { fields, .. } = &method.event else { return Vec::new() };
    let fields = fields.iter().filter(|field| !attrs::has_serde(&field.attrs));
    fields.flat_map(|field| unknown_storable(&field.ty)).collect()
}

/// The made events in the module that they are to stand in, and the imports by which the expansion's block knows them.
fn in_module(mutator: &Mutator, structs: TokenStream) -> (TokenStream, TokenStream) {
    let Some(module) = &mutator.module else { return (structs, TokenStream::new()) };
    let vis = mutator.visibility_at(module.span());
    let doc = format!(" The events that methods of [`{}`] make.", mutator.ident());
    let imports = mutator.events.iter().filter_map(|method| {
        let MethodEvent::Made { name, .. } = &method.event else { return None };
        let cfgs = method.cfgs();
        Some(quote!(#(#cfgs)* use #module::#name;))
    });
    let imports = quote!(#(#imports)*);
    let structs = quote! {
        #[doc = #doc]
        #vis mod #module {
            #[allow(unused_imports)]
            use super::*;
            #structs
        }
    };
    (structs, imports)
}

/// The type as a module inside this one names it.
fn from_inside(ty: &Type) -> Type {
    fn deeper(tokens: TokenStream) -> TokenStream {
        let (mut deep, mut colons) = (TokenStream::new(), false);
        for token in tokens {
            let after_colons = std::mem::replace(
                &mut colons,
                matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':'),
            );
            deep.extend(match token {
                TokenTree::Ident(ident) if ident == "super" && !after_colons => {
                    quote_spanned!(ident.span()=> super::super)
                }
                TokenTree::Ident(ident) if ident == "self" && !after_colons => {
                    quote_spanned!(ident.span()=> super)
                }
                TokenTree::Group(group) => {
                    let mut deeper = Group::new(group.delimiter(), deeper(group.stream()));
                    deeper.set_span(group.span());
                    TokenTree::Group(deeper).into()
                }
                other => other.into(),
            });
        }
        deep
    }
    syn::parse2(deeper(ty.to_token_stream())).unwrap_or_else(|_| ty.clone())
}

/// The struct that is made from the parameters of a method.
fn event_struct(mutator: &Mutator, own: &[Ident], method: &EventMethod) -> TokenStream {
    let MethodEvent::Made { name, fields, derives, .. } = &method.event else { return TokenStream::new() };
    let private = mutator.runtime.private();
    let serde = mutator.runtime.serde();
    // In a module of its own, that has the visibility.
    let inside = mutator.module.is_some();
    let vis = if inside { Mutator::public_at(name.span()) } else { mutator.visibility_at(name.span()) };
    let types: Vec<Type> =
        fields.iter().map(|field| if inside { from_inside(&field.ty) } else { field.ty.clone() }).collect();
    let cfgs = method.cfgs();
    let levels = attrs::levels_apart(&mutator.levels).into_iter().chain(attrs::levels_apart(&method.attrs));
    let doc = format!(" Recorded by [`{}::{}`].", mutator.ident(), method.ident);
    let unknown = stored_types(method);
    let copied = unknown.is_empty().then(|| quote!(#[derive(::core::clone::Clone, ::core::fmt::Debug)]));
    let derives = derived(mutator.derives.iter().chain(derives));
    let mut attrs: Vec<_> = fields.iter().map(|field| field.attrs.clone()).collect();
    bound_fields(attrs.iter_mut().zip(&types), own, &private);
    let fields = fields.iter().zip(&types).zip(attrs).map(|((Field { pat, .. }, ty), attrs)| {
        let ident = &pat.ident;
        let doc = (!attrs::has_doc(&attrs)).then(|| {
            let doc = format!(" The `{ident}`.");
            quote!(#[doc = #doc])
        });
        quote!(#doc #(#attrs)* #vis #ident: #ty,)
    });
    let item = quote_spanned!(name.span()=> #vis struct #name { #(#fields)* });
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #(#levels)*
        #[allow(missing_copy_implementations, private_interfaces, unreachable_pub)]
        #copied
        #derives
        #[derive(#private::Serialize, #private::Deserialize)]
        #[serde(crate = #serde)]
        #item
    }
}

/// `#[derive(..)]` of what the user asked for, once each.
fn derived<'a>(asked: impl Iterator<Item = &'a Path>) -> Option<TokenStream> {
    let mut paths: Vec<&Path> = Vec::new();
    for path in asked {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    (!paths.is_empty()).then(|| quote!(#[derive(#(#paths),*)]))
}

fn event_enum(names: &Names<'_>) -> TokenStream {
    let Names { mutator, events, .. } = names;
    let private = mutator.runtime.private();
    let written = &mutator.root;
    let vis = mutator.visibility_at(events.span());
    let doc = format!(" The events of [`{}`].", mutator.ident());
    let levels = attrs::levels_apart(&mutator.levels);
    let variants = names.each(|method, variant| {
        let ty = path(method);
        let module = mutator.module.as_ref().filter(|_| !method.is_declared());
        let module = module.map(|module| quote!(#module::));
        let doc = format!(" The event [`{variant}`].");
        Some(quote!(#[doc = #doc] #variant(#module #ty),))
    });
    let derives = derived(mutator.derives.iter());
    let copied = names.all_made().then(|| quote!(#[derive(::core::clone::Clone)]));
    let item = quote_spanned! {events.span()=>
        #vis enum #events {
            #variants
            #[doc = " An attribute was set."]
            AttributeChanged(<#written as #private::Mutator>::Attribute),
            #[doc = " The aggregate has ended."]
            Discarded,
        }
    };
    quote! {
        #[doc = #doc]
        #(#levels)*
        #[allow(private_interfaces, unreachable_pub, clippy::large_enum_variant)]
        #copied
        #derives
        #item
    }
}

/// The impls of one event: what it is, that it may be recorded, and the user's body.
fn event_impls(names: &Names<'_>, method: &EventMethod) -> TokenStream {
    let Names { root, events, state, .. } = names;
    let described = described(names, method);
    let variant = method.variant();
    let event = path(method);
    let cfgs = method.cfgs();
    let declared = method.is_declared();
    let (role, constant, how) = if method.creates() {
        (quote!(Creates), quote!(CREATION), quote!(Creation))
    } else {
        (quote!(Changes), quote!(CHANGE), quote!(Change))
    };
    let (origin, taken_by) =
        if declared { (quote!(Declared), quote!(declared)) } else { (quote!(Made), quote!(made)) };
    let (home, body) = match (method.creates(), declared) {
        (true, false) => (quote!(Begin), "begin"),
        (true, true) => (quote!(BeginRef), "begin_ref"),
        (false, false) => (quote!(Apply), "apply"),
        (false, true) => (quote!(ApplyRef), "apply_ref"),
    };
    // A macro wants the parameters, which the command has. Where there is none, it gets the body.
    let on_body = attrs::select(&method.attrs, |attr| {
        let elsewhere = attrs::is_cfg(attr) || attrs::is_for_callers(attr) || attrs::is_expectation(attr);
        !elsewhere && (declared || attrs::is_built_in(attr))
    });
    let receiver = method.receiver.iter();
    let own = names::local("event");
    let (given, taken) = match &method.event {
        MethodEvent::Made { fields, .. } if fields.is_empty() => (quote!(_: #event), None),
        MethodEvent::Made { fields, .. } => {
            let pats = fields.iter().map(|field| &field.pat);
            let read = fields.iter().map(|field| &field.pat.ident);
            let deprecated = attrs::naming_deprecated(fields.iter().flat_map(|field| &field.attrs));
            // A parameter may be stored for readers alone.
            (
                quote!(#own: #event),
                Some(quote!(#deprecated let #event { #(#pats),* } = #own; _ = (#(&#read,)*);)),
            )
        }
        MethodEvent::Declared { pat, ty, .. } => (quote!(#pat: &#ty), None),
    };
    // The user's own name of the type: its import is used.
    let unread = || quote!(_: &__es::Envelope);
    let envelope = method.envelope.as_ref().map_or_else(unread, |(pat, ty)| quote!(#pat: #ty));
    let output = method.creates().then_some(&method.output);
    // At the user's method, to which the compiler then points.
    let body = Ident::new(body, method.ident.span());
    let statements = &method.body.stmts;
    // The compiler also points at what is not there: behind the parameters, and at the end of the body.
    let mut params = Group::new(Delimiter::Parenthesis, quote!(#(#receiver,)* #given, #envelope));
    params.set_span(method.params_end);
    let mut block = Group::new(Delimiter::Brace, quote!(#taken #(#statements)*));
    block.set_span(method.body.brace_token.span.close());
    let impls = quote! {
        #described
        #(#cfgs)*
        impl __es::#role<#root> for #event {
            type Origin = __es::#origin;
            const #constant: __es::#how<#root, Self, __es::#origin> = __es::#how::#taken_by(__sealed::SEAL, #events::#variant);
        }
        #(#cfgs)*
        impl __es::#home<#event> for #state {
            #[inline]
            #(#on_body)*
            fn #body #params #output #block
        }
    };
    let expected = attrs::select(&method.attrs, attrs::is_expectation);
    if expected.is_empty() {
        return impls;
    }
    // Both the command and the body are what is expected to be met by a lint.
    let (written, command) = (&names.mutator.root, command(names, method));
    quote! {
        #(#expected)*
        const _: () = {
            #impls
            impl #written { #command }
        };
    }
}

/// `impl Event` for a made event.
fn described(names: &Names<'_>, method: &EventMethod) -> TokenStream {
    let MethodEvent::Made { name, stored, fields, .. } = &method.event else { return TokenStream::new() };
    let cfgs = method.cfgs();
    let unknown = stored_types(method);
    let by_hand = (!unknown.is_empty()).then(|| {
        let checked = checked(&quote!(#name), &unknown, &quote!(__es::AssertStorable));
        let parts =
            fields.iter().map(|Field { pat, ty, .. }| Part { cfgs: Vec::new(), name: &pat.ident, ty });
        let parts: Vec<_> = parts.collect();
        let (copied, shown) = (derives::copied(name, &parts), derives::shown(name, &parts));
        derives::by_hand(&cfgs, name, &checked, Some(copied), Some(shown))
    });
    let shared = shared(&unknown, &quote!(__es::AssertStorable), &cfgs);
    let bounds = if unknown.is_empty() { &[][..] } else { &[name] };
    let bounds = lazy_bounds(bounds, &quote!(__es::Storable));
    let root = &names.root;
    let usual = format!("{}.{}", names.mutator.ident().unraw(), name.unraw());
    let items = stored.items(name, &quote!(__es::topic::<#root, Self>(#usual)));
    quote! {
        #(#cfgs)*
        impl __es::Event for #name #bounds { #items }
        #shared
        #by_hand
    }
}

/// The methods of the root that record the event, unless they stand elsewhere for the sake of an expectation.
fn recording(names: &Names<'_>, method: &EventMethod) -> Option<TokenStream> {
    let written = &names.mutator.root;
    let plain = !method.attrs.iter().any(attrs::is_expectation);
    let command = plain.then(|| command(names, method)).flatten();
    command.map(|command| quote!(impl #written { #command }))
}

/// The methods that callers of commands with mistakes find.
fn broken(names: &Names<'_>) -> TokenStream {
    let Mutator { root, broken, .. } = names.mutator;
    if broken.is_empty() { TokenStream::new() } else { quote!(impl #root { #(#broken)* }) }
}

fn command(names: &Names<'_>, method: &EventMethod) -> Option<TokenStream> {
    let root = &names.root;
    let MethodEvent::Made { name, fields, .. } = &method.event else { return None };
    let EventMethod { vis, fn_token, ident, .. } = method;
    let shown: Vec<&Attribute> = attrs::select(&method.attrs, |attr| {
        attrs::is_cfg(attr)
            || attrs::is_for_callers(attr)
            || attrs::is_lint(attr)
            || !attrs::is_built_in(attr)
    });
    let doc = (!attrs::has_doc(&method.attrs)).then(|| {
        let doc = format!(" Records [`{name}`].");
        quote!(#[doc = #doc])
    });
    let values: Vec<_> = fields.iter().map(|field| &field.pat.ident).collect();
    let types = fields.iter().map(|field| &field.ty);
    let params: Vec<_> = values.iter().zip(types).map(|(ident, ty)| quote!(#ident: #ty)).collect();
    let deprecated = attrs::naming_deprecated(fields.iter().flat_map(|field| &field.attrs));
    let inlined = method.attrs.iter().any(|attr| attr.path().is_ident("inline"));
    let inline = (!inlined).then(|| quote!(#[inline]));
    if !method.creates() {
        let own = names::local("root");
        // A private one is the user's own method to lints, so that the compiler says if nobody calls it.
        let private = matches!(vis, Visibility::Inherited);
        let at = |span| if private { span } else { Span::call_site() };
        let fn_token = Token![fn](at(fn_token.span()));
        let mut params = Group::new(Delimiter::Parenthesis, quote!(&mut self, #(#params),*));
        params.set_span(at(method.params_end));
        let recorded = quote! {
            let #own: &mut #root = self;
            #own.__only_events_make_it.record(#name { #(#values),* });
        };
        let mut block = Group::new(Delimiter::Brace, recorded);
        block.set_span(at(method.body.brace_token.span.close()));
        return Some(quote! {
            #(#shown)*
            #doc
            #deprecated
            #inline
            #vis #fn_token #ident #params #block
        });
    }
    let with_id = names::with_id(ident);
    let id = names::local("id");
    let with_id_doc = format!(" As [`{ident}`](Self::{ident}), under an id that is given.");
    let kept = attrs::select(&method.attrs, |attr| {
        attrs::is_cfg(attr) || attrs::is_lint(attr) || !attrs::is_built_in(attr)
    });
    // One more than clippy takes for many.
    let many = (params.len() > 6).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    let given_id = quote! {
        #[doc = #with_id_doc]
        #many
        #vis fn #with_id(#id: __es::Id<Self>, #(#params),*) -> Self {
            #root { __only_events_make_it: __es::Root::<#root>::create(#id, #name { #(#values),* }) }
        }
    };
    let new_id = quote_spanned! {names::made_at(ident.span())=>
        #vis fn #ident(#(#params),*) -> Self {
            Self::#with_id(__es::Id::new(), #(#values),*)
        }
    };
    Some(quote! {
        #(#shown)*
        #doc
        #deprecated
        #new_id
        #(#kept)*
        #deprecated
        #given_id
    })
}

/// What the user wrote without `#[event]`: it belongs to the state.
fn helpers(names: &Names<'_>) -> TokenStream {
    let mutator = names.mutator;
    let helpers = &mutator.helpers;
    if helpers.is_empty() {
        return TokenStream::new();
    }
    // By name: an inherent impl cannot stand on a type that is found through a trait.
    let state = mutator.state();
    quote! {
        impl #state { #(#helpers)* }
    }
}
