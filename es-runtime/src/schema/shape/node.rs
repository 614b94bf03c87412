//! The tracer's knowledge of a value inside a type.

use crate::schema::shape::data::Data;
use crate::schema::shape::path::Step;
use crate::schema::shape::strings::{FLOATS, INTEGERS, LENGTHS, LIMITS, OFFERS, VARIATIONS};
use serde_json::Value;

/// The place of a node in the tree.
pub(super) type Id = usize;

/// The request of a type to the deserializer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Kind {
    /// Not reached yet.
    #[default]
    Unseen,
    Integer(&'static str),
    Float(&'static str),
    Bool,
    Char,
    Unit,
    Bytes,
    Text,
    /// A type that looks at the data to find out their kind.
    Any,
    List,
    Array(usize),
    Tuple(usize),
    Map,
    Struct(&'static [&'static str]),
    Enum(&'static [&'static str]),
    /// A variant without content.
    Variant,
    /// A type that reads through a buffer: the solver finds its contents. To JSON it is a struct.
    Object,
    /// The field that decides which other fields stand beside it.
    Tag,
    /// A type that reads everything.
    Anything,
    /// The type of a value around this one.
    Loop(Id),
}

/// The tracer's knowledge of whether a field may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Omission {
    #[default]
    Untested,
    Allowed,
    Refused,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) step: Option<Step>,
    pub(super) parent: Option<Id>,
    pub(super) kind: Kind,
    pub(super) children: Vec<Id>,
    /// Shadows of this node, one for each further kind that the type asked for here.
    pub(super) others: Vec<Id>,
    /// True inside an `Option`.
    pub(super) null: bool,
    /// True of an `Option` of a value that is itself written as `null`.
    pub(super) double_null: bool,
    /// The first variant that could be built, which does not contain the enum again.
    pub(super) base: Option<Id>,
    /// True if the type was seen to look at the data, or to gather fields that it does not name.
    pub(super) opaque: bool,
    /// True if the type was seen to read a list, or a map, besides the values that it accepted.
    pub(super) lists: bool,
    pub(super) maps: bool,
    /// True if the visit under way has made an offer.
    pub(super) pending: bool,
    /// True if a value was made from an offer.
    pub(super) built: bool,
    /// True if the type accepted no offer.
    pub(super) failed: bool,
    /// True if another visit is not worth it: the last one showed nothing new.
    pub(super) closed: bool,
    /// The next thing to offer, or the number of variations of the values inside.
    pub(super) next: usize,
    /// The accepted offers, of strings or of a type that looks at the data.
    pub(super) accepted: Vec<usize>,
    /// The next limit to offer to a number, while the tracer tries its limits.
    pub(super) limit: Option<usize>,
    /// True of a number that refused a limit.
    pub(super) checked: bool,
    /// True of a list that gets one value twice in the visit under way.
    pub(super) repeating: bool,
    /// True of a list that was seen to drop repeats.
    pub(super) set: bool,
    /// The name of a struct in serde's derives; of all values, only the struct's own tag holds it.
    pub(super) name: &'static str,
    /// True if the field is an `Option`, by the type system.
    pub(super) is_option: bool,
    pub(super) omission: Omission,
    pub(super) alias_of: Option<Id>,
    /// The data that the solver found, and offers to build the value.
    pub(super) answer: Option<Data>,
    /// True of a struct with a flattened field.
    pub(super) is_flat: bool,
    /// The value of a field that is left out, as far as it shows in written values.
    pub(super) default: Option<Value>,
    /// True if the node is part of a value that the solver has seen.
    pub(super) is_inside: bool,
    /// True of an enum that reads variants of any other name as one.
    pub(super) others_read: bool,
    /// True of a field to supply before the others, so that its aliases give themselves away.
    pub(super) first: bool,
}

impl Node {
    /// Returns the accepted strings, by their place among the offers.
    pub(super) fn strings(&self) -> impl Iterator<Item = usize> {
        let any = self.kind == Kind::Any;
        self.accepted.iter().filter_map(move |&at| if any { Any::string(at) } else { Some(at) })
    }

    /// Returns the facts that the tracer notes at once, without an answer to an offer.
    pub(super) fn facts(&self) -> impl PartialEq + use<> {
        let marks = [self.null, self.double_null, self.opaque, self.lists, self.maps];
        (marks, self.failed, self.first, self.is_option, self.omission, self.alias_of)
    }

    /// True once the type has refused all variations of the values inside.
    pub(super) fn is_spent(&self) -> bool {
        self.next >= self.offers()
    }

    /// Returns the number of things to offer before the node counts as refused.
    fn offers(&self) -> usize {
        match self.kind {
            Kind::Integer(_) => INTEGERS.len(),
            Kind::Float(_) => FLOATS.len(),
            Kind::Bool => 2,
            Kind::Bytes => LENGTHS.len(),
            Kind::Text => OFFERS.len(),
            Kind::Any => Any::COUNT,
            Kind::Char => CHARS.len(),
            _ if self.opaque => 2,
            Kind::List | Kind::Array(_) | Kind::Tuple(_) | Kind::Map | Kind::Struct(_) | Kind::Enum(_) => {
                VARIATIONS
            }
            Kind::Unseen
            | Kind::Unit
            | Kind::Variant
            | Kind::Object
            | Kind::Tag
            | Kind::Anything
            | Kind::Loop(_) => 1,
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Any)
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Integer(_) | Kind::Float(_))
    }

    /// True while there are strings or limits that this node was not offered.
    pub(super) fn is_probing(&self) -> bool {
        self.limit.is_some() || (self.is_text() && self.next < self.offers())
    }

    /// Notes that the type accepted the last offer.
    pub(super) fn accept(&mut self) {
        self.built = true;
        self.failed = false;
        if let Some(limit) = self.limit {
            self.limit = Some(limit + 1).filter(|&next| next < LIMITS);
        } else if self.is_probing() {
            self.accepted.push(self.next);
            self.advance();
        }
    }

    /// True while there is something else to offer after a refusal.
    pub(super) fn can_refuse(&self) -> bool {
        !self.failed && (!self.built || self.is_probing()) && !self.is_spent()
    }

    /// Notes that the type refused the last offer.
    pub(super) fn refuse(&mut self) {
        if self.limit.take().is_some() {
            self.checked = true;
            return;
        }
        self.advance();
        // A struct that refuses everything can still show which fields it needs.
        self.failed = self.is_spent() && !self.built && !matches!(self.kind, Kind::Struct(_));
    }

    fn advance(&mut self) {
        self.next += 1;
        if self.kind == Kind::Any && self.opaque && self.built {
            self.next = self.offers();
        }
        while self.is_probing() && self.is_moot() {
            self.next += 1;
        }
    }

    fn is_moot(&self) -> bool {
        let strings: Vec<usize> = self.strings().collect();
        let string = if self.kind == Kind::Any { Any::string(self.next) } else { Some(self.next) };
        match string.and_then(|at| OFFERS.get(at)) {
            Some(offer) => offer.is_moot(&strings),
            None => !strings.is_empty(),
        }
    }
}

pub(super) const CHARS: &[&str] = &["a", "A", "1", "+", "€"];

/// The offers to a type that looks at the data: values that only a buffer accepts, then strings, then numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Any {
    Null,
    Bool,
    List,
    Map,
    String(usize),
    Integer,
    Float,
}

impl Any {
    const COUNT: usize = 6 + OFFERS.len();
    pub(super) const FIRST_STRING: usize = 4;
    pub(super) const INTEGER: usize = Self::FIRST_STRING + OFFERS.len();

    pub(super) fn at(index: usize) -> Self {
        match index {
            0 => Self::Null,
            1 => Self::Bool,
            2 => Self::List,
            3 => Self::Map,
            _ if index < 4 + OFFERS.len() => Self::String(index - 4),
            _ if index == 4 + OFFERS.len() => Self::Integer,
            _ => Self::Float,
        }
    }

    pub(super) fn is_number(index: usize) -> bool {
        matches!(Self::at(index), Self::Integer | Self::Float)
    }

    pub(super) fn string(index: usize) -> Option<usize> {
        if let Self::String(at) = Self::at(index) { Some(at) } else { None }
    }
}
