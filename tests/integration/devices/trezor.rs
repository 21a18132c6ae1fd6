//! Trezor.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use namesys::secret::SecretString;
use namesys::wallet::device::{
    Device, DeviceConfig, DeviceError, DeviceKind, DeviceWallet, Passphrase, usual_paths,
};
use namesys::wallet::{TypedData, Wallet, WalletError};

use super::fake_trezor::{FakeTrezor, Person as Hand, Setup};
use super::trezor_wire::{bytes, number, packets};
use super::{PATH, Person, config, name, seed, sends, sign_1, signs};

fn address_at(path: &str, passphrase: &str) -> Address {
    seed::address(&seed::key(&seed::levels(path), passphrase))
}

async fn open(trezor: &FakeTrezor, person: &Arc<Person>) -> Device {
    Device::open(config(DeviceKind::Trezor, trezor.place(), person)).await.unwrap()
}

async fn wallet_of(trezor: &FakeTrezor, person: &Arc<Person>) -> Result<DeviceWallet, DeviceError> {
    open(trezor, person).await.wallet(PATH.parse().unwrap()).await
}

async fn wallet(trezor: &FakeTrezor) -> DeviceWallet {
    wallet_of(trezor, &Arc::default()).await.unwrap()
}

fn device(error: WalletError) -> DeviceError {
    let WalletError::Device(error) = error else { panic!("{error}") };
    error
}

fn typed() -> TypedData {
    alloy::sol! {
        #[derive(serde::Serialize)]
        struct Message { bytes32 data; uint256 until; }
    }
    let domain = alloy::sol_types::eip712_domain! { name: "gateway", chain_id: 1, };
    TypedData::new(&domain, &Message { data: B256::ZERO, until: U256::ONE }).unwrap()
}

#[tokio::test]
async fn addresses_of_all_usual_paths() {
    let trezor = FakeTrezor::start(Setup::default());
    let device = open(&trezor, &Arc::default()).await;
    let found = device.addresses(usual_paths(DeviceKind::Trezor, 3)).await.unwrap();
    assert_eq!(found.len(), 5);
    for (usual, address) in &found {
        assert_eq!(*address, address_at(&usual.path.to_string(), ""), "{}", usual.path);
    }
}

#[tokio::test]
async fn signs_texts_typed_data_and_transactions() {
    let trezor = FakeTrezor::start(Setup { screens: 3, ..Setup::default() });
    let person = Arc::new(Person::default());
    let wallet = wallet_of(&trezor, &person).await.unwrap();
    signs(&wallet).await;
    let (name, typed) = (name(), typed());
    let text = sign_1(&name, wallet.address()).to_string().into_bytes();
    assert_eq!(trezor.log().texts, [text.clone(), text]);
    assert_eq!(person.told().len(), 2, "once for each, however many screens: {:?}", person.told());
    assert!(person.told()[0].contains("SIGN 1, which makes the IPNS key of nick.eth"));
    let signature = wallet.sign_typed(&typed).await.unwrap();
    assert_eq!(signature.expose().recover_digest(&typed.digest()), Ok(wallet.address()));
    assert!(person.told().iter().any(|told| told.contains(&typed.hashes().0.to_string())));
    assert_eq!(wallet.describe(), format!("Trezor account {PATH} ({})", wallet.address()));
}

#[tokio::test]
async fn transactions_in_as_many_parts_as_it_asks_for() {
    let trezor = FakeTrezor::start(Setup::default());
    let wallet = wallet(&trezor).await;
    for (chunk, small_v) in [(1024, false), (1000, true), (1, false)] {
        trezor.set(|setup| (setup.chunk, setup.small_v) = (chunk, small_v));
        for length in [0, 1, 1023, 1024, 1025, 1100, 2048, 2049, 5000] {
            if length < 2000 || chunk > 1 {
                sends(&wallet, vec![0xab; length]).await;
            }
        }
    }
}

#[tokio::test]
async fn long_texts() {
    let trezor = FakeTrezor::start(Setup::default());
    let (wallet, long) = (wallet(&trezor).await, "x".repeat(63));
    let name = namesys::ens::Name::parse(&format!("{}eth", format!("{long}.").repeat(60))).unwrap();
    let request = sign_1(&name, wallet.address());
    let signature = wallet.sign(&request).await.unwrap();
    assert_eq!(request.recover(signature.expose()), Ok(wallet.address()));
    assert!(trezor.log().texts[0].len() > 3800);
}

#[tokio::test]
async fn a_pin_is_given_by_places() {
    let setup = Setup { pin: Some(("1379", "527914683")), ..Setup::default() };
    let trezor = FakeTrezor::start(setup.clone());
    let person = Arc::new(Person::default());
    // 1 stands in the middle row's left, 3 below at the right, …
    for (pin, told) in
        [("4", "the PIN is not the Trezor's"), ("x", "from 1 to 9"), ("", "from 1 to 9")]
    {
        *person.pin.lock().unwrap() = Some(pin.to_owned());
        let error = wallet_of(&trezor, &person).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let places: String = "1379"
        .chars()
        .map(|digit| {
            let at = "527914683".find(digit).unwrap();
            "789456123".chars().nth(at).unwrap()
        })
        .collect();
    *person.pin.lock().unwrap() = Some(places);
    let wallet = wallet_of(&trezor, &person).await.unwrap();
    signs(&wallet).await;
    assert_eq!(person.asked(), ["pin"; 4], "once it is unlocked nobody is asked again");

    let trezor = FakeTrezor::start(setup);
    let nobody = Arc::new(Person::default());
    let error = wallet_of(&trezor, &nobody).await.unwrap_err();
    assert!(matches!(error, DeviceError::Unanswered(_)), "{error}");
    assert_eq!(trezor.log().kinds.last(), Some(&20), "it is not left waiting");
}

#[tokio::test]
async fn another_passphrase_is_another_wallet() {
    let here = |text: &str| Some(Passphrase::Here(SecretString::new(text.into())));
    let trezor = FakeTrezor::start(Setup { passphrase: true, ..Setup::default() });
    let person = Arc::new(Person::default());
    *person.passphrase.lock().unwrap() = here("ｐäss");
    let wallet = wallet_of(&trezor, &person).await.unwrap();
    // As the seed is stretched: NFKD.
    assert_eq!(trezor.log().passphrases, ["pa\u{308}ss"]);
    assert_eq!(wallet.address(), address_at(PATH, "pa\u{308}ss"));
    signs(&wallet).await;
    assert_eq!(person.asked(), ["passphrase here"], "the session keeps it");

    // Plugged in again it has forgotten; another one is not taken for the wallet.
    trezor.forget_sessions();
    *person.passphrase.lock().unwrap() = here("");
    let name = name();
    let error = device(wallet.sign(&sign_1(&name, wallet.address())).await.unwrap_err());
    let DeviceError::OtherWallet { expected, found, .. } = error else { panic!("{error}") };
    assert_eq!((expected, found), (wallet.address(), address_at(PATH, "")));
    assert_eq!(trezor.log().texts.len(), 2, "nobody is asked to sign with it");

    trezor.forget_sessions();
    *person.passphrase.lock().unwrap() = here(&"x".repeat(51));
    let error = wallet_of(&trezor, &person).await.unwrap_err().to_string();
    assert_eq!(error, "a passphrase has at most 50 bytes");
    *person.passphrase.lock().unwrap() = Some(Passphrase::OnDevice);
    let error = wallet_of(&trezor, &person).await.unwrap_err().to_string();
    assert!(error.contains("typed here"), "{error}");
}

#[tokio::test]
async fn a_passphrase_typed_on_the_device() {
    let setup = Setup {
        passphrase: true,
        typed_on_device: Some("there"),
        asks_for_state: true,
        ..Setup::default()
    };
    let trezor = FakeTrezor::start(setup);
    let person = Arc::new(Person::default());
    *person.passphrase.lock().unwrap() = Some(Passphrase::OnDevice);
    let wallet = wallet_of(&trezor, &person).await.unwrap();
    assert_eq!(wallet.address(), address_at(PATH, "there"));
    assert_eq!(person.asked(), ["passphrase here or there"]);
    assert!(person.told()[0].contains("the passphrase"), "{:?}", person.told());
    signs(&wallet).await;
}

#[tokio::test]
async fn what_the_device_is_not_ready_for_is_named() {
    for (setup, told) in [
        (Setup { thp: true, ..Setup::default() }, "speaks only THP"),
        (Setup { bootloader: true, ..Setup::default() }, "is in bootloader mode"),
        (Setup { empty: true, ..Setup::default() }, "the Trezor holds no wallet yet"),
        (Setup { bitcoin_only: true, ..Setup::default() }, "knows Bitcoin alone"),
    ] {
        let trezor = FakeTrezor::start(setup);
        let error = wallet_of(&trezor, &Arc::default()).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test]
async fn what_a_person_or_the_firmware_refuses_is_named() {
    let trezor = FakeTrezor::start(Setup::default());
    let (wallet, name) = (wallet(&trezor).await, name());
    let request = sign_1(&name, wallet.address());
    for (code, told) in [
        (4, "SIGN 1, which makes the IPNS key of nick.eth was rejected on the Trezor"),
        (11, "the Trezor holds no wallet yet"),
        (99, "no?[2J (code 99)"),
    ] {
        trezor.set(|setup| setup.person = Hand::Refuses(code));
        let error = wallet.sign(&request).await.unwrap_err().to_string();
        assert!(error.contains(told), "{code}: {error}");
    }
    trezor.set(|setup| (setup.person, setup.old) = (Hand::Confirms, true));
    let too_old = "the firmware 2.5.1 on the Trezor is too old for typed data";
    assert_eq!(wallet.sign_typed(&typed()).await.unwrap_err().to_string(), too_old);
    let error = wallet.send(super::transaction(vec![1]), &super::Nodes::default()).await;
    assert!(error.unwrap_err().to_string().contains("is too old for the transaction 7"));
    signs(&wallet).await;
}

#[tokio::test]
async fn unplugged_in_the_middle_or_never_there() {
    let trezor = FakeTrezor::start(Setup { person: Hand::Unplugs, ..Setup::default() });
    // Over UDP it may be that nobody says so.
    let patience = Duration::from_secs(2);
    let config = config(DeviceKind::Trezor, trezor.place(), &Arc::default());
    let opened = Device::open(DeviceConfig { patience, ..config }).await.unwrap();
    let (wallet, name) = (opened.wallet(PATH.parse().unwrap()).await.unwrap(), name());
    let error = device(wallet.sign(&sign_1(&name, wallet.address())).await.unwrap_err());
    assert!(matches!(error, DeviceError::Unplugged { .. } | DeviceError::Silent { .. }), "{error}");

    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = super::config(DeviceKind::Trezor, nobody.to_string(), &Arc::default());
    let device = Device::open(config).await.unwrap();
    let error = device.address(&PATH.parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, DeviceError::Emulator { .. }), "{error}");
}

/// Neither lengths nor signatures of a device are believed.
#[tokio::test]
async fn hostile_answers() {
    let name = name();
    let foreign = {
        let (rs, parity) = seed::key(&[7], "").sign_prehash_recoverable(&[7; 32]).unwrap();
        [&rs.to_bytes()[..], &[27 + parity.to_byte()]].concat()
    };
    let message = |signature: &[u8]| packets(66, &bytes(2, signature));
    for (sent, told) in [
        (vec![vec![b'x'; 64]], "what is not a message"),
        (vec![vec![b'?'; 63]], "what is not a packet"),
        (vec![vec![b'?'; 65]], "what is not a packet"),
        (vec![[&b"?##\0\x42\xff\xff\xff\xff"[..], &[0; 55]].concat()], "a length that is read"),
        (packets(57, &[]), "what is not an answer to it"),
        (packets(66, &[0xff; 40]), "what is not an answer to it"),
        (packets(66, &[0x12, 0x7f, 1]), "what is not an answer to it"),
        (message(&[27; 64]), "what is not a signature"),
        (message(&[3; 65]), "what is not a signature"),
        (message(&[]), "what is not a signature"),
        (message(&foreign), "it recovers to"),
        (packets(3, &[0xff; 3]), "what is not a failure"),
        (packets(26, &[0xff; 3]), "what is not a request for a button"),
    ] {
        let trezor = FakeTrezor::start(Setup { person: Hand::Sends(sent), ..Setup::default() });
        let wallet = wallet(&trezor).await;
        let error = wallet.sign(&sign_1(&name, wallet.address())).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    for (sent, told) in [
        // More than there is.
        (packets(59, &number(1, 1024)), "what is left of the transaction"),
        (packets(59, &number(1, 1 << 31)), "what is left of the transaction"),
        (packets(59, &[]), "what is not a signature"),
        (packets(59, &[number(2, 27), bytes(3, &[1; 33]), bytes(4, &[1])].concat()), "a signature"),
    ] {
        let trezor = FakeTrezor::start(Setup { person: Hand::Sends(sent), ..Setup::default() });
        let wallet = wallet(&trezor).await;
        let error = wallet.send(super::transaction(vec![1]), &super::Nodes::default()).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
