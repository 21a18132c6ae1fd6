//! Which of the backend's types a record is. It has one list of them, and of what is in none it makes
//! a file that nobody reads.

use crate::ens::Name;
use crate::publish::database::{DatabaseError, DatabaseRecord, LeftOut, signed_records};
use crate::record::RecordKey;
use crate::workspace::{CheckedFile, Workspace};

/// Its types, and the record each is. A zonehash is not among them: it keeps that at a path that no
/// resolver asks for.
const TYPES: [(&str, &str); 20] = [
    ("addr", "address/60"),
    ("contenthash", "contenthash"),
    ("avatar", "text/avatar"),
    ("pubkey", "pubkey"),
    ("email", "text/email"),
    ("url", "text/url"),
    ("description", "text/description"),
    ("com.github", "text/com.github"),
    ("com.twitter", "text/com.twitter"),
    ("com.x", "text/com.x"),
    ("com.discord", "text/com.discord"),
    ("xyz.farcaster", "text/xyz.farcaster"),
    ("nostr", "address/1237"),
    ("btc", "address/0"),
    ("ltc", "address/2"),
    ("doge", "address/3"),
    ("sol", "address/501"),
    ("atom", "address/118"),
    ("stealth", "text/stealth"),
    ("rsa", "text/rsa"),
];

/// What the backend calls a record; none where it has no place for it.
pub fn backend_type(key: &RecordKey) -> Option<&'static str> {
    let key = key.to_string();
    TYPES.iter().find(|(_, record)| *record == key).map(|(of, _)| *of)
}

/// All of its types.
pub(super) fn all_types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(of, _)| *of)
}

/// What of the workspace it has a place for, of `names` alone, and what is left out and why.
///
/// # Errors
/// A file that cannot be read.
pub fn backend_records(
    workspace: &Workspace,
    checked: Vec<CheckedFile>,
    names: &[Name],
) -> Result<(Vec<DatabaseRecord>, Vec<LeftOut>), DatabaseError> {
    signed_records(workspace, checked, &|name, key| {
        if !names.contains(name) {
            return Err(format!("{name} is none of the workspace's own names"));
        }
        if !is_safe(name) {
            return Err(format!(
                "the backend writes names into command lines as they are, and {name} has signs that \
                 mean something there"
            ));
        }
        match backend_type(key) {
            Some(_) => Ok(()),
            None => Err(format!("the backend has no type for {key}")),
        }
    })
}

/// Whether a name is a word to a shell: the backend runs one with the folder's name in its line.
fn is_safe(name: &Name) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.as_str().chars().all(|c| is_word(c) || (!c.is_ascii() && c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_it_has_a_type_for() {
        let of = |text: &str| backend_type(&RecordKey::parse(text).unwrap());
        for (name, record) in TYPES {
            assert_eq!(of(record), Some(name));
        }
        for none in ["text/note", "address/61", "dns/zonehash", "name", "abi/1"] {
            assert_eq!(of(none), None, "{none}");
        }
        let safe = |text: &str| is_safe(&Name::parse(text).unwrap());
        assert!(safe("nick.eth") && safe("_a-b.nick.eth") && safe("ñick.eth"));
        assert!(!safe("$home.eth"), "a variable to a shell");
    }
}
