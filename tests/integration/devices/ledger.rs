//! Ledger.

use std::sync::Arc;
use std::time::Duration;

use alloy::network::TransactionBuilder;
use namesys::wallet::device::{
    Device, DeviceClient, DeviceError, DeviceKind, DeviceWallet, Ledger, Speculos, usual_paths,
};
use namesys::wallet::{HdPath, Wallet};

use super::fake_ledger::{FakeLedger, Person as Hand, Seen, Setup, address_at};
use super::{PATH, Person, config, device, name, refuses, sends, sign_1, signs, typed};

async fn open(ledger: &FakeLedger) -> Device {
    Device::open(config(DeviceKind::Ledger, ledger.place(), &Arc::default())).await.unwrap()
}

async fn wallet(ledger: &FakeLedger) -> DeviceWallet {
    open(ledger).await.wallet(PATH.parse().unwrap()).await.unwrap()
}

/// Without the thread.
fn client(ledger: &FakeLedger, patience: Duration) -> Ledger {
    let apdus = Box::new(Speculos::connect(&ledger.place()).unwrap());
    Ledger::new(apdus, Arc::new(Person::default()), patience)
}

async fn refused(setup: Setup) -> DeviceError {
    let ledger = FakeLedger::start(setup);
    let device = open(&ledger).await;
    device.address(&PATH.parse().unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn addresses_of_all_usual_paths() {
    let ledger = FakeLedger::start(Setup::default());
    let device = open(&ledger).await;
    let found = device.addresses(usual_paths(Some(DeviceKind::Ledger), 3)).await.unwrap();
    assert_eq!(found.len(), 8);
    for (usual, address) in &found {
        assert_eq!(*address, address_at(&usual.path.to_string()), "{}", usual.path);
    }
    assert_eq!(found[0].1.to_string(), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    let (last, address) = found.last().unwrap();
    let paths = usual_paths(Some(DeviceKind::Ledger), 3);
    assert_eq!(device.find(paths.clone(), *address).await.unwrap().as_ref(), Some(last));
    assert_eq!(device.find(paths, Default::default()).await.unwrap(), None);
}

#[tokio::test]
async fn signs_texts_typed_data_and_transactions() {
    let ledger = FakeLedger::start(Setup { blind_signing: true, ..Setup::default() });
    let person = Arc::new(Person::default());
    let device = Device::open(config(DeviceKind::Ledger, ledger.place(), &person)).await.unwrap();
    let wallet = device.wallet(PATH.parse().unwrap()).await.unwrap();
    signs(&wallet).await;
    let (name, typed) = (name(), typed());
    let text = sign_1(&name, wallet.address()).to_string().into_bytes();
    assert_eq!(ledger.seen(), [Seen::Text(text.clone()), Seen::Text(text)]);
    assert!(person.told()[0].contains("SIGN 1, which makes the IPNS key of nick.eth"));

    let signature = wallet.sign_typed(&typed).await.unwrap();
    assert_eq!(signature.expose().recover_digest(&typed.digest()), Ok(wallet.address()));
    let (domain, message) = typed.hashes();
    assert!(
        person
            .told()
            .iter()
            .any(|told| told.contains(&domain.to_string()) && told.contains(&message.to_string()))
    );
    sends(&wallet, vec![1, 2, 3]).await;
    assert!(wallet.asks_a_person() && wallet.local_key().is_none());
    assert_eq!(wallet.describe(), format!("Ledger account {PATH} ({})", wallet.address()));
}

#[tokio::test]
async fn every_v_is_read() {
    let ledger = FakeLedger::start(Setup { small_v: true, ..Setup::default() });
    signs(&wallet(&ledger).await).await;
}

/// A path of five levels and the length leave 230 bytes of the first command.
#[test]
fn texts_at_the_borders_of_commands() {
    let ledger = FakeLedger::start(Setup::default());
    let mut client = client(&ledger, Duration::from_secs(60));
    let path: HdPath = PATH.parse().unwrap();
    for (length, chunks) in [
        (0, vec![25]),
        (1, vec![26]),
        (229, vec![254]),
        (230, vec![255]),
        (231, vec![255, 1]),
        (485, vec![255, 255]),
        (486, vec![255, 255, 1]),
        (20_000, [vec![255; 78], vec![135]].concat()),
    ] {
        let before = ledger.chunks(8).len();
        let text = "я".repeat(length / 2) + if length % 2 == 1 { "x" } else { "" };
        let signature = client.sign_text(&path, &text, "a text").unwrap();
        let digest = namesys::request::eip191_digest(&text);
        assert_eq!(signature.expose().recover_digest(&digest), Ok(address_at(PATH)), "{length}");
        assert_eq!(ledger.seen().pop(), Some(Seen::Text(text.into_bytes())));
        assert_eq!(ledger.chunks(8)[before..], chunks[..], "{length}");
    }
}

#[tokio::test]
async fn transactions_at_the_borders_of_commands() {
    let ledger = FakeLedger::start(Setup { blind_signing: true, ..Setup::default() });
    let wallet = wallet(&ledger).await;
    let mut lasts = std::collections::BTreeSet::new();
    for length in (182..200).chain(436..456).chain([0, 1, 55, 56, 5000]) {
        sends(&wallet, vec![0xab; length]).await;
        lasts.insert(*ledger.chunks(4).last().unwrap());
    }
    assert!(lasts.contains(&255) && lasts.contains(&1), "borders are met: {lasts:?}");
    let listed = super::transaction(vec![1]).with_access_list(super::access_list());
    super::sends_this(&wallet, listed, vec![1]).await;
    // What carries no data is shown in full.
    ledger.set(|setup| setup.blind_signing = false);
    sends(&wallet, vec![]).await;
    let error = wallet.send(super::transaction(vec![1]), &super::Nodes::default()).await;
    let error = device(error.unwrap_err());
    assert!(matches!(error, DeviceError::BlindSigning { .. }), "{error}");
}

#[tokio::test]
async fn what_the_device_is_not_ready_for_is_named() {
    for (setup, told) in [
        (Setup { locked: Some(0x5515), ..Setup::default() }, "the Ledger is locked"),
        (Setup { locked: Some(0x6b0c), ..Setup::default() }, "the Ledger is locked"),
        (Setup { app: "BOLOS", ..Setup::default() }, "the app Ethereum is not open on the Ledger"),
        (Setup { app: "Bitcoin", ..Setup::default() }, "on the Ledger: \"Bitcoin\" is"),
        (Setup { locked: Some(0x6511), ..Setup::default() }, "the app Ethereum is not open"),
        (Setup { locked: Some(0x6e01), ..Setup::default() }, "the app Ethereum is not open"),
        (Setup { locked: Some(0x6f42), ..Setup::default() }, "with the status 0x6f42"),
    ] {
        let error = refused(setup.clone()).await.to_string();
        assert!(error.contains(told), "{setup:?}: {error}");
    }
}

#[tokio::test]
async fn what_a_person_or_the_app_refuses_is_named() {
    let ledger = FakeLedger::start(Setup::default());
    let wallet = wallet(&ledger).await;
    for (status, told) in [
        (0x6985, "SIGN 1, which makes the IPNS key of nick.eth was rejected on the Ledger"),
        (0x6982, "was rejected on the Ledger"),
        (0x5515, "the Ledger is locked"),
        (0x6a84, "is too long for the Ledger"),
        (0x6a80, "with the status 0x6a80"),
    ] {
        ledger.set(|setup| setup.person = Hand::Refuses(status));
        refuses(&wallet, told).await;
    }
    ledger.set(|setup| setup.person = Hand::Confirms);
    let error = device(wallet.sign_typed(&typed()).await.unwrap_err());
    assert!(matches!(error, DeviceError::BlindSigning { .. }), "{error}");
    for status in [0x6a80, 0x6985] {
        ledger.set(|setup| setup.person = Hand::Refuses(status));
        let nodes = super::Nodes::default();
        let error = wallet.send(super::transaction(vec![1]), &nodes).await.unwrap_err();
        assert!(matches!(device(error), DeviceError::BlindSigning { .. }));
        assert!(nodes.0.lock().unwrap().is_empty(), "nothing is sent");
    }
    // The switch may be turned meanwhile: then it is the person.
    ledger.set(|setup| setup.blind_signing = true);
    let error = wallet.send(super::transaction(vec![1]), &super::Nodes::default()).await;
    assert!(matches!(device(error.unwrap_err()), DeviceError::Rejected { .. }));
    // What was refused leaves nothing behind.
    ledger.set(|setup| setup.person = Hand::Confirms);
    signs(&wallet).await;
}

#[tokio::test]
async fn an_app_that_is_too_old_is_named() {
    for (version, told) in [
        (
            [1, 4, 9],
            "the app Ethereum 1.4.9 on the Ledger is too old for typed data, which needs 1.5.0",
        ),
        ([1, 8, 8], "the transaction number 7 of the account, which needs 1.9.0"),
    ] {
        let ledger = FakeLedger::start(Setup { version, blind_signing: true, ..Setup::default() });
        let wallet = wallet(&ledger).await;
        let error = match version {
            [1, 4, _] => wallet.sign_typed(&typed()).await.map(drop),
            _ => wallet.send(super::transaction(vec![]), &super::Nodes::default()).await.map(drop),
        };
        let error = error.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        signs(&wallet).await;
    }
}

#[tokio::test]
async fn unplugged_in_the_middle() {
    let ledger = FakeLedger::start(Setup { person: Hand::Unplugs, ..Setup::default() });
    let (wallet, name) = (wallet(&ledger).await, name());
    let error = wallet.sign(&sign_1(&name, wallet.address())).await.unwrap_err();
    assert!(matches!(device(error), DeviceError::Unplugged { .. }));
    // And nobody comes back by itself.
    let error = wallet.sign(&sign_1(&name, wallet.address())).await.unwrap_err();
    assert!(matches!(device(error), DeviceError::Unplugged { .. }));
}

#[test]
fn nobody_answers_in_time() {
    let ledger = FakeLedger::start(Setup { person: Hand::Sleeps, ..Setup::default() });
    let mut client = client(&ledger, Duration::from_millis(200));
    let error = client.sign_text(&PATH.parse().unwrap(), "text", "a text").unwrap_err();
    assert!(matches!(error, DeviceError::Silent { .. }), "{error}");
}

/// Neither lengths nor signatures of a device are believed.
#[tokio::test]
async fn hostile_answers() {
    let ledger = FakeLedger::start(Setup::default());
    let answer =
        |data: &[u8]| [&(data.len() as u32).to_be_bytes()[..], data, &[0x90, 0x00]].concat();
    let foreign = {
        let key = super::seed::key(&[7], "");
        let (rs, parity) = key.sign_prehash_recoverable(&[7; 32]).unwrap();
        [&[27 + parity.to_byte()], &rs.to_bytes()[..]].concat()
    };
    for (bytes, told) in [
        (vec![0xff; 4], "what is not an answer"),
        (vec![0, 1, 0, 1], "what is not an answer"),
        (answer(&[]), "what is not a signature"),
        (answer(&[27; 64]), "what is not a signature"),
        (answer(&[27; 66]), "what is not a signature"),
        (answer(&[3; 65]), "what is not a signature"),
        (answer(&[&[27], &[0xff; 64][..]].concat()), "what is not a signature"),
        (answer(&[&[27], &[0; 64][..]].concat()), "no key can have made this signature"),
        (answer(&foreign), "it recovers to"),
    ] {
        ledger.set(|setup| setup.person = Hand::Sends(bytes.clone()));
        refuses(&wallet(&ledger).await, told).await;
    }
    for bytes in [vec![], vec![0xff], vec![65; 65], vec![4; 107], vec![0; 2]] {
        let error = refused(Setup { address: Some(bytes), ..Setup::default() }).await.to_string();
        assert!(error.contains("what is not an address"), "{error}");
    }
}

#[tokio::test]
async fn another_device_or_passphrase_is_noticed() {
    let ledger = FakeLedger::start(Setup::default());
    let (wallet, name) = (wallet(&ledger).await, name());
    ledger.set(|setup| setup.passphrase = "other");
    let error = device(wallet.sign(&sign_1(&name, wallet.address())).await.unwrap_err());
    assert!(matches!(error, DeviceError::OtherWallet { .. }), "{error}");
    assert!(ledger.seen().is_empty(), "nobody is asked to sign with it");
}

#[tokio::test]
async fn nobody_listens() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = config(DeviceKind::Ledger, port.to_string(), &Arc::default());
    let error = Device::open(config).await.unwrap_err();
    assert!(matches!(error, DeviceError::Emulator { .. }), "{error}");
}
