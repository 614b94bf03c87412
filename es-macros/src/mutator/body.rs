//! Mistakes in the body of a mutator: it records, or names the aggregate instead of its state.

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, ExprMethodCall, ExprStruct, PatStruct, Path};

use crate::diag::Diag;
use crate::silent;

/// The names that a body may confuse.
pub(super) struct Scope {
    pub(super) root: Ident,
    pub(super) events: Vec<Ident>,
    pub(super) helpers: Vec<Ident>,
}

/// Reports mistakes in the body of an event method or a helper, and replaces such a body.
pub(super) fn check(scope: &Scope, body: &mut Block, attrs: &mut Vec<Attribute>, diag: &mut Diag) {
    let mark = diag.mark();
    Body { scope, diag }.visit_block(body);
    if !diag.clean_since(mark) {
        silent::body(attrs, body);
    }
}

/// Returns the advice for a body that names the aggregate.
pub(super) fn write_self(root: &Ident) -> String {
    format!("`{root}` is not what an event method works on; write `Self`, the state of `{root}`")
}

/// Returns the functions that the body calls on `self` or on the type.
pub(super) fn calls(root: &Ident, body: &Block) -> Vec<Ident> {
    let mut calls = Calls { root, found: Vec::new() };
    calls.visit_block(body);
    calls.found
}

/// Returns the reason why the state has no method of this name, if the aggregate has one.
fn of_the_root(method: &Ident) -> Option<String> {
    let name = method.to_string();
    let advice = match name.as_str() {
        "id" | "version" => format!("`envelope.{name}()`"),
        "created_at" | "modified_at" => "`envelope.timestamp()`, the time of the event".to_owned(),
        "trigger" | "discard" | "pending" => {
            return Some(format!(
                "the state has no `{name}`; call it in a method of the aggregate, outside `#[mutator]`"
            ));
        }
        _ => return None,
    };
    Some(format!("the state has no `{name}`; take `envelope: &Envelope`, and ask {advice}"))
}

struct Calls<'a> {
    root: &'a Ident,
    found: Vec<Ident>,
}

impl<'ast> Visit<'ast> for Calls<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self")) {
            self.found.push(call.method.clone());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        let segments: Vec<_> = expr.path.segments.iter().map(|segment| &segment.ident).collect();
        if let [of, name] = segments[..]
            && (of == "Self" || of == self.root)
        {
            self.found.push(name.clone());
        }
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

struct Body<'a> {
    scope: &'a Scope,
    diag: &'a mut Diag,
}

impl Body<'_> {
    fn event_call(&mut self, method: &Ident) {
        self.diag.error(
            method,
            format!(
                "`{method}` records an event, and code that applies an event cannot record another; move the shared code to a \
                 method without `#[event]`"
            ),
        );
    }

    fn root_as_state(&mut self, path: &Path) {
        if path.is_ident(&self.scope.root) {
            self.diag.error(path, write_self(&self.scope.root));
        }
    }
}

impl<'ast> Visit<'ast> for Body<'_> {
    fn visit_expr_struct(&mut self, expr: &'ast ExprStruct) {
        self.root_as_state(&expr.path);
        visit::visit_expr_struct(self, expr);
    }

    fn visit_pat_struct(&mut self, pat: &'ast PatStruct) {
        self.root_as_state(&pat.path);
        visit::visit_pat_struct(self, pat);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let on_self = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self"));
        if on_self && self.scope.events.contains(&call.method) {
            self.event_call(&call.method);
        } else if on_self && let Some(reason) = of_the_root(&call.method) {
            self.diag.error(&call.method, reason);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        let segments: Vec<_> = expr.path.segments.iter().map(|segment| &segment.ident).collect();
        if let [of, name] = segments[..] {
            if (of == "Self" || *of == self.scope.root) && self.scope.events.contains(name) {
                self.event_call(name);
            } else if *of == self.scope.root && self.scope.helpers.contains(name) {
                self.diag.error(
                    of,
                    format!(
                        "`{name}` belongs to the state, like everything in `#[mutator]`; write `Self::{name}`"
                    ),
                );
            }
        }
        visit::visit_expr_path(self, expr);
    }

    // An item inside a body has its own `self` and `Self`.
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}
