//! What was last seen at a database, record by record: it has neither sequence nor root (rule 12 of
//! [the model](crate::spec::published)).

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::{hex, keccak256};

use crate::ens::Name;
use crate::record::RecordKey;

/// Bytes of a payload's fingerprint: enough that nobody makes another record of the same.
const FINGERPRINT: usize = 16;

/// What was last seen at one database: of each record the fingerprints of payloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownDatabase {
    /// By name and record type; one fingerprint, or two while another one is under way.
    pub(super) names: BTreeMap<String, BTreeMap<String, String>>,
}

impl KnownDatabase {
    /// Whether this payload of the record was seen there, or sent there.
    pub fn knows(&self, name: &Name, key: &RecordKey, payload: &[u8]) -> bool {
        let known = self.names.get(name.as_str()).and_then(|of| of.get(&key.to_string()));
        let wanted = Self::fingerprint(payload);
        known.is_some_and(|known| known.split(' ').any(|one| one == wanted))
    }

    /// This payload is sent there over what it `held`: whichever it has then was seen.
    pub fn sending(&mut self, name: &Name, key: &RecordKey, held: Option<&[u8]>, payload: &[u8]) {
        let known: Vec<String> = held.into_iter().chain([payload]).map(Self::fingerprint).collect();
        let of = self.names.entry(name.to_string()).or_default();
        of.insert(key.to_string(), known.join(" "));
    }

    /// This payload is there.
    pub fn seen(&mut self, name: &Name, key: &RecordKey, payload: &[u8]) {
        let of = self.names.entry(name.to_string()).or_default();
        of.insert(key.to_string(), Self::fingerprint(payload));
    }

    /// What a payload is known by.
    pub fn fingerprint(payload: &[u8]) -> String {
        hex::encode(&keccak256(payload)[..FINGERPRINT])
    }

    /// Every record that was seen or sent there.
    pub fn records(&self) -> impl Iterator<Item = (Name, RecordKey)> {
        self.names.iter().flat_map(|(name, of)| {
            let keys = of.keys().filter_map(|key| RecordKey::parse_canonical(key).ok());
            let name = Name::from_normalized(name).ok();
            keys.filter_map(move |key| Some((name.clone()?, key)))
        })
    }
}

/// A line for each name, as `published.toml` has it.
impl fmt::Display for KnownDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |text: &str| toml_edit::Key::new(text).display_repr().into_owned();
        for (name, of) in &self.names {
            let entries = of.iter().map(|(record, known)| format!("{} = \"{known}\"", key(record)));
            let entries: Vec<String> = entries.collect();
            writeln!(f, "{} = {{ {} }}", key(name), entries.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::BaseFile;

    #[test]
    fn what_was_seen_and_what_is_under_way() {
        let (name, other) = (Name::parse("nick.eth").unwrap(), Name::parse("a.nick.eth").unwrap());
        let key = |text: &str| RecordKey::parse(text).unwrap();
        let (avatar, hash) = (key("text/a \"b\""), key("contenthash"));
        let mut known = KnownDatabase::default();
        known.seen(&name, &avatar, b"1");
        known.seen(&name, &hash, b"1");
        assert!(known.knows(&name, &avatar, b"1") && !known.knows(&name, &avatar, b"2"));
        assert!(!known.knows(&other, &avatar, b"1"));
        known.sending(&name, &avatar, Some(b"1"), b"2");
        known.sending(&other, &avatar, None, b"2");
        assert!(known.knows(&name, &avatar, b"1") && known.knows(&name, &avatar, b"2"));
        let mut file = BaseFile::default();
        file.set_database("https://db.example/x", known.clone());
        let read = BaseFile::parse(&file.to_string());
        assert_eq!(read, file, "{file}");
        assert_eq!(read.database("https://db.example/x"), known);
        assert_eq!(read.database("https://other.example"), KnownDatabase::default());
        known.seen(&name, &avatar, b"2");
        assert!(!known.knows(&name, &avatar, b"1"));
        assert_eq!(known.records().count(), 3);
    }
}
