//! Attributes of serde by which a value would not be read as it was written.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Fields, LitStr, Meta, Path, Type};

use crate::args::split;
use crate::attrs::{self, is_cfg};
use crate::diag::Diag;
use crate::serde_said::{Said, renamed};
use crate::types::named_last;

/// The attributes that leave a value out when serde writes or reads.
const SKIPS: &[&str] = &["skip", "skip_serializing", "skip_deserializing"];

/// The attribute of one direction, and the one of the other direction.
const PAIRS: &[(&str, &str)] =
    &[("serialize_with", "deserialize_with"), ("deserialize_with", "serialize_with")];

/// The attributes that name a field.
const NAMES: &[&str] = &["rename", "alias"];

/// The last names of predicates that are true for the default alone.
const IS_DEFAULT: &[&str] = &["is_default", "is_empty", "is_none", "is_zero", "is_false", "not"];

/// The last names of functions that return the default of the type.
const DEFAULT: &[&str] = &["default", "new"];

/// The checks of one struct, or of the parameters of one event method.
#[derive(Default)]
pub(crate) struct ReadBack {
    /// The attributes of the struct.
    item: Said,
    known: Vec<Stored>,
    /// The flattened field that takes what the other fields do not take.
    rest: Option<Ident>,
    /// True if two fields had one name.
    has_clash: bool,
}

/// A value, and the names under which serde finds it.
struct Stored {
    /// The field, as a report names it.
    value: String,
    written: Name,
    read: Vec<Name>,
}

#[derive(Clone)]
struct Name {
    text: String,
    /// The tokens that give the name.
    said: TokenStream,
}

impl ReadBack {
    /// Begins the checks of a struct with these attributes.
    pub(crate) fn of(written: &[Attribute], diag: &mut Diag) -> Self {
        let item = Said::of(written);
        let rules = item.names("rename_all");
        if let Some(rule) = rules.one_sided("", &[])
            && !item.is_elsewhere()
        {
            diag.error(
                &rules.at,
                format!(
                    "the fields would be written under one name and read under another; write `rename_all = {}`",
                    rule.token()
                ),
            );
        }
        let tag = item.names("tag").written.map(|tag| {
            let name = Name::from(&tag);
            Stored { value: "the tag".to_owned(), written: name.clone(), read: vec![name] }
        });
        Self { item, known: tag.into_iter().collect(), rest: None, has_clash: false }
    }

    /// Reports attributes by which the field would not be read as it was written; `lost` names the place that would
    /// miss a field that is left out.
    pub(crate) fn check(
        &mut self,
        field: &Ident,
        written: &[Attribute],
        ty: &Type,
        lost: &str,
        diag: &mut Diag,
    ) {
        let said = Said::of(written);
        let mark = diag.mark();
        for skip in SKIPS.iter().filter_map(|name| said.find(name)) {
            let name = attrs::text(skip);
            diag.error(skip, format!("`#[serde({name})]` would drop the value: {lost}; remove it"));
        }
        if self.item.is_elsewhere() || !diag.clean_since(mark) {
            return;
        }
        self.left_out(&said, ty, diag);
        for (one, other) in PAIRS {
            if let Some(alone) = said.find(one)
                && said.find(other).is_none()
            {
                diag.error(
                    alone,
                    format!(
                        "the other direction would have another form; add `{other}`, or write `with` for both"
                    ),
                );
            }
        }
        if let Some(flatten) = said.find("flatten") {
            self.flattened(field, flatten, ty, diag);
        } else {
            let is_unsure = said.is_conditional || written.iter().any(is_cfg);
            self.stored_as(field, &said, is_unsure, diag);
        }
    }

    /// Reports a value that is left out, unless it is the one that is read in its place.
    fn left_out(&self, said: &Said, ty: &Type, diag: &mut Diag) {
        let Some(skip) = said.find("skip_serializing_if") else { return };
        let predicate = said.names("skip_serializing_if").written;
        if let Some(predicate) = predicate.filter(|path| !is_called(path, IS_DEFAULT)) {
            diag.error(
                skip,
                format!(
                    "`{}` may leave out a value that is not the default, which is read in its place; remove this, or use \
                     a predicate called {}",
                    predicate.value(),
                    "`is_default`, `is_empty`, `is_none`, `is_zero` or `is_false`"
                ),
            );
            return;
        }
        let is_option = named_last(ty, "Option");
        let is_read_by_serde = ["with", "deserialize_with"].iter().all(|name| said.find(name).is_none());
        // serde reads a flattened field from whatever is there.
        let has_default = self.item.find("default").or(said.find("flatten")).is_some();
        match said.find("default") {
            None if has_default || is_option && is_read_by_serde => {}
            None => {
                diag.error(skip, "nothing is read in the place of a value that is left out; add `default`");
            }
            Some(default) => {
                if let Some(function) = said.names("default").written
                    && !is_called(&function, DEFAULT)
                {
                    let function = function.value();
                    diag.error(default, format!("`{function}` may return another value than the one that is left out; write `default` alone"));
                }
            }
        }
    }

    /// Reports a field that is flattened after a map: serde reads what it holds into the map, too.
    fn flattened(&mut self, field: &Ident, said: &Meta, ty: &Type, diag: &mut Diag) {
        if let Some(rest) = &self.rest {
            diag.error(
                said,
                format!("`{rest}` would be read with what `{field}` holds, too; flatten one map at most, as the last field"),
            );
        }
        if attrs::text(ty).contains("Map<") || named_last(ty, "Value") {
            self.rest.get_or_insert_with(|| field.clone());
        }
    }

    /// Reports names under which the field would not be found, or another one would.
    fn stored_as(&mut self, field: &Ident, said: &Said, is_unsure: bool, diag: &mut Diag) {
        let rule = self.item.names("rename_all").written.map(|rule| rule.value()).unwrap_or_default();
        let own = Name { text: renamed(&rule, &field.unraw().to_string()), said: field.to_token_stream() };
        let names = said.names("rename");
        let aliases = said.names("alias").read;
        if let Some(name) = names.one_sided(&own.text, &aliases) {
            let word = if names.written.is_some() { "rename" } else { "alias" };
            diag.error(
                &names.at,
                format!(
                    "the value would be written under one name and read under another; write `{word} = {}`",
                    name.token()
                ),
            );
            return;
        }
        if is_unsure || self.item.is_conditional {
            return;
        }
        let written = names.written.as_ref().map_or(own.clone(), Name::from);
        let mut read: Vec<Name> = names.read.iter().chain(&aliases).map(Name::from).collect();
        if names.read.is_empty() {
            read.push(own);
        }
        let new = Stored { value: format!("`{field}`"), written, read };
        let mark = diag.mark();
        // The compiler reports a field that is there twice.
        for other in self.known.iter().filter(|other| other.value != new.value) {
            clashes(other, &new, diag);
        }
        self.has_clash |= !diag.clean_since(mark);
        self.known.push(new);
    }

    /// Gives back their own names to fields, if two have one name: the compiler would warn of the code that reads them.
    pub(crate) fn part(&self, fields: &mut Fields) {
        for attr in fields.iter_mut().flat_map(|field| &mut field.attrs) {
            if let Meta::List(list) = &mut attr.meta
                && self.has_clash
                && list.path.is_ident("serde")
            {
                let arguments = split(list.tokens.clone()).into_iter().filter(|argument| {
                    let argument = syn::parse2::<Meta>(argument.clone());
                    !argument.is_ok_and(|argument| NAMES.iter().any(|name| argument.path().is_ident(name)))
                });
                list.tokens = quote!(#(#arguments,)*);
            }
        }
    }
}

/// Reports the names that both have.
fn clashes(other: &Stored, new: &Stored, diag: &mut Diag) {
    let name = &new.written;
    if name.text == other.written.text {
        // The tokens of an attribute rather than a field that has its own name.
        let is_own = name.said.to_string() == name.text;
        let at = if is_own { &other.written.said } else { &name.said };
        diag.error(
            at,
            format!("{} and {} are both stored as \"{}\"; rename one", other.value, new.value, name.text),
        );
        return;
    }
    for name in &new.read {
        let Some(theirs) = other.read.iter().find(|theirs| theirs.text == name.text) else { continue };
        let (at, whose, whom) =
            if name.text == new.written.text { (theirs, other, new) } else { (name, new, other) };
        diag.error(
            &at.said,
            format!(
                "\"{}\" is read as {}, and cannot be an alias of {}; remove it",
                name.text, whom.value, whose.value
            ),
        );
    }
}

/// Returns whether serde writes the contents of a field beside the other fields.
pub(crate) fn flattens<'a>(mut fields: impl Iterator<Item = &'a Vec<Attribute>>) -> bool {
    fields.any(|written| Said::of(written).find("flatten").is_some())
}

impl Name {
    fn from(said: &LitStr) -> Self {
        Self { text: said.value(), said: said.to_token_stream() }
    }
}

/// Returns whether the text is a path with one of `names` as its last name.
fn is_called(path: &LitStr, names: &[&str]) -> bool {
    let last = path.parse::<Path>().ok().and_then(|path| path.segments.last().map(|last| last.ident.clone()));
    last.is_some_and(|last| names.iter().any(|name| last == name))
}
