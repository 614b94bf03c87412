//! `#[derive(EventSet)]`: an enum of events, each the one field of a variant.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Fields, GenericParam, Item, ItemEnum, Type, Variant};

use super::derived::{expand_by, helper};
use crate::args::Args;
use crate::attrs;
use crate::derives;
use crate::diag::Diag;
use crate::runtime_path::Runtime;
use crate::types::{check_owned, is_known_storable, lazy_bounds, peel};

/// Expands `#[derive(EventSet)] item`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    expand_by(item, "a set of events is an enum of one-field variants", |item, diag| match item {
        Item::Enum(item) => Some(set(item, diag)),
        Item::Struct(item) => {
            diag.error(
                item.struct_token,
                "a set of events is an enum; for one event derive `Event`, which is a set, too",
            );
            Some(TokenStream::new())
        }
        _ => None,
    })
}

/// A variant, and the event that it holds.
struct Member {
    variant: Ident,
    event: Type,
}

impl Member {
    /// The event as an implementor of `Event`: always this path at one place, so that the compiler reports a type that
    /// is no event once.
    fn as_event(&self) -> TokenStream {
        let event = &self.event;
        quote_spanned!(event.span()=> <#event as __es::Handled>)
    }
}

fn set(mut item: ItemEnum, diag: &mut Diag) -> TokenStream {
    let said = attrs::take_ours(&mut item.attrs, "event_set");
    let mut args =
        Args::parse("event_set", "crate = path::of::es_runtime", helper(&said, "event_set", "", diag), diag);
    let runtime = Runtime::take(&mut args, diag);
    args.finish(&["crate"], diag);
    if let Some(param) = item.generics.params.first() {
        let message = match param {
            GenericParam::Lifetime(_) => "a set of events owns its data; remove the lifetimes",
            _ => "a set has definite events; remove the generic parameters",
        };
        diag.error(param, message);
        return TokenStream::new();
    }
    if let Some(clause) = &item.generics.where_clause {
        diag.error(clause, "a set of events has no `where` clause; remove it");
        return TokenStream::new();
    }
    let mark = diag.mark();
    if item.variants.is_empty() {
        diag.error(&item.ident, "the set is empty; add a variant for each event, such as `Opened(Opened)`");
    }
    let mut members: Vec<Member> = Vec::new();
    for variant in item.variants {
        let Some(member) = member(variant, diag) else { continue };
        if let Some(first) = members.iter().find(|other| other.event == member.event) {
            diag.error(
                &member.event,
                format!("the variant `{}` holds this event already; remove one of them", first.variant),
            );
        } else {
            members.push(member);
        }
    }
    tokens(&runtime, &item.ident, &members, diag.clean_since(mark))
}

fn member(variant: Variant, diag: &mut Diag) -> Option<Member> {
    let Variant { ident, fields, .. } = variant;
    match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            let mark = diag.mark();
            let field = fields.unnamed.into_iter().next()?;
            check_owned(&field.ty, &field.attrs, "an event of a set", diag);
            diag.clean_since(mark).then_some(Member { variant: ident, event: field.ty })
        }
        Fields::Unit => {
            diag.error(&ident, format!("the variant holds no event; write `{ident}({ident})`"));
            None
        }
        Fields::Unnamed(_) | Fields::Named(_) => {
            let rest = match &fields {
                Fields::Named(_) => "give these fields to the event",
                _ => "move the other values into the event",
            };
            let events: Vec<_> = fields.iter().filter_map(|field| as_member(&field.ty)).collect();
            let remedy = match &events[..] {
                [] => format!("write `{ident}({ident})`, and {rest}"),
                [_] if fields.len() == 1 => {
                    format!("write `{ident}({})`", attrs::text(&fields.iter().next()?.ty))
                }
                [event] => format!("write `{event}`, and {rest}"),
                events => format!("make a variant of each: `{}`", events.join("`, `")),
            };
            diag.error(fields, format!("a variant holds one event; {remedy}"));
            None
        }
    }
}

/// Returns a variant for the type, if that may be an event.
fn as_member(ty: &Type) -> Option<String> {
    let Type::Path(path) = peel(ty) else { return None };
    let name = &path.path.segments.last()?.ident;
    (!is_known_storable(ty)).then(|| format!("{name}({})", attrs::text(ty)))
}

fn tokens(runtime: &Runtime, ident: &Ident, members: &[Member], is_clean: bool) -> TokenStream {
    let use_runtime = runtime.use_private();
    let bounds = lazy_bounds(&[ident], &quote!(__es::Kept));
    let each = |line: &dyn Fn(&Member) -> TokenStream| members.iter().map(line).collect::<TokenStream>();
    let from = each(&|Member { variant, event }| {
        quote! {
            #[automatically_derived]
            impl __es::From<#event> for #ident {
                #[inline]
                fn from(event: #event) -> Self { Self::#variant(event) }
            }
        }
    });
    let types = each(&|member| {
        let event = member.as_event();
        quote!(#event::TYPE,)
    });
    let shown = each(&|member| {
        let (variant, event) = (&member.variant, member.as_event());
        quote!(Self::#variant(event) => #event::accept(event, visitor),)
    });
    let read = each(&|member| {
        let (variant, event) = (&member.variant, member.as_event());
        quote!(_ if #event::is(topic) => #event::decode(version, data).map(Self::#variant),)
    });
    // It never runs: the mistake that was reported fails the build.
    let rest = (!is_clean).then(|| quote!(_ => ::core::panic!(),));
    let silent = (!is_clean).then(|| quote!(#[allow(unreachable_code, unreachable_patterns)]));
    let checks = is_clean.then(|| {
        let checked = derives::checked_name(ident);
        let kept = quote_spanned!(ident.span()=> <#ident as __es::AssertSet>::OK);
        let distinct = members.iter().zip(0usize..).map(|(member, at)| {
            quote_spanned! {member.variant.span()=>
                const _: () = __es::distinct_set::<#checked>(#at);
            }
        });
        quote! {
            type #checked = <#ident as __es::Checked<{ let () = #kept; 0 }>>::Type;
            #(#distinct)*
        }
    });
    quote! {
        const _: () = {
            #use_runtime
            #silent
            #[automatically_derived]
            impl __es::EventSet for #ident #bounds {
                const TYPES: &'static [__es::EventType] = &[#types];
                fn visit<__V: __es::EventVisitor>(&self, visitor: __V) -> __V::Output {
                    match self { #shown #rest }
                }
                fn decode<'de, __D: __es::Deserializer<'de>>(
                    topic: &str,
                    version: u32,
                    data: __D,
                ) -> __es::Decoded<Self, __D::Error> {
                    __es::Some(match topic { #read _ => return __es::None })
                }
            }
            #from
            #checks
        };
    }
}
