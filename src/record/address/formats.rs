//! Which coin has which format.

use super::base58::Version;
use super::bitcoin::Network;
use super::codec::Codec;
use super::monero::{Stored, Tag};
use super::{
    ardor, base32, decred, filecoin, flow, hedera, hexadecimal, nano, nebulas, nimiq, nuls, plain,
    stacks, velas, waves,
};

/// How addresses of a coin are written and stored.
pub(super) enum Format {
    /// 20 bytes; EIP-55, or EIP-1191 with a chain id.
    Evm { eip1191: Option<u64> },
    /// Output scripts.
    Bitcoin(Network),
    /// Output scripts of segwit addresses alone.
    Segwit { hrp: &'static str },
    /// Output scripts, and shielded addresses of 43 bytes in Bech32.
    Zcash { network: Network, hrp: &'static str },
    /// Output scripts, as CashAddr.
    BitcoinCash,
    /// Base58Check with one of these versions; `example` begins with what a person sees.
    Base58 { versions: &'static [Version], ripple: bool, example: &'static str },
    /// As Base58, stored with its checksum.
    Base58Stored { versions: &'static [Version], example: &'static str },
    /// A prefix, and Base58Check of 32 bytes.
    Aeternity,
    /// A prefix and a public key.
    Eosio { prefix: &'static str },
    /// Base58 by blocks, with Keccak-256.
    Monero { tags: &'static [Tag], stored: Stored, example: &'static str },
    /// Base58 of so many bytes without a checksum.
    Base58Plain { length: usize },
    /// Bech32 or Bech32m of one of these lengths.
    Bech32 { hrp: &'static str, lengths: &'static [usize], bech32m: bool },
    /// A chain prefix and a hyphen may stand before the Bech32.
    Avalanche,
    /// Segwit form, stored as the hash alone.
    Handshake,
    /// Substrate accounts of a network.
    Ss58 { network: u8, example: &'static str },
    /// Strkey.
    Stellar,
    /// Base32 with SHA-512/256.
    Algorand,
    /// A version byte, which is not stored, and 32 bytes in Bech32.
    Iota,
    /// Shelley and Byron.
    Cardano,
    /// `hx` and `cx`.
    Icon,
    /// Account names.
    Near,
    /// `0x` and so many bytes.
    FixedHex { length: usize },
    /// A form like no other.
    Own(Codec),
    /// Any bytes, as hex: numbers that no coin here has.
    Hex,
}

const ACCOUNT: &[usize] = &[20];
const COSMOS: &[usize] = &[20, 32];
const KEY: &[usize] = &[32];
/// Nervos: one byte of format, one that names the lock, a 20-byte hash. The newer form (Bech32m)
/// has no encoding that ENS clients read.
const CKB_SHORT: &[usize] = &[22];

pub(super) fn format(coin: u64) -> Format {
    match coin {
        // Chains with EVM addresses that have a SLIP-44 number of their own.
        60
        | 61
        | 178
        | 246
        | 500
        | 589
        | 700
        | 818
        | 820
        | 889
        | 1001
        | 1007
        | 6060
        | 9797
        | 52752
        | 0x8000_0000..=0xffff_ffff => Format::Evm { eip1191: None },
        137 => Format::Evm { eip1191: Some(30) },
        145 => Format::BitcoinCash,
        148 => Format::Stellar,
        283 => Format::Algorand,
        354 => Format::Ss58 { network: 0, example: "1…" },
        434 => Format::Ss58 { network: 2, example: "C… to H…" },
        397 => Format::Near,
        501 => Format::Base58Plain { length: 32 },
        74 => Format::Icon,
        153 => Format::Segwit { hrp: "bm" },
        291 | 573 => Format::Base58Plain { length: 32 },
        425 | 784 => Format::FixedHex { length: 32 },
        457 => Format::Aeternity,
        569 => Format::Base58Plain { length: 96 },
        4218 => Format::Iota,
        1815 => Format::Cardano,
        5353 => Format::Handshake,
        9000 => Format::Avalanche,
        _ => bitcoin(coin)
            .map(Format::Bitcoin)
            .or_else(|| bech32(coin))
            .or_else(|| base58(coin))
            .or_else(|| zcash(coin))
            .or_else(|| eosio(coin))
            .or_else(|| monero(coin))
            .or_else(|| own(coin).map(Format::Own))
            .unwrap_or(Format::Hex),
    }
}

fn bitcoin(coin: u64) -> Option<Network> {
    let network = |p2pkh, p2sh, hrp| Some(Network { p2pkh, p2sh, hrp });
    match coin {
        0 => network(&[0x00], &[0x05], Some("bc")),
        2 => network(&[0x30], &[0x32], Some("ltc")),
        3 => network(&[0x1e], &[0x16], None),
        4 => network(&[0x3d], &[0x05], None),
        5 => network(&[0x4c], &[0x10], None),
        6 => network(&[0x37], &[0x75], None),
        14 => network(&[0x47], &[0x21], None),
        20 => network(&[0x1e], &[0x3f], Some("dgb")),
        22 => network(&[0x32], &[0x37], Some("mona")),
        55 => network(&[0x17], &[0x05], None),
        57 => network(&[0x3f], &[0x05], Some("sys")),
        77 => network(&[0x1e], &[0x21], None),
        105 => network(&[0x3f], &[0x7d], None),
        136 => network(&[0x52], &[0x07], None),
        141 => network(&[0x3c], &[0x55], None),
        156 => network(&[0x26], &[0x17], Some("btg")),
        175 => network(&[0x3c], &[0x7a], None),
        192 => network(&[0x1c], &[0x32], Some("lcc")),
        301 | 568 => network(&[0x1e], &[0x0d], None),
        489 => network(&[0x0b], &[0x05], None),
        571 => network(&[0x89], &[0x4b], Some("ccx")),
        576 => network(&[0x00], &[0x05], None),
        999 => network(&[0x00], &[0x05], Some("bcd")),
        99999 => network(&[0x49], &[0x33], None),
        _ => None,
    }
}

fn bech32(coin: u64) -> Option<Format> {
    let bech32 = |hrp, lengths| Some(Format::Bech32 { hrp, lengths, bech32m: false });
    match coin {
        118 => bech32("cosmos", COSMOS),
        304 => bech32("io", ACCOUNT),
        309 => bech32("ckb", CKB_SHORT),
        313 => bech32("zil", ACCOUNT),
        330 => bech32("terra", COSMOS),
        459 => bech32("kava", COSMOS),
        508 => bech32("erd", KEY),
        566 => bech32("iaa", COSMOS),
        592 => bech32("grin", KEY),
        714 => bech32("bnb", ACCOUNT),
        931 => bech32("thor", COSMOS),
        1023 => bech32("one", ACCOUNT),
        1237 => bech32("npub", KEY),
        8444 => Some(Format::Bech32 { hrp: "xch", lengths: KEY, bech32m: true }),
        _ => None,
    }
}

fn base58(coin: u64) -> Option<Format> {
    let base58 = |versions, example| Some(Format::Base58 { versions, ripple: false, example });
    match coin {
        7 => base58(NAMECOIN, "N… or 6…"),
        111 | 888 => base58(const { &[Version::kept(&[0x17], 20)] }, "A…"),
        121 => base58(HORIZEN, "zn…, zs… or zc…"),
        144 => {
            Some(Format::Base58 {
                versions: XRP, ripple: true, example: "r…, or X… with its tag"
            })
        }
        195 => base58(const { &[Version::kept(&[0x41], 20)] }, "T…"),
        236 => base58(const { &[Version::stripped(&[0x00], 20)] }, "1…"),
        326 => base58(const { &[Version::kept(&[0x32], 20)] }, "M…"),
        904 => base58(HELIUM, "13… or 112…"),
        1024 => base58(const { &[Version::stripped(&[0x17], 20)] }, "A…"),
        1729 => base58(TEZOS, "tz1…, tz2…, tz3… or KT1…"),
        2301 => {
            base58(const { &[Version::kept(&[0x3a], 20), Version::kept(&[0x32], 20)] }, "Q… or M…")
        }
        2305 => Some(Format::Base58Stored {
            versions: const { &[Version::kept(&[0x21], 20), Version::kept(&[0x12], 20)] },
            example: "E… or 8…",
        }),
        _ => None,
    }
}

fn zcash(coin: u64) -> Option<Format> {
    let network = || Network { p2pkh: &[0x1c, 0xb8], p2sh: &[0x1c, 0xbd], hrp: None };
    match coin {
        133 => Some(Format::Zcash { network: network(), hrp: "zs" }),
        19167 => Some(Format::Zcash { network: network(), hrp: "za" }),
        _ => None,
    }
}

fn eosio(coin: u64) -> Option<Format> {
    let prefix = match coin {
        135 | 825 => "STM",
        194 => "EOS",
        235 => "FIO",
        308 => "BTS",
        367 => "ABBC",
        2303 => "GXC",
        _ => return None,
    };
    Some(Format::Eosio { prefix })
}

/// Two public keys, and with a payment id.
const KEYS: usize = 64;
const KEYS_AND_ID: usize = 72;

const fn tag(bytes: &'static [u8], length: usize) -> Tag {
    Tag { bytes, length }
}

fn monero(coin: u64) -> Option<Format> {
    let (tags, stored, example): (&[Tag], _, _) = match coin {
        // A primary address, one with a payment id, a subaddress.
        128 => (
            const { &[tag(&[18], KEYS), tag(&[19], KEYS_AND_ID), tag(&[42], KEYS)] },
            Stored::Whole,
            "4… or 8…",
        ),
        204 => (
            const { &[tag(&[0x06], KEYS), tag(&[0xce, 0xf6, 0x22], KEYS)] },
            Stored::Unchecked,
            "2… or bcnZ…",
        ),
        415 => (const { &[tag(&[18], KEYS)] }, Stored::Keys, "etn… of old: 4…"),
        535 => (
            const { &[tag(&[0xf4, 0xb5, 0x01], KEYS), tag(&[0xf4, 0xb2, 0x4b], KEYS)] },
            Stored::Whole,
            "hvx… or hvs…",
        ),
        570 => (const { &[tag(&[0xd1, 0x01], KEYS)] }, Stored::Whole, "bx…"),
        _ => return None,
    };
    Some(Format::Monero { tags, stored, example })
}

fn own(coin: u64) -> Option<Codec> {
    Some(match coin {
        42 => decred::CODEC,
        43 => base32::NEM,
        134 => plain::LISK,
        165 => nano::CODEC,
        242 => nimiq::CODEC,
        360 => waves::VSYS,
        574 | 5_655_640 => velas::CODEC,
        461 => filecoin::CODEC,
        472 => plain::ARWEAVE,
        539 => flow::CODEC,
        1991 => hexadecimal::SIA,
        2718 => nebulas::CODEC,
        3030 => hedera::CODEC,
        5757 => stacks::CODEC,
        8964 => nuls::CODEC,
        9004 => hexadecimal::STARKNET,
        16754 => ardor::CODEC,
        5_718_350 => hexadecimal::WANCHAIN,
        5_741_564 => waves::WAVES,
        _ => return None,
    })
}

/// Namecoin; the last is what ENS's own test data has under this coin. Wallets refuse it.
const NAMECOIN: &[Version] =
    &[Version::kept(&[0x34], 20), Version::kept(&[0x0d], 20), Version::kept(&[0x41], 20)];

/// Horizen: key and script hashes of today and of the beginning, and shielded addresses.
const HORIZEN: &[Version] = &[
    Version::kept(&[0x20, 0x89], 20),
    Version::kept(&[0x1c, 0xb8], 20),
    Version::kept(&[0x20, 0x96], 20),
    Version::kept(&[0x1c, 0xbd], 20),
    Version::kept(&[0x16, 0x9a], 64),
];

/// An account; and one with its tag (X-address): two bytes of network, the account, whether there
/// is a tag, and the tag.
const XRP: &[Version] = &[Version::kept(&[0x00], 20), Version::kept(&[0x05, 0x44], 29)];

/// Helium: a version that is not stored, and the kind of the key, which is.
const HELIUM: &[Version] = &[
    Version { prefix: &[0x00, 0x00], stored: &[0x00], suffix: &[], length: 32 },
    Version { prefix: &[0x00, 0x01], stored: &[0x01], suffix: &[], length: 32 },
];

/// Tezos: a tag for the kind of key in place of the prefix; a contract is padded at its end.
const TEZOS: &[Version] = &[
    tezos(&[0x06, 0xa1, 0x9f], &[0x00, 0x00], &[]),
    tezos(&[0x06, 0xa1, 0xa1], &[0x00, 0x01], &[]),
    tezos(&[0x06, 0xa1, 0xa4], &[0x00, 0x02], &[]),
    tezos(&[0x02, 0x5a, 0x79], &[0x01], &[0x00]),
];

const fn tezos(prefix: &'static [u8], stored: &'static [u8], suffix: &'static [u8]) -> Version {
    Version { prefix, stored, suffix, length: 20 }
}
