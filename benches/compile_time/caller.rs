//! Writes the part that both crates have alike: a function that calls every command once.

use std::fmt::Write;

use crate::description::{Aggregate, Event, Field};

/// Writes the caller. Without it, the compiler may leave out functions that are marked to be inlined, and the two
/// crates would not do the same.
pub(crate) fn caller(text: &mut String, aggregate: &Aggregate) -> std::fmt::Result {
    let Aggregate { name, events, .. } = aggregate;
    writeln!(text, "pub fn call_all(with: &{name}State) -> {name} {{")?;
    for (number, event) in events.iter().enumerate() {
        let (command, arguments) = (&event.command, arguments(event));
        if number == 0 {
            writeln!(text, "    let mut root = {name}::{command}({arguments});")?;
        } else {
            writeln!(text, "    root.{command}({arguments});")?;
        }
    }
    writeln!(text, "    root\n}}\n")
}

/// Returns the fields of an event as arguments.
fn arguments(event: &Event) -> String {
    let argument = |field: &&Field| {
        let clone = if field.is_copy() { "" } else { ".clone()" };
        format!("with.{}{clone}", field.name)
    };
    event.fields.iter().map(argument).collect::<Vec<_>>().join(", ")
}

/// Returns the parameters of a command.
pub(crate) fn parameters(event: &Event) -> String {
    let parameter = |field: &&Field| format!("{}: {}", field.name, field.ty);
    event.fields.iter().map(parameter).collect::<Vec<_>>().join(", ")
}
