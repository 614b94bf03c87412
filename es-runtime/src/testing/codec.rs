use std::fmt::{self, Debug};
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::diff::diff;
use super::same::{readable, survived};
use crate::aggregate::Aggregate;
use crate::error::{Error, ErrorKind};
use crate::event::{EventSet, EventType, EventVisitor, Topics};

/// An event as it is stored: its topic, its version, and its data as JSON text.
///
/// `Display` writes the event as one readable line.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::encode;
///
/// let encoded = encode::<Account>(&AccountEvent::Deposited(Deposited { amount: 10 }));
/// assert_eq!(encoded.topic(), "Account.Deposited");
/// assert_eq!(encoded.version(), 1);
/// assert_eq!(encoded.data(), r#"{"amount":10}"#);
/// assert_eq!(encoded.to_string(), r#"Deposited { "amount": 10 }"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    name: &'static str,
    topic: &'static str,
    version: u32,
    data: String,
    shown: String,
}

impl Encoded {
    /// Returns the name under which the event is stored.
    pub const fn topic(&self) -> &'static str {
        self.topic
    }

    /// Returns the version of the event's shape.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Returns the event's fields as JSON.
    pub fn data(&self) -> &str {
        &self.data
    }
}

impl fmt::Display for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.shown)
    }
}

/// Writes an event as a store keeps it, so that a test can check the stored form.
///
/// # Panics
///
/// If serde cannot write the event as JSON.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::encode;
///
/// let account = Account::open("Ann".into());
/// assert_eq!(encode::<Account>(account.pending()[0].event()).data(), r#"{"owner":"Ann"}"#);
/// ```
#[track_caller]
pub fn encode<A: Aggregate>(event: &A::Event) -> Encoded {
    match event.visit(Encode) {
        Ok(encoded) => encoded,
        Err((name, error)) => {
            panic!("`{name}` cannot be stored: {error}; give its fields types that serde can write as JSON")
        }
    }
}

/// Reads a stored event as a store does, and brings it to its current shape.
///
/// # Errors
///
/// [`ErrorKind::UnknownTopic`] if the aggregate does not have the event, or no longer has it; [`ErrorKind::Schema`] if
/// the data do not fit the version, or the version is unknown; [`ErrorKind::Corrupt`] if the data are not JSON.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::ErrorKind;
/// use es_runtime::testing::decode;
///
/// let event = decode::<Account>("Account.Deposited", 1, r#"{"amount":10}"#)?;
/// assert!(matches!(event, AccountEvent::Deposited(Deposited { amount: 10 })));
/// let error = decode::<Account>("Account.Deposited", 2, "{}").err();
/// assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Schema));
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub fn decode<A: Aggregate>(topic: &str, version: u32, data: &str) -> Result<A::Event, Error> {
    let mut json = serde_json::Deserializer::from_str(data);
    let decoded = A::Event::decode(topic, version, &mut json).ok_or_else(|| unknown::<A>(topic))?;
    decoded.and_then(|event| json.end().map(|()| event)).map_err(|error| {
        let message =
            format!("the data of an event `{topic}` do not fit version {version} of its shape: {error}");
        let kind = if error.is_data() { ErrorKind::Schema } else { ErrorKind::Corrupt };
        Error::new(kind, message).with_source(error)
    })
}

fn unknown<A: Aggregate>(topic: &str) -> Error {
    let message = if Topics::of::<A>().skips(topic) {
        format!("`{topic}` is retired: `{}` skips it when it is replayed", A::NAME)
    } else {
        format!("`{}` has no event `{topic}`; if it was renamed, keep the old topic in `aliases`", A::NAME)
    };
    Error::new(ErrorKind::UnknownTopic, message)
}

/// Writes the event and reads it back; fails the test if the event that comes back differs.
#[track_caller]
pub(super) fn through<A: Aggregate>(event: &A::Event) -> A::Event {
    let encoded = encode::<A>(event);
    let (name, data) = (encoded.name, encoded.data());
    let decoded = match decode::<A>(encoded.topic, encoded.version, data) {
        Ok(decoded) => decoded,
        Err(error) => panic!(
            "`{name}` cannot be read back after it was stored: {error}; \
             store only what JSON can hold (a float that is not finite becomes null)\n  stored {data}"
        ),
    };
    let again = encode::<A>(&decoded);
    if !survived((event, data), (&decoded, again.data())) {
        let lost = diff(&readable(event), &readable(&decoded));
        panic!(
            "`{name}` is not the same after it was stored and read back; make serde write and read every field, \
             and JSON hold every value (- recorded, + read back)\n{lost}  stored {data}"
        );
    }
    decoded
}

struct Encode;

impl EventVisitor for Encode {
    type Output = Result<Encoded, (&'static str, serde_json::Error)>;

    fn data<T: Serialize + Debug>(self, of: &'static EventType, data: &T) -> Self::Output {
        let name = of.name();
        let json = serde_json::to_string(data).map_err(|error| (name, error))?;
        let shown = spaced(data).map_err(|error| (name, error))?;
        Ok(Encoded { name, topic: of.topic(), version: of.version(), data: json, shown })
    }
}

fn spaced(data: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut json = Vec::new();
    data.serialize(&mut Serializer::with_formatter(&mut json, Spaced { empty: true }))?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}

/// A formatter that writes JSON on one line, with spaces for the reader.
struct Spaced {
    empty: bool,
}

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.empty = true;
        out.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b" " } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.empty = false;
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.empty { b"}" } else { b" }" })
    }
}
