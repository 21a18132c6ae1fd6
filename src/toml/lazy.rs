//! A document that is taken apart only for edits: most commands only read the values, and of a
//! hundred thousand entries the document is the larger part of the work.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use toml_edit::DocumentMut;

/// A document with its text, as long as it is as it was read.
#[derive(Clone, Debug, Default)]
pub struct LazyDocument {
    text: Option<Arc<str>>,
    document: OnceLock<DocumentMut>,
}

impl LazyDocument {
    /// Of a text that was read as TOML.
    pub fn of_text(text: &str) -> Self {
        Self { text: Some(text.into()), document: OnceLock::new() }
    }

    /// Whether it is that text, unchanged.
    pub fn is(&self, text: &str) -> bool {
        self.text.as_deref() == Some(text)
    }
}

impl From<DocumentMut> for LazyDocument {
    fn from(document: DocumentMut) -> Self {
        Self { text: None, document: document.into() }
    }
}

impl Deref for LazyDocument {
    type Target = DocumentMut;

    fn deref(&self) -> &DocumentMut {
        let text = self.text.as_deref().unwrap_or_default();
        self.document.get_or_init(|| text.parse().expect("it was read as TOML"))
    }
}

impl DerefMut for LazyDocument {
    fn deref_mut(&mut self) -> &mut DocumentMut {
        let _: &DocumentMut = self;
        self.text = None;
        self.document.get_mut().expect("it was made just now")
    }
}

impl fmt::Display for LazyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => (**self).fmt(f),
        }
    }
}
