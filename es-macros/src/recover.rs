//! A block that does not parse, because its author is still typing.
//!
//! The compiler reported the mistake before it called the macro. The macro still expands each member that parses, so
//! that the compiler reports nothing else. A body that does not parse stays as written: the compiler repeats its
//! report, and prints it once. A member that does not parse goes to editors, and a stand-in for the method to its
//! callers.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Block, Expr, FnArg, ImplItem, ImplItemFn, Item, ReturnType, Stmt, Token, Visibility};

use crate::args::split;
use crate::silent;

/// The name of the macro call that wraps a body while the rest is parsed.
const KEPT: &str = "__kept";

/// A member that does not parse.
pub(crate) struct HalfTyped {
    pub(crate) tokens: TokenStream,
    /// A method with the same name and number of parameters, if the member has a name.
    pub(crate) stand_in: Option<ImplItemFn>,
}

/// Parses the impl around the members that do not parse.
pub(crate) fn parse(tokens: TokenStream) -> syn::Result<(Item, Vec<HalfTyped>)> {
    let error = match syn::parse2::<Item>(tokens.clone()) {
        Ok(item) => return Ok((item, Vec::new())),
        Err(error) => error,
    };
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    let Some(TokenTree::Group(block)) = trees.pop() else { return Err(error) };
    trees.push(with(&block, TokenStream::new()));
    let Ok(Item::Impl(mut item)) = syn::parse2(trees.into_iter().collect()) else { return Err(error) };
    let mut half_typed = Vec::new();
    let members = |input: ParseStream<'_>| {
        item.attrs.append(&mut input.call(Attribute::parse_inner)?);
        while !input.is_empty() {
            let ahead = input.fork();
            if let Ok(member) = ahead.parse() {
                input.advance_to(&ahead);
                item.items.push(member);
                continue;
            }
            let tokens = skip_member(input)?;
            let (complete, stand_in) = match method.parse2(tokens.clone()) {
                Ok((method, true)) => (Some(method), None),
                Ok((method, false)) => (None, Some(method)),
                Err(_) => (None, None),
            };
            item.items.extend(complete.map(ImplItem::Fn));
            half_typed.push(HalfTyped { tokens: tokens.into_iter().map(restore).collect(), stand_in });
        }
        Ok(())
    };
    members.parse2(block.stream().into_iter().map(keep).collect())?;
    for member in &mut item.items {
        if let ImplItem::Fn(method) = member
            && let [Stmt::Macro(kept)] = &method.block.stmts[..]
            && kept.mac.path.is_ident(KEPT)
        {
            method.block.stmts = vec![Stmt::Expr(Expr::Verbatim(kept.mac.tokens.clone()), None)];
        }
    }
    Ok((Item::Impl(item), half_typed))
}

/// Takes the tokens of a member that does not parse: up to its body, a semicolon, or the start of the next member.
fn skip_member(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while input.peek(Token![#]) && input.peek2(syn::token::Bracket) {
        tokens.extend([input.parse::<TokenTree>()?, input.parse::<TokenTree>()?]);
    }
    let (mut begun, mut named) = (false, false);
    while !input.is_empty() {
        let ahead = input.peek(Token![#]) || input.peek(Token![pub]);
        let word = input.peek(Token![fn]) || input.peek(Token![const]) || input.peek(Token![type]);
        if ahead && begun || word && named {
            break;
        }
        named |= input.peek(Token![fn]) || input.peek(Token![type]);
        begun = true;
        let tree: TokenTree = input.parse()?;
        let ends = match &tree {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        tokens.extend([tree]);
        if ends {
            break;
        }
    }
    Ok(tokens)
}

/// Returns the method that the author meant, and whether all of its parameters have a type.
fn method(input: ParseStream<'_>) -> syn::Result<(ImplItemFn, bool)> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    let (_, ident) = (input.parse::<Token![fn]>()?, input.parse::<Ident>()?);
    let written;
    let paren_token = syn::parenthesized!(written in input);
    let mut complete = true;
    let params = split(written.parse()?).into_iter().map(|param| {
        typed(&param).unwrap_or_else(|| {
            complete = false;
            syn::parse_quote!(_: impl ::core::marker::Sized)
        })
    });
    let inputs: syn::punctuated::Punctuated<FnArg, Token![,]> = params.collect();
    let changes = matches!(inputs.first(), Some(FnArg::Receiver(_)));
    let ahead = input.fork();
    let output = match ahead.parse::<ReturnType>() {
        Ok(output) => output,
        Err(_) if changes => ReturnType::Default,
        Err(_) => syn::parse_quote!(-> Self),
    };
    let rest: TokenStream = input.parse()?;
    let body = rest.into_iter().last().and_then(|body| syn::parse2::<Block>(body.into()).ok());
    let mut method: ImplItemFn = syn::parse_quote!(fn #ident() #output {});
    (method.attrs, method.vis, method.sig.inputs, method.sig.paren_token) = (attrs, vis, inputs, paren_token);
    match body {
        Some(body) => method.block = body,
        None => silent::body(&mut method.attrs, &mut method.block),
    }
    Ok((method, complete))
}

/// Returns the parameter, without a default value, which Rust does not allow.
fn typed(param: &TokenStream) -> Option<FnArg> {
    let equals = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '=');
    let without = || param.clone().into_iter().take_while(|tree| !equals(tree)).collect();
    syn::parse2(param.clone()).or_else(|_| syn::parse2(without())).ok()
}

/// Wraps a group that looks like a body and is none.
fn keep(tree: TokenTree) -> TokenTree {
    match tree {
        TokenTree::Group(group)
            if group.delimiter() == Delimiter::Brace
                && syn::parse2::<Block>(TokenTree::Group(group.clone()).into()).is_err() =>
        {
            let inside = group.stream();
            let kept = Ident::new(KEPT, group.span());
            with(&group, quote_spanned!(group.span()=> #kept! { #inside }))
        }
        tree => tree,
    }
}

/// Unwraps a group that [`keep`] wrapped.
fn restore(tree: TokenTree) -> TokenTree {
    match &tree {
        TokenTree::Group(group) => match syn::parse2::<syn::Macro>(group.stream()) {
            Ok(kept) if kept.path.is_ident(KEPT) => with(group, kept.tokens),
            _ => tree,
        },
        _ => tree,
    }
}

/// Returns the group with other tokens in it. Their place is its end, where the compiler points if something is
/// missing.
fn with(group: &Group, stream: TokenStream) -> TokenTree {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span_close());
    TokenTree::Group(new)
}
