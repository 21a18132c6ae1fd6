//! JSON that others wrote: where an object is wanted, an array is none.
//!
//! What serde derives for a struct also takes an array of its fields in order, so that `["0x…"]`
//! would be read as `{"data":"0x…"}`: no other client does. Here it is refused, at whatever depth,
//! so everything from outside is read by these functions.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

type Result<T, E = serde_json::Error> = std::result::Result<T, E>;

/// As [`serde_json::from_slice`].
///
/// # Errors
/// When it is no JSON, or none of a `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T> {
    serde_json::from_slice::<Own<T>>(without_bom(bytes)).map(|Own(value)| value)
}

/// As [`serde_json::from_str`].
///
/// # Errors
/// When it is no JSON, or none of a `T`.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T> {
    serde_json::from_str::<Own<T>>(text).map(|Own(value)| value)
}

/// Values one after the other, as some servers stream them.
pub fn stream<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> impl Iterator<Item = Result<T>> {
    let values = serde_json::Deserializer::from_slice(without_bom(bytes)).into_iter::<Own<T>>();
    values.map(|value| value.map(|Own(value)| value))
}

/// JSON without the byte order mark that some servers put before it, as a browser's
/// `Response.json()` reads it.
pub fn without_bom(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

/// A value whose structs are objects.
struct Own<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Own<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(Strict(from)).map(Self)
    }
}

/// Whatever serde hands on while it reads, with the rule in it.
struct Strict<T>(T);

macro_rules! deserialize {
    ($($method:ident($($argument:ident: $kind:ty),*) as $same:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $kind,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            $(let _ = $argument;)*
            self.0.$same($($argument,)* Strict(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    deserialize! {
        deserialize_any() as deserialize_any;
        deserialize_bool() as deserialize_bool;
        deserialize_i8() as deserialize_i8;
        deserialize_i16() as deserialize_i16;
        deserialize_i32() as deserialize_i32;
        deserialize_i64() as deserialize_i64;
        deserialize_i128() as deserialize_i128;
        deserialize_u8() as deserialize_u8;
        deserialize_u16() as deserialize_u16;
        deserialize_u32() as deserialize_u32;
        deserialize_u64() as deserialize_u64;
        deserialize_u128() as deserialize_u128;
        deserialize_f32() as deserialize_f32;
        deserialize_f64() as deserialize_f64;
        deserialize_char() as deserialize_char;
        deserialize_str() as deserialize_str;
        deserialize_string() as deserialize_string;
        deserialize_bytes() as deserialize_bytes;
        deserialize_byte_buf() as deserialize_byte_buf;
        deserialize_option() as deserialize_option;
        deserialize_unit() as deserialize_unit;
        deserialize_unit_struct(name: &'static str) as deserialize_unit_struct;
        deserialize_newtype_struct(name: &'static str) as deserialize_newtype_struct;
        deserialize_seq() as deserialize_seq;
        deserialize_tuple(length: usize) as deserialize_tuple;
        deserialize_tuple_struct(name: &'static str, length: usize) as deserialize_tuple_struct;
        deserialize_map() as deserialize_map;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) as deserialize_enum;
        deserialize_identifier() as deserialize_identifier;
        deserialize_ignored_any() as deserialize_ignored_any;
    }

    /// The rule: as a map, which an array is not.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Strict(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident: $kind:ty;)*) => {$(
        fn $method<E: Error>(self, value: $kind) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    visit! {
        visit_bool: bool;
        visit_i64: i64;
        visit_i128: i128;
        visit_u64: u64;
        visit_u128: u128;
        visit_f64: f64;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_string: String;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
        visit_byte_buf: Vec<u8>;
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict(from))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Strict(from))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Strict(from))
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Strict(from))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Strict(from))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(from))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Strict(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Strict<A> {
    type Error = A::Error;
    type Variant = Strict<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(Strict(seed))?;
        Ok((value, Strict(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Strict(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Strict(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Strict(visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::{Result, from_slice, from_str, stream};

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        n: u64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
        one: Option<Inner>,
        #[serde(default)]
        all: Vec<Inner>,
        #[serde(default)]
        map: BTreeMap<String, Inner>,
        #[serde(default)]
        pair: Option<(u8, f64)>,
        #[serde(default)]
        any: Option<serde_json::Value>,
    }

    #[test]
    fn objects_are_read_as_ever() {
        let text = r#"{"text":"a","one":{"n":1},"all":[{"n":2}],"map":{"k":{"n":3}},
                       "pair":[1,2.5],"any":["x",{"y":null}],"else":[1]}"#;
        let read: Outer<'_> = from_str(text).unwrap();
        assert_eq!(read, serde_json::from_str(text).unwrap());
        assert!(matches!(read.text, Cow::Borrowed("a")));
        let marked = b"\xef\xbb\xbf{\"n\":1}";
        assert_eq!(from_slice::<Inner>(marked).unwrap(), Inner { n: 1 });
        assert_eq!(stream::<Inner>(marked).count(), 1);
        assert_eq!(from_slice::<Inner>(br#"{"n":1}"#).unwrap(), Inner { n: 1 });
        let two: Result<Vec<Inner>> = stream(br#"{"n":1} {"n":2}"#).collect();
        assert_eq!(two.unwrap(), [Inner { n: 1 }, Inner { n: 2 }]);
        assert!(from_str::<Inner>(r#"{"n":1} x"#).is_err());
        assert!(from_str::<Inner>(r#"{"n":1,"n":2}"#).is_err());
    }

    #[test]
    fn arrays_are_no_objects_however_deep() {
        for text in [
            r#"["a",null]"#,
            r#"{"text":"a","one":[1]}"#,
            r#"{"text":"a","one":null,"all":[[2]]}"#,
            r#"{"text":"a","one":null,"map":{"k":[3]}}"#,
        ] {
            let error = from_str::<Outer<'_>>(text).unwrap_err();
            assert!(error.to_string().contains("sequence"), "{text}: {error}");
        }
        assert!(from_slice::<Inner>(b"[1]").is_err());
        assert!(from_slice::<Vec<Inner>>(b"[[1]]").is_err());
        assert!(stream::<Inner>(br#"{"n":1} [2]"#).last().unwrap().is_err());
    }
}
