//! Methods of the block without `#[event]`: helpers of the state, or slips for something else.

use proc_macro2::Ident;
use syn::{FnArg, ImplItem, ImplItemFn, Receiver, ReceiverKind, Signature, Visibility};

use super::body;
use super::model::Mutator;
use crate::attrs;
use crate::diag::Diag;
use crate::names;

/// Reports helpers that should be commands or event methods. Their signatures stay for callers.
pub(super) fn check(mutator: &mut Mutator, diag: &mut Diag) {
    let commands = commands(mutator);
    let root = mutator.ident();
    for helper in std::mem::take(&mut mutator.helpers) {
        let ImplItem::Fn(mut method) = helper else {
            mutator.helpers.push(helper);
            continue;
        };
        let ident = &method.sig.ident;
        if let Some((_, call)) = commands.iter().find(|(command, _)| command == ident) {
            diag.error(
                ident,
                format!(
                    "`{ident}` calls `{call}`, which records an event: a command that decides stands in a plain \
                     `impl {root}`; move `{ident}` there"
                ),
            );
            mutator.break_off(method);
            continue;
        }
        if public_helper(&method, diag) {
            // Callers meant an event method, but bodies may mean the helper: the expansion keeps both.
            mutator.break_off(method.clone());
            method.vis = Visibility::Inherited;
        }
        mutator.helpers.push(ImplItem::Fn(method));
    }
}

/// Returns the helpers that record, each with the call that does so. Leaves out helpers that event methods call: there
/// the body is the mistake.
fn commands(mutator: &Mutator) -> Vec<(Ident, Ident)> {
    let root = mutator.ident();
    let mut open: Vec<(Ident, Vec<Ident>)> = Vec::new();
    let mut used: Vec<Ident> = Vec::new();
    for event in &mutator.events {
        used.extend(body::calls(&root, &event.body));
    }
    for helper in &mutator.helpers {
        if let ImplItem::Fn(method) = helper {
            open.push((method.sig.ident.clone(), body::calls(&root, &method.block)));
        }
    }
    // The event method also uses, through the helper, whatever that helper calls.
    while let Some(at) = open.iter().position(|(helper, _)| used.contains(helper)) {
        used.extend(open.remove(at).1);
    }
    let mut recording: Vec<Ident> = mutator.events.iter().map(|event| event.ident.clone()).collect();
    let mut commands = Vec::new();
    while let Some((at, call)) = open.iter().enumerate().find_map(|(at, (_, calls))| {
        calls.iter().find(|call| recording.contains(call)).map(|call| (at, call.clone()))
    }) {
        let (helper, _) = open.remove(at);
        recording.push(helper.clone());
        commands.push((helper, call));
    }
    commands
}

/// Reports a public helper that changes the state: callers never hold a state that they can change.
fn public_helper(method: &ImplItemFn, diag: &mut Diag) -> bool {
    let changes = matches!(
        method.sig.inputs.first(),
        Some(FnArg::Receiver(Receiver { kind: ReceiverKind::Reference(_, _, Some(_)), .. }))
    );
    // The compiler itself reports an attribute whose name is nearly ours.
    let misspelt = attrs::misspells_event(&method.attrs);
    if !changes || misspelt || matches!(method.vis, Visibility::Inherited) {
        return false;
    }
    let Signature { ident, .. } = &method.sig;
    let guess = names::camel(ident);
    let vis = if matches!(method.vis, Visibility::Public(_)) { "pub" } else { "pub(..)" };
    diag.error(
        ident,
        format!(
            "`{ident}` has no `#[event]`, so it is a helper of the state, which nobody outside can call; add \
             `#[event({guess})]`, or remove `{vis}`"
        ),
    );
    true
}
