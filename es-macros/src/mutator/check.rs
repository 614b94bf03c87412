//! Checks of the whole block.

use syn::ext::IdentExt;
use syn::{ImplItem, ReturnType, Type};

use super::method::{EventMethod, MethodEvent};
use super::model::Mutator;
use super::{body, determinism};
use crate::args::LONGEST_NAME;
use crate::attrs;
use crate::diag::Diag;
use crate::names::{self, RESERVED_EVENTS};

/// Reports and drops events with impossible names: their expansion would not compile, and the compiler's report would
/// not name the cause.
pub(super) fn events(mutator: &mut Mutator, diag: &mut Diag) {
    let root = mutator.ident();
    let generated = [mutator.state_ident(), mutator.event_enum(), names::attribute_enum(&root), root.clone()];
    let mut kept: Vec<EventMethod> = Vec::new();
    for event in std::mem::take(&mut mutator.events) {
        let mark = diag.mark();
        let name = event.variant();
        if RESERVED_EVENTS.iter().any(|reserved| name.unraw() == reserved) {
            diag.error(
                name,
                format!("every aggregate has an event `{name}` of its own; choose another name"),
            );
        } else if generated.contains(name) && matches!(event.event, MethodEvent::Made { .. }) {
            diag.error(name, format!("`{name}` is another type of this aggregate; choose another name"));
        }
        if let MethodEvent::Made { stored, .. } = &event.event
            && stored.topic.is_none()
            && format!("{root}.{name}").len() > LONGEST_NAME
        {
            diag.error(
                name,
                format!("the names of the aggregate and of the event make a topic of over {LONGEST_NAME} bytes; set `topic`"),
            );
        }
        // Under conditions, the two may never exist at once.
        let others = kept.iter().filter(|other| other.cfgs().is_empty() && event.cfgs().is_empty());
        for other in others {
            if other.variant() == name {
                let (first, second) = (&other.ident, &event.ident);
                diag.error(
                    name,
                    format!(
                        "`{name}` has two methods, `{first}` and `{second}`; give one of them another event"
                    ),
                );
            } else {
                equal_topics(other, &event, diag);
            }
            if let Some(clash) = other.makes().into_iter().find(|made| event.makes().contains(made)) {
                diag.error(&event.ident, format!("there are two methods `{clash}`; rename one"));
            }
        }
        for helper in &mutator.helpers {
            if let ImplItem::Fn(helper) = helper
                && let Some(clash) = event.makes().into_iter().find(|made| *made == helper.sig.ident)
            {
                let reason = if clash == event.ident {
                    format!("`{clash}` is an event method and a helper; rename one")
                } else {
                    format!("`{clash}` is made for `{}`; rename this helper", event.ident)
                };
                diag.error(&helper.sig.ident, reason);
            }
        }
        if diag.clean_since(mark) {
            kept.push(event);
        }
    }
    mutator.events = kept;
}

/// Checks the rules for the block as a whole.
pub(super) fn block(mutator: &Mutator, diag: &mut Diag) {
    let root = mutator.ident();
    if !mutator.half_typed.is_empty() || mutator.helpers.iter().any(is_misspelt) {
        return;
    }
    if mutator.attempts == 0 {
        diag.error(
            &mutator.root,
            format!("`{root}` has no events; give it a method `#[event(Created)] fn create(..) -> Self`"),
        );
    } else if !mutator.events.iter().any(EventMethod::creates) && mutator.events.len() == mutator.attempts {
        diag.error(
            &mutator.root,
            format!("no event creates `{root}`; give it a method `#[event(Created)] fn create(..) -> Self`"),
        );
    }
}

/// Returns whether the member is an event method to its author, who misspelt `#[event]`: the compiler reports that.
fn is_misspelt(helper: &ImplItem) -> bool {
    matches!(helper, ImplItem::Fn(method) if attrs::misspells_event(&method.attrs))
}

/// Reports two made events with the same topic as an argument, or with the topic of one as an alias of the other.
fn equal_topics(other: &EventMethod, event: &EventMethod, diag: &mut Diag) {
    let names = |method: &EventMethod| match &method.event {
        MethodEvent::Made { stored, .. } => stored.topic.iter().chain(&stored.aliases).cloned().collect(),
        MethodEvent::Declared { .. } => Vec::new(),
    };
    let known = names(other);
    for topic in names(event) {
        if known.contains(&topic) {
            diag.error(
                &topic,
                format!(
                    "the events `{}` and `{}` share the topic {}; give one of them another",
                    other.variant(),
                    event.variant(),
                    topic.token()
                ),
            );
        }
    }
}

/// Checks the rules for bodies. A body with a mistake is replaced, so that rustc reports nothing that follows from it.
pub(super) fn bodies(mutator: &mut Mutator, diag: &mut Diag) {
    let helpers = mutator.helpers.iter().filter_map(|helper| match helper {
        ImplItem::Fn(method) => Some(method.sig.ident.clone()),
        ImplItem::Const(constant) => Some(constant.ident.clone()),
        _ => None,
    });
    let scope = body::Scope {
        root: mutator.ident(),
        events: mutator.events.iter().map(|event| event.ident.clone()).collect(),
        helpers: helpers.collect(),
    };
    nondeterminism(mutator, diag);
    for event in &mut mutator.events {
        body::check(&scope, &mut event.body, &mut event.attrs, diag);
    }
    for helper in &mut mutator.helpers {
        let ImplItem::Fn(method) = helper else { continue };
        if let ReturnType::Type(_, ty) = &mut method.sig.output
            && matches!(&**ty, Type::Path(path) if path.path.is_ident(&scope.root))
        {
            diag.error(&*ty, body::write_self(&scope.root));
            **ty = syn::parse_quote!(Self);
        }
        body::check(&scope, &mut method.block, &mut method.attrs, diag);
    }
}

/// Reports calls that differ from replay to replay, in event methods and in the helpers that these call.
fn nondeterminism(mutator: &Mutator, diag: &mut Diag) {
    let root = mutator.ident();
    let methods = mutator.helpers.iter().filter_map(|helper| match helper {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    });
    let mut open: Vec<_> = methods.collect();
    for event in mutator.events.iter().filter(|event| !event.may_vary) {
        let mut called = determinism::check(&root, &event.body, None, diag);
        while let Some(name) = called.pop() {
            if let Some(at) = open.iter().position(|helper| helper.sig.ident == name) {
                let helper = open.swap_remove(at);
                called.extend(determinism::check(&root, &helper.block, Some(&event.ident), diag));
            }
        }
    }
}
