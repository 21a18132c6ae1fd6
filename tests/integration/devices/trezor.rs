//! Trezor.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559};
use alloy::network::TransactionBuilder;
use alloy_primitives::{Address, B256};
use namesys::request::Signature;
use namesys::secret::{Secret, SecretString};
use namesys::wallet::Wallet;
use namesys::wallet::device::{
    Device, DeviceClient, DeviceConfig, DeviceError, DeviceKind, DeviceWallet, Packets, Passphrase,
    Trezor, Udp, usual_paths,
};
use zeroize::Zeroizing;

use super::fake_trezor::{FakeTrezor, Person as Hand, Setup};
use super::trezor_wire::{bytes, number, packets};
use super::{PATH, Person, config, device, name, refuses, seed, sends, sign_1, signs, typed};

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

#[tokio::test]
async fn addresses_of_all_usual_paths() {
    let trezor = FakeTrezor::start(Setup::default());
    let device = open(&trezor, &Arc::default()).await;
    let found = device.addresses(usual_paths(Some(DeviceKind::Trezor), 3)).await.unwrap();
    assert_eq!(found.len(), 8);
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
    // It is shown whole: nothing is to be compared.
    let told = person.told();
    assert!(told.iter().all(|told| !told.contains("Hashes")), "{told:?}");
    let values = trezor.log().values;
    for value in ["gateway".as_bytes(), "grüße".as_bytes(), &[8; 32], &[0xff, 0xfe], &[0x80, 0]] {
        assert!(values.iter().any(|shown| shown == value), "{value:?} in {values:?}");
    }
    assert_eq!(wallet.describe(), format!("Trezor account {PATH} ({})", wallet.address()));
}

/// The Model One knows typed data by two hashes alone.
#[tokio::test]
async fn typed_data_on_the_model_one() {
    let trezor = FakeTrezor::start(Setup { version: [1, 12, 1], ..Setup::default() });
    let person = Arc::new(Person::default());
    let wallet = wallet_of(&trezor, &person).await.unwrap();
    let typed = typed();
    let signature = wallet.sign_typed(&typed).await.unwrap();
    assert_eq!(signature.expose().recover_digest(&typed.digest()), Ok(wallet.address()));
    let (domain, message) = typed.hashes();
    let told = person.told();
    let both =
        |told: &String| told.contains(&domain.to_string()) && told.contains(&message.to_string());
    assert!(told.iter().any(both), "{told:?}");
    signs(&wallet).await;
}

/// 1024 bytes fit in its memory.
#[test]
fn texts_that_the_model_one_takes() {
    let trezor = FakeTrezor::start(Setup { version: [1, 12, 1], ..Setup::default() });
    let mut client = client(&trezor);
    let (path, long) = (PATH.parse().unwrap(), "x".repeat(1025));
    client.sign_text(&path, &long[1..], "a text").unwrap();
    let error = client.sign_text(&path, &long, "a text").unwrap_err().to_string();
    assert_eq!(error, "a text is too long for the Trezor");
}

/// Without the thread.
fn client(trezor: &FakeTrezor) -> Trezor {
    let packets = Box::new(Udp::connect(&trezor.place()).unwrap());
    Trezor::new(packets, Arc::new(Person::default()), super::PATIENCE)
}

/// Nobody has to ask for an address first; and the session ends with the program.
#[test]
fn signs_without_being_asked_for_an_address() {
    let trezor = FakeTrezor::start(Setup::default());
    let (path, typed) = (PATH.parse().unwrap(), typed());
    let by_its_owner = |digest: &B256, signature: Result<Secret<Signature>, DeviceError>| {
        assert_eq!(signature.unwrap().expose().recover_digest(digest), Ok(address_at(PATH, "")));
    };
    let text = namesys::request::eip191_digest("text");
    by_its_owner(&text, client(&trezor).sign_text(&path, "text", "a text"));
    by_its_owner(&typed.digest(), client(&trezor).sign_typed(&path, &typed, "typed data"));
    let transaction = TxEip1559::default();
    let signed = client(&trezor).sign_transaction(&path, &transaction, "a transaction");
    by_its_owner(&transaction.signature_hash(), signed);
    let sessions = trezor.log().kinds.iter().filter(|kind| **kind == 83).count();
    assert_eq!(sessions, 3, "each was ended: {:?}", trezor.log().kinds);
}

/// What was meant for a program that was interrupted is not taken for an answer.
#[test]
fn what_an_interrupted_program_left_behind_is_thrown_away() {
    let old = [packets(66, &bytes(2, &[27; 65])), packets(26, &number(1, 1))].concat();
    let trezor = FakeTrezor::start(Setup::default());
    let udp = Udp::connect(&trezor.place()).unwrap();
    let packets = Box::new(Left { old: old.into(), udp });
    let mut client = Trezor::new(packets, Arc::new(Person::default()), super::PATIENCE);
    assert_eq!(client.address(&PATH.parse().unwrap()).unwrap(), address_at(PATH, ""));
}

struct Left {
    old: VecDeque<Vec<u8>>,
    udp: Udp,
}

impl Packets for Left {
    fn send(&mut self, packet: &[u8; 64]) -> Result<(), DeviceError> {
        self.udp.send(packet)
    }

    fn receive(&mut self, wait: Duration) -> Result<Zeroizing<[u8; 64]>, DeviceError> {
        match self.old.pop_front() {
            Some(packet) => Ok(Zeroizing::new(packet.try_into().unwrap())),
            None => self.udp.receive(wait),
        }
    }
}

/// Whoever comes too late is told so, and the next request goes well.
#[tokio::test]
async fn nobody_answers_in_time() {
    let trezor = FakeTrezor::start(Setup { person: Hand::Sleeps, ..Setup::default() });
    let patience = Duration::from_millis(300);
    let config = config(DeviceKind::Trezor, trezor.place(), &Arc::default());
    let opened = Device::open(DeviceConfig { patience, ..config }).await.unwrap();
    let wallet = opened.wallet(PATH.parse().unwrap()).await.unwrap();
    refuses(&wallet, "the Trezor gave no answer for 0 s").await;
    trezor.set(|setup| setup.person = Hand::Confirms);
    signs(&wallet).await;
    assert!(trezor.log().kinds.contains(&20), "it is not left waiting");
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
    let listed = super::transaction(vec![1]).with_access_list(super::access_list());
    super::sends_this(&wallet, listed, vec![1]).await;
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
    assert!(trezor.log().kinds.contains(&20), "it is not left waiting");
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
    let setup = Setup { passphrase: true, typed_on_device: Some("there"), ..Setup::default() };
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
        (
            Setup { version: [2, 2, 0], ..Setup::default() },
            "the firmware 2.2.0 on the Trezor is too old for this program, which needs 2.3.0",
        ),
        (Setup { version: [1, 8, 3], ..Setup::default() }, "which needs 1.9.0"),
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
    let wallet = wallet(&trezor).await;
    for (code, told) in [
        (4, "SIGN 1, which makes the IPNS key of nick.eth was rejected on the Trezor"),
        (11, "the Trezor holds no wallet yet"),
        (99, "no?[2J (code 99)"),
    ] {
        trezor.set(|setup| setup.person = Hand::Refuses(code));
        refuses(&wallet, told).await;
    }
    trezor.set(|setup| (setup.person, setup.old) = (Hand::Confirms, true));
    let too_old = "the firmware 2.8.0 on the Trezor is too old for typed data";
    assert_eq!(wallet.sign_typed(&typed()).await.unwrap_err().to_string(), too_old);
    let error = wallet.send(super::transaction(vec![1]), &super::Nodes::default()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("is too old for the transaction number 7 of the account"), "{error}");
    wallet.explain("set the resolver");
    let error = wallet.send(super::transaction(vec![1]), &super::Nodes::default()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("is too old for the transaction: set the resolver"), "{error}");
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
        refuses(&wallet(&trezor).await, told).await;
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
    for (sent, told) in [
        // No such struct, no such value, no request at all.
        (packets(465, &bytes(1, b"Other")), "what the typed data has"),
        (packets(467, &number(1, 2)), "what the typed data has"),
        (packets(467, &[number(1, 1), number(1, 99)].concat()), "what the typed data has"),
        (packets(467, &[]), "what the typed data has"),
        (packets(467, &[0xff; 3]), "what is not a request for a value"),
        (packets(469, &bytes(1, &[27; 64])), "what is not a signature"),
        (packets(469, &bytes(1, &foreign)), "it recovers to"),
        (packets(66, &bytes(2, &foreign)), "what is not an answer to it"),
    ] {
        let trezor = FakeTrezor::start(Setup { person: Hand::Sends(sent), ..Setup::default() });
        let error = wallet(&trezor).await.sign_typed(&typed()).await.unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
}
