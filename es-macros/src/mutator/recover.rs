//! An impl with a body that is not Rust.
//!
//! The compiler has said so before it called the macro. Such a body is kept as it is: the compiler then says the
//! same once more, prints it once, and knows all that is made of the rest.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{Block, Expr, ImplItem, Item, Stmt};

/// What a body is wrapped into while the rest is parsed.
const KEPT: &str = "__kept";

/// Parses the impl around bodies that cannot be parsed.
pub(super) fn parse(tokens: TokenStream) -> syn::Result<Item> {
    let parsed = syn::parse2::<Item>(tokens.clone());
    if parsed.is_ok() {
        return parsed;
    }
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    let Some(TokenTree::Group(members)) = trees.pop() else { return parsed };
    trees.push(with(&members, members.stream().into_iter().map(keep).collect()));
    let Ok(Item::Impl(mut item)) = syn::parse2(trees.into_iter().collect()) else { return parsed };
    for member in &mut item.items {
        if let ImplItem::Fn(method) = member
            && let [Stmt::Macro(kept)] = &method.block.stmts[..]
            && kept.mac.path.is_ident(KEPT)
        {
            method.block.stmts = vec![Stmt::Expr(Expr::Verbatim(kept.mac.tokens.clone()), None)];
        }
    }
    Ok(Item::Impl(item))
}

/// Wraps what looks like a body and is none.
fn keep(tree: TokenTree) -> TokenTree {
    match tree {
        TokenTree::Group(group)
            if group.delimiter() == Delimiter::Brace
                && syn::parse2::<Block>(TokenTree::Group(group.clone()).into()).is_err() =>
        {
            let inside = group.stream();
            let kept = proc_macro2::Ident::new(KEPT, group.span());
            with(&group, quote_spanned!(group.span()=> #kept! { #inside }))
        }
        tree => tree,
    }
}

/// The group with something else in it, at its end: the place that the compiler names when something is missing.
fn with(group: &Group, stream: TokenStream) -> TokenTree {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span_close());
    TokenTree::Group(new)
}
