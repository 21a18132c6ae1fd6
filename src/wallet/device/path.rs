//! Where wallets keep their accounts.

use std::fmt;

use super::DeviceKind;
use crate::wallet::{HdPath, MnemonicError};

/// Which programs count accounts so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStyle {
    /// `m/44'/60'/<i>'/0/0`: Ledger Live.
    Live,
    /// `m/44'/60'/0'/0/<i>`: BIP-44, as MetaMask, Trezor Suite and most others.
    Bip44,
    /// `m/44'/60'/0'/<i>`: the Ledger's own Chrome app, and MEW, years ago.
    Legacy,
}

impl PathStyle {
    /// The path of account `index`.
    ///
    /// # Errors
    /// From 2³¹ on.
    pub fn path(self, index: u32) -> Result<HdPath, MnemonicError> {
        match self {
            Self::Live => format!("m/44'/60'/{index}'/0/0"),
            Self::Bip44 => format!("m/44'/60'/0'/0/{index}"),
            Self::Legacy => format!("m/44'/60'/0'/{index}"),
        }
        .parse()
    }
}

impl fmt::Display for PathStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "Ledger Live",
            Self::Bip44 => "BIP-44",
            Self::Legacy => "legacy",
        })
    }
}

/// One of the paths to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsualPath {
    /// Who has it so.
    pub style: PathStyle,
    /// The path.
    pub path: HdPath,
}

/// The first `count` accounts of every style, the device's own first, each path once; without a
/// device, as most wallets have them first.
pub fn usual_paths(device: Option<DeviceKind>, count: u32) -> Vec<UsualPath> {
    let styles = match device {
        Some(DeviceKind::Ledger) => [PathStyle::Live, PathStyle::Bip44, PathStyle::Legacy],
        Some(DeviceKind::Trezor) | None => [PathStyle::Bip44, PathStyle::Live, PathStyle::Legacy],
    };
    let mut found: Vec<UsualPath> = Vec::new();
    for style in styles {
        for path in (0..count).filter_map(|index| style.path(index).ok()) {
            if found.iter().all(|usual| usual.path != path) {
                found.push(UsualPath { style, path });
            }
        }
    }
    found
}

/// The levels of a path as numbers, hardened ones with the highest bit.
pub(super) fn levels(path: &HdPath) -> Vec<u32> {
    let level = |text: &str| match text.strip_suffix('\'') {
        Some(digits) => digits.parse().ok().map(|index: u32| index | 1 << 31),
        None => text.parse().ok(),
    };
    // What is a path parses.
    path.to_string().split('/').skip(1).filter_map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_once() {
        let of = |device, count| {
            let paths = usual_paths(Some(device), count).into_iter();
            paths.map(|usual| format!("{} {}", usual.style, usual.path)).collect::<Vec<_>>()
        };
        assert_eq!(
            of(DeviceKind::Ledger, 2),
            [
                "Ledger Live m/44'/60'/0'/0/0",
                "Ledger Live m/44'/60'/1'/0/0",
                "BIP-44 m/44'/60'/0'/0/1",
                "legacy m/44'/60'/0'/0",
                "legacy m/44'/60'/0'/1",
            ]
        );
        assert_eq!(
            of(DeviceKind::Trezor, 2),
            [
                "BIP-44 m/44'/60'/0'/0/0",
                "BIP-44 m/44'/60'/0'/0/1",
                "Ledger Live m/44'/60'/1'/0/0",
                "legacy m/44'/60'/0'/0",
                "legacy m/44'/60'/0'/1",
            ]
        );
        assert!(of(DeviceKind::Ledger, 0).is_empty());
    }

    #[test]
    fn levels_of_a_path() {
        let hard = 1 << 31;
        assert_eq!(
            levels(&"m/44'/60h/0'/0/7".parse().unwrap()),
            [hard + 44, hard + 60, hard, 0, 7]
        );
        assert_eq!(levels(&"m/2147483647'".parse().unwrap()), [u32::MAX]);
    }
}
