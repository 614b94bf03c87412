//! The arguments of an attribute: `Name, key = value, key = value`.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, ExprLit, Lit, LitInt, LitStr, MacroDelimiter, Meta, Path, Token, Type, Visibility,
};

use crate::diag::Diag;

/// Settings that people look for among the arguments, each with its place.
const ELSEWHERE: &[(&str, &str)] = &[(
    "snapshot_every",
    "the application takes snapshots: `Application::builder(..).snapshot_every::<Account>(100)`",
)];

/// The arguments that the user wrote; each is taken once.
pub(crate) struct Args {
    /// The name of the attribute.
    attribute: &'static str,
    args: Vec<Arg>,
}

struct Arg {
    key: Ident,
    value: TokenStream,
}

impl Args {
    /// Splits the arguments at their commas; each value is parsed when it is taken. The report of anything that is not
    /// an argument shows `example`.
    pub(crate) fn parse(
        attribute: &'static str,
        example: &str,
        tokens: TokenStream,
        diag: &mut Diag,
    ) -> Self {
        let mut args: Vec<Arg> = Vec::new();
        for part in split(tokens) {
            match (|input: ParseStream<'_>| input.parse::<Arg>()).parse2(part.clone()) {
                Ok(arg) => {
                    if let Some(first) = args.iter().find(|other| other.key == arg.key) {
                        diag.error(&arg.key, format!("`{}` is given twice; remove one", first.key));
                    } else {
                        args.push(arg);
                    }
                }
                Err(_) => {
                    diag.error(part, format!("this is no argument of `#[{attribute}]`; write `{example}`"));
                }
            }
        }
        Self { attribute, args }
    }

    /// Takes the string of `key`.
    pub(crate) fn string(&mut self, key: &str, diag: &mut Diag) -> Option<LitStr> {
        let text: LitStr = self.take(key, "\"..\"", diag)?;
        if text.value().trim().is_empty() {
            diag.error(&text, format!("`{key}` is empty; write a name that will stay the same for ever"));
            return None;
        }
        named(key, &text, diag).then_some(text)
    }

    /// Takes the list of strings of `key`.
    pub(crate) fn strings(&mut self, key: &str, diag: &mut Diag) -> Vec<LitStr> {
        let Some(List(texts)) = self.take::<List<LitStr>>(key, "[\"..\", \"..\"]", diag) else {
            return Vec::new();
        };
        let mut seen: Vec<LitStr> = Vec::new();
        for text in texts {
            if text.value().trim().is_empty() {
                diag.error(&text, format!("a text in `{key}` is empty; remove it"));
            } else if seen.contains(&text) {
                diag.error(&text, format!("{} stands in `{key}` twice; remove one", text.token()));
            } else if named(key, &text, diag) {
                seen.push(text);
            }
        }
        seen
    }

    /// Takes the positive number of `key`.
    pub(crate) fn version(&mut self, key: &str, diag: &mut Diag) -> Option<(LitInt, u32)> {
        let number: LitInt = self.take(key, "2", diag)?;
        match number.base10_parse::<u32>() {
            Ok(0) => diag.error(&number, format!("`{key} = 0` does not exist; versions begin at 1")),
            Ok(parsed) => return Some((number, parsed)),
            Err(_) => diag
                .error(&number, format!("`{key}` is not a version; write a whole number below {}", u32::MAX)),
        }
        None
    }

    /// Takes the type, or the list of types, of `key`.
    pub(crate) fn types(&mut self, key: &str, diag: &mut Diag) -> Vec<Type> {
        let taken = self.take::<OneOrMore>(key, "OpenedV1` or `upcast = [OpenedV1, OpenedV2]", diag);
        taken.map(|types| types.0).unwrap_or_default()
    }

    /// Takes the path of `key`.
    pub(crate) fn path(&mut self, key: &str, diag: &mut Diag) -> Option<Path> {
        self.take::<ModPath>(key, "path::of::es_runtime", diag).map(|path| path.0)
    }

    /// Takes the name of `key`.
    pub(crate) fn name(&mut self, key: &str, example: &str, diag: &mut Diag) -> Option<Ident> {
        self.take::<Ident>(key, example, diag)
    }

    /// Takes the traits in `derive(..)`.
    pub(crate) fn derives(&mut self, diag: &mut Diag) -> Vec<Path> {
        let example = "derive(PartialEq)";
        let Some(Arg { key, value }) = self.args.extract_if(.., |arg| arg.key == "derive").next() else {
            return Vec::new();
        };
        let paths = syn::parse2::<Group>(value).ok().map(|group| {
            Punctuated::<Path, Token![,]>::parse_terminated.parse2(group.stream()).unwrap_or_default()
        });
        let paths: Vec<Path> = paths.unwrap_or_default().into_iter().collect();
        if paths.is_empty() {
            diag.error(&key, format!("`derive` names no traits; write `{example}`"));
        }
        let made = |path: &Path| {
            let last = path.segments.last()?;
            ["Clone", "Debug", "Serialize", "Deserialize"].into_iter().find(|name| last.ident == name)
        };
        let mut kept = Vec::new();
        for path in paths {
            match made(&path) {
                Some(name) => {
                    diag.error(&path, format!("the macro already derives `{name}` for the event; remove it"));
                }
                None => kept.push(path),
            }
        }
        kept
    }

    /// Takes the visibility of `key`.
    pub(crate) fn visibility(&mut self, key: &str, diag: &mut Diag) -> Option<Visibility> {
        self.take::<Visible>(key, "pub(crate)", diag).map(|visible| visible.0)
    }

    /// Takes the tokens of `key`, with the key as written.
    pub(crate) fn tokens(
        &mut self,
        key: &str,
        example: &str,
        diag: &mut Diag,
    ) -> Option<(Ident, TokenStream)> {
        let written = self.args.iter().find(|arg| arg.key == key).map(|arg| arg.key.clone());
        written.zip(self.take::<TokenStream>(key, example, diag))
    }

    /// Takes the one word of `words` that has no value.
    pub(crate) fn one_of(&mut self, words: &[&str], diag: &mut Diag) -> Option<Ident> {
        let is_one = |arg: &mut Arg| words.iter().any(|word| arg.key == word);
        let mut found = None;
        for Arg { key, value } in self.args.extract_if(.., is_one) {
            if !value.is_empty() {
                diag.error(&key, format!("`{key}` takes no value; write `{key}` alone"));
            } else if let Some(first) = &found {
                diag.error(&key, format!("`{key}` contradicts `{first}`; remove one"));
            } else {
                found = Some(key);
            }
        }
        found
    }

    /// Reports the arguments that nobody took.
    pub(crate) fn finish(self, known: &[&str], diag: &mut Diag) {
        for Arg { key, .. } in self.args {
            let written = key.to_string();
            let near = known
                .iter()
                .map(|name| (strsim::jaro_winkler(&written, name), name))
                .filter(|(likeness, _)| *likeness > 0.8)
                .max_by(|left, right| left.0.total_cmp(&right.0));
            let elsewhere = ELSEWHERE.iter().find(|(name, _)| written == *name);
            let remedy = match (elsewhere, near) {
                (Some((_, place)), _) => (*place).to_owned(),
                (None, Some((_, name))) => format!("did you mean `{name}`?"),
                (None, None) if known.is_empty() => "it takes none".to_owned(),
                (None, None) => format!("it takes {}", listed(known)),
            };
            diag.error(key, format!("`#[{}]` has no argument `{written}`; {remedy}", self.attribute));
        }
    }

    fn take<T: Parse>(&mut self, key: &str, example: &str, diag: &mut Diag) -> Option<T> {
        let at = self.args.iter().position(|arg| arg.key == key)?;
        let Arg { key: written, value } = self.args.remove(at);
        if value.is_empty() {
            diag.error(&written, format!("`{key}` has no value; write `{key} = {example}`"));
            return None;
        }
        let parsed = T::parse.parse2(value.clone()).ok();
        if parsed.is_none() {
            diag.error(value, format!("this is no value of `{key}`; write `{key} = {example}`"));
        }
        parsed
    }
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.call(Ident::parse_any)?;
        if input.is_empty() {
            return Ok(Self { key, value: TokenStream::new() });
        }
        if input.peek(syn::token::Paren) {
            return Ok(Self { key, value: TokenTree::Group(input.parse()?).into() });
        }
        input.parse::<Token![=]>()?;
        Ok(Self { key, value: input.parse()? })
    }
}

/// The longest name that every store can hold, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// Reports a string that no store accepts as a name, or that is surely a slip. Returns whether it is accepted.
fn named(key: &str, text: &LitStr, diag: &mut Diag) -> bool {
    let (mark, value) = (diag.mark(), text.value());
    if value.len() > LONGEST_NAME {
        diag.error(
            text,
            format!("this text in `{key}` has {} bytes; write at most {LONGEST_NAME}", value.len()),
        );
    } else if value.contains(char::is_control) || value.trim() != value {
        let plain: String = value.trim().chars().filter(|letter| !letter.is_control()).collect();
        diag.error(
            text,
            format!(
                "this text in `{key}` has blanks around it, or control characters in it; write {plain:?}"
            ),
        );
    }
    diag.clean_since(mark)
}

/// Returns the parts between top-level commas, without empty ones.
pub(crate) fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',') {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    parts.into_iter().filter(|part| !part.is_empty()).map(|part| part.into_iter().collect()).collect()
}

/// Returns "`a`, `b` and `c`", each name in backticks.
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

struct List<T>(Vec<T>);

impl<T: Parse> Parse for List<T> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        syn::bracketed!(content in input);
        let items = Punctuated::<T, Token![,]>::parse_terminated(&content)?;
        Ok(Self(items.into_iter().collect()))
    }
}

struct OneOrMore(Vec<Type>);

impl Parse for OneOrMore {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        if let Ok(List(types)) = ahead.parse::<List<Type>>()
            && ahead.is_empty()
            && !types.is_empty()
        {
            return input.parse::<List<Type>>().map(|List(types)| Self(types));
        }
        Ok(Self(vec![input.parse()?]))
    }
}

struct ModPath(Path);

impl Parse for ModPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Path::parse_mod_style(input).map(Self)
    }
}

struct Visible(Visibility);

impl Parse for Visible {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        match input.parse()? {
            Visibility::Inherited => Err(input.error("no visibility")),
            visible => Ok(Self(visible)),
        }
    }
}

/// Returns the arguments inside the attribute's parentheses. Reports any other delimiter, and returns `None`. If the
/// user wrote a bare string, the report proposes it as the argument `text`.
pub(crate) fn inner_tokens(attr: &Attribute, text: &str, diag: &mut Diag) -> Option<TokenStream> {
    let name = attr.path().to_token_stream();
    match &attr.meta {
        Meta::Path(_) => Some(TokenStream::new()),
        Meta::List(list) if matches!(list.delimiter, MacroDelimiter::Paren(_)) => Some(list.tokens.clone()),
        Meta::List(list) => {
            let inside = &list.tokens;
            diag.error(list, format!("the brackets are not round; write `#[{name}({inside})]`"));
            None
        }
        Meta::NameValue(pair) => {
            let value = match &pair.value {
                Expr::Lit(ExprLit { lit: Lit::Str(written), .. }) if text.is_empty() => written.value(),
                Expr::Lit(written) if !text.is_empty() => format!("{text} = {}", written.to_token_stream()),
                value => value.to_token_stream().to_string(),
            };
            diag.error(
                &attr.meta,
                format!("the arguments are not in round brackets; write `#[{name}({value})]`"),
            );
            None
        }
    }
}
