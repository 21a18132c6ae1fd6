//! The hash functions of CIDs: those that Kubo takes by default (`verifcid` in boxo).

use blake2::digest::{Update, VariableOutput};
use blake2::{Blake2bVar, Blake2sVar};
use multihash::Multihash;
use sha2::{Digest, Sha256, Sha512};
use sha3::digest::{ExtendableOutput, XofReader};
use sha3::{Keccak224, Keccak256, Keccak384, Keccak512};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512, Shake256};

/// Multihash code: the data itself.
pub(super) const IDENTITY: u64 = 0x00;
/// Multihash code of what is written here.
pub(super) const SHA2_256: u64 = 0x12;
/// Fewer bytes of a digest could be forged.
const MIN_DIGEST_BYTES: usize = 20;
/// BLAKE2b of one byte, and of 64; BLAKE2s of one byte, and of 32.
const BLAKE2B: std::ops::RangeInclusive<u64> = 0xb201..=0xb240;
const BLAKE2S: std::ops::RangeInclusive<u64> = 0xb241..=0xb260;

/// Whether `data` has the hash; `None` for functions, and lengths, that are not taken. A digest may
/// be the beginning of what its function gives.
pub(super) fn is_hash_of(hash: &Multihash<64>, data: &[u8]) -> Option<bool> {
    let digest = hash.digest();
    if hash.code() == IDENTITY {
        return Some(data == digest);
    }
    let full = full_digest(hash.code(), digest.len(), data)?;
    let fits = (MIN_DIGEST_BYTES..=full.len()).contains(&digest.len());
    fits.then(|| full.starts_with(digest))
}

fn full_digest(code: u64, length: usize, data: &[u8]) -> Option<Vec<u8>> {
    Some(match code {
        0x11 => <sha1::Sha1 as sha1::Digest>::digest(data).to_vec(),
        SHA2_256 => Sha256::digest(data).to_vec(),
        0x13 => Sha512::digest(data).to_vec(),
        0x14 => Sha3_512::digest(data).to_vec(),
        0x15 => Sha3_384::digest(data).to_vec(),
        0x16 => Sha3_256::digest(data).to_vec(),
        0x17 => Sha3_224::digest(data).to_vec(),
        0x19 => {
            let mut shake = Shake256::default();
            sha3::digest::Update::update(&mut shake, data);
            let mut digest = vec![0; length];
            shake.finalize_xof().read(&mut digest);
            digest
        }
        0x1a => Keccak224::digest(data).to_vec(),
        0x1b => Keccak256::digest(data).to_vec(),
        0x1c => Keccak384::digest(data).to_vec(),
        0x1d => Keccak512::digest(data).to_vec(),
        0x1e => {
            let mut digest = vec![0; length];
            blake3::Hasher::new().update(data).finalize_xof().fill(&mut digest);
            digest
        }
        // Twice, as in Bitcoin.
        0x56 => Sha256::digest(Sha256::digest(data)).to_vec(),
        code if BLAKE2B.contains(&code) => {
            let mut digest = vec![0; (code - BLAKE2B.start() + 1) as usize];
            let mut blake = Blake2bVar::new(digest.len()).ok()?;
            blake.update(data);
            blake.finalize_variable(&mut digest).ok()?;
            digest
        }
        code if BLAKE2S.contains(&code) => {
            let mut digest = vec![0; (code - BLAKE2S.start() + 1) as usize];
            let mut blake = Blake2sVar::new(digest.len()).ok()?;
            blake.update(data);
            blake.finalize_variable(&mut digest).ok()?;
            digest
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: u64, digest: &str, data: &[u8]) -> Option<bool> {
        let digest = data_encoding::HEXLOWER.decode(digest.as_bytes()).unwrap();
        is_hash_of(&Multihash::wrap(code, &digest).unwrap(), data)
    }

    /// Of "hello" without a line end, as `openssl dgst`, `b2sum`, `b3sum` and geth's keccak say.
    #[test]
    fn kubos_list() {
        for (code, digest) in HELLO {
            assert_eq!(check(code, digest, b"hello"), Some(true), "0x{code:x}");
            assert_eq!(check(code, digest, b"hellO"), Some(false), "0x{code:x}");
            // The beginning of it, from 20 bytes on.
            assert_eq!(check(code, &digest[..40], b"hello"), Some(true), "0x{code:x}");
            assert_eq!(check(code, &digest[..38], b"hello"), None, "0x{code:x}");
        }
        // md5, murmur3, BLAKE2b of 19 bytes, and nothing at all.
        let md5 = "5d41402abc4b2a76b9719d911017c592";
        for (code, digest) in [(0xd5, md5), (0x22, md5), (0xb213, &md5[..32]), (SHA2_256, "")] {
            assert_eq!(check(code, digest, b"hello"), None, "0x{code:x}");
        }
        assert_eq!(check(IDENTITY, "68656c6c6f", b"hello"), Some(true));
        // The CAR of a bug report has this block, with its line end.
        let digest = "93becc6e9882211c3ec3708c95bcd69baab7bb59c7f4bc84ce637b88a534b783";
        assert_eq!(check(0xb220, digest, b"hello\n"), Some(true));
    }

    const HELLO: [(u64, &str); 16] = [
        (0x11, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        (0x12, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        (
            0x13,
            "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043",
        ),
        (
            0x14,
            "75d527c368f2efe848ecf6b073a36767800805e9eef2b1857d5f984f036eb6df891d75f72d9b154518c1cd58835286d1da9a38deba3de98b5a53e5ed78a84976",
        ),
        (
            0x15,
            "720aea11019ef06440fbf05d87aa24680a2153df3907b23631e7177ce620fa1330ff07c0fddee54699a4c3ee0ee9d887",
        ),
        (0x16, "3338be694f50c5f338814986cdf0686453a888b84f424d792af4b9202398f392"),
        (0x17, "b87f88c72702fff1748e58b87e9141a42c0dbedc29a78cb0d4a5cd81"),
        (
            0x19,
            "1234075ae4a1e77316cf2d8000974581a343b9ebbca7e3d1db83394c30f221626f594e4f0de63902349a5ea5781213215813919f92a4d86d127466e3d07e8be3",
        ),
        (0x1b, "1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"),
        (0x1e, "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f"),
        (0x56, "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50"),
        (0xb214, "b5531c7037f06c9f2947132a6a77202c308e8939"),
        (0xb220, "324dcf027dd4a30a932c441f365a25e86b173defa4b8e58948253471b81b72cf"),
        (
            0xb240,
            "e4cfa39a3d37be31c59609e807970799caa68a19bfaa15135f165085e01d41a65ba1e1b146aeb6bd0092b49eac214c103ccfa3a365954bbbe52f74a2b3620c94",
        ),
        (0xb254, "0fee8bbc1b2b15579499fec667487059abd72794"),
        (0xb260, "19213bacc58dee6dbde3ceb9a47cbb330b3d86f8cca8997eb00be456f140ca25"),
    ];
}
