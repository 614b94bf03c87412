//! The arguments: `Account, Transfer, ignore = [Opened, owner, discarded], name = "..", version = 2, ..`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, ExprLit, Lit, LitStr, MetaNameValue, Path, PathArguments, Token};

use crate::args::{Args, split};
use crate::attrs;
use crate::diag::Diag;
use crate::names;
use crate::runtime_path::Runtime;

const KNOWN: &[&str] = &["ignore", "name", "version", "crate"];

/// The arguments of `#[projection]`.
pub(super) struct Arguments {
    pub(super) runtime: Runtime,
    pub(super) aggregates: Vec<Path>,
    pub(super) ignored: Vec<Ignored>,
    pub(super) name: Option<LitStr>,
    pub(super) version: u32,
    /// True if the arguments end with `..`.
    pub(super) is_partial: bool,
    /// False if a mistake among the aggregates was reported.
    pub(super) are_aggregates_known: bool,
}

/// An event or attribute that the view does not need.
#[derive(Clone)]
pub(super) enum Ignored {
    Event(Path),
    Attribute(Ident),
    Discarded(Ident),
}

impl Arguments {
    pub(super) fn parse(view: &str, tokens: TokenStream, diag: &mut Diag) -> Self {
        let mark = diag.mark();
        let mut aggregates: Vec<Path> = Vec::new();
        let (mut rest, mut others) = (None::<TokenStream>, Vec::new());
        for part in split(tokens) {
            if let Some(dots) = &rest {
                if is_rest(&part) {
                    diag.error(part, "`..` is given twice; remove one");
                } else {
                    diag.error(dots, "`..` stands at the end of the arguments; move it there");
                }
                continue;
            }
            if is_rest(&part) {
                rest = Some(part);
                continue;
            }
            match aggregate(&part, diag) {
                Role::Argument => others.push(part),
                Role::Refused => {}
                Role::Aggregate(path) if aggregates.contains(&path) => {
                    diag.error(&path, format!("`{}` is named twice; remove one", attrs::text(&path)));
                }
                Role::Aggregate(path) => {
                    if !others.is_empty() {
                        diag.error(&path, "the aggregates come first; move this one to the front");
                    }
                    aggregates.push(path);
                }
            }
        }
        let are_aggregates_known = diag.clean_since(mark);
        if aggregates.is_empty() && are_aggregates_known {
            diag.here(format!(
                "name the aggregates whose events the view reads: `#[projection(Account)] impl {view}`"
            ));
        }
        let others: TokenStream = others.into_iter().map(|part| quote::quote!(#part,)).collect();
        let mut args = Args::parse("projection", "ignore = [Opened]", others, diag);
        let runtime = Runtime::take(&mut args, diag);
        let name = args.string("name", diag);
        let version = args.version("version", diag).map_or(1, |(_, version)| version);
        let ignored = match (args.tokens("ignore", "[Opened, owner, discarded]", diag), &rest) {
            (Some((key, _)), Some(_)) => {
                diag.error(&key, "`..` leaves out the rest anyway; remove `ignore`");
                Vec::new()
            }
            (Some((_, value)), None) => ignored(value, diag),
            (None, _) => Vec::new(),
        };
        args.finish(KNOWN, diag);
        Self { runtime, aggregates, ignored, name, version, is_partial: rest.is_some(), are_aggregates_known }
    }
}

/// The role of one argument.
enum Role {
    Aggregate(Path),
    Argument,
    Refused,
}

fn is_rest(part: &TokenStream) -> bool {
    let dots = |input: ParseStream<'_>| input.parse::<Token![..]>();
    dots.parse2(part.clone()).is_ok()
}

fn aggregate(part: &TokenStream, diag: &mut Diag) -> Role {
    if let Ok(pair) = syn::parse2::<MetaNameValue>(part.clone())
        && ["of", "aggregate", "aggregates", "source", "from"].iter().any(|key| pair.path.is_ident(key))
    {
        let written = match &pair.value {
            Expr::Tuple(tuple) => attrs::text(&tuple.elems).replace(',', ", "),
            Expr::Array(array) => attrs::text(&array.elems).replace(',', ", "),
            value => attrs::text(value),
        };
        diag.error(
            part,
            format!(
                "the aggregates stand alone; write `#[projection({})]`",
                written.trim_matches(['"', ' ', ',']).trim()
            ),
        );
        return Role::Refused;
    }
    if let Ok(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) = syn::parse2(part.clone()) {
        diag.error(
            part,
            format!("an aggregate is a type, not a text; write `#[projection({})]`", text.value()),
        );
        return Role::Refused;
    }
    let Ok(path) = syn::parse2::<Path>(part.clone()) else { return followed(part, diag) };
    if path.segments.iter().any(|segment| !matches!(segment.arguments, PathArguments::None)) {
        diag.error(&path, "an aggregate has no generic parameters; name the type alone");
        return Role::Refused;
    }
    let Some(ident) = path.get_ident() else { return Role::Aggregate(path) };
    if ["every", "all", "exhaustive"].iter().any(|word| ident == word) {
        diag.error(
            ident,
            format!(
                "every event has to be handled anyway; remove `{ident}` (`..` at the end would leave out the rest)"
            ),
        );
        return Role::Refused;
    }
    if ident == "Self" {
        diag.error(ident, "`Self` is the view; name the aggregate whose events it reads");
        return Role::Refused;
    }
    let is_type = names::is_camel(ident) || ident.to_string().starts_with("r#");
    if is_type { Role::Aggregate(path) } else { Role::Argument }
}

/// Reports an aggregate that something other than a comma follows.
fn followed(part: &TokenStream, diag: &mut Diag) -> Role {
    let mut trees = part.clone().into_iter();
    if let (Some(TokenTree::Ident(name)), Some(behind)) = (trees.next(), trees.next())
        && names::is_camel(&name)
        && !matches!(&behind, TokenTree::Punct(_))
    {
        if let TokenTree::Ident(_) = behind {
            diag.error(&behind, format!("a comma is missing after `{name}`"));
        } else {
            diag.error(&behind, format!("the aggregate stands alone; write `#[projection({name})]`"));
        }
        return Role::Refused;
    }
    Role::Argument
}

/// Returns the elements of `ignore`, each once.
fn ignored(value: TokenStream, diag: &mut Diag) -> Vec<Ignored> {
    let Ok(List(parts)) = syn::parse2::<List>(value.clone()) else {
        diag.error(value, "this is no list; write `ignore = [Opened, owner, discarded]`");
        return Vec::new();
    };
    let mut list: Vec<Ignored> = Vec::new();
    for part in parts {
        let Ok(path) = syn::parse2::<Path>(part.clone()) else {
            diag.error(
                part,
                "`ignore` lists events by their types, attributes by their names, and `discarded`; write one of these",
            );
            continue;
        };
        let element = match path.get_ident() {
            Some(word) if word == "discarded" => Ignored::Discarded(word.clone()),
            Some(word) if word == "forgotten" || word == "retired" => {
                diag.error(
                    word,
                    format!("a view that has no method `#[{word}]` ignores that anyway; remove it"),
                );
                continue;
            }
            Some(word) if !names::is_camel(word) => Ignored::Attribute(word.clone()),
            _ => Ignored::Event(path),
        };
        if list.iter().any(|other| other.text() == element.text()) {
            diag.error(
                element.tokens(),
                format!("`{}` stands in `ignore` twice; remove one", element.text()),
            );
        } else {
            list.push(element);
        }
    }
    list
}

impl Ignored {
    pub(super) fn tokens(&self) -> TokenStream {
        match self {
            Self::Event(path) => path.to_token_stream(),
            Self::Attribute(ident) | Self::Discarded(ident) => ident.to_token_stream(),
        }
    }

    /// Returns the element as written.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Event(path) => attrs::text(path),
            Self::Attribute(ident) | Self::Discarded(ident) => ident.unraw().to_string(),
        }
    }
}

struct List(Vec<TokenStream>);

impl Parse for List {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        syn::bracketed!(content in input);
        let tokens: TokenStream = content.parse()?;
        Ok(Self(split(tokens)))
    }
}
