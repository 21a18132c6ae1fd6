//! CIDs as text.

use cid::Cid;

use super::{IPFS_NS, LIBP2P_KEY, MAX_TEXT, hex, quoted, without_scheme};

/// Why a text is no CID of content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidTextError {
    /// It is none.
    #[error("{text:?} is not a valid CID: {reason}")]
    Text {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A path follows.
    #[error("{0:?} names a file below a root: leave out the path after the CID")]
    Path(String),
    /// It is the name of a key.
    #[error("{text:?} is an IPNS name: write ipns://{name}")]
    Key {
        /// What was given.
        text: String,
        /// The name.
        name: String,
    },
}

/// The CID of content that `text` names, in every form of the [module](super), as CIDv1.
///
/// # Errors
/// [`CidTextError`] quotes the text; a CID of codec libp2p-key is an IPNS name and none of
/// content.
pub fn parse_cid(text: &str) -> Result<Cid, CidTextError> {
    let bare = without_scheme(text, "ipfs").unwrap_or(text);
    let of_contenthash = hex(bare).and_then(|bytes| exact(bytes.strip_prefix(&IPFS_NS)?).ok());
    let cid = of_contenthash.map_or_else(|| bare_cid(bare), Ok);
    let cid = cid.map_err(|reason| match bare.contains('/') {
        true => CidTextError::Path(quoted(text)),
        false => CidTextError::Text { text: quoted(text), reason },
    })?;
    match cid.codec() {
        LIBP2P_KEY => Err(CidTextError::Key { text: quoted(text), name: quoted(bare) }),
        codec => Ok(Cid::new_v1(codec, *cid.hash())),
    }
}

/// The bytes of a CID that holds its data itself, more than a [`Cid`] has room for: up to 128
/// bytes, as other implementations take them. Nothing has to be fetched for it.
pub fn long_identity(cid: &[u8]) -> Option<&[u8]> {
    let mut rest = cid;
    let read = cid::CidGeneric::<128>::read_bytes(&mut rest).ok()?;
    let is_long = read.hash().code() == 0 && read.hash().digest().len() > 64;
    (is_long && rest.is_empty() && read.codec() != LIBP2P_KEY).then_some(cid)
}

/// The same of a text, `bafkq…`, in every form of the [module](super) that names content.
pub fn parse_long_identity(text: &str) -> Option<Vec<u8>> {
    let bare = without_scheme(text, "ipfs").unwrap_or(text);
    let (_, bytes) = (text.len() <= MAX_TEXT).then(|| multibase::decode(bare).ok()).flatten()?;
    long_identity(&bytes).map(<[u8]>::to_vec)
}

/// A CID in a multibase, or a CIDv0, whatever its codec.
pub(super) fn bare_cid(text: &str) -> Result<Cid, String> {
    if text.len() > MAX_TEXT {
        return Err("it is too long".to_owned());
    }
    if text.starts_with("Qm") && text.len() == 46 {
        let bytes = bs58::decode(text).into_vec().map_err(|error| error.to_string())?;
        return exact(&bytes);
    }
    let (_, bytes) = multibase::decode(text).map_err(|error| error.to_string())?;
    exact(&bytes)
}

/// The CID that `bytes` are, to the last of them.
pub(super) fn exact(bytes: &[u8]) -> Result<Cid, String> {
    let cid = Cid::try_from(bytes).map_err(|error| error.to_string())?;
    match cid.to_bytes() == bytes {
        true => Ok(cid),
        false => Err("bytes follow it".to_owned()),
    }
}
