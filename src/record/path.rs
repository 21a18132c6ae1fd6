//! Where a record's file is below `.well-known/`, and what a path there can mean
//! ([records](crate::spec::records)).

use super::RecordKey;
use crate::ens::{Name, WELL_KNOWN};

/// The path of a record's file in the tree: the name's directory and `<record type>.json`.
pub fn record_path(name: &Name, key: &RecordKey) -> String {
    let mut path = name.well_known();
    path.push('/');
    path.push_str(&key.file_name());
    path
}

/// The record's place in the older flat layout (ENSIP-XX, [seed 003](crate::spec::records)); `None`
/// where it has none, or the same, or where it is the place of another record: `text.nick.eth`'s
/// avatar would be `nick.eth`'s `text/avatar`.
pub fn flat_path(name: &Name, key: &RecordKey) -> Option<String> {
    let path = format!("{}/{}", name.well_known(), key.legacy_file_name()?);
    if path == record_path(name, key) {
        return None;
    }
    match meaning(&path) {
        PathMeaning::Records(records) => {
            records.iter().any(|(of, record)| of == name && record == key).then_some(path)
        }
        _ => Some(path),
    }
}

/// What a path under `.well-known/` can mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMeaning {
    /// A record of a name. `text/name.json` can be two: of `nick.eth`, and of `text.nick.eth`.
    Records(Vec<(Name, RecordKey)>),
    /// Only in the flat layout of ENSIP-XX.
    Legacy(Name, RecordKey),
    /// A known fault of the deployed client, and what is right.
    Fault(String),
    /// Somebody else's file.
    Foreign,
}

/// What `path` in a tree can mean; elsewhere than below `.well-known/` no client looks for records.
pub fn meaning(path: &str) -> PathMeaning {
    let below = path.strip_prefix(WELL_KNOWN).and_then(|rest| rest.strip_prefix('/'));
    let parts: Vec<&str> = below.unwrap_or_default().split('/').collect();
    let Some((file, folders)) = parts.split_last() else { return PathMeaning::Foreign };
    let Some(stem) = file.strip_suffix(".json") else { return PathMeaning::Foreign };
    let mut records = Vec::new();
    if let Some((kind, labels)) = folders.split_last() {
        if *kind == "dnsrecord"
            && let Some(name) = name_of(labels)
        {
            let right = format!("{}/dns/{file}", name.well_known());
            return PathMeaning::Fault(format!(
                "a path of the deployed client that the resolver never asks; it asks {right}"
            ));
        }
        // To see whether it is a name takes longer than whether it is a record.
        let both = [(canonical(&format!("{kind}/{stem}")), labels), (canonical(stem), folders)];
        let named = |(key, labels): (Option<RecordKey>, &[&str])| {
            key.and_then(|key| Some((name_of(labels)?, key)))
        };
        records.extend(both.into_iter().filter_map(named));
    }
    if !records.is_empty() {
        return PathMeaning::Records(records);
    }
    match (name_of(folders), RecordKey::from_legacy_file_name(file)) {
        (Some(name), Some(key)) => PathMeaning::Legacy(name, key),
        _ => PathMeaning::Foreign,
    }
}

fn canonical(text: &str) -> Option<RecordKey> {
    RecordKey::parse(text).ok().filter(|key| key.to_string() == text)
}

fn name_of(reversed: &[&str]) -> Option<Name> {
    let labels: Vec<&str> = reversed.iter().rev().copied().collect();
    if labels.is_empty() {
        return None;
    }
    let name = Name::from_normalized(&labels.join(".")).ok()?;
    name.check_folder().is_ok().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flat_place_is_never_that_of_another_record() {
        let flat = |name: &str, key: &str| {
            flat_path(&Name::parse(name).unwrap(), &RecordKey::parse(key).unwrap())
        };
        let avatar = ".well-known/eth/nick/avatar.json".to_owned();
        assert_eq!(flat("nick.eth", "text/avatar"), Some(avatar));
        // nick.eth's text/avatar is there.
        assert_eq!(flat("text.nick.eth", "text/avatar"), None);
        // That one is the resolver's own already.
        assert_eq!(flat("nick.eth", "contenthash"), None);
    }

    fn names(path: &str) -> Vec<String> {
        match meaning(path) {
            PathMeaning::Records(records) => {
                records.iter().map(|(name, key)| format!("{name} {key}")).collect()
            }
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn paths_and_what_they_mean() {
        assert_eq!(names(".well-known/eth/nick/text/avatar.json"), ["nick.eth text/avatar"]);
        assert_eq!(names(".well-known/eth/nick/contenthash.json"), ["nick.eth contenthash"]);
        assert_eq!(
            names(".well-known/eth/nick/text/name.json"),
            ["nick.eth text/name", "text.nick.eth name"]
        );
        for foreign in [
            ".well-known/security.txt",
            ".well-known/nostr.json",
            ".well-known/eth/nick/address/eth.txt",
            ".well-known/eth/NICK/text/avatar.json",
        ] {
            assert_eq!(meaning(foreign), PathMeaning::Foreign, "{foreign}");
        }
        assert!(matches!(meaning(".well-known/eth/nick/addr-60.json"), PathMeaning::Legacy(..)));
        assert!(matches!(
            meaning(".well-known/eth/nick/dnsrecord/zonehash.json"),
            PathMeaning::Fault(right) if right.contains("eth/nick/dns/zonehash.json")
        ));
    }
}
