//! Calls whose result differs from replay to replay.
//!
//! The list is short, and holds names with the same meaning in every program. The test kit's `Scenario` finds more.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, ExprMethodCall, ExprPath, Macro, Meta, Path, Token};

use crate::args::split;
use crate::attrs;
use crate::diag::Diag;

/// The argument that allows such calls.
const ALLOWED: &str = "nondeterminism";

/// Takes `allow(nondeterminism)` out of the arguments of an event, and returns whether it was there.
pub(super) fn take_allowed(arguments: &mut TokenStream, diag: &mut Diag) -> bool {
    let (mut allowed, mut rest) = (false, TokenStream::new());
    for part in split(arguments.clone()) {
        match syn::parse2::<Meta>(part.clone()) {
            Ok(Meta::List(list)) if list.path.is_ident("allow") => {
                if attrs::text(&list.tokens) == ALLOWED {
                    allowed = true;
                } else {
                    diag.error(
                        &list,
                        format!("`#[event]` allows nothing but `allow({ALLOWED})`; put `#[allow(..)]` on the method"),
                    );
                }
            }
            _ => rest.extend(quote::quote!(#part,)),
        }
    }
    if !rest.is_empty() || allowed {
        *arguments = rest;
    }
    allowed
}

/// Reports the calls in a body, and returns the helpers that it calls. `event` is the event method that calls this body,
/// if that is a helper.
pub(super) fn check(root: &Ident, body: &Block, event: Option<&Ident>, diag: &mut Diag) -> Vec<Ident> {
    let mut calls = Calls { root, event, helpers: Vec::new(), diag };
    calls.visit_block(body);
    calls.helpers
}

struct Calls<'a> {
    root: &'a Ident,
    event: Option<&'a Ident>,
    helpers: Vec<Ident>,
    diag: &'a mut Diag,
}

impl Calls<'_> {
    fn refuse(&mut self, call: impl ToTokens, given: &str) {
        let name = attrs::text(&call);
        let recorded = if given == "time" { ", or ask `&Envelope` for the event's own" } else { "" };
        let (of, on) = self.caller();
        self.diag.error(
            call,
            format!(
                "`{name}` returns another {given} at each replay{of}; take the {given} as a parameter{recorded} (`#[event(.., \
                 allow({ALLOWED}))]`{on} allows the call)"
            ),
        );
    }

    /// Takes note of a path that may be a helper of the state.
    fn helper(&mut self, path: &Path) {
        if let [of, name] = path.segments.iter().map(|segment| &segment.ident).collect::<Vec<_>>()[..]
            && (of == "Self" || of == self.root)
        {
            self.helpers.push(name.clone());
        }
    }

    /// Returns the words of a report that name the event method, if the body is a helper's.
    fn caller(&self) -> (String, String) {
        self.event.map(|event| (format!(" of `{event}`"), format!(" on `{event}`"))).unwrap_or_default()
    }
}

impl<'ast> Visit<'ast> for Calls<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let mark = self.diag.mark();
        visit::visit_expr_method_call(self, call);
        if matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self")) {
            self.helpers.push(call.method.clone());
        } else if call.method == "elapsed" && call.args.is_empty() && self.diag.clean_since(mark) {
            self.refuse(&call.method, "time");
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        match &*call.func {
            Expr::Path(function) if function.qself.is_none() => {
                self.helper(&function.path);
                if let Some(given) = given(&function.path, Some(call.args.len())) {
                    self.refuse(&function.path, given);
                }
            }
            function => self.visit_expr(function),
        }
        call.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    // A function passed as a value: `unwrap_or_else(Utc::now)`.
    fn visit_expr_path(&mut self, function: &'ast ExprPath) {
        self.helper(&function.path);
        if let Some(given) = given(&function.path, None) {
            self.refuse(&function.path, given);
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let name = call.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if ["print", "println", "eprint", "eprintln", "dbg"].contains(&&*name) {
            let (of, on) = self.caller();
            self.diag.error(
                &call.path,
                format!(
                    "`{name}!` prints again at each replay{of}; print in a method outside `#[mutator]`, which calls this one \
                     (`#[event(.., allow({ALLOWED}))]`{on} allows the call)"
                ),
            );
        }
        if let Ok(arguments) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone()) {
            arguments.iter().for_each(|argument| self.visit_expr(argument));
        }
    }

    // Nobody may ever call an item inside a body.
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Returns the kind of value that the function makes anew at each call; `None` for an unknown function. `arguments` is
/// their number, if the code calls the function.
fn given(function: &Path, arguments: Option<usize>) -> Option<&'static str> {
    let names: Vec<String> =
        function.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let none = arguments.is_none_or(|number| number == 0);
    match names[..] {
        ["Self", ..] => None,
        // A single name may be a variable.
        ["now" | "random" | "thread_rng"] if arguments != Some(0) => None,
        [.., "now" | "now_utc" | "now_local"] if none => Some("time"),
        [.., "SystemTime" | "Instant", "elapsed"] => Some("time"),
        [.., "new_v4" | "now_v1" | "now_v6" | "now_v7"] | [.., "Id" | "Ulid", "new"] if none => Some("id"),
        [.., "random" | "thread_rng"] | [.., "rand", "rng"] => none.then_some("value"),
        [.., "rand", "random_range" | "random_bool" | "random_iter" | "random_ratio"]
        | [.., "fastrand", _]
        | [.., "env", "var" | "var_os" | "vars" | "vars_os" | "args" | "args_os" | "current_dir"]
        | [.., "fs", "read" | "read_to_string" | "read_dir" | "exists"]
        | [.., "File", "open"]
        | [.., "process", "id"]
        | [.., "thread", "current"]
        | [.., "RandomState", "new" | "default"] => Some("value"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(body: &str) -> Vec<String> {
        let mut diag = Diag::default();
        let root = syn::parse_str("Account").unwrap();
        check(&root, &syn::parse_str(body).unwrap(), None, &mut diag);
        diag.into_errors().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn well_known_calls_are_refused_wherever_they_stand() {
        for call in [
            "Utc::now()",
            "std::time::SystemTime::now()",
            "OffsetDateTime::now_utc()",
            "now()",
            "Id::new()",
            "Id::<Account>::new()",
            "Uuid::new_v4()",
            "uuid::Uuid::now_v7()",
            "rand::random::<u8>()",
            "random()",
            "rand::thread_rng()",
            "rand::rng()",
            "rand::random_range(1..6)",
            "fastrand::u8(1..6)",
            "std::env::var(\"HOME\")",
            "fs::read_to_string(\"a\")",
            "println!(\"{}\", 1)",
            "dbg!(amount)",
            "SystemTime::UNIX_EPOCH.elapsed()",
            "self.opened.elapsed().unwrap()",
            "Instant::now().elapsed()",
            "std::process::id()",
            "thread::current().id()",
            "RandomState::new()",
        ] {
            for body in [
                format!("{{ self.value = {call}; }}"),
                format!("{{ if let Some(value) = f(vec![{call}, 1]) {{ self.value = value; }} }}"),
                format!("{{ self.values.iter().map(|value| (value, {call})).collect() }}"),
            ] {
                assert_eq!(errors(&body).len(), 1, "{body}: {:?}", errors(&body));
            }
        }
        assert_eq!(errors("{ self.at = at.unwrap_or_else(Utc::now); }").len(), 1);
    }

    #[test]
    fn what_only_looks_like_such_a_call_is_not_refused() {
        for code in [
            "self.now()",
            "self.var(\"a\")",
            "self.rng.random()",
            "now",
            "f(now, random)",
            "Self::now()",
            "now(envelope)",
            "Snapshot::now(envelope)",
            "Id::new(3)",
            "Item::new()",
            "Uuid::new_v5(&a, b)",
            "Id::from_key(name)",
            "var(3)",
            "envelope.timestamp()",
            "self.elapsed()",
            "self.elapsed",
            "timer.elapsed(now)",
            "process.id()",
            "format!(\"now {}\", amount)",
            "write!(self.text, \"{amount}\")",
        ] {
            assert_eq!(errors(&format!("{{ self.value = {code}; }}")), [""; 0], "{code}");
        }
    }
}
