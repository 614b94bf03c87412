//! Refusals: the errors of the traced types, of which the tracer reads the parts.

use serde::de;
use std::fmt;

/// The reason for which a type refused the data.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    Missing(&'static str),
    Duplicate(&'static str),
    /// A variant of another name; these are known.
    Variant(&'static [&'static str]),
    /// A field of another name; these are known.
    Field(&'static [&'static str]),
    /// Data of another type; the words name the expected one.
    Type(String),
    /// Data of the expected type, but with another value; the words name the expected one.
    Value(String),
    /// The number of elements, which are too few or too many.
    Length(usize),
    Other,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self::Other
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Self::Variant(variants)
    }

    fn unknown_field(_: &str, fields: &'static [&'static str]) -> Self {
        Self::Field(fields)
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Type(expected.to_string())
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Value(expected.to_string())
    }

    fn invalid_length(len: usize, _: &dyn de::Expected) -> Self {
        Self::Length(len)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Duplicate(field)
    }
}
