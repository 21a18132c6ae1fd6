//! dag-pb and UnixFS messages, decoded as far as reading needs them.
//!
//! rust-unixfs reads them too, but walks every shard to find a name and takes a shard's link
//! names apart without looking at character boundaries, so a hostile block panics it.

use bytes::Bytes;
use cid::Cid;
use prost::Message;

use super::block::LongCid;
use super::hash::IDENTITY;

/// UnixFS node types (`Data.DataType`).
const TYPE_RAW: i32 = 0;
const TYPE_DIRECTORY: i32 = 1;
const TYPE_FILE: i32 = 2;
const TYPE_SYMLINK: i32 = 4;
const TYPE_SHARD: i32 = 5;
/// Multicodec of murmur3-x64-64, the only hash of a HAMT in use.
const MURMUR3_X64_64: u64 = 0x22;
/// Buckets of a HAMT's part: a power of two. kubo and helia make 256, boxo reads these.
const FANOUTS: std::ops::RangeInclusive<u64> = 8..=1024;
/// Bits of the hash.
const HASH_BITS: u32 = u64::BITS;

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
    /// UTF-8 by the specification, and not always.
    #[prost(bytes = "bytes", optional, tag = "2")]
    name: Option<Bytes>,
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
    /// What is no UTF-8 in it is replaced.
    pub name: String,
    pub cid: LinkCid,
    pub tsize: u64,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LinkCid {
    /// A block.
    Cid(Cid),
    /// Nothing that can be followed here, for this reason.
    Unreadable(&'static str),
}

/// Part of a HAMT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    /// Each name starts with hexadecimal digits, the bucket.
    pub links: Vec<NodeLink>,
    /// Bits of a name's hash that choose the bucket, 3 to 10.
    pub bits: u32,
}

/// What a block says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnixFsNode {
    /// A file or part of one: its own bytes, then those of its children, each with its length.
    File { size: u64, data: Bytes, children: Vec<(Cid, u64)> },
    /// A plain directory.
    Directory(Vec<NodeLink>),
    /// A directory in parts.
    Shard(Shard),
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
                (Some(MURMUR3_X64_64), Some(fanout))
                    if FANOUTS.contains(&fanout) && fanout.is_power_of_two() =>
                {
                    Ok(Self::Shard(Shard { links: links(node.links)?, bits: fanout.ilog2() }))
                }
                _ => Err("a HAMT that does not use murmur3-x64-64 and 8 to 1,024 buckets".into()),
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
    let cid = |link: NodeLink| match link.cid {
        LinkCid::Cid(cid) => Ok(cid),
        LinkCid::Unreadable(reason) => Err(reason),
    };
    let cids = links.into_iter().map(cid).collect::<Result<Vec<Cid>, _>>()?;
    let children = cids.into_iter().zip(data.blocksizes).collect();
    Ok(UnixFsNode::File { size, data: own, children })
}

fn links(links: Vec<PbLink>) -> Result<Vec<NodeLink>, String> {
    let link = |link: PbLink| {
        let name = link.name.unwrap_or_default();
        let mut cid = link_cid(link.hash.as_deref().unwrap_or_default())?;
        if std::str::from_utf8(&name).is_err() {
            cid = LinkCid::Unreadable("its name is not UTF-8");
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        Ok(NodeLink { name, cid, tsize: link.tsize.unwrap_or_default() })
    };
    links.into_iter().map(link).collect()
}

/// A CID that holds the data itself may be longer than one that is a hash.
fn link_cid(bytes: &[u8]) -> Result<LinkCid, String> {
    match (Cid::try_from(bytes), LongCid::try_from(bytes)) {
        (Ok(cid), _) => Ok(LinkCid::Cid(cid)),
        (_, Ok(cid)) if cid.hash().code() == IDENTITY => {
            Ok(LinkCid::Unreadable("its CID holds more than 64 bytes of data"))
        }
        _ => Err("a link that is not a CID".to_owned()),
    }
}

impl Shard {
    /// Splits a link's name into bucket and entry name; an empty one is a part below.
    pub fn split<'a>(&self, name: &'a str) -> Option<(u64, &'a str)> {
        let (bucket, entry) = name.split_at_checked(self.bits.div_ceil(4) as usize)?;
        let is_digits = bucket.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        let bucket = u64::from_str_radix(bucket, 16).ok()?;
        (is_digits && bucket < 1 << self.bits).then_some((bucket, entry))
    }
}

/// murmur3-x64-64 of a name, which decides its place in a HAMT.
pub(super) fn name_hash(name: &str) -> u64 {
    let mut bytes = name.as_bytes();
    murmur3::murmur3_x64_128(&mut bytes, 0).expect("memory can be read") as u64
}

/// The buckets of a name, level by level: the bits of murmur3-x64-64, the highest first.
pub(super) struct Buckets {
    hash: u64,
    used: u32,
}

impl Buckets {
    pub fn of(name: &str) -> Self {
        Self { hash: name_hash(name), used: 0 }
    }

    /// In a part that takes `bits`; `None` when too few are left.
    pub fn next(&mut self, bits: u32) -> Option<u64> {
        self.used += bits;
        let below = HASH_BITS.checked_sub(self.used)?;
        Some(self.hash >> below & ((1 << bits) - 1))
    }
}
