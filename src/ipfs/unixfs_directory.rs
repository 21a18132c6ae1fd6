//! Directory blocks: plain ones, and HAMTs for those that would be too long
//! ([UnixFS](crate::spec::unixfs)).
//!
//! Both are dag-pb: links (field 2), each of hash (1), name (2) and Tsize (3), then the
//! directory's own UnixFS data (field 1).

use super::reader_node::name_hash;
use super::unixfs::{CID_BYTES, Link, Node, PackError, Packer};

/// A directory whose block would be longer, in bytes, becomes a HAMT.
const MAX_FLAT_DIRECTORY: usize = 262_144;
/// UnixFS data `type: Directory`, as dag-pb field 1.
const DIRECTORY_DATA: [u8; 4] = [0x0a, 0x02, 0x08, 0x01];
/// The end of UnixFS data of a HAMT: `hashType: murmur3-x64-64 (0x22), fanout: 256`.
const SHARD_KIND: [u8; 5] = [0x28, 0x22, 0x30, 0x80, 0x02];

impl Packer<'_> {
    /// A directory of `links`, which are sorted by name and have no name twice.
    pub fn directory(&mut self, links: &[Link]) -> Result<Node, PackError> {
        let mut block = std::mem::take(&mut self.buffer);
        let node = if flat_directory(links, &mut block) {
            let below: u64 = links.iter().map(|link| link.node.tsize).sum();
            self.node(&block).map(|mut node| {
                node.tsize += below;
                node
            })
        } else {
            sharded_directory(links, self)
        };
        self.buffer = block;
        node
    }
}

/// Writes the block of a plain directory; `false` when it would be too long.
fn flat_directory(links: &[Link], block: &mut Vec<u8>) -> bool {
    block.clear();
    for Link { name, node } in links {
        put_link(block, "", name, node);
        if block.len() + DIRECTORY_DATA.len() > MAX_FLAT_DIRECTORY {
            return false;
        }
    }
    block.extend_from_slice(&DIRECTORY_DATA);
    true
}

/// Packs a directory as a HAMT of 256 buckets a level; parts go to the sink before the whole.
fn sharded_directory(links: &[Link], packer: &mut Packer<'_>) -> Result<Node, PackError> {
    let mut hashed: Vec<([u8; 8], &Link)> =
        links.iter().map(|link| (name_hash(&link.name).to_be_bytes(), link)).collect();
    hashed.sort_unstable_by_key(|(path, _)| *path);
    shard(&hashed, 0, packer)
}

/// One part: entries that share the first `level` bytes of their hashes, sorted by hash. Ends
/// after eight levels.
fn shard(
    entries: &[([u8; 8], &Link)],
    level: usize,
    packer: &mut Packer<'_>,
) -> Result<Node, PackError> {
    if level == 8 {
        return Err(PackError::Hamt(entries.iter().map(|(_, link)| link.name.clone()).collect()));
    }
    let mut block = Vec::new();
    let mut bits = [0; 32];
    let mut below = 0;
    for bucket in entries.chunk_by(|(a, _), (b, _)| a[level] == b[level]) {
        let index = bucket[0].0[level];
        bits[31 - usize::from(index / 8)] |= 1 << (index % 8);
        let prefix = [hex_digit(index >> 4), hex_digit(index & 0xf)];
        let prefix = std::str::from_utf8(&prefix).expect("hexadecimal digits are ASCII");
        let (name, node) = match bucket {
            [(_, link)] => (link.name.as_str(), link.node),
            several => ("", shard(several, level + 1, packer)?),
        };
        put_link(&mut block, prefix, name, &node);
        below += node.tsize;
    }
    let used = bits.iter().position(|byte| *byte != 0).unwrap_or(31);
    put_shard_data(&mut block, &bits[used..]);
    let mut node = packer.node(&block)?;
    node.tsize += below;
    Ok(node)
}

/// `type: HAMTShard, data: <bits of the buckets in use>, hashType, fanout`.
fn put_shard_data(block: &mut Vec<u8>, bits: &[u8]) {
    put_field(block, 0x0a, (4 + bits.len() + SHARD_KIND.len()) as u64);
    block.extend_from_slice(&[0x08, 0x05]);
    put_field(block, 0x12, bits.len() as u64);
    block.extend_from_slice(bits);
    block.extend_from_slice(&SHARD_KIND);
}

fn hex_digit(digit: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(digit)]
}

fn put_link(block: &mut Vec<u8>, prefix: &str, name: &str, node: &Node) {
    let name_len = (prefix.len() + name.len()) as u64;
    let lengths = varint_len(CID_BYTES) + varint_len(name_len) + varint_len(node.tsize);
    put_field(block, 0x12, 3 + lengths + CID_BYTES + name_len);
    put_field(block, 0x0a, CID_BYTES);
    block.extend_from_slice(&node.cid_bytes());
    put_field(block, 0x12, name_len);
    block.extend_from_slice(prefix.as_bytes());
    block.extend_from_slice(name.as_bytes());
    put_field(block, 0x18, node.tsize);
}

fn put_field(block: &mut Vec<u8>, tag: u8, number: u64) {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    block.push(tag);
    block.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
}

fn varint_len(number: u64) -> u64 {
    (u64::BITS - (number | 1).leading_zeros()).div_ceil(7).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::MemoryBlocks;

    #[test]
    fn varints_are_as_long_as_they_are_written() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut block = Vec::new();
            put_field(&mut block, 0, number);
            assert_eq!(varint_len(number), block.len() as u64 - 1, "{number}");
        }
    }

    #[test]
    fn names_whose_hashes_are_equal_are_refused() {
        let mut blocks = MemoryBlocks::new();
        let mut packer = Packer::new(&mut blocks);
        let node = packer.node(b"x").unwrap();
        let link = Link { name: "same".into(), node };
        let error = sharded_directory(&[link.clone(), link], &mut packer).unwrap_err();
        assert!(matches!(error, PackError::Hamt(names) if names == ["same", "same"]));
    }
}
