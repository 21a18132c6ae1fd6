//! Which coin has which format.

use super::base58::Version;
use super::bitcoin::Network;

/// How addresses of a coin are written and stored.
pub(super) enum Format {
    /// 20 bytes; EIP-55, or EIP-1191 with a chain id.
    Evm { eip1191: Option<u64> },
    /// Output scripts.
    Bitcoin(Network),
    /// Output scripts, as CashAddr.
    BitcoinCash,
    /// Base58Check with one of these versions; `example` begins with what a person sees.
    Base58 { versions: &'static [Version], ripple: bool, example: &'static str },
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
    /// Shelley and Byron.
    Cardano,
    /// `hx` and `cx`.
    Icon,
    /// Account names.
    Near,
    /// `0x` and so many bytes.
    FixedHex { length: usize },
    /// Any bytes, as hex: coins without a codec here.
    Hex,
}

const ACCOUNT: &[usize] = &[20];
const COSMOS: &[usize] = &[20, 32];
const KEY: &[usize] = &[32];

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
        784 => Format::FixedHex { length: 32 },
        1815 => Format::Cardano,
        5353 => Format::Handshake,
        9000 => Format::Avalanche,
        _ => bitcoin(coin)
            .map(Format::Bitcoin)
            .or_else(|| bech32(coin))
            .or_else(|| base58(coin))
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
        57 => network(&[0x3f], &[0x05], Some("sys")),
        77 => network(&[0x1e], &[0x21], None),
        105 => network(&[0x3f], &[0x7d], None),
        133 => network(&[0x1c, 0xb8], &[0x1c, 0xbd], None),
        136 => network(&[0x52], &[0x07], None),
        141 => network(&[0x3c], &[0x55], None),
        156 => network(&[0x26], &[0x17], Some("btg")),
        175 => network(&[0x3c], &[0x7a], None),
        301 => network(&[0x1e], &[0x0d], None),
        _ => None,
    }
}

fn bech32(coin: u64) -> Option<Format> {
    let bech32 = |hrp, lengths| Some(Format::Bech32 { hrp, lengths, bech32m: false });
    match coin {
        118 => bech32("cosmos", COSMOS),
        304 => bech32("io", ACCOUNT),
        313 => bech32("zil", ACCOUNT),
        330 => bech32("terra", COSMOS),
        459 => bech32("kava", COSMOS),
        508 => bech32("erd", KEY),
        566 => bech32("iaa", COSMOS),
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
        7 => {
            base58(const { &[Version::kept(&[0x34], 20), Version::kept(&[0x0d], 20)] }, "N… or 6…")
        }
        111 => base58(const { &[Version::kept(&[0x17], 20)] }, "A…"),
        144 => Some(Format::Base58 {
            versions: const { &[Version::kept(&[0x00], 20)] },
            ripple: true,
            example: "r…",
        }),
        195 => base58(const { &[Version::kept(&[0x41], 20)] }, "T…"),
        236 => base58(const { &[Version::stripped(&[0x00], 20)] }, "1…"),
        1024 => base58(const { &[Version::stripped(&[0x17], 20)] }, "A…"),
        1729 => base58(TEZOS, "tz1…, tz2…, tz3… or KT1…"),
        2301 => {
            base58(const { &[Version::kept(&[0x3a], 20), Version::kept(&[0x32], 20)] }, "Q… or M…")
        }
        _ => None,
    }
}

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
