//! Against the vectors of `tests/vectors/write`.

use alloy_primitives::{Address, Bytes, hex};
use serde_json::Value as Json;

use super::metadata::exact;
use super::*;
use crate::ens::Name;
use crate::keys::{IpnsKey, SignerKey};
use crate::record::{RecordKey, Value};
use crate::request::{PostForm, PostedRecord, RecordsPost, Signature};
use crate::secret::SecretString;

pub(super) fn cases(text: &str) -> Vec<Json> {
    let file: Json = serde_json::from_str(text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

macro_rules! vectors {
    ($name:literal) => {
        cases(include_str!(concat!("../../tests/vectors/write/", $name, ".json")))
    };
}

pub(super) fn text<'a>(json: &'a Json, field: &str) -> &'a str {
    json[field].as_str().unwrap_or_else(|| panic!("{field} of {json}"))
}

pub(super) fn bytes(json: &Json, field: &str) -> Vec<u8> {
    hex::decode(text(json, field)).unwrap()
}

pub(super) fn secret_key(json: &Json, field: &str) -> SignerKey {
    SignerKey::from_hex(&SecretString::new(text(json, field).to_owned())).unwrap()
}

/// The key, and the value in the form that the vectors have it.
pub(super) fn record(case: &Json) -> (RecordKey, Value) {
    let key = RecordKey::parse(text(case, "record_type")).unwrap();
    let given = text(case, "value");
    let value = match given.split_once(',').filter(|_| key == RecordKey::Pubkey) {
        Some((x, y)) => Value::pubkey_from_xy(x, y),
        None => Value::parse(&key, given),
    };
    (key, value.unwrap())
}

pub(super) fn decoded(json: &Json) -> Decoded {
    let found = Deferral::decode(&bytes(json, "revert_data")).unwrap().unwrap();
    assert_eq!(hex::encode_prefixed(found.selector), text(json, "selector"));
    assert_eq!(found.signature, text(json, "error"));
    found
}

fn keys(case: &Json, profile: Profile) -> WriteKeys {
    let storage = case["storage"].as_str().unwrap_or_default().to_lowercase();
    let contract = case["resolver"].as_str().or(case["contract"].as_str());
    WriteKeys {
        profile,
        name: Name::parse(text(case, "ens")).unwrap(),
        for_wallet: storage.starts_with("wallet"),
        wallet: text(case, "caip10").parse().unwrap(),
        contract: contract.map_or_else(Default::default, |contract| contract.parse().unwrap()),
    }
}

/// The approval where one travels along, the records, and the body of `form`.
fn texts_and_body(case: &Json, keys: &WriteKeys, signer: &SignerKey, form: PostForm) -> Json {
    let wallet = secret_key(case, "wallet_private_key");
    let request = keys.approval(signer.address(), wallet.address());
    assert_eq!(request.to_string(), text(case, "approval_text"));
    let approval = wallet.sign(&request);
    assert_eq!(format!("{approval:x}"), text(case, "approval"));
    let zero = "0x0000000000000000000000000000000000000000";
    let named = case["data_signer_in_metadata"].as_str().is_some_and(|signer| signer != zero);
    let approval = (!named).then_some(approval);
    let mut posted = Vec::new();
    for vector in case["records"].as_array().unwrap() {
        let (key, value) = record(vector);
        let payload = keys.sign_record(signer, &key, &value, approval.as_ref());
        assert_eq!(hex::encode_prefixed(&payload.result), text(vector, "result"));
        assert_eq!(hex::encode_prefixed(&payload.signature), text(vector, "record_signature"));
        assert_eq!(hex::encode_prefixed(payload.encode()), text(vector, "data"), "{key}");
        let setter = crate::record::setter_call(keys.name.node(), &key, &value).unwrap();
        assert_eq!(hex::encode_prefixed(&setter), text(vector, "setter_calldata"));
        assert_eq!(setter[4..], bytes(vector, "call_data"));
        if key != RecordKey::Pubkey {
            posted.push(PostedRecord { key, value, timestamp: 1_708_322_868, payload });
        }
    }
    let bytes = approval.map(|approval| Bytes::copy_from_slice(approval.as_bytes()));
    let chain_id = keys.wallet.chain_id;
    let post =
        RecordsPost::new(form, keys.name.clone(), chain_id, bytes.unwrap_or_default(), posted);
    serde_json::from_str(&post.unwrap().to_json().unwrap()).unwrap()
}

#[test]
fn selectors() {
    let file = include_str!("../../tests/vectors/write/selectors.json");
    let file: Json = serde_json::from_str(file).unwrap();
    for (signature, selector) in file["selectors"].as_object().unwrap() {
        let selector: [u8; 4] =
            hex::decode(selector.as_str().unwrap()).unwrap().try_into().unwrap();
        let deferral = ["StorageHandled", "StorageRouted", "Operation", "FunctionNotSupported"];
        // Its first arguments are no error's, so that the selector alone decides.
        let read = Deferral::decode(&[&selector[..], &[0xff; 31]].concat());
        match deferral.iter().any(|start| signature.starts_with(start)) {
            true => match read.unwrap_err() {
                DeferralError::Malformed { signature: own, selector: of } => {
                    assert_eq!((own, of), (signature.as_str(), selector));
                }
                other => panic!("{signature}: {other}"),
            },
            false if signature == "ResolverError(bytes)" => assert!(read.is_err()),
            false => assert_eq!(read, Ok(None), "{signature}"),
        }
    }
    let call = operation_handler_call(&[1]);
    assert_eq!(hex::encode_prefixed(&call[..4]), file["selectors"]["getOperationHandler(bytes)"]);
}

#[test]
fn updated_eip5559() {
    for case in vectors!("eip5559-updated") {
        let keys = keys(&case, Profile::Eip5559);
        let pair = derived(&case, &keys, "keys");
        let ipns = IpnsKey::from_seed(&pair.ipns_seed).name();
        assert_eq!(ipns.to_string(), text(&case["keys"], "ipns_name"));
        let body = texts_and_body(&case, &keys, &pair.signer, PostForm::Ensip19);
        assert_eq!(body, case["post_body"]);
        let named_signer = text(&case, "data_signer_in_metadata").parse().unwrap();
        for record in case["records"].as_array().unwrap() {
            for (kind, revert) in record["reverts"].as_object().unwrap() {
                let found = decoded(revert);
                assert_eq!(found.wrapped, 0);
                match (found.deferral, kind.as_str()) {
                    (Deferral::Inline { sender, call_data, metadata }, _) => {
                        assert_eq!(sender, keys.wallet.address);
                        assert_eq!(call_data[..], bytes(record, "call_data"));
                        if matches!(metadata, Metadata::Ipns { .. } | Metadata::Database { .. }) {
                            let named = Some(named_signer).filter(|at: &Address| !at.is_zero());
                            assert_eq!(metadata.signer(), named);
                        }
                        if let Metadata::Ipns { ipns: named, gateway, graphql, .. } = metadata {
                            assert_eq!(
                                (named, gateway.as_str()),
                                (ipns, "https://api.namesys.xyz")
                            );
                            assert_eq!(graphql.is_some(), kind == "ipns_with_metadata_url");
                        } else if let Metadata::L2 { contract, chain_id } = metadata {
                            assert_eq!(contract.to_string(), text(&case["l2"], "contract"));
                            assert_eq!(chain_id, case["l2"]["chain_id"]);
                        }
                    }
                    (Deferral::WithProof { chain_id, proof, .. }, "l2_with_proof") => {
                        assert_eq!(chain_id, case["l2"]["chain_id"]);
                        let expected = case["l2_proof"].as_str().or(record["l2_proof"].as_str());
                        assert!(expected.is_none_or(|text| text == proof.to_string()));
                    }
                    (other, kind) => panic!("{kind}: {other:?}"),
                }
            }
        }
    }
}

/// Password and request to the keys of the vectors.
fn derived(case: &Json, keys: &WriteKeys, field: &str) -> crate::keys::KeyPair {
    let password = SecretString::new(text(case, "password").to_owned());
    let spice = keys.stretch(&password).unwrap();
    assert_eq!(keys.origin().to_string(), text(case, "username"));
    assert_eq!(keys.protocol().unwrap().to_string(), text(case, "protocol"));
    let request = keys.request(&spice).unwrap();
    assert_eq!(request.to_string(), text(case, "sig_keygen_text"));
    let signature = secret_key(case, "wallet_private_key").sign(&request);
    assert_eq!(signature, text(case, "sig_keygen").parse::<Signature>().unwrap());
    let pair = keys.derive(&signature, &password, &spice).unwrap();
    assert_eq!(pair.signer.address().to_string(), text(&case[field], "signer_address"));
    if let Some(seed) = case[field]["ed25519_seed"].as_str() {
        assert_eq!(hex::encode(pair.ipns_seed.expose()), seed);
    }
    pair
}

#[test]
fn ensip19_with_the_deployed_texts() {
    for case in vectors!("ensip19-deployed-records") {
        let keys = keys(&case, Profile::Ensip19);
        let pair = derived(&case, &keys, "keys");
        let body = texts_and_body(&case, &keys, &pair.signer, PostForm::Ensip19);
        assert_eq!(body, case["post_body"]);
    }
}

#[test]
fn erc7700() {
    for case in vectors!("erc7700") {
        let keys = keys(&case, Profile::Erc7700);
        let pair = derived(&case, &keys, "signer_key");
        let body = texts_and_body(&case, &keys, &pair.signer, PostForm::Erc7700);
        assert_eq!(body, case["post_body"]);
        for (kind, revert) in case["reverts"].as_object().unwrap() {
            let deferral = decoded(revert).deferral;
            match (&deferral, kind.as_str()) {
                (Deferral::RoutedToDatabase { url }, "database") => {
                    assert_eq!(url, "https://api.namesys.xyz");
                }
                (Deferral::Routed { chain_id: None, .. }, "l1") => {}
                (Deferral::Routed { chain_id: Some(10), swapped, .. }, _) => {
                    assert_eq!(*swapped, kind == "l2_swapped");
                }
                (Deferral::RoutedToSolana { .. }, "solana") => {}
                (other, kind) => panic!("{kind}: {other:?}"),
            }
            assert_eq!(deferral.profile(), Some(Profile::Erc7700));
        }
    }
}

#[test]
fn ensip_y() {
    for case in vectors!("ensip-y") {
        let keys = keys(&case, Profile::EnsipY);
        assert_eq!(keys.origin().to_string(), text(&case, "username"));
        assert_eq!(keys.protocol(), Err(WriteKeysError::TwoRequests));
        let signer = secret_key(&case["signer_key"], "signer_private_key");
        let body = texts_and_body(&case, &keys, &signer, PostForm::Ensip19);
        assert_eq!(body, case["post_body_ensip19_shape"]);
        for record in case["records"].as_array().unwrap() {
            for revert in record["reverts"].as_array().unwrap() {
                let Deferral::BySelector { sender, call_data, metadata, .. } =
                    decoded(revert).deferral
                else {
                    panic!("{revert}")
                };
                assert_eq!((sender, metadata), (keys.wallet.address, [0x8a, 0x59, 0x6e, 0xbe]));
                assert_eq!(call_data[..], bytes(record, "call_data"));
            }
        }
        let own = text(&case["ipns_key"], "ipns_name");
        for form in ["returns_ipns", "returns_ipns_bare_cid", "returns_ipns_key32"] {
            let found = Metadata::decode(StorageKind::Ipns, &bytes(&case["metadata"], form));
            let Ok(Metadata::Ipns { ipns, graphql: Some(_), .. }) = found else { panic!("{form}") };
            assert_eq!(ipns.to_string(), own, "{form}");
        }
        let foreign = bytes(&case["metadata"], "returns_foreign_signer");
        let foreign = Metadata::decode(StorageKind::Ipns, &foreign).unwrap();
        assert!(foreign.signer().is_some_and(|found| found != signer.address()));
        for (form, has) in [("returns_database", false), ("returns_database_with_graphql", true)] {
            let data = bytes(&case["metadata"], form);
            let Ok(Metadata::Database { graphql, .. }) =
                Metadata::decode(StorageKind::Database, &data)
            else {
                panic!("{form}")
            };
            assert_eq!(graphql.is_some(), has);
            assert!(Metadata::decode(StorageKind::Ipns, &data).is_err());
            assert!(
                Metadata::decode(StorageKind::Database, &[&data[..], &[0; 32]].concat()).is_err()
            );
        }
    }
}

#[test]
fn metadata_of_ensip16_is_named() {
    use alloy::sol_types::SolValue;
    let lone = ("https://gql.example".to_owned(),).abi_encode_params();
    let node = (
        vec!["https://rpc".to_owned()],
        alloy_primitives::U256::from(1),
        alloy_primitives::Address::ZERO,
    );
    for data in [lone, node.abi_encode_params()] {
        let error = Metadata::decode(StorageKind::Database, &data).unwrap_err();
        assert!(matches!(error, MetadataError::Ensip16(_)), "{error}");
    }
    assert!(exact::<(alloy::sol_types::sol_data::Bool,)>(&[0; 31]).is_none());
}

#[test]
fn wrapped_reverts() {
    use alloy::sol_types::SolError;
    let wrap = |data: Bytes| {
        Bytes::from(super::abi::universal::ResolverError { errorData: data }.abi_encode())
    };
    for case in vectors!("nested-reverts") {
        let inner = Bytes::from(bytes(&case, "inner"));
        let bare = Deferral::decode(&inner).unwrap().unwrap();
        let mut wrapped = Bytes::from(bytes(&case, "revert_data"));
        assert_eq!(wrapped, wrap(inner.clone()));
        for times in 1..=MAX_WRAPPED {
            let found = Deferral::decode(&wrapped).unwrap().unwrap();
            assert_eq!((found.wrapped, &found.deferral), (times, &bare.deferral));
            assert_eq!(Deferral::unwrapped(&wrapped), inner);
            wrapped = wrap(wrapped);
        }
        assert_eq!(Deferral::decode(&wrapped), Err(DeferralError::Deep));
    }
    // An ordinary error in it is none.
    assert_eq!(Deferral::decode(&wrap(Bytes::from_static(&[8, 195, 121, 160]))), Ok(None));
    assert_eq!(Deferral::decode(&[]), Ok(None));
}

#[test]
fn nothing_may_follow_and_no_bit_may_differ() {
    for case in vectors!("erc7700") {
        for revert in case["reverts"].as_object().unwrap().values() {
            let data = bytes(revert, "revert_data");
            let longer = [&data[..], &[0]].concat();
            assert!(Deferral::decode(&longer).is_err());
            assert!(Deferral::decode(&data[..data.len() - 1]).is_err());
        }
    }
    let case = &vectors!("eip5559-updated")[0]["records"][0]["reverts"]["ipns"];
    let mut data = bytes(case, "revert_data");
    let last = data.len() - 1;
    // Padding that is not zero.
    data[last] ^= 1;
    assert!(Deferral::decode(&data).is_err());
}

#[test]
fn profiles_by_name() {
    for profile in Profile::ALL {
        assert_eq!(profile.to_string().parse(), Ok(profile));
    }
    assert!("eip-5559".parse::<Profile>().unwrap_err().to_string().contains("ensip-y, eip5559"));
}
