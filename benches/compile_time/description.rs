//! The one description from which both crates are written.

/// A domain: aggregates and nothing else.
pub(crate) struct Description {
    /// The aggregates, each of which becomes a module.
    pub aggregates: Vec<Aggregate>,
}

/// An aggregate with its fields and events.
pub(crate) struct Aggregate {
    /// The name of the type.
    pub name: String,
    /// The fields of the state.
    pub fields: Vec<&'static Field>,
    /// The events; the first one creates the aggregate.
    pub events: Vec<Event>,
}

/// An event, and the command that records it.
pub(crate) struct Event {
    /// The name of the type.
    pub name: String,
    /// The name of the command.
    pub command: String,
    /// The stored fields: each changes the field of the state that has the same name.
    pub fields: Vec<&'static Field>,
}

/// A field of a state, and of the events that change it.
pub(crate) struct Field {
    /// The name in both.
    pub name: &'static str,
    /// The type.
    pub ty: &'static str,
    /// The value before any event has set it.
    pub initial: &'static str,
    /// The change that an event makes to the field.
    pub change: Change,
}

impl Field {
    /// Returns whether the field's type is `Copy`.
    pub(crate) fn is_copy(&self) -> bool {
        ["i64", "u32", "bool", "Uuid", "Option<i64>"].contains(&self.ty)
    }
}

/// The change that an event makes to a field.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// The event's value replaces the old one.
    Replace,
    /// The event's number is added to the old one.
    Add,
    /// The event's values are appended to the old ones.
    Extend,
}

const FIELDS: &[Field] = &[
    Field { name: "title", ty: "String", initial: "String::new()", change: Change::Replace },
    Field { name: "balance", ty: "i64", initial: "0", change: Change::Add },
    Field { name: "count", ty: "u32", initial: "0", change: Change::Add },
    Field { name: "active", ty: "bool", initial: "false", change: Change::Replace },
    Field { name: "owner", ty: "Uuid", initial: "Uuid::nil()", change: Change::Replace },
    Field { name: "note", ty: "Option<String>", initial: "None", change: Change::Replace },
    Field { name: "tags", ty: "Vec<String>", initial: "Vec::new()", change: Change::Extend },
    Field { name: "address", ty: "String", initial: "String::new()", change: Change::Replace },
    Field { name: "limit", ty: "Option<i64>", initial: "None", change: Change::Replace },
    Field { name: "members", ty: "Vec<Uuid>", initial: "Vec::new()", change: Change::Extend },
];

const NOUNS: &[&str] = &[
    "Account", "Order", "Invoice", "Parcel", "Project", "Ticket", "Contract", "Member", "Product", "Booking",
];

const VERBS: &[(&str, &str)] = &[
    ("Opened", "open"),
    ("Deposited", "deposit"),
    ("Withdrawn", "withdraw"),
    ("Renamed", "rename"),
    ("Moved", "relocate"),
    ("Tagged", "tag"),
    ("Assigned", "assign"),
    ("Limited", "restrict"),
    ("Noted", "annotate"),
    ("Closed", "close"),
];

impl Description {
    /// Describes that many aggregates with that many events each: fields of mixed types, one to four for each event,
    /// no two aggregates alike.
    pub(crate) fn new(aggregates: usize, events: usize) -> Self {
        Self { aggregates: (0..aggregates).map(|number| Aggregate::new(number, events)).collect() }
    }

    /// Returns the number of events, over all aggregates.
    pub(crate) fn events(&self) -> usize {
        self.aggregates.iter().map(|aggregate| aggregate.events.len()).sum()
    }

    /// Returns the number of fields of events, over all aggregates.
    pub(crate) fn event_fields(&self) -> usize {
        self.aggregates.iter().flat_map(|aggregate| &aggregate.events).map(|event| event.fields.len()).sum()
    }
}

impl Aggregate {
    /// Describes the aggregate of that number.
    fn new(number: usize, events: usize) -> Self {
        let noun = NOUNS[number % NOUNS.len()];
        let fields = pick(number, 5 + number % 4);
        Self {
            name: format!("{noun}{number}"),
            events: (0..events).map(|event| Event::new(number, event, &fields)).collect(),
            fields,
        }
    }

    /// Returns the name of the aggregate's module.
    pub(crate) fn module(&self) -> String {
        self.name.to_lowercase()
    }
}

impl Event {
    /// Describes the event of that number, of the aggregate of that number.
    fn new(aggregate: usize, number: usize, of: &[&'static Field]) -> Self {
        let (name, command) = VERBS[number % VERBS.len()];
        // The names of the first ten events are plain; those of any further ones are numbered.
        let again = if number < VERBS.len() { String::new() } else { (number / VERBS.len()).to_string() };
        let length = 1 + (aggregate + number) % 4;
        let start = aggregate + number * 3;
        let fields = (0..length).map(|offset| of[(start + offset) % of.len()]).collect();
        Self { name: format!("{name}{again}"), command: format!("{command}{again}"), fields }
    }

    /// Returns whether the event carries that field.
    pub(crate) fn has(&self, field: &Field) -> bool {
        self.fields.iter().any(|own| own.name == field.name)
    }
}

/// Returns `length` fields, beginning with the one of number `start`.
fn pick(start: usize, length: usize) -> Vec<&'static Field> {
    FIELDS.iter().cycle().skip(start % FIELDS.len()).take(length).collect()
}
