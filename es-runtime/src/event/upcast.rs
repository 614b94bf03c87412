//! Older shapes: the steps from an event of an earlier release to the current one.

use serde::Deserializer;
use serde::de::{DeserializeOwned, Error as _};

/// Asserts that a value of an older shape can be read.
#[diagnostic::on_unimplemented(
    message = "the older shape `{Self}` cannot be read",
    label = "cannot be read",
    note = "derive `Deserialize` for `{Self}`; it must own its data"
)]
pub trait OldShape {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> OldShape for T {}

/// Asserts that an older shape becomes the next one.
#[diagnostic::on_unimplemented(
    message = "`{New}` cannot be made from its older shape `{Self}`",
    label = "no `From<{Self}>` for `{New}`",
    note = "write `impl From<{Self}> for {New}`; if both types are foreign, wrap the new one in a type of your own"
)]
pub trait Becomes<New> {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<Old, New: From<Old>> Becomes<New> for Old {}

/// The older shapes of `New`, oldest first: `()`, `((), V1)`, `(((), V1), V2)` and so on.
///
/// The place of a shape in the chain is its version, so a chain can have neither a hole nor a cycle.
pub trait OlderShapes<New> {
    /// The number of older shapes.
    const LENGTH: u32;

    /// Reads a value of an older version and brings it up to `New`.
    fn decode<'de, D: Deserializer<'de>>(version: u32, data: D) -> Result<New, D::Error>;
}

impl<New> OlderShapes<New> for () {
    const LENGTH: u32 = 0;

    fn decode<'de, D: Deserializer<'de>>(version: u32, _: D) -> Result<New, D::Error> {
        Err(D::Error::custom(format_args!("there is no shape of version {version}")))
    }
}

impl<Older, Old, New> OlderShapes<New> for (Older, Old)
where
    Older: OlderShapes<Old>,
    Old: DeserializeOwned,
    New: From<Old>,
{
    const LENGTH: u32 = Older::LENGTH + 1;

    fn decode<'de, D: Deserializer<'de>>(version: u32, data: D) -> Result<New, D::Error> {
        let old =
            if version == Older::LENGTH + 1 { Old::deserialize(data) } else { Older::decode(version, data) };
        old.map(New::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Third(String);

    impl From<String> for Third {
        fn from(text: String) -> Self {
            Self(text)
        }
    }

    #[derive(serde::Deserialize)]
    struct First(u8);

    impl From<First> for String {
        fn from(First(number): First) -> Self {
            format!("was {number}")
        }
    }

    type Chain = (((), First), String);

    fn read(version: u32, json: &str) -> Result<String, serde_json::Error> {
        let mut data = serde_json::Deserializer::from_str(json);
        <Chain as OlderShapes<Third>>::decode(version, &mut data).map(|Third(text)| text)
    }

    #[test]
    fn each_version_is_brought_up_from_where_it_stands() {
        assert_eq!(<Chain as OlderShapes<Third>>::LENGTH, 2);
        assert_eq!(read(1, "7").unwrap(), "was 7");
        assert_eq!(read(2, "\"x\"").unwrap(), "x");
        assert!(read(0, "7").unwrap_err().to_string().contains("no shape of version 0"));
    }
}
