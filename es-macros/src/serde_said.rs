//! The arguments of `#[serde(..)]`, and the names that serde gives to fields.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue};

use crate::args::split;
use crate::attrs::brought;

/// The attributes of a struct for which serde reads or writes another type.
const ELSEWHERE: &[&str] = &["from", "try_from", "into"];

/// The arguments of `#[serde(..)]`.
#[derive(Default)]
pub(crate) struct Said {
    arguments: Vec<Meta>,
    /// True if a condition decides on some of them.
    pub(crate) is_conditional: bool,
}

/// The texts of an argument: one for both directions, or one for each.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) written: Option<LitStr>,
    pub(crate) read: Vec<LitStr>,
    pub(crate) at: TokenStream,
}

impl Said {
    pub(crate) fn of(written: &[Attribute]) -> Self {
        let mut said = Self { arguments: Vec::new(), is_conditional: false };
        for attr in written {
            for meta in brought(&attr.meta) {
                let Meta::List(list) = meta else { continue };
                if list.path.is_ident("serde") {
                    said.is_conditional |= attr.path().is_ident("cfg_attr");
                    let arguments = split(list.tokens).into_iter();
                    said.arguments
                        .extend(arguments.filter_map(|argument| syn::parse2::<Meta>(argument).ok()));
                }
            }
        }
        said
    }

    /// Returns whether serde reads or writes another type in the place of the struct.
    pub(crate) fn is_elsewhere(&self) -> bool {
        ELSEWHERE.iter().any(|name| self.find(name).is_some())
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Meta> {
        self.arguments.iter().find(|argument| argument.path().is_ident(name))
    }

    /// Returns the texts of all arguments called `name`.
    pub(crate) fn names(&self, name: &str) -> Names {
        let mut names = Names::default();
        for argument in self.arguments.iter().filter(|argument| argument.path().is_ident(name)) {
            match argument {
                Meta::NameValue(pair) => {
                    names.written = names.written.or_else(|| text(pair));
                    names.read.extend(text(pair));
                }
                Meta::List(list) => {
                    names.at.extend(argument.to_token_stream());
                    for side in split(list.tokens.clone()) {
                        let Ok(side) = syn::parse2::<MetaNameValue>(side) else { continue };
                        if side.path.is_ident("serialize") {
                            names.written = text(&side);
                        } else {
                            names.read.extend(text(&side));
                        }
                    }
                }
                Meta::Path(_) => {}
            }
        }
        names
    }
}

impl Names {
    /// Returns the name to keep, if the written one is not read, not even as an alias. `own` is the name without any
    /// argument.
    pub(crate) fn one_sided(&self, own: &str, aliases: &[LitStr]) -> Option<&LitStr> {
        let written = self.written.as_ref().map_or_else(|| own.to_owned(), LitStr::value);
        let is_read = self.read.iter().chain(aliases).any(|name| name.value() == written);
        let is_own = self.read.is_empty() && own == written;
        if is_read || is_own { None } else { self.written.as_ref().or(self.read.first()) }
    }
}

fn text(pair: &MetaNameValue) -> Option<LitStr> {
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
        _ => None,
    }
}

/// Returns the name of a field by a rule of serde's.
pub(crate) fn renamed(rule: &str, field: &str) -> String {
    let pascal = || {
        let words = field.split('_').map(|word| {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            first.to_ascii_uppercase() + rest
        });
        words.collect::<String>()
    };
    match rule {
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        "PascalCase" => pascal(),
        "camelCase" => {
            let pascal = pascal();
            let (first, rest) = pascal.split_at(pascal.chars().next().map_or(0, char::len_utf8));
            first.to_ascii_lowercase() + rest
        }
        "kebab-case" => field.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => field.to_ascii_uppercase().replace('_', "-"),
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_renamed_as_serde_renames_them() {
        for (field, rule, name) in [
            ("by_clerk", "", "by_clerk"),
            ("by_clerk", "lowercase", "by_clerk"),
            ("by_clerk", "UPPERCASE", "BY_CLERK"),
            ("by_clerk", "PascalCase", "ByClerk"),
            ("by_clerk", "camelCase", "byClerk"),
            ("by_clerk", "snake_case", "by_clerk"),
            ("by_clerk", "SCREAMING_SNAKE_CASE", "BY_CLERK"),
            ("by_clerk", "kebab-case", "by-clerk"),
            ("by_clerk", "SCREAMING-KEBAB-CASE", "BY-CLERK"),
            ("z42", "PascalCase", "Z42"),
            ("_by__clerk", "camelCase", "byClerk"),
            ("é_b", "camelCase", "éB"),
            ("_", "camelCase", ""),
        ] {
            assert_eq!(renamed(rule, field), name, "{rule}");
        }
    }
}
