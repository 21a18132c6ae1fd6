//! Version 3 onion services (Tor's rend-spec-v3, section 6): base32 of
//! public key (32 bytes) ‖ checksum (2) ‖ version (1).

use data_encoding::BASE32;
use sha3::{Digest, Sha3_256};

const VERSION: u8 = 3;

/// The 56 characters in lower case, with `.onion` after them or not, as the contenthash keeps
/// them.
pub(super) fn parse(text: &str) -> Result<Vec<u8>, String> {
    let address = text.strip_suffix(".onion").unwrap_or(text).to_ascii_lowercase();
    let form = || format!("{text:?} is not 56 characters of a to z and 2 to 7");
    let bytes = BASE32.decode(address.to_ascii_uppercase().as_bytes()).map_err(|_| form())?;
    let (key, rest) = bytes.split_first_chunk::<32>().ok_or_else(form)?;
    let [check0, check1, version] = *<&[u8; 3]>::try_from(rest).map_err(|_| form())?;
    if version != VERSION {
        return Err(format!("{text:?} is not a version 3 onion address"));
    }
    let mut hasher = Sha3_256::new();
    hasher.update(b".onion checksum");
    hasher.update(key);
    hasher.update([VERSION]);
    if hasher.finalize()[..2] != [check0, check1] {
        return Err(format!("the checksum of {text:?} is wrong: check every character"));
    }
    Ok(address.into_bytes())
}
