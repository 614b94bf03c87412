//! The values of the library as values of PostgreSQL.

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::id::{Id, Position, Version};
use crate::view::BoxError;

/// Writes an id as a `uuid`.
impl<A: Aggregate> ToSql for Id<A> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        self.uuid().to_sql(of, out)
    }

    fn accepts(of: &Type) -> bool {
        <Uuid as ToSql>::accepts(of)
    }

    to_sql_checked!();
}

/// Reads an id from a `uuid`.
impl<'a, A: Aggregate> FromSql<'a> for Id<A> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        Uuid::from_sql(of, raw).map(Self::from_uuid)
    }

    fn accepts(of: &Type) -> bool {
        <Uuid as FromSql<'_>>::accepts(of)
    }
}

/// Writes a version as an `int8`.
impl ToSql for Version {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        i64::from(*self).to_sql(of, out)
    }

    fn accepts(of: &Type) -> bool {
        <i64 as ToSql>::accepts(of)
    }

    to_sql_checked!();
}

/// Reads a version from an `int8`.
impl<'a> FromSql<'a> for Version {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        Ok(Self::try_from(i64::from_sql(of, raw)?)?)
    }

    fn accepts(of: &Type) -> bool {
        <i64 as FromSql<'_>>::accepts(of)
    }
}

/// Writes a position as an `int8`.
impl ToSql for Position {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        self.get().cast_signed().to_sql(of, out)
    }

    fn accepts(of: &Type) -> bool {
        <i64 as ToSql>::accepts(of)
    }

    to_sql_checked!();
}

/// Reads a position from an `int8`.
impl<'a> FromSql<'a> for Position {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let number = i64::from_sql(of, raw)?;
        let position = u64::try_from(number).ok().and_then(Self::new);
        position.ok_or_else(|| format!("{number} is no position: they begin with 1").into())
    }

    fn accepts(of: &Type) -> bool {
        <i64 as FromSql<'_>>::accepts(of)
    }
}
