//! No input makes a macro panic, and the output parses if the input does.

use std::panic::catch_unwind;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;

use super::corpus::{DERIVED, VALID};
use super::tokens;

const INPUTS: usize = 12_000;

#[test]
fn mutated_input_neither_panics_nor_yields_broken_code() {
    let corpus = [VALID, DERIVED].concat();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut refused = 0;
    for round in 0..INPUTS {
        let (expand, args, item) = corpus[round % corpus.len()];
        let (mut args, mut item) = (tokens(args), tokens(item));
        for _ in 0..=random.below(3) {
            // Arguments have few tokens: most mutations go to the item.
            if random.below(4) == 0 {
                args = mutate(args, &mut random);
            } else {
                item = mutate(item, &mut random);
            }
        }
        let input = format!("#[..({args})] {item}");
        // A body that does not parse comes out as it is.
        let is_rust = syn::parse2::<syn::Item>(item.clone()).is_ok();
        let output = catch_unwind(|| expand(args, item)).unwrap_or_else(|_| panic!("panicked on: {input}"));
        let text = output.to_string();
        refused += usize::from(text.contains("compile_error"));
        if let Err(error) = syn::parse2::<syn::File>(output)
            && is_rust
        {
            panic!("the output does not parse ({error})\ninput: {input}\noutput: {text}");
        }
    }
    // Otherwise the mutations would be too weak, or too strong, to show anything.
    assert!((INPUTS / 10..INPUTS * 9 / 10).contains(&refused), "{refused} of {INPUTS} inputs were refused");
}

#[test]
fn what_stands_before_the_cut_of_a_truncated_block_is_expanded() {
    let mut cuts = 0;
    for (expand, args, item) in VALID {
        let item = tokens(item);
        let Ok(syn::Item::Impl(block)) = syn::parse2::<syn::Item>(item.clone()) else { continue };
        let members = block.items.iter().map(|member| length(member.to_token_stream()));
        let first = length(item.clone()) - members.sum::<usize>();
        for kept in 0..length(item.clone()) {
            let truncated = truncate(item.clone(), &mut { kept });
            let input = truncated.to_string();
            let output = catch_unwind(|| expand(tokens(args), truncated));
            let output = output.unwrap_or_else(|_| panic!("panicked on: {input}")).to_string();
            let mut end = first;
            for member in &block.items {
                end += length(member.to_token_stream());
                if let (true, syn::ImplItem::Fn(method)) = (end <= kept, member) {
                    let name = method.sig.ident.to_string();
                    let names: Vec<_> = output.split_whitespace().collect();
                    let found = names.windows(2).any(|pair| pair[0] == "fn" && pair[1] == name);
                    let handled = method.attrs.iter().any(|attr| matches!(attr.meta, syn::Meta::Path(_)));
                    assert!(found || handled, "`{name}` is missing\ninput: {input}\noutput: {output}");
                    cuts += 1;
                }
            }
        }
    }
    assert!(cuts > 200, "{cuts} complete members were looked for");
}

#[test]
fn a_truncated_struct_is_still_a_struct() {
    for (expand, args, item) in VALID {
        let item = tokens(item);
        let Ok(syn::Item::Struct(parsed)) = syn::parse2::<syn::Item>(item.clone()) else { continue };
        if expand(tokens(args), item.clone()).to_string().contains("compile_error") {
            continue;
        }
        let fields = length(parsed.fields.to_token_stream());
        for kept in length(item.clone()) - fields + 1..length(item.clone()) {
            let truncated = truncate(item.clone(), &mut { kept });
            let input = truncated.to_string();
            let output = catch_unwind(|| expand(tokens(args), truncated));
            let output = output.unwrap_or_else(|_| panic!("panicked on: {input}")).to_string();
            let name = parsed.ident.to_string();
            assert!(output.contains(&name), "`{name}` is missing\ninput: {input}\noutput: {output}");
        }
    }
}

/// Returns the number of tokens at any depth.
fn length(stream: TokenStream) -> usize {
    let inside = |tree| match tree {
        TokenTree::Group(group) => 1 + length(group.stream()),
        _ => 1,
    };
    stream.into_iter().map(inside).sum()
}

/// Keeps the first `kept` tokens, and closes open groups, as an editor does while its user types.
fn truncate(stream: TokenStream, kept: &mut usize) -> TokenStream {
    let mut trees = TokenStream::new();
    for tree in stream {
        let Some(rest) = kept.checked_sub(1) else { break };
        *kept = rest;
        let tree = match tree {
            TokenTree::Group(group) => {
                let inside = truncate(group.stream(), kept);
                TokenTree::Group(Group::new(group.delimiter(), inside))
            }
            tree => tree,
        };
        trees.extend([tree]);
    }
    trees
}

/// Deletes, doubles or swaps a token at any depth.
fn mutate(stream: TokenStream, random: &mut Random) -> TokenStream {
    let mut trees: Vec<TokenTree> = stream.into_iter().collect();
    if trees.is_empty() {
        return TokenStream::new();
    }
    let at = random.below(trees.len());
    match trees.get(at) {
        Some(TokenTree::Group(group)) if random.below(8) != 0 => {
            let mutated = mutate(group.stream(), random);
            trees[at] = TokenTree::Group(Group::new(group.delimiter(), mutated));
        }
        _ => match random.below(3) {
            0 => drop(trees.remove(at)),
            1 => trees.insert(at, trees[at].clone()),
            _ => {
                let other = random.below(trees.len());
                trees.swap(at, other);
            }
        },
    }
    trees.into_iter().collect()
}

/// A small generator with the same inputs on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }
}
