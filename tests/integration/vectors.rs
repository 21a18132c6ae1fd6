//! Names against the reference: `tests/vectors/names.json` and the official ENSIP-15 test set.
//! (Vectors of the other blocks are tested beside their code.)

use std::path::PathBuf;
use std::process::Command;

use alloy_primitives::hex;
use namesys::ens::{Name, dns_decode};
use serde_json::Value;

#[test]
fn names() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/names.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let field = |name: &str| case[name].as_str().unwrap();
        let name = Name::parse(field("input")).unwrap();
        assert_eq!(name.as_str(), field("normalized"));
        assert_eq!(name.node().to_string(), field("namehash"));
        assert_eq!(hex::encode_prefixed(name.dns()), field("dns"));
        assert_eq!(name.well_known(), field("well_known"));
        assert_eq!(dns_decode(&name.dns()).unwrap(), name);
    }
}

/// Every case of the test set that comes with ENSIP-15. The crate `ens-normalize` carries it.
#[test]
fn the_official_ensip_15_test_set() {
    let text = std::fs::read(test_set()).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let (mut checked, mut too_long, mut by_hash) = (0, 0, 0);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        if case.get("validated").is_some() || name.is_empty() {
            // The first entry says which version it is; the root (an empty name) is not a Name.
            continue;
        }
        checked += 1;
        match (Name::parse(name), case["error"].as_bool() == Some(true)) {
            (Err(_), true) => {}
            (Ok(parsed), false) => {
                let expected = case["norm"].as_str().unwrap_or(name);
                assert_eq!(parsed.as_str(), expected, "{case}");
                // Longer than the wire form's length byte can say: there by its hash.
                too_long += usize::from(long_label(expected));
                let read = dns_decode(&parsed.dns()).unwrap();
                assert_eq!(read.node(), parsed.node(), "{case}");
            }
            // A label by its hash is not of ENSIP-15; what is published has none.
            (Ok(parsed), true) if parsed.as_str().starts_with('[') => by_hash += 1,
            (Ok(parsed), true) => panic!("{parsed:?} should be refused: {case}"),
            (Err(error), false) => panic!("{error}: {case}"),
        }
    }
    assert_eq!(checked, 38_612, "of the set of ENSIP-15 as of Unicode 17");
    assert_eq!((too_long, by_hash), (1, 4));
}

fn long_label(name: &str) -> bool {
    name.split('.').any(|label| label.len() > 255)
}

fn test_set() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "ens-normalize").unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    manifest.with_file_name("tests/fixtures/validate-tests.json")
}
