//! A document as serde sees it.

use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use toml_edit::{Item, Table, TableLike, Value};

use super::error::Fault;

/// The entry that says what a table is.
const KIND: &str = "kind";

/// A value of the file.
pub(super) enum Node<'a> {
    Table(&'a dyn TableLike),
    Tables(Vec<&'a Table>),
    Value(&'a Value),
    Nothing,
}

impl<'a> From<&'a Item> for Node<'a> {
    fn from(item: &'a Item) -> Self {
        match item {
            Item::None => Self::Nothing,
            Item::Table(table) => Self::Table(table),
            Item::ArrayOfTables(tables) => Self::Tables(tables.iter().collect()),
            Item::Value(value) => value.into(),
        }
    }
}

impl<'a> From<&'a Value> for Node<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::InlineTable(table) => Self::Table(table),
            value => Self::Value(value),
        }
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::Table(table) => visitor.visit_map(Entries::new(table, &[])),
            Self::Tables(tables) => {
                let items = tables.into_iter().map(|table| (Node::Table(table), table.span()));
                visitor.visit_seq(Items(items.collect::<Vec<_>>().into_iter()))
            }
            Self::Value(Value::String(text)) => visitor.visit_str(text.value()),
            Self::Value(Value::Integer(number)) => visitor.visit_i64(*number.value()),
            Self::Value(Value::Boolean(is)) => visitor.visit_bool(*is.value()),
            Self::Value(Value::Array(array)) => {
                let items = array.iter().map(|value| (Node::from(value), value.span()));
                visitor.visit_seq(Items(items.collect::<Vec<_>>().into_iter()))
            }
            Self::Value(_) | Self::Nothing => visitor.visit_unit(),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::Value(Value::String(_)) => self.deserialize_any(visitor),
            _ => Err(Fault::wrong("a text is expected")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::Tables(_) | Self::Value(Value::Array(_)) => self.deserialize_any(visitor),
            _ => Err(Fault::wrong("a list is expected")),
        }
    }

    /// What is written as `[[tables]]`.
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self {
            Self::Tables(_) => self.deserialize_any(visitor),
            _ => Err(Fault::not_tables()),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::Table(_) => self.deserialize_any(visitor),
            _ => Err(Fault::wrong("a table is expected")),
        }
    }

    /// A table whose `kind` is the variant.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Self::Table(table) = self else { return Err(Fault::wrong("a table is expected")) };
        let item = table.get(KIND).ok_or_else(|| Fault::missing(KIND))?;
        let kind = item.as_str().ok_or_else(|| Fault::wrong("kind is a text"))?;
        let at = |fault: Fault| fault.at(item.span());
        visitor.visit_enum(OfKind { table, kind }).map_err(|fault| match fault.is_about_kind() {
            true => at(fault),
            false => fault,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit
        unit_struct newtype_struct tuple identifier ignored_any
    }
}

/// The entries of a table, but for those left out.
struct Entries<'a> {
    table: Box<dyn Iterator<Item = (&'a str, &'a Item)> + 'a>,
    keys: &'a dyn TableLike,
    next: Option<(&'a str, &'a Item)>,
}

impl<'a> Entries<'a> {
    fn new(table: &'a dyn TableLike, without: &'static [&'static str]) -> Self {
        let entries = table.iter().filter(move |(key, _)| !without.contains(key));
        Self { table: Box::new(entries), keys: table, next: None }
    }

    fn span(&self, key: &str) -> Option<Range<usize>> {
        self.keys.key(key).and_then(toml_edit::Key::span)
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.next = self.table.next();
        let Some((key, _)) = self.next else { return Ok(None) };
        let text: StrDeserializer<'_, Fault> = key.into_deserializer();
        seed.deserialize(text).map(Some).map_err(|fault| fault.at(self.span(key)))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, item) = self.next.ok_or_else(|| Fault::custom("a value without its key"))?;
        let found = || item.to_string().trim().to_owned();
        seed.deserialize(Node::from(item))
            .map_err(|fault| fault.under(key, self.span(key), found()))
    }
}

/// The parts of a list.
struct Items<'a>(std::vec::IntoIter<(Node<'a>, Option<Range<usize>>)>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some((node, span)) = self.0.next() else { return Ok(None) };
        let is_table = matches!(node, Node::Table(_));
        seed.deserialize(node).map(Some).map_err(|fault| match is_table {
            true => fault.at(span).unquoted(),
            false => fault,
        })
    }
}

/// A table of a kind.
struct OfKind<'a> {
    table: &'a dyn TableLike,
    kind: &'a str,
}

impl<'a, 'de> EnumAccess<'de> for OfKind<'a> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let text: StrDeserializer<'_, Fault> = self.kind.into_deserializer();
        Ok((seed.deserialize(text)?, self))
    }
}

impl<'de> VariantAccess<'de> for OfKind<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(Node::Table(self.table))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("a kind has named entries"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let entries = Entries::new(self.table, &[KIND]);
        visitor.visit_map(entries).map_err(|fault| fault.of_kind(self.kind))
    }
}
