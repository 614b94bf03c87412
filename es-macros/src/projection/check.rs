//! Checks of the whole block.

use quote::ToTokens;
use syn::Type;

use super::arguments::Ignored;
use super::handler::{Handler, changes};
use super::model::{Place, Projection};
use super::role::{Role, Rows};
use crate::attrs;
use crate::diag::Diag;

/// Reports mistakes that need more than one method, and drops handlers that have one.
pub(super) fn block(projection: &mut Projection, diag: &mut Diag) {
    let mut kept: Vec<Handler> = Vec::new();
    for handler in std::mem::take(&mut projection.handlers) {
        let mark = diag.mark();
        if let Some(first) = kept.first() {
            same_place(first, &handler, diag);
        }
        for other in kept.iter().filter(|other| other.overlaps(&handler)) {
            // Under conditions, the two may never exist at once.
            if other.cfgs.is_empty() && handler.cfgs.is_empty() {
                handled_twice(other, &handler, diag);
            }
        }
        if diag.clean_since(mark) {
            kept.push(handler);
        }
    }
    projection.handlers = kept;
    ignored(projection, diag);
    if projection.attempts == 0 && !projection.has_calls() && projection.half_typed.is_empty() {
        nothing(projection, diag);
    } else {
        tables(projection, diag);
    }
}

/// Reports a handler that writes to another place than the first one.
fn same_place(first: &Handler, handler: &Handler, diag: &mut Diag) {
    let name = &first.ident;
    match (first.tx(), handler.tx()) {
        (Some(_), None) => {
            let receiver = handler.receiver.as_ref().filter(|receiver| changes(receiver));
            let at = receiver.map_or_else(|| handler.ident.to_token_stream(), ToTokens::to_token_stream);
            diag.error(
                at,
                format!(
                    "`{name}` writes to a database, this one to memory; write to one place, or make two views"
                ),
            );
        }
        (None, Some(tx)) => diag.error(
            tx,
            format!(
                "`{name}` writes to memory, this one to a database; write to one place, or make two views"
            ),
        ),
        (Some(_), Some(_)) if first.asyncness.is_some() && handler.asyncness.is_none() => {
            diag.error(handler.keyword(), format!("`{name}` is an `async fn`, so this one has to be, too"));
        }
        (Some(_), Some(_)) if first.asyncness.is_none() && handler.asyncness.is_some() => {
            diag.error(handler.keyword(), format!("`{name}` is a plain `fn`, so this one has to be, too"));
        }
        _ => {}
    }
}

/// Reports rows that the other handler handles already.
fn handled_twice(other: &Handler, handler: &Handler, diag: &mut Diag) {
    let first = &other.ident;
    for role in &handler.roles {
        let Some(same) = other.roles.iter().find(|same| is_same(other, same, handler, role)) else {
            continue;
        };
        match (&role.of, handler.lent()) {
            (Rows::Event, Some(ty)) => {
                let event = name_of(ty);
                diag.error(ty, format!("`{event}` is handled by `{first}` already; do both in one method"));
            }
            (Rows::Attribute(name), _) => {
                diag.error(name, format!("`{name}` is handled by `{first}` already; do both in one method"));
            }
            (Rows::Retired(topic), _) => {
                let text = topic.token();
                diag.error(topic, format!("{text} is handled by `{first}` already; do both in one method"));
            }
            _ => diag.error(
                &role.attr,
                format!("`{}` is handled by `{first}` already; do both in one method", same.text()),
            ),
        }
    }
}

fn is_same(one: &Handler, role: &Role, other: &Handler, other_role: &Role) -> bool {
    match (&role.of, &other_role.of) {
        (Rows::Event, Rows::Event) => one.lent().map(attrs::text) == other.lent().map(attrs::text),
        (Rows::Attribute(one), Rows::Attribute(other)) => one == other,
        (Rows::Retired(one), Rows::Retired(other)) => one == other,
        (Rows::Discarded, Rows::Discarded) | (Rows::Forgotten, Rows::Forgotten) => true,
        _ => false,
    }
}

/// Reports what is both handled and ignored. Of several aggregates, each may have an event or an attribute of that
/// name.
fn ignored(projection: &mut Projection, diag: &mut Diag) {
    let handlers = &projection.handlers;
    projection.arguments.ignored.retain(|ignored| {
        let is_of = |handler: &&Handler| {
            handler.cfgs.is_empty() && handler.roles.iter().any(|role| is_ignored(handler, role, ignored))
        };
        // Elsewhere the element may mean another aggregate.
        let everywhere =
            |handler: &&Handler| handler.source.is_none() || projection.arguments.aggregates.len() < 2;
        let by_all = handlers.iter().filter(is_of).find(everywhere);
        let is_event = matches!(ignored, Ignored::Event(_));
        let handler = by_all.or_else(|| handlers.iter().filter(is_of).find(|_| is_event));
        if let Some(handler) = handler {
            let (name, method) = (ignored.text(), &handler.ident);
            diag.error(
                ignored.tokens(),
                format!("`{name}` is handled by `{method}`; remove it from `ignore`"),
            );
        }
        handler.is_none()
    });
}

fn is_ignored(handler: &Handler, role: &Role, ignored: &Ignored) -> bool {
    match (&role.of, ignored) {
        (Rows::Event, Ignored::Event(path)) => {
            handler.lent().is_some_and(|ty| attrs::text(ty) == attrs::text(path))
        }
        (Rows::Attribute(name), Ignored::Attribute(ignored)) => name == ignored,
        (Rows::Discarded, Ignored::Discarded(_)) => true,
        _ => false,
    }
}

/// Reports a block without handlers.
fn nothing(projection: &Projection, diag: &mut Diag) {
    let misspelt =
        projection.item.items.iter().any(
            |member| matches!(member, syn::ImplItem::Fn(method) if attrs::misspells_event(&method.attrs)),
        );
    if misspelt {
        return;
    }
    let of = projection.arguments.aggregates.first().map_or_else(|| "Account".to_owned(), attrs::text);
    diag.error(
        &projection.view,
        format!(
            "no event is handled; write a method such as `#[event] fn opened(&mut self, event: &Opened, id: \
             Id<{of}>)`"
        ),
    );
}

/// Reports tables that are missing, or that nothing uses.
fn tables(projection: &Projection, diag: &mut Diag) {
    let is_known = !projection.handlers.is_empty();
    match (&projection.place, projection.tables()) {
        (Place::Memory, Some(tables)) if is_known => diag.error(
            &tables.ident,
            "a view in memory has no tables; remove `TABLES`, or take `tx: &Tx` in the handlers",
        ),
        (Place::Blocking(_) | Place::Async(_), Some(tables)) if projection.text_of_tables().is_none() => {
            diag.error(&tables.ty, "`TABLES` is one text of statements; write `const TABLES: &str = \"..; ..;\"`");
        }
        (Place::Blocking(_) | Place::Async(_), None) if is_known && !projection.has_calls() => diag.error(
            &projection.view,
            "a view in a database makes its tables; write `const TABLES: &str = \"CREATE TABLE ..\";` in the block",
        ),
        _ => {}
    }
}

/// Returns the last name in the path of a type.
fn name_of(ty: &Type) -> String {
    super::param::Named::of(ty).map_or_else(|| attrs::text(ty), |named| named.segment.ident.to_string())
}
