//! The parameters of a statement, already in the form in which they are sent.

use std::error::Error as StdError;
use std::fmt;

use bytes::{Bytes, BytesMut};
use tokio_postgres::Statement;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use crate::view::BoxError;

/// A parameter that a statement can keep while it waits for its answer. Its `Debug` holds nothing of the content.
pub(super) struct Value {
    /// `None` is a null.
    bytes: Option<Bytes>,
    format: Format,
}

/// Writes the parameters of a statement.
pub(super) fn written(
    statement: &Statement,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Value>, BoxError> {
    let types = statement.params();
    if types.len() != params.len() {
        let (takes, given) = (types.len(), params.len());
        return Err(format!(
            "the number of parameters is {given}, and the statement takes {takes}; pass one for each of `$1`, `$2` and so on: {sql}"
        ).into());
    }
    let (mut out, mut ends) = (BytesMut::new(), Vec::with_capacity(params.len()));
    for (at, (param, of)) in params.iter().zip(types).enumerate() {
        let is_null = param.to_sql_checked(of, &mut out).map_err(|cause| {
            format!("parameter ${} cannot be written as `{of}`: {cause}; the statement is: {sql}", at + 1)
        })?;
        ends.push((matches!(is_null, IsNull::No), out.len(), param.encode_format(of)));
    }
    let out = out.freeze();
    let mut begin = 0;
    let values = ends.into_iter().map(|(has_value, end, format)| {
        let bytes = has_value.then(|| out.slice(begin..end));
        begin = end;
        Value { bytes, format }
    });
    Ok(values.collect())
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl ToSql for Value {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    /// The type was checked when the parameter was written.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(of, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        self.format
    }
}
