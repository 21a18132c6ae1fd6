//! Paths through DAG-CBOR, as far as its links (<https://ipld.io/specs/codecs/dag-cbor/spec/>).

use cid::Cid;
use minicbor::Decoder;
use minicbor::data::{Tag, Type};

/// The multicodec.
pub(super) const DAG_CBOR: u64 = 0x71;
/// The tag of a link, over a zero byte and the CID.
const LINK: Tag = Tag::new(42);

/// Why a path does not lead on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stops {
    /// There is no such entry.
    NotFound,
    /// What it ends at is within the block.
    Within,
    /// The block is no DAG-CBOR.
    Malformed,
}

/// The first link on the way of `segments` through `block`, and how many of them lead there.
pub(super) fn follow(block: &[u8], segments: &[String]) -> Result<(Cid, usize), Stops> {
    let mut cbor = Decoder::new(block);
    for (used, segment) in segments.iter().enumerate() {
        if let Some(link) = link(&mut cbor)? {
            return Ok((link, used));
        }
        enter(&mut cbor, segment)?;
    }
    link(&mut cbor)?.map(|link| (link, segments.len())).ok_or(Stops::Within)
}

fn malformed(_: minicbor::decode::Error) -> Stops {
    Stops::Malformed
}

fn link(cbor: &mut Decoder<'_>) -> Result<Option<Cid>, Stops> {
    if cbor.datatype().map_err(malformed)? != Type::Tag {
        return Ok(None);
    }
    if cbor.tag().map_err(malformed)? != LINK {
        return Err(Stops::Malformed);
    }
    let bytes = cbor.bytes().map_err(malformed)?;
    let cid = bytes.strip_prefix(&[0]).and_then(|cid| Cid::try_from(cid).ok());
    cid.map(Some).ok_or(Stops::Malformed)
}

/// Goes to the entry of a map or list.
fn enter(cbor: &mut Decoder<'_>, segment: &str) -> Result<(), Stops> {
    match cbor.datatype().map_err(malformed)? {
        Type::Map => {
            let entries = cbor.map().map_err(malformed)?.ok_or(Stops::Malformed)?;
            for _ in 0..entries {
                if cbor.str().map_err(malformed)? == segment {
                    return Ok(());
                }
                cbor.skip().map_err(malformed)?;
            }
            Err(Stops::NotFound)
        }
        Type::Array => {
            let entries = cbor.array().map_err(malformed)?.ok_or(Stops::Malformed)?;
            let index: u64 = segment.parse().map_err(|_| Stops::NotFound)?;
            if index >= entries {
                return Err(Stops::NotFound);
            }
            (0..index).try_for_each(|_| cbor.skip()).map_err(malformed)
        }
        _ => Err(Stops::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use minicbor::Encoder;

    use super::*;
    use crate::ipfs::{RAW, sha256_cid};

    #[test]
    fn paths_end_at_links() {
        let cid = sha256_cid(RAW, b"F");
        let bytes = [&[0][..], &cid.to_bytes()].concat();
        let mut cbor = Encoder::new(Vec::new());
        cbor.map(2).unwrap().str("files").unwrap().map(2).unwrap();
        cbor.str("list").unwrap().array(2).unwrap().u8(7).unwrap();
        cbor.tag(LINK).unwrap().bytes(&bytes).unwrap();
        cbor.str("single").unwrap().tag(LINK).unwrap().bytes(&bytes).unwrap();
        cbor.str("odd").unwrap().tag(Tag::new(43)).unwrap().bytes(&bytes).unwrap();
        let block = cbor.into_writer();
        let path = |path: &str| {
            let segments: Vec<String> =
                path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
            follow(&block, &segments)
        };
        assert_eq!(path("files/single"), Ok((cid, 2)));
        assert_eq!(path("files/single/below/it"), Ok((cid, 2)));
        assert_eq!(path("files/list/1"), Ok((cid, 3)));
        for (end, stops) in [
            ("", Stops::Within),
            ("files", Stops::Within),
            ("files/list/0", Stops::Within),
            ("files/list/0/x", Stops::NotFound),
            ("files/list/2", Stops::NotFound),
            ("files/list/x", Stops::NotFound),
            ("files/none", Stops::NotFound),
            ("odd", Stops::Malformed),
        ] {
            assert_eq!(path(end), Err(stops), "{end}");
        }
        for end in 0..block.len() {
            let _ = follow(&block[..end], &["files".to_owned(), "single".to_owned()]);
        }
        assert_eq!(follow(&[], &[]), Err(Stops::Malformed));
    }
}
