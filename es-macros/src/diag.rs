//! Collects every mistake of one item, so that one build shows them all.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Diag {
    errors: Vec<syn::Error>,
}

impl Diag {
    /// Reports a mistake, underlining `tokens`.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.errors.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports that the attribute itself is the mistake, underlining it.
    pub(crate) fn here(&mut self, message: impl std::fmt::Display) {
        self.errors.push(syn::Error::new(Span::call_site(), message));
    }

    /// Reports a mistake that syn found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    /// Returns whether nothing was reported since `mark` of the same accumulator.
    pub(crate) fn clean_since(&self, mark: usize) -> bool {
        self.errors.len() == mark
    }

    /// Returns the number of mistakes reported so far.
    pub(crate) fn mark(&self) -> usize {
        self.errors.len()
    }

    /// Takes the first report out, for another place to emit.
    pub(crate) fn take_first(&mut self) -> Option<syn::Error> {
        if self.errors.is_empty() { None } else { Some(self.errors.remove(0)) }
    }

    /// Returns the reports.
    pub(crate) fn into_errors(self) -> Vec<syn::Error> {
        self.errors
    }

    /// Returns the reports as tokens: none if there are no reports.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.into_iter().map(syn::Error::into_compile_error).collect()
    }
}
