//! The macros' output: snapshots and their size; and inputs, none of which makes a macro panic.

mod budget;
mod corpus;
mod expansion;
mod mutations;

use proc_macro2::TokenStream;

type Expand = fn(TokenStream, TokenStream) -> TokenStream;

/// Returns the expansion as rustfmt would print it.
fn pretty(tokens: TokenStream) -> String {
    let file = syn::parse2(tokens).expect("an expansion is Rust");
    prettyplease::unparse(&file)
}

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("the corpus is made of tokens")
}
