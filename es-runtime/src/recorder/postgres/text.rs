//! The texts of statements, with the types of their parameters.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::types::Type;

/// The text of a statement, which each connection keeps prepared under the number.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) number: usize,
    pub(super) sql: String,
    /// The types of the parameters.
    pub(super) types: Vec<Type>,
}

impl Text {
    /// Makes a text that says the type of each parameter, as in `$1::uuid`.
    pub(super) fn new(sql: String) -> Self {
        let types = (1..).map_while(|number| type_of_parameter(&sql, number)).collect();
        Self::typed(sql, types)
    }

    /// Makes a text whose parameters have these types.
    pub(super) fn typed(sql: String, types: Vec<Type>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), sql, types }
    }
}

/// The names of types in the texts, the types, and those of arrays.
const TYPES: &[(&str, Type, Type)] = &[
    ("bigint", Type::INT8, Type::INT8_ARRAY),
    ("bool", Type::BOOL, Type::BOOL_ARRAY),
    ("bytea", Type::BYTEA, Type::BYTEA_ARRAY),
    ("double precision", Type::FLOAT8, Type::FLOAT8_ARRAY),
    ("int2", Type::INT2, Type::INT2_ARRAY),
    ("int4", Type::INT4, Type::INT4_ARRAY),
    ("int8", Type::INT8, Type::INT8_ARRAY),
    ("oid", Type::OID, Type::OID_ARRAY),
    ("text", Type::TEXT, Type::TEXT_ARRAY),
    ("uuid", Type::UUID, Type::UUID_ARRAY),
];

/// Returns the type that the text says of a parameter.
fn type_of_parameter(sql: &str, number: usize) -> Option<Type> {
    let (_, after) = sql.split_once(&format!("${number}::"))?;
    TYPES.iter().find_map(|(name, one, many)| {
        let end = after.strip_prefix(name)?;
        Some(if end.starts_with("[]") { many.clone() } else { one.clone() })
    })
}

#[cfg(test)]
mod tests {
    use super::{Text, Type};

    #[test]
    fn a_text_says_the_types_of_its_parameters() {
        let text = Text::new("SELECT $2::int8[], $1::double precision, $3::uuid, $1, $10::text".to_owned());
        assert_eq!(text.types, [Type::FLOAT8, Type::INT8_ARRAY, Type::UUID]);
    }
}
