use std::time::Instant;

use alloy::rpc::types::Log;
use alloy::sol_types::SolEvent;
use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use serde_json::Value;

use super::contracts::calls;
use super::*;
use crate::ens::Name;
use crate::keys::{Identity, SignerKey, Storage};
use crate::request::{Caip10, Extradata, Request, Step};
use crate::secret::{Secret, Secret32, SecretString};

fn secret32(digits: &str) -> Secret32 {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).unwrap();
    Secret::new(bytes)
}

fn key(digits: &str) -> SignerKey {
    SignerKey::from_scalar(&secret32(digits)).unwrap()
}

fn keys(seed: u8) -> StealthKeys {
    let key = |word: &str| {
        SignerKey::from_scalar(&Secret::new(keccak256([word.as_bytes(), &[seed]].concat()).0))
            .unwrap()
    };
    StealthKeys { spending: key("spending"), viewing: key("viewing") }
}

fn ephemeral(number: u64) -> Secret32 {
    Secret::new(keccak256(number.to_be_bytes()).0)
}

/// Text, signature, keys, meta-address, draft, and a payment, as a program computes them that
/// shares no code with this one.
#[test]
fn vectors() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/vectors/stealth-keys.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let field = |name: &str| case[name].as_str().unwrap().to_owned();
        let wallet = key(field("wallet_private_key").trim_start_matches("0x"));
        let caip10 = Caip10::new(case["chain_id"].as_u64().unwrap(), wallet.address());
        let name = Name::parse(&field("name")).unwrap();
        let origin = field("storage").parse::<Storage>().unwrap().origin(&name, caip10.address);
        let password = SecretString::new(field("password"));
        let extradata = Extradata::of_password(&password, caip10.address);
        let request = Request::GenerateStealthKeys { origin, extradata, wallet: caip10 };
        assert_eq!(request.to_string(), field("text"));
        assert!(request.step() == Step::StealthKeys && request.step().gives_keys());
        let signature = wallet.sign(&request);
        assert_eq!(format!("{signature:x}"), field("signature"));
        let identity = Identity { wallet: caip10, username: origin.to_string() };
        let keys = StealthKeys::derive(&signature, &password, &identity).unwrap();
        let scalars = [&keys.spending, &keys.viewing].map(|key| hex::encode(key.scalar().expose()));
        assert_eq!(scalars, ["spending_private_key", "viewing_private_key"].map(field));
        let meta = keys.meta_address();
        assert_eq!(meta.to_string(), field("meta_address"));
        assert_eq!(hex::encode_prefixed(meta.draft()), field("draft"));
        let to = StealthAddress::with(&meta, &secret32(&field("ephemeral_private_key"))).unwrap();
        assert_eq!(to.address.to_string(), field("address"));
        assert_eq!(to.ephemeral.to_string(), field("ephemeral_public_key"));
        assert_eq!(u64::from(to.view_tag), case["view_tag"].as_u64().unwrap());
        let one_time = keys.one_time(&to.ephemeral, to.address).unwrap();
        assert_eq!(hex::encode(one_time.scalar().expose()), field("one_time_private_key"));
        assert!(!format!("{keys:?}").contains(&field("spending_private_key")));
    }
}

#[test]
fn a_password_that_is_another_gives_other_keys_and_no_key_of_an_address() {
    let (ours, others) = (keys(1), keys(2));
    let (to, _) = StealthAddress::fresh(&ours.meta_address()).unwrap();
    assert_ne!(to, StealthAddress::fresh(&ours.meta_address()).unwrap().0);
    assert_eq!(ours.one_time(&to.ephemeral, to.address).unwrap().address(), to.address);
    let error = others.one_time(&to.ephemeral, to.address).unwrap_err();
    assert_eq!(error, OneTimeKeyError::OtherAddress);
}

#[test]
fn meta_addresses() {
    let meta = keys(1).meta_address();
    let text = meta.to_string();
    let digits = &text["st:eth:0x".len()..];
    assert_eq!(text.parse(), Ok(meta));
    assert_eq!(format!("0x{digits}").parse(), Ok(meta), "as the registry has it");
    assert_eq!(format!("st:eth:0x{}", digits.to_uppercase()).parse(), Ok(meta));
    // One key is both (ERC-5564).
    let single = format!("st:eth:0x{}", &digits[..66]).parse::<MetaAddress>().unwrap();
    assert_eq!((single.spending, single.viewing), (meta.spending, meta.spending));
    for bad in [
        "",
        "st:eth:",
        "st:eth:0x",
        "st:0x",
        digits,
        &text[..text.len() - 2],
        &format!("{text}00"),
        &format!("st:eth:{digits}"),
        &format!("st:eth:0x{}zz", &digits[..130]),
        " st:eth:0x",
    ] {
        assert!(matches!(bad.parse::<MetaAddress>(), Err(MetaAddressError::Form(_))), "{bad:?}");
    }
    let other = format!("st:base:0x{digits}").parse::<MetaAddress>().unwrap_err();
    assert!(matches!(other, MetaAddressError::OtherChain { .. }), "{other}");
    // No point has an x of all f; 05 begins no form.
    let off = format!("st:eth:0x{}02{}", &digits[..66], "f".repeat(64));
    let error = off.parse::<MetaAddress>().unwrap_err();
    assert!(matches!(error, MetaAddressError::Key { which: "viewing", .. }), "{error}");
    let odd = format!("st:eth:0x05{}", &digits[2..]);
    let error = odd.parse::<MetaAddress>().unwrap_err();
    assert!(matches!(error, MetaAddressError::Key { which: "spending", .. }), "{error}");
    let secret = "a7".repeat(32);
    let error = format!("0x{secret}").parse::<MetaAddress>().unwrap_err();
    assert!(!error.to_string().contains(&secret), "{error}");
    let long = "st:eth:0x".to_owned() + &"0".repeat(100_000);
    assert!(long.parse::<MetaAddress>().unwrap_err().to_string().len() < 400);
    for (text, is_meta) in [(&*text, true), ("0x12", true), ("nick.eth", false), ("0x1.eth", false)]
    {
        assert_eq!(MetaAddress::is_meant(text), is_meta, "{text}");
    }
}

/// The bytes that ERC-5564 recommends.
#[test]
fn what_is_announced() {
    let token = address!("A0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
    let ether = metadata(0x5a, Asset::Ether, U256::from(1_000_000_007_u64));
    assert_eq!(
        hex::encode(&ether),
        "5aeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\
         000000000000000000000000000000000000000000000000000000003b9aca07"
    );
    let paid = metadata(0, Asset::Token(token), U256::from(7));
    assert_eq!(
        hex::encode(&paid),
        "00a9059cbba0b86991c6218b36c1d19d4a2e9eb0ce3606eb48\
         0000000000000000000000000000000000000000000000000000000000000007"
    );
    let claim = |metadata: Bytes| Announcement::read(&log(&announcing(1, metadata), 1, 0));
    for (bytes, asset) in [(&ether, Some(Asset::Ether)), (&paid, Some(Asset::Token(token)))] {
        let ReadLog::Announcement(found) = claim(bytes.clone()) else { panic!("{bytes}") };
        assert_eq!(found.claim().map(|claim| claim.asset), asset);
    }
    for short in [&ether[..1], &ether[..56], &[]] {
        let ReadLog::Announcement(found) = claim(Bytes::copy_from_slice(short)) else { panic!() };
        assert_eq!(found.claim(), None);
    }
    // A token's function with ether's contract.
    let mut mixed = ether.to_vec();
    mixed[1..5].copy_from_slice(&paid[1..5]);
    let ReadLog::Announcement(found) = claim(mixed.into()) else { panic!() };
    assert_eq!(found.claim(), None);
    let to = StealthAddress::with(&keys(1).meta_address(), &ephemeral(1)).unwrap();
    let paying = pay_ether(&to, U256::from(5));
    assert_eq!((paying.to, paying.value), (MULTICALL3, U256::from(5)));
}

fn announcing(scheme: u64, metadata: Bytes) -> calls::Announcement {
    let to = StealthAddress::with(&keys(1).meta_address(), &ephemeral(1)).unwrap();
    calls::Announcement {
        schemeId: U256::from(scheme),
        stealthAddress: to.address,
        caller: Address::ZERO,
        ephemeralPubKey: to.ephemeral.bytes().to_vec().into(),
        metadata,
    }
}

fn log(event: &calls::Announcement, block: u64, index: u64) -> Log {
    Log {
        inner: alloy_primitives::Log { address: ANNOUNCER, data: event.encode_log_data() },
        block_hash: Some(B256::ZERO),
        block_number: Some(block),
        block_timestamp: None,
        transaction_hash: Some(B256::repeat_byte(7)),
        transaction_index: Some(0),
        log_index: Some(index),
        removed: false,
    }
}

/// An announcement of a payment to `payee`.
fn payment(payee: &StealthKeys, number: u64) -> calls::Announcement {
    let to = StealthAddress::with(&payee.meta_address(), &ephemeral(number)).unwrap();
    calls::Announcement {
        schemeId: SCHEME,
        stealthAddress: to.address,
        caller: Address::ZERO,
        ephemeralPubKey: to.ephemeral.bytes().to_vec().into(),
        metadata: metadata(to.view_tag, Asset::Ether, U256::from(number)),
    }
}

fn viewer(keys: &StealthKeys) -> Viewer {
    Viewer::new(&keys.viewing, public_key_of(&keys.spending))
}

/// Anybody announces anything: what is none is passed over, and counted.
#[test]
fn hostile_announcements_are_passed_over() {
    let ours = keys(1);
    let good = payment(&ours, 1);
    let change = |change: &dyn Fn(&mut calls::Announcement)| {
        let mut event = good.clone();
        change(&mut event);
        log(&event, 10, 0)
    };
    let bytes = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let malformed = [
        change(&|event| event.ephemeralPubKey = Bytes::new()),
        change(&|event| event.ephemeralPubKey = bytes(&good.ephemeralPubKey[..32])),
        change(&|event| event.ephemeralPubKey = bytes(&[2; 34])),
        change(&|event| event.ephemeralPubKey = bytes(&[&[2][..], &[0xff; 32]].concat())),
        change(&|event| event.ephemeralPubKey = bytes(&[&[7][..], &[1; 64]].concat())),
        change(&|event| event.metadata = Bytes::new()),
        {
            let mut elsewhere = log(&good, 10, 0);
            elsewhere.inner.address = Address::repeat_byte(1);
            elsewhere
        },
        Log { block_number: None, ..log(&good, 10, 0) },
        Log { block_number: Some(99), ..log(&good, 10, 0) },
        {
            let mut cut = log(&good, 10, 0);
            cut.inner.data.data = bytes(&cut.inner.data.data[..70]);
            cut
        },
        {
            let (mut few, full) = (log(&good, 10, 0), good.encode_log_data());
            let topics = full.topics()[..3].to_vec();
            few.inner.data = alloy_primitives::LogData::new_unchecked(topics, full.data);
            few
        },
    ];
    let others = [
        change(&|event| event.stealthAddress = Address::repeat_byte(9)),
        change(&|event| event.metadata = bytes(&[good.metadata[0] ^ 1])),
        log(&payment(&keys(2), 1), 10, 0),
    ];
    let mut state = ScanState::new(1, ours.meta_address(), 0);
    let mut skipped = Skipped::default();
    let mut logs = malformed.to_vec();
    logs.extend(others);
    logs.push(change(&|event| event.schemeId = U256::from(2)));
    logs.push(Log { removed: true, ..log(&good, 10, 0) });
    state.take(&viewer(&ours), &logs, 50, &mut skipped);
    assert_eq!(state.found, []);
    let expected = malformed.len() as u64;
    assert_eq!(skipped, Skipped { malformed: expected, other_scheme: 1, removed: 1 });
    // The form with both coordinates is read; the tag alone suffices.
    let long = Bytes::copy_from_slice(
        &PublicKey::from_slice(&good.ephemeralPubKey).unwrap().0.serialize_uncompressed(),
    );
    let bare = change(&|event| event.metadata = bytes(&good.metadata[..1]));
    let mut state = ScanState::new(1, ours.meta_address(), 0);
    let logs =
        [change(&|event| event.ephemeralPubKey = long.clone()), Log { log_index: Some(1), ..bare }];
    state.take(&viewer(&ours), &logs, 50, &mut skipped);
    assert_eq!(state.found.len(), 2);
    assert_eq!((state.found[0].amount, state.found[1].amount), (Some(U256::from(1)), None));
}

/// What was found near the head is looked for again: a fork may have replaced it.
#[test]
fn a_scan_goes_on_where_it_stopped() {
    let ours = keys(1);
    let (meta, viewer, mut skipped) = (ours.meta_address(), viewer(&ours), Skipped::default());
    let mut state = ScanState::new(1, meta, 100);
    let logs = [log(&payment(&ours, 1), 900, 3), log(&payment(&ours, 2), 150, 0)];
    assert_eq!(state.take(&viewer, &logs, 949, &mut skipped), 2);
    assert_eq!(state.found.iter().map(|found| found.block).collect::<Vec<_>>(), [150, 900]);
    let kept = ScanState::parse(&state.text(), 1, &meta).unwrap();
    assert_eq!(kept, state);
    assert_eq!(state.resume(None), 950 - super::state::MARGIN);
    assert_eq!(state.found.len(), 1, "block 900 may be another by now");
    state.take(&viewer, &logs[..1], 960, &mut skipped);
    // The same block once more.
    state.resume(Some(900));
    state.take(&viewer, &logs[..1], 960, &mut skipped);
    assert_eq!(state.found.len(), 2);
    assert_eq!(state.next, 961);
    assert!(state.of(state.found[0].address).is_some());
    // Of another chain, other keys, or nothing of ours.
    assert_eq!(ScanState::parse(&state.text(), 5, &meta), Err(StateError::Another));
    let other = keys(2).meta_address();
    assert_eq!(ScanState::parse(&state.text(), 1, &other), Err(StateError::Another));
    for bad in ["", "{}", "[]", &state.text().replace("\"version\": 1", "\"version\": 2")] {
        assert!(matches!(ScanState::parse(bad, 1, &meta), Err(StateError::Form(_))), "{bad}");
    }
}

#[test]
fn payments_are_kept_until_all_of_them_is_mined() {
    let payee = keys(1).meta_address();
    let to = StealthAddress::with(&payee, &ephemeral(1)).unwrap();
    let token = Address::repeat_byte(8);
    let mut payment = PendingPayment {
        chain_id: 1,
        name: Some("nick.eth".to_owned()),
        payee,
        asset: token,
        amount: U256::from(7),
        address: to.address,
        ephemeral_public_key: to.ephemeral,
        ephemeral_private_key: EphemeralKey(ephemeral(1)),
        view_tag: to.view_tag,
        from: None,
        begun: 5,
        announcement: Stage::Sent { hash: B256::repeat_byte(1), nonce: Some(4) },
        transfer: Stage::NotSent,
    };
    let mut kept = PendingPayments::default();
    kept.put(&payment);
    kept = PendingPayments::parse(&kept.text()).unwrap();
    // A stranger's file would have somebody else paid.
    let theirs = StealthAddress::with(&keys(2).meta_address(), &ephemeral(1)).unwrap();
    for (had, other) in [
        (format!("{:#x}", to.address), format!("{:#x}", theirs.address)),
        (to.ephemeral.to_string(), theirs.ephemeral.to_string().replace("0x02", "0x03")),
        (payee.to_string(), keys(2).meta_address().to_string()),
        (hex::encode(ephemeral(1).expose()), hex::encode(ephemeral(2).expose())),
    ] {
        let text = kept.text();
        assert!(text.contains(&had), "{had}");
        let changed = text.replace(&had, &other);
        assert!(changed == text || PendingPayments::parse(&changed).is_err(), "{other}");
    }
    assert!(!format!("{kept:?}").contains(&hex::encode(ephemeral(1).expose())));
    let find = |kept: &PendingPayments, amount: u64| {
        kept.find(1, &payee, Asset::Token(token), U256::from(amount)).cloned()
    };
    assert_eq!(find(&kept, 7), Some(payment.clone()));
    assert_eq!(find(&kept, 8), None);
    assert_eq!(kept.find(1, &payee, Asset::Ether, U256::from(7)), None);
    payment.announcement = Stage::Mined;
    kept.put(&payment);
    assert_eq!(kept.payments.len(), 1, "the transfer is missing");
    payment.transfer = Stage::Mined;
    kept.put(&payment);
    assert_eq!(kept, PendingPayments::default());
    let text = kept.text();
    for bad in ["", "{}", "null", &text.replace('1', "2"), &text.replace("[]", "[{}]")] {
        assert!(PendingPayments::parse(bad).is_err(), "{bad}");
    }
}

/// 10,000 announcements of which three are ours. The rate is printed; the goal is 20,000 a second
/// on one thread.
#[test]
fn ten_thousand_announcements() {
    let (ours, others) = (keys(1), keys(2));
    let mine = [17, 5_000, 9_999];
    let template = payment(&others, 0);
    let logs: Vec<Log> = (0..10_000_u64)
        .map(|number| {
            let event = match mine.contains(&number) {
                true => payment(&ours, number),
                false => {
                    let key = SignerKey::from_scalar(&ephemeral(number)).unwrap();
                    let mut event = template.clone();
                    event.ephemeralPubKey = public_key_of(&key).bytes().to_vec().into();
                    event.metadata = metadata(number as u8, Asset::Ether, U256::ONE);
                    event
                }
            };
            log(&event, number, 0)
        })
        .collect();
    let viewer = viewer(&ours);
    let (mut state, mut skipped) = (ScanState::new(1, ours.meta_address(), 0), Skipped::default());
    let began = Instant::now();
    let looked = state.take(&viewer, &logs, 10_000, &mut skipped);
    let rate = looked as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} announcements a second on one thread");
    assert_eq!((looked, skipped), (10_000, Skipped::default()));
    assert_eq!(state.found.iter().map(|found| found.block).collect::<Vec<_>>(), mine);
}
