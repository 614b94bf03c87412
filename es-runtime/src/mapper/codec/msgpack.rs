//! MessagePack with the names of fields.
//!
//! The codec walks the bytes before it reads them: the deserializer does not count enums inside enums, and a few bytes
//! could exhaust the stack.

use rmp_serde::decode::Error::{Syntax, TypeMismatch, Uncategorized};
use rmp_serde::{Deserializer, Serializer};
use serde::Serialize;
use serde::de::DeserializeSeed;

use super::lossy::Loss;
use super::walk::{Fault, Walked, walk};
use super::{lossy, lost, too_deep, unreadable, unwritable};
use crate::error::{Error, ErrorKind};

const NAME: &str = "MessagePack";

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), Error> {
    let start = into.len();
    let mut serializer = Serializer::new(&mut *into).with_struct_map();
    value.serialize(&mut serializer).map_err(|error| match error {
        rmp_serde::encode::Error::DepthLimitExceeded => too_deep(NAME),
        error => unwritable(NAME, error),
    })?;
    let written = match walk(into.get(start..).unwrap_or_default()) {
        Err(Fault::Deep) => return Err(too_deep(NAME)),
        walked => walked.ok(),
    };
    if written.is_some_and(|written| written.all_finite && !written.has_nil) {
        return Ok(());
    }
    match (lossy::find(value, false), written) {
        (Some((loss, path)), _) => Err(lost(loss, &path)),
        (None, Some(Walked { all_finite: true, .. })) => Ok(()),
        (None, _) => Err(lost(Loss::NotFinite, "")),
    }
}

pub(super) fn decode<'de, S: DeserializeSeed<'de>>(seed: S, data: &'de [u8]) -> Result<S::Value, Error> {
    if let Err(fault) = walk(data) {
        let message = format!("the data are not readable as {NAME}: {fault}; they were damaged");
        return Err(Error::new(ErrorKind::Corrupt, message));
    }
    seed.deserialize(&mut Deserializer::from_read_ref(data)).map_err(|error| {
        let is_of_data = matches!(error, Syntax(_) | Uncategorized(_) | TypeMismatch(_));
        unreadable(NAME, &error, !is_of_data)
    })
}
