//! The path of the runtime in an expansion: `::es_runtime`, or the argument `crate = ..`.

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

    /// Returns the path of the names that only expansions use.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::__private)
    }

    /// Returns the import of those names as `__es`, for the `const _` block with the impls of an expansion.
    pub(crate) fn use_private(&self) -> TokenStream {
        let private = self.private();
        quote!(use #private as __es;)
    }

    /// Returns the path of serde as a string literal, which serde's own attribute needs.
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
