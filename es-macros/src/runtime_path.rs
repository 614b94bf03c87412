//! Where the expansion finds the runtime: `::es_runtime`, or what `crate = ..` says.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Lit, LitStr, Path};

use crate::args::Args;
use crate::diag::Diag;

/// The path of the runtime crate.
pub(crate) struct Runtime(TokenStream);

impl Runtime {
    /// Takes `crate = path`.
    pub(crate) fn take(args: &mut Args, diag: &mut Diag) -> Self {
        args.path("crate", diag).map_or_else(Self::default, |path: Path| Self(path.into_token_stream()))
    }

    /// The path of the names that only expansions use.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::__private)
    }

    /// Gives the names that only expansions use a short path inside the `const _` block that the impls of
    /// an expansion stand in: `__es`.
    pub(crate) fn use_private(&self) -> TokenStream {
        let private = self.private();
        quote!(use #private as __es;)
    }

    /// The path of serde as a literal, as serde's own attribute wants it.
    pub(crate) fn serde(&self) -> Lit {
        let path = self.private();
        let text: String = quote!(#path::serde).to_string().split_whitespace().collect();
        Lit::Str(LitStr::new(&text, Span::call_site()))
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self(quote!(::es_runtime))
    }
}
