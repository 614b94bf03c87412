//! The arguments of `#[event(..)]`, on a method as on a struct.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{LitStr, Type};

use crate::args::Args;
use crate::diag::Diag;
use crate::upcast;

/// The arguments that every event takes.
pub(crate) const ARGUMENTS: &[&str] = &["topic", "aliases", "version", "upcast", "encrypted", "clear"];

/// The arguments without a value; an event has at most one of them.
pub(crate) const SECRECY: &[&str] = &["encrypted", "clear"];

/// The reason for storing every field of an event, as reports end.
pub(crate) const LOST: &str = "what is not stored is not there on replay";

/// The arguments that set how an event is stored.
pub(crate) struct Stored {
    pub(crate) topic: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) past: Vec<Type>,
    /// True if a field has `#[serde(flatten)]`.
    pub(crate) is_flattened: bool,
    /// `encrypted` or `clear`.
    secrecy: Option<Ident>,
}

impl Stored {
    /// Takes the arguments of the event `name`. `usual` is the topic of an event without that argument, if it is known
    /// here.
    pub(crate) fn take(args: &mut Args, name: &Ident, usual: Option<&str>, diag: &mut Diag) -> Self {
        let topic = args.string("topic", diag);
        let mut aliases = args.strings("aliases", diag);
        let past = upcast::take(args, &name.to_string(), diag);
        let secrecy = args.one_of(SECRECY, diag);
        if let Some(current) = topic.as_ref().map(LitStr::value).as_deref().or(usual) {
            upcast::check_aliases("topic", current, &mut aliases, diag);
        }
        Self { topic, aliases, past, is_flattened: false, secrecy }
    }

    /// Returns the items of `impl Event`; `default` is the topic of an event without that argument.
    pub(crate) fn items(&self, name: &Ident, default: &TokenStream, is_made: bool) -> TokenStream {
        let Self { topic, aliases, past, is_flattened, secrecy } = self;
        let text = syn::ext::IdentExt::unraw(name).to_string();
        let topic = topic.as_ref().map_or_else(|| default.clone(), |topic| quote!(#topic));
        let aliases =
            (!aliases.is_empty()).then(|| quote!(const ALIASES: &'static [&'static str] = &[#(#aliases),*];));
        let past = (!past.is_empty()).then(|| {
            let version = upcast::current_version(past);
            let past = upcast::past(past, &quote!(#name));
            quote! {
                const VERSION: u32 = #version;
                fn decode<'de, __D: __es::Deserializer<'de>>(
                    version: u32,
                    data: __D,
                ) -> __es::Result<Self, __D::Error> {
                    __es::decode_past::<Self, #past, __D>(Self::TOPIC, version, data)
                }
            }
        });
        let secrecy = secrecy.as_ref().map(|word| {
            let variant = if word == "clear" { quote!(Clear) } else { quote!(Encrypted) };
            quote!(const SECRECY: __es::Secrecy = __es::Secrecy::#variant;)
        });
        let flattened = is_flattened.then(|| {
            quote!(
                const IS_FLATTENED: bool = true;
            )
        });
        // At the event's name, whose line the constant reports.
        let here = Ident::new(if is_made { "of_made" } else { "here" }, name.span());
        let place = quote_spanned!(name.span()=> __es::Place::#here());
        quote! {
            const NAME: &'static str = #text;
            const TOPIC: &'static str = #topic;
            #aliases
            #secrecy
            #flattened
            const PLACE: __es::Place = #place;
            #past
        }
    }
}
