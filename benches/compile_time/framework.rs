//! Writes the crate that uses the macros.

use std::fmt::Write;

use crate::caller::{caller, parameters};
use crate::description::{Aggregate, Change, Description, Event, Field};
use crate::files::Crate;

/// The module that all aggregates share: storing and loading their events as JSON.
const CODEC: &str = r"//! Stores and loads the events of any aggregate as JSON.

use es_runtime::aggregate::Aggregate;
use es_runtime::event::{EventType, EventVisitor, Recorded, EventSet};
use serde::Serialize;

struct ToJson;

impl EventVisitor for ToJson {
    type Output = serde_json::Result<(&'static str, Vec<u8>)>;

    fn data<T: Serialize + std::fmt::Debug>(self, of: &'static EventType, data: &T) -> Self::Output {
        Ok((of.topic(), serde_json::to_vec(data)?))
    }
}

pub fn store<A: Aggregate>(event: &A::Event) -> serde_json::Result<(&'static str, Vec<u8>)> {
    event.visit(ToJson)
}

pub fn load<A: Aggregate>(topic: &str, version: u32, bytes: &[u8]) -> Option<serde_json::Result<A::Event>> {
    let mut data = serde_json::Deserializer::from_slice(bytes);
    let event = A::Event::decode(topic, version, &mut data)?;
    Some(event.and_then(|event| data.end().map(|()| event)))
}

pub fn replay<A: Aggregate>(events: Vec<Recorded<A::Event>>) -> Result<A, es_runtime::Error> {
    es_runtime::testing::replay(events)
}
";

/// Writes the crate `ours`.
pub(crate) fn write(description: &Description, runtime: &str) -> Crate {
    let dependencies = format!(
        "es-runtime = {{ path = {runtime:?}, default-features = false, features = [\"macros\", \"testing\"] }}\n"
    );
    let mut made = Crate::new("ours", &dependencies);
    made.file("codec", CODEC.to_owned());
    for of in &description.aggregates {
        made.file(&of.module(), aggregate(of).expect("a string can be written to"));
    }
    made
}

/// Writes the module of one aggregate.
fn aggregate(aggregate: &Aggregate) -> Result<String, std::fmt::Error> {
    let name = &aggregate.name;
    let mut text = "use es_runtime::event::Recorded;\n".to_owned();
    blocks(&mut text, aggregate)?;
    writeln!(
        text,
        "
pub fn store(event: &{name}Event) -> serde_json::Result<(&'static str, Vec<u8>)> {{
    crate::codec::store::<{name}>(event)
}}\n
pub fn load(topic: &str, version: u32, bytes: &[u8]) -> Option<serde_json::Result<{name}Event>> {{
    crate::codec::load::<{name}>(topic, version, bytes)
}}\n
pub fn replay(events: Vec<Recorded<{name}Event>>) -> Result<{name}, es_runtime::Error> {{
    crate::codec::replay(events)
}}
"
    )?;
    caller(&mut text, aggregate)?;
    Ok(text)
}

/// Writes the two blocks of an aggregate.
pub(crate) fn blocks(text: &mut String, aggregate: &Aggregate) -> std::fmt::Result {
    let Aggregate { name, fields, events } = aggregate;
    writeln!(text, "use es_runtime::{{aggregate, mutator}};\nuse uuid::Uuid;\n")?;
    writeln!(text, "#[aggregate]\n#[derive(Debug)]\npub struct {name} {{")?;
    for Field { name, ty, .. } in fields {
        writeln!(text, "    pub {name}: {ty},")?;
    }
    writeln!(text, "}}\n\n#[mutator]\nimpl {name} {{")?;
    for (number, event) in events.iter().enumerate() {
        if number == 0 { creating(text, fields, event)? } else { changing(text, event)? }
    }
    writeln!(text, "}}")
}

/// Writes the event method that makes the first state.
fn creating(text: &mut String, fields: &[&Field], event: &Event) -> std::fmt::Result {
    let Event { name, command, .. } = event;
    writeln!(text, "    #[event({name})]\n    pub fn {command}({}) -> Self {{", parameters(event))?;
    writeln!(text, "        Self {{")?;
    for field in fields {
        let Field { name, initial, .. } = field;
        if event.has(field) {
            writeln!(text, "            {name},")?;
        } else {
            writeln!(text, "            {name}: {initial},")?;
        }
    }
    writeln!(text, "        }}\n    }}\n")
}

/// Writes an event method that changes the state.
fn changing(text: &mut String, event: &Event) -> std::fmt::Result {
    let Event { name, command, fields } = event;
    writeln!(text, "    #[event({name})]\n    pub fn {command}(&mut self, {}) {{", parameters(event))?;
    for Field { name, change, .. } in fields {
        match change {
            Change::Replace => writeln!(text, "        self.{name} = {name};")?,
            Change::Add => writeln!(text, "        self.{name} += {name};")?,
            Change::Extend => writeln!(text, "        self.{name}.extend({name});")?,
        }
    }
    writeln!(text, "    }}\n")
}
