use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pair::{read_pair, write_pair};
use super::{Tagged, Transcoding};

/// A [`Transcoding`], or an `Option` or `Vec` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no transcoding",
    label = "not a transcoding",
    note = "implement `Transcoding` for a type of your own, and name that: `Tagged::<MoneyAsStr>`"
)]
pub trait Form {
    /// The type of the values.
    type Value;

    #[doc(hidden)]
    fn write<S: Serializer>(value: &Self::Value, serializer: S) -> Result<S::Ok, S::Error>;

    #[doc(hidden)]
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Transcoding> Form for T {
    type Value = T::Value;

    fn write<S: Serializer>(value: &T::Value, serializer: S) -> Result<S::Ok, S::Error> {
        write_pair::<T, S>(value, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T::Value, D::Error> {
        read_pair::<T, D>(deserializer)
    }
}

impl<F: Form> Form for Option<F> {
    type Value = Option<F::Value>;

    fn write<S: Serializer>(value: &Self::Value, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_some(&Borrowed::<F>(value)),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        Option::<Tagged<F>>::deserialize(deserializer).map(|value| value.map(|tagged| tagged.0))
    }
}

impl<F: Form> Form for Vec<F> {
    type Value = Vec<F::Value>;

    fn write<S: Serializer>(values: &Self::Value, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(Borrowed::<F>))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        Vec::<Tagged<F>>::deserialize(deserializer)
            .map(|values| values.into_iter().map(|tagged| tagged.0).collect())
    }
}

struct Borrowed<'v, F: Form>(&'v F::Value);

impl<F: Form> Serialize for Borrowed<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        F::write(self.0, serializer)
    }
}
