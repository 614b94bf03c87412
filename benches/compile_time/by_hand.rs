//! Writes the crate that does the same work by hand.

use std::fmt::Write;

use crate::caller::{caller, parameters};
use crate::description::{Aggregate, Change, Description, Event, Field};
use crate::files::Crate;

/// The module that all aggregates share: the envelope of an event, the clock, and the errors of replay.
const SHARED: &str = r#"//! What all aggregates share.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Recorded<E> {
    pub id: Uuid,
    pub version: u64,
    pub timestamp: i64,
    pub event: E,
}

#[derive(Debug)]
pub enum ReplayError {
    Empty,
    Discarded,
    OtherAggregate { expected: Uuid, found: Uuid },
    Gap { expected: u64, found: u64 },
    Misplaced { version: u64 },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there are no events"),
            Self::Discarded => f.write_str("the aggregate is discarded"),
            Self::OtherAggregate { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Gap { expected, found } => write!(f, "expected version {expected}, found {found}"),
            Self::Misplaced { version } => write!(f, "event {version} stands in the wrong place"),
        }
    }
}

impl std::error::Error for ReplayError {}

pub fn check<E>(recorded: &Recorded<E>, id: Uuid, version: u64) -> Result<(), ReplayError> {
    if recorded.id != id {
        return Err(ReplayError::OtherAggregate { expected: id, found: recorded.id });
    }
    if recorded.version != version {
        return Err(ReplayError::Gap { expected: version, found: recorded.version });
    }
    Ok(())
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
"#;

/// Writes the crate `by_hand`.
pub(crate) fn write(description: &Description) -> Crate {
    let mut made = Crate::new("by_hand", "");
    made.file("shared", SHARED.to_owned());
    for of in &description.aggregates {
        made.file(&of.module(), aggregate(of).expect("a string can be written to"));
    }
    made
}

/// Writes the module of one aggregate.
fn aggregate(aggregate: &Aggregate) -> Result<String, std::fmt::Error> {
    let Aggregate { name, fields, events } = aggregate;
    let mut text = String::new();
    writeln!(text, "use crate::shared::{{Recorded, ReplayError, check, now}};")?;
    writeln!(text, "use serde::{{Deserialize, Serialize}};\nuse uuid::Uuid;\n")?;
    data(&mut text, &format!("{name}State"), fields)?;
    for event in events {
        data(&mut text, &event.name, &event.fields)?;
    }
    writeln!(text, "#[derive(Clone, Debug)]\npub enum {name}Event {{")?;
    for Event { name, .. } in events {
        writeln!(text, "    {name}({name}),")?;
    }
    writeln!(text, "    Discarded,\n}}\n")?;
    codec(&mut text, aggregate)?;
    apply(&mut text, aggregate)?;
    root(&mut text, aggregate)?;
    caller(&mut text, aggregate)?;
    Ok(text)
}

/// Writes a struct that can be stored.
fn data(text: &mut String, name: &str, fields: &[&Field]) -> std::fmt::Result {
    writeln!(text, "#[derive(Clone, Debug, Serialize, Deserialize)]\npub struct {name} {{")?;
    for Field { name, ty, .. } in fields {
        writeln!(text, "    pub {name}: {ty},")?;
    }
    writeln!(text, "}}\n")
}

/// Writes the storing and loading of events, by a match on the event and on the topic.
fn codec(text: &mut String, Aggregate { name: of, events, .. }: &Aggregate) -> std::fmt::Result {
    writeln!(text, "impl {of}Event {{")?;
    writeln!(text, "    pub fn store(&self) -> serde_json::Result<(&'static str, Vec<u8>)> {{")?;
    writeln!(text, "        Ok(match self {{")?;
    for Event { name, .. } in events {
        writeln!(text, "            Self::{name}(event) => (\"{of}.{name}\", serde_json::to_vec(event)?),")?;
    }
    writeln!(text, "            Self::Discarded => (\"{of}.Discarded\", b\"{{}}\".to_vec()),")?;
    writeln!(text, "        }})\n    }}\n")?;
    writeln!(text, "    pub fn load(topic: &str, bytes: &[u8]) -> Option<serde_json::Result<Self>> {{")?;
    writeln!(text, "        Some(match topic {{")?;
    for Event { name, .. } in events {
        writeln!(text, "            \"{of}.{name}\" => serde_json::from_slice(bytes).map(Self::{name}),")?;
    }
    writeln!(text, "            \"{of}.Discarded\" => Ok(Self::Discarded),")?;
    writeln!(text, "            _ => return None,\n        }})\n    }}\n}}\n")
}

/// Writes the effect of each event on the state.
fn apply(text: &mut String, Aggregate { name: of, fields, events }: &Aggregate) -> std::fmt::Result {
    writeln!(text, "impl {of}State {{")?;
    for (number, Event { name, fields: own, .. }) in events.iter().enumerate() {
        let event = &events[number];
        if number == 0 {
            writeln!(text, "    fn begin(event: &{name}) -> Self {{\n        Self {{")?;
            for field in fields {
                let Field { name, initial, .. } = field;
                let value = if event.has(field) {
                    format!("event.{name}{}", clone(field))
                } else {
                    (*initial).into()
                };
                writeln!(text, "            {name}: {value},")?;
            }
            writeln!(text, "        }}\n    }}\n")?;
            writeln!(text, "    fn apply(&mut self, event: &{of}Event) -> bool {{\n        match event {{")?;
            continue;
        }
        writeln!(text, "            {of}Event::{name}(event) => {{")?;
        for field in own {
            let (name, clone) = (field.name, clone(field));
            match field.change {
                Change::Replace => writeln!(text, "                self.{name} = event.{name}{clone};")?,
                Change::Add => writeln!(text, "                self.{name} += event.{name};")?,
                Change::Extend => {
                    writeln!(text, "                self.{name}.extend(event.{name}.iter().cloned());")?;
                }
            }
        }
        writeln!(text, "            }}")?;
    }
    writeln!(text, "            _ => return false,\n        }}\n        true\n    }}\n}}\n")
}

/// Returns the call that takes a field out of an event that is still needed.
fn clone(field: &Field) -> &'static str {
    if field.is_copy() { "" } else { ".clone()" }
}

/// Writes the aggregate: its commands and its replay.
fn root(text: &mut String, Aggregate { name: of, events, .. }: &Aggregate) -> std::fmt::Result {
    writeln!(
        text,
        "#[derive(Debug)]
pub struct {of} {{
    id: Uuid,
    version: u64,
    created_at: i64,
    modified_at: i64,
    state: {of}State,
    pending: Vec<Recorded<{of}Event>>,
}}

impl {of} {{"
    )?;
    for (number, event) in events.iter().enumerate() {
        command(text, of, event, number == 0)?;
    }
    writeln!(
        text,
        "    fn record(&mut self, event: {of}Event) {{
        let timestamp = now().max(self.modified_at);
        self.state.apply(&event);
        self.version += 1;
        self.modified_at = timestamp;
        self.pending.push(Recorded {{ id: self.id, version: self.version, timestamp, event }});
    }}

    pub fn discard(mut self) -> Vec<Recorded<{of}Event>> {{
        self.record({of}Event::Discarded);
        self.pending
    }}

    pub fn id(&self) -> Uuid {{
        self.id
    }}

    pub fn version(&self) -> u64 {{
        self.version
    }}

    pub fn created_at(&self) -> i64 {{
        self.created_at
    }}

    pub fn modified_at(&self) -> i64 {{
        self.modified_at
    }}

    pub fn state(&self) -> &{of}State {{
        &self.state
    }}

    pub fn pending(&self) -> &[Recorded<{of}Event>] {{
        &self.pending
    }}

    pub fn replay(events: Vec<Recorded<{of}Event>>) -> Result<Self, ReplayError> {{
        let mut events = events.into_iter();
        let first = events.next().ok_or(ReplayError::Empty)?;
        check(&first, first.id, 1)?;
        let {of}Event::{first_name}(event) = &first.event else {{
            return Err(ReplayError::Misplaced {{ version: 1 }});
        }};
        let mut root = Self {{
            id: first.id,
            version: 1,
            created_at: first.timestamp,
            modified_at: first.timestamp,
            state: {of}State::begin(event),
            pending: Vec::new(),
        }};
        for recorded in events {{
            check(&recorded, root.id, root.version + 1)?;
            if matches!(recorded.event, {of}Event::Discarded) {{
                return Err(ReplayError::Discarded);
            }}
            if !root.state.apply(&recorded.event) {{
                return Err(ReplayError::Misplaced {{ version: recorded.version }});
            }}
            root.version = recorded.version;
            root.modified_at = recorded.timestamp;
        }}
        Ok(root)
    }}
}}",
        first_name = events[0].name,
    )
}

/// Writes the method that records an event.
fn command(text: &mut String, of: &str, event: &Event, creates: bool) -> std::fmt::Result {
    let Event { name, command, fields } = event;
    let values = fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
    if !creates {
        return writeln!(
            text,
            "    pub fn {command}(&mut self, {}) {{
        self.record({of}Event::{name}({name} {{ {values} }}));
    }}\n",
            parameters(event)
        );
    }
    writeln!(
        text,
        "    pub fn {command}({}) -> Self {{
        let (id, timestamp, event) = (Uuid::now_v7(), now(), {name} {{ {values} }});
        let state = {of}State::begin(&event);
        let event = {of}Event::{name}(event);
        let pending = vec![Recorded {{ id, version: 1, timestamp, event }}];
        Self {{ id, version: 1, created_at: timestamp, modified_at: timestamp, state, pending }}
    }}\n",
        parameters(event)
    )
}
