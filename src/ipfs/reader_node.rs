//! dag-pb and UnixFS messages, decoded as far as reading needs them.
//!
//! rust-unixfs reads them too, but walks every shard to find a name and takes a shard's link
//! names apart without looking at character boundaries, so a hostile block panics it.

use bytes::Bytes;
use cid::Cid;
use prost::Message;

/// UnixFS node types (`Data.DataType`).
const TYPE_RAW: i32 = 0;
const TYPE_DIRECTORY: i32 = 1;
const TYPE_FILE: i32 = 2;
const TYPE_SYMLINK: i32 = 4;
const TYPE_SHARD: i32 = 5;
/// Multicodec of murmur3-x64-64 and the number of buckets: the only kind of HAMT in use.
const MURMUR3_X64_64: u64 = 0x22;
const FANOUT: u64 = 256;

#[derive(Clone, PartialEq, Message)]
struct PbNode {
    #[prost(bytes = "bytes", optional, tag = "1")]
    data: Option<Bytes>,
    #[prost(message, repeated, tag = "2")]
    links: Vec<PbLink>,
}

#[derive(Clone, PartialEq, Message)]
struct PbLink {
    #[prost(bytes = "bytes", optional, tag = "1")]
    hash: Option<Bytes>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
    #[prost(uint64, optional, tag = "3")]
    tsize: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct UnixFsData {
    #[prost(int32, optional, tag = "1")]
    kind: Option<i32>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    data: Option<Bytes>,
    #[prost(uint64, optional, tag = "3")]
    filesize: Option<u64>,
    #[prost(uint64, repeated, packed = "false", tag = "4")]
    blocksizes: Vec<u64>,
    #[prost(uint64, optional, tag = "5")]
    hash_type: Option<u64>,
    #[prost(uint64, optional, tag = "6")]
    fanout: Option<u64>,
}

/// A link of a directory or a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NodeLink {
    pub name: String,
    pub cid: Cid,
    pub tsize: u64,
}

/// What a block says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnixFsNode {
    /// A file or part of one: its own bytes, then those of its children, each with its length.
    File { size: u64, data: Bytes, children: Vec<(Cid, u64)> },
    /// A plain directory.
    Directory(Vec<NodeLink>),
    /// Part of a HAMT: each name starts with two hexadecimal digits, the bucket.
    Shard(Vec<NodeLink>),
    /// A symbolic link.
    Symlink(String),
}

impl UnixFsNode {
    /// A raw block: a file, or a leaf of one.
    pub fn raw(data: Bytes) -> Self {
        Self::File { size: data.len() as u64, data, children: Vec::new() }
    }

    /// Decodes a dag-pb block.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn decode(block: Bytes) -> Result<Self, String> {
        let node = PbNode::decode(block).map_err(|error| format!("not dag-pb: {error}"))?;
        let data = node.data.ok_or("a dag-pb node without UnixFS data")?;
        let data = UnixFsData::decode(data).map_err(|error| format!("not UnixFS: {error}"))?;
        match data.kind {
            Some(TYPE_RAW | TYPE_FILE) => file(data, node.links),
            Some(TYPE_DIRECTORY) => links(node.links).map(Self::Directory),
            Some(TYPE_SHARD) => match (data.hash_type, data.fanout) {
                (Some(MURMUR3_X64_64), Some(FANOUT)) => links(node.links).map(Self::Shard),
                _ => Err("a HAMT that does not use murmur3-x64-64 and 256 buckets".into()),
            },
            Some(TYPE_SYMLINK) => {
                let target = data.data.unwrap_or_default().to_vec();
                let target = String::from_utf8(target);
                target.map(Self::Symlink).map_err(|_| "a link to what is not UTF-8".into())
            }
            Some(kind) => Err(format!("a UnixFS node of type {kind}")),
            None => Err("a UnixFS node without a type".into()),
        }
    }
}

/// The sizes must add up, and no child may be empty: so reading `size` bytes ends.
fn file(data: UnixFsData, pb_links: Vec<PbLink>) -> Result<UnixFsNode, String> {
    let own = data.data.unwrap_or_default();
    let links = links(pb_links)?;
    if links.len() != data.blocksizes.len() {
        return Err("a file with more or fewer links than sizes".into());
    }
    let sum = data.blocksizes.iter().try_fold(own.len() as u64, |sum, &size| match size {
        0 => None,
        size => sum.checked_add(size),
    });
    let size = data.filesize.unwrap_or(own.len() as u64);
    if sum != Some(size) {
        return Err("a file whose parts do not add up to its size".into());
    }
    let children = links.into_iter().map(|link| link.cid).zip(data.blocksizes).collect();
    Ok(UnixFsNode::File { size, data: own, children })
}

fn links(links: Vec<PbLink>) -> Result<Vec<NodeLink>, String> {
    let link = |link: PbLink| {
        let cid = Cid::try_from(link.hash.as_deref().unwrap_or_default())
            .map_err(|_| "a link that is not a CID".to_owned())?;
        let name = link.name.unwrap_or_default();
        Ok(NodeLink { name, cid, tsize: link.tsize.unwrap_or_default() })
    };
    links.into_iter().map(link).collect()
}

/// Splits a shard's link name into bucket and entry name; an empty one is a shard below.
pub(super) fn shard_link_name(name: &str) -> Option<(u8, &str)> {
    let (bucket, entry) = name.split_at_checked(2)?;
    let is_digits = bucket.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
    let bucket = u8::from_str_radix(bucket, 16).ok()?;
    is_digits.then_some((bucket, entry))
}

/// The buckets of a name, one a level: murmur3-x64-64, big-endian.
pub(super) fn shard_path(name: &str) -> [u8; 8] {
    let mut bytes = name.as_bytes();
    let hash = murmur3::murmur3_x64_128(&mut bytes, 0).expect("memory can be read");
    (hash as u64).to_be_bytes()
}
