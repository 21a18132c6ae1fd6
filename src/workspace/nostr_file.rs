//! `.well-known/nostr.json`: which nostr key a name of this domain has (NIP-05).

use serde_json::{Map, Value};

use super::{Workspace, WorkspaceError};
use crate::ens::WELL_KNOWN;
use crate::json;
use crate::keys::NostrPublicKey;

/// The file, below `.well-known`.
const FILE: &str = "nostr.json";
/// Most bytes of it.
const MAX: u64 = 4 << 20;

/// Why the file cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum NostrFileError {
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// It is there and is none of NIP-05.
    #[error("{WELL_KNOWN}/{FILE} is not of NIP-05: {0}")]
    Form(String),
}

/// Gives `name` (`_` for the domain itself) this key. Other names, and whatever else is in the file,
/// stay. The key it had, where that is another.
///
/// # Errors
/// [`NostrFileError`]; the file is as it was.
pub fn set_nostr_name(
    workspace: &Workspace,
    name: &str,
    key: NostrPublicKey,
) -> Result<Option<String>, NostrFileError> {
    let path = format!("{WELL_KNOWN}/{FILE}");
    let mut file = match workspace.folder().read_text(&path, MAX) {
        Ok(text) => parse(&text)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Map::new(),
        Err(error) => return Err(workspace.failed(&path)(error).into()),
    };
    let names = file.entry("names").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(names) = names else {
        return Err(NostrFileError::Form("its names are no object".to_owned()));
    };
    let digits = key.hex();
    let had = match names.insert(name.to_owned(), Value::String(digits.clone())) {
        Some(Value::String(had)) if had == digits => return Ok(None),
        Some(Value::String(had)) => Some(had),
        Some(other) => Some(other.to_string()),
        None => None,
    };
    let text = format!("{:#}\n", Value::Object(file));
    let temporary = workspace.temporary()?;
    let written = workspace.folder().write(&path, text.as_bytes(), &temporary, true);
    written.map_err(workspace.failed(&path))?;
    Ok(had)
}

fn parse(text: &str) -> Result<Map<String, Value>, NostrFileError> {
    json::from_slice(text.as_bytes()).map_err(|error| NostrFileError::Form(error.to_string()))
}
