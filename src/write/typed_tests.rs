//! Messages that the wallet signs, against the vectors.

use alloy_primitives::hex;

use super::tests::{bytes, cases, decoded, record, secret_key, text};
use super::*;
use crate::keys::SignerKey;
use crate::record::{RecordKey, Value};

const ERC7884: &str = include_str!("../../tests/vectors/write/erc7884.json");
const LEGACY: &str = include_str!("../../tests/vectors/write/eip5559-legacy.json");

fn asked<'a>(
    calldata: &'a [u8],
    write: &TypedWrite,
    through_resolve: bool,
    wallet: &SignerKey,
) -> AskedFor<'a> {
    AskedFor {
        calldata,
        record: None,
        resolver: write.contract(),
        chain_id: 1,
        wallet: wallet.address(),
        through_resolve,
        now: 1_800_000_000,
    }
}

#[test]
fn erc7884() {
    for case in cases(ERC7884) {
        let kind = text(&case, "kind");
        if kind == "register-params-result" {
            continue;
        }
        match decoded(&case).deferral {
            Deferral::NotSupported => assert_eq!(kind, "unsupported"),
            Deferral::Onchain { contract, chain_id } => {
                assert_eq!(contract.to_string(), text(&case, "contract"));
                assert_eq!(chain_id, case["chain_id"]);
            }
            Deferral::Offchain(write) => {
                assert_eq!(
                    (write.url.as_str(), write.post_url()),
                    (text(&case, "url"), text(&case, "post_url").to_owned())
                );
                let calldata = bytes(&case, "calldata");
                let wallet = secret_key(&case, "wallet_private_key");
                let through = write.sender() == write.contract();
                assert_eq!(write.check(&asked(&calldata, &write, through, &wallet)), Ok(()));
                let data = write.typed_data().unwrap();
                assert_eq!(data.digest().to_string(), text(&case, "eip712_digest"));
                assert_eq!(data.hashes().0.to_string(), text(&case, "domain_separator"));
                assert_eq!(data.json()["types"]["Message"], case["eip712_types"]["Message"]);
                let signature = wallet.sign_digest(&data.digest());
                assert_eq!(write.body(&calldata, &signature), case["post_body"]);
                assert_eq!(
                    hex::encode_prefixed(operation_handler_call(&calldata)),
                    text(&case, "get_operation_handler_calldata")
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_message_that_says_something_else_is_not_signed() {
    let case = &cases(ERC7884)[0];
    let Deferral::Offchain(write) = decoded(case).deferral else { panic!("{case}") };
    let (calldata, wallet) = (bytes(case, "calldata"), secret_key(case, "wallet_private_key"));
    let good = asked(&calldata, &write, false, &wallet);
    let check = |asked: AskedFor<'_>| write.check(&asked).unwrap_err();
    assert_eq!(check(AskedFor { calldata: &calldata[1..], ..good }), TypedError::Data);
    let resolver = alloy_primitives::Address::ZERO;
    assert!(matches!(check(AskedFor { resolver, ..good }), TypedError::Contract { .. }));
    assert!(matches!(check(AskedFor { chain_id: 5, ..good }), TypedError::Chain { found: 1, .. }));
    assert!(matches!(check(AskedFor { wallet: resolver, ..good }), TypedError::Sender { .. }));
    // Within resolve() the sender is the resolver, or still the wallet; outside, the wallet alone.
    assert_eq!(write.check(&AskedFor { through_resolve: true, ..good }), Ok(()));
    let stranger = AskedFor { through_resolve: true, wallet: resolver, ..good };
    assert!(matches!(check(stranger), TypedError::Sender { .. }));
    let through = cases(ERC7884).into_iter().find_map(|case| match &case["revert_data"] {
        serde_json::Value::String(_) => match decoded(&case).deferral {
            Deferral::Offchain(write) if write.sender() == write.contract() => Some((case, write)),
            _ => None,
        },
        _ => None,
    });
    let (case, write) = through.expect("a vector whose sender is the resolver");
    let (calldata, wallet) = (bytes(&case, "calldata"), secret_key(&case, "wallet_private_key"));
    let outside = write.check(&asked(&calldata, &write, false, &wallet));
    assert!(matches!(outside, Err(TypedError::Sender { .. })), "{outside:?}");
    assert!(matches!(check(AskedFor { now: 1_893_456_000, ..good }), TypedError::Expired(_)));
}

#[test]
fn first_eip5559() {
    for case in cases(LEGACY) {
        match decoded(&case).deferral {
            Deferral::LegacyL2 { contract, chain_id } => {
                assert_eq!(contract.to_string(), text(&case, "contract"));
                assert_eq!(chain_id, case["chain_id"]);
            }
            Deferral::LegacyDatabase(write) => {
                let calldata = bytes(&case, "setter_calldata");
                let wallet = secret_key(&case, "wallet_private_key");
                let (key, value) = record(&case);
                let good = AskedFor {
                    record: Some((&key, &value)),
                    ..asked(&calldata, &write, false, &wallet)
                };
                assert_eq!(write.check(&good), Ok(()), "{key}");
                let data = write.typed_data().unwrap();
                assert_eq!(data.digest().to_string(), text(&case, "eip712_digest"));
                let signature = wallet.sign_digest(&data.digest());
                let field = match case["kind"].as_str().unwrap() {
                    "offchain-database-parameters" => {
                        let other = Value::parse(
                            &key,
                            if key == RecordKey::Contenthash { "0x" } else { text(&case, "value") },
                        );
                        if let (Ok(other), RecordKey::Contenthash) = (other, &key) {
                            let wrong = AskedFor { record: Some((&key, &other)), ..good };
                            assert_eq!(write.check(&wrong), Err(TypedError::Data));
                        }
                        assert_eq!(
                            write.body_as_published(&signature),
                            case["post_body_as_published"]
                        );
                        "post_body_blockful"
                    }
                    _ => "post_body",
                };
                assert_eq!(write.body(&calldata, &signature), case[field]);
                assert_eq!(
                    write.post_url(),
                    format!("https://api.namesys.xyz/r/{:#x}", wallet.address())
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
