//! The same enums from a flag: `KIND=PLACE`.

use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::Fault;

/// Reads `KIND=PLACE`: the variant `KIND`, whose first field is `PLACE`.
///
/// # Errors
/// In words.
pub fn from_flag<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let (kind, place) = text.split_once('=').ok_or("it has the form KIND=URL")?;
    T::deserialize(Flag { kind, place }).map_err(|fault| fault.reason())
}

struct Flag<'a> {
    kind: &'a str,
    place: &'a str,
}

impl<'de> Deserializer<'de> for Flag<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de> EnumAccess<'de> for Flag<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let kind: StrDeserializer<'_, Fault> = self.kind.into_deserializer();
        Ok((seed.deserialize(kind)?, self))
    }
}

impl<'de> VariantAccess<'de> for Flag<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Fault> {
        Err(Fault::wrong("a kind has named entries"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(Fault::wrong("a kind has named entries"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let place = fields.first().map(|field| (*field, self.place));
        visitor.visit_map(MapDeserializer::new(place.into_iter()))
    }
}
