//! IPNS contenthashes that name a domain, whose DNS names the content (DNSLink): a CID of codec
//! dag-pb whose identity hash is the domain's text, as ENS clients have long written it.

use cid::Cid;
use multihash::Multihash;

use super::{DAG_PB, IDENTITY};

/// The longest domain: what a multihash here holds.
const MAX_BYTES: usize = 64;

/// `text` where it is a domain: two labels at least, in lower case.
pub(super) fn domain(text: &str) -> Option<&str> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| is_plain(byte) || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = text.len() <= MAX_BYTES && text.contains('.');
    (fits && text.split('.').all(label)).then_some(text)
}

/// The CID of a domain.
pub(super) fn cid(domain: &str) -> Cid {
    let hash = Multihash::wrap(IDENTITY, domain.as_bytes()).expect("its length was looked at");
    Cid::new_v1(DAG_PB, hash)
}

/// The domain that `cid` holds.
pub(super) fn of_cid(cid: &Cid) -> Option<String> {
    if cid.codec() != DAG_PB || cid.hash().code() != IDENTITY {
        return None;
    }
    domain(std::str::from_utf8(cid.hash().digest()).ok()?).map(str::to_owned)
}
