//! Strict reading of the TOML files that people edit, `namesys.toml` and the user's `config.toml`:
//! into types by serde, with the place of what is wrong and the nearest known word.
//!
//! An entry that is not known is refused, and so is one in the wrong place: it may be a misspelt
//! one. A value is quoted only in tables where no token can have gone astray.
//!
//! An enum is a table whose entry `kind` names the variant; the other entries are its fields.
//! [`from_flag`] reads the same enum from `KIND=PLACE`, where the place is the first field.

mod error;
mod flag;
mod lazy;
mod plain;
mod read;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml_edit::{Document, DocumentMut};

pub use error::TomlError;
pub use flag::from_flag;
pub use lazy::LazyDocument;
pub use plain::{PlainLine, plain_lines, plain_name};

use error::Fault;

/// Reads `text` as a `T`; `file` is what errors call it. `reasons` are entries that mean something
/// elsewhere, with why they cannot stand here. The document is for edits that keep comments.
///
/// # Errors
/// [`TomlError`] says where and what.
pub fn read<T: DeserializeOwned>(
    file: &str,
    text: &str,
    reasons: &[(&str, &str)],
) -> Result<(T, DocumentMut), TomlError> {
    let in_file = |fault: Fault| TomlError::new(file, text, fault, reasons);
    let document = Document::parse(text).map_err(|error| in_file(Fault::syntax(&error)))?;
    let read = T::deserialize(read::Node::Table(document.as_table())).map_err(in_file)?;
    Ok((read, document.into_mut()))
}

/// A value that stands in the file as a text.
pub trait FromText: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// In words, why it is none.
    fn from_text(text: &str) -> Result<Self, String>;
}

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

/// Deserializes what [`FromText`] reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<T>(pub T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<T: FromText> Visitor<'_> for Reader<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text is expected")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text<T>, E> {
                T::from_text(text).map(Text).map_err(E::custom)
            }
        }
        from.deserialize_str(Reader(PhantomData))
    }
}

/// Reads a list of `[[tables]]`, for `deserialize_with`.
///
/// # Errors
/// When it is not written as tables, or one of them is wrong.
pub fn tables<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("tables are expected")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = list.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }
    from.deserialize_tuple_struct("tables", 0, Reader(PhantomData))
}

#[cfg(test)]
mod tests;
