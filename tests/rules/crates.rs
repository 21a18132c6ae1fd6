//! Which crates come in: their licences, versions that stand beside each other, and what must
//! not come in at all. All this is known offline, from the lock file and the crates' manifests,
//! for the platform the test runs on; advisories are not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::{cargo, cargo_command};

/// Licences whose terms a program keeps by shipping their texts.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BlueOak-1.0.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates of which several versions are built, by who asks for the older ones. A new one is
/// avoided, or listed here with the reason.
const SEVERAL: &[(&str, &[&str])] = &[
    (
        "alloy's wallets: k256 0.13, coins-bip32, coins-bip39, eth-keystore",
        &[
            "base64",
            "bech32",
            "block-buffer",
            "const-oid",
            "cpufeatures",
            "crypto-common",
            "der",
            "digest",
            "getrandom",
            "hmac",
            "keccak",
            "pbkdf2",
            "pkcs8",
            "rand",
            "rand_chacha",
            "rand_core",
            "sha2",
            "sha3",
            "signature",
            "spki",
            "thiserror",
            "thiserror-impl",
        ],
    ),
    (
        "age: its key exchange, its scrypt, and the texts of its errors",
        &["chacha20", "curve25519-dalek", "hkdf", "rustc-hash", "scrypt", "self_cell"],
    ),
    ("alloy-provider's dashmap", &["hashbrown"]),
    (
        "alloy's macros, and those that have not moved to syn 3",
        &["darling", "darling_core", "darling_macro", "syn"],
    ),
];

/// Crates that shall not come in, and what does their work here.
const NEVER: &[(&str, &str)] = &[
    ("openssl-sys", "rustls does TLS, with ring"),
    ("native-tls", "rustls does TLS, with ring"),
    ("aws-lc-sys", "ring: some 40 seconds and 2 MB less"),
    (
        "icu_provider",
        "cargo update -p idna_adapter --precise 1.1.0: 20 crates fewer for the names of hosts",
    ),
    ("regex-automata", "tracing-subscriber without env-filter: its Targets do"),
    ("libusb1-sys", "hidapi's own back end needs no library of the system"),
];

/// Each crate that is built for the binary, with its versions and licences.
static BUILT: LazyLock<BTreeMap<String, BTreeSet<(String, String)>>> = LazyLock::new(|| {
    let arguments = ["tree", "--edges=normal,build", "--prefix=none", "--format={p}\t{l}"];
    let mut built: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in cargo(&arguments).lines() {
        let (package, licence) = line.split_once('\t').expect("the format has a tab");
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        let licence = licence.trim_end_matches(" (*)");
        built.entry(name.to_owned()).or_default().insert((version.to_owned(), licence.to_owned()));
    }
    assert!(built.len() > 100, "{built:?}");
    built
});

/// Whether one side of every `OR` is on the list.
fn allowed(licence: &str) -> bool {
    let either = |part: &str| {
        part.split(" OR ").any(|one| {
            let one = one.split(" WITH ").next().unwrap_or(one);
            LICENCES.contains(&one.trim())
        })
    };
    let flat = licence.replace('/', " OR ").replace(['(', ')'], "");
    flat.split(" AND ").all(either)
}

#[test]
fn every_licence_is_one_that_was_looked_at() {
    let crates = BUILT.iter().flat_map(|(name, kinds)| kinds.iter().map(move |kind| (name, kind)));
    let other: Vec<_> = crates.filter(|(_, (_, licence))| !allowed(licence)).collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn licences_are_read() {
    for good in ["MIT", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0", "Unlicense/MIT"] {
        assert!(allowed(good), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0"] {
        assert!(!allowed(bad), "{bad}");
    }
}

#[test]
fn crates_that_stand_beside_another_version_are_listed() {
    let listed: BTreeSet<&str> = SEVERAL.iter().flat_map(|(_, names)| *names).copied().collect();
    let several: BTreeSet<&str> =
        BUILT.iter().filter(|(_, kinds)| kinds.len() > 1).map(|(name, _)| name.as_str()).collect();
    let fresh: Vec<_> = several.difference(&listed).collect();
    assert!(fresh.is_empty(), "in several versions, and not listed: {fresh:?}");
    let gone: Vec<_> = listed.difference(&several).collect();
    assert!(gone.is_empty(), "listed, and in one version now: {gone:?}");
}

#[test]
fn what_shall_not_come_in_does_not() {
    for (name, instead) in NEVER {
        assert!(!BUILT.contains_key(*name), "{name} is built: {instead}");
    }
}

/// What the registry said of the locked versions when it was last asked: packing a crate is what
/// makes cargo look.
#[test]
fn nothing_is_yanked_as_far_as_is_known() {
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/packed");
    let pack = ["package", "--no-verify", "--allow-dirty", "--target-dir", target];
    let out = cargo_command(&pack).output().unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{stderr}");
    assert!(!stderr.contains("yanked"), "{stderr}");
}
