//! Where a name's records stand under `.well-known` (RFC 8615; [records](crate::spec::records)).

use super::name::Name;

/// The directory at the root of the tree.
pub const WELL_KNOWN: &str = ".well-known";

impl Name {
    /// The directory of its records: `.well-known/` and the labels reversed, joined by `/`.
    pub fn well_known(&self) -> String {
        directory(self)
    }
}

/// `.well-known/` and the labels of `name` reversed, joined by `/`: `sub.nick.eth` is
/// `.well-known/eth/nick/sub`.
pub fn directory(name: &Name) -> String {
    let mut path = String::with_capacity(WELL_KNOWN.len() + 1 + name.as_str().len());
    path.push_str(WELL_KNOWN);
    for label in name.labels().rev() {
        path.push('/');
        path.push_str(label);
    }
    path
}
