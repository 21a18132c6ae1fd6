//! A Trezor, as its maker describes it (`messages-ethereum.proto`, `docs/common/protocol_v1`),
//! behind the transport of its emulator; real keys sign. Written from that description, not from
//! our client: its messages are read field by field.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use alloy::consensus::{SignableTransaction, TxEip1559};
use alloy::eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{B256, Keccak256, TxKind, U256, keccak256};
use k256::ecdsa::SigningKey;

use super::seed;
use super::trezor_typed::Typed;
use super::trezor_wire::{Fields, bytes, number, packets, receive};

/// What the device does where a person would decide.
#[derive(Clone, Debug, PartialEq)]
pub enum Person {
    Confirms,
    /// This code of a failure comes instead.
    Refuses(u64),
    /// The cable goes.
    Unplugs,
    /// Nobody is there, until the request is given up.
    Sleeps,
    /// These packets come, as they are.
    Sends(Vec<Vec<u8>>),
}

/// What the device is set to.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Speaks THP alone.
    pub thp: bool,
    /// The PIN, and the digits of the square, from its top left.
    pub pin: Option<(&'static str, &'static str)>,
    /// Whether a passphrase is asked for.
    pub passphrase: bool,
    /// Whether it has a screen to type it on, and what is typed there.
    pub typed_on_device: Option<&'static str>,
    /// Of the firmware; the Model One's begins with 1.
    pub version: [u64; 3],
    pub bootloader: bool,
    pub empty: bool,
    pub bitcoin_only: bool,
    /// Knows neither EIP-1559 nor hashes of typed data.
    pub old: bool,
    /// Screens of each text.
    pub screens: usize,
    pub person: Person,
    /// How much of a transaction is asked for at once.
    pub chunk: u64,
    /// `v` of transactions is 0 or 1, as some versions have it.
    pub small_v: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            thp: false,
            pin: None,
            passphrase: false,
            typed_on_device: None,
            version: [2, 8, 0],
            bootloader: false,
            empty: false,
            bitcoin_only: false,
            old: false,
            screens: 1,
            person: Person::Confirms,
            chunk: 1024,
            small_v: false,
        }
    }
}

#[derive(Clone, Default)]
pub struct Log {
    /// What was signed, as a person would have seen it.
    pub texts: Vec<Vec<u8>>,
    /// The values of typed data, where it is shown.
    pub values: Vec<Vec<u8>>,
    /// The kinds of the messages that came.
    pub kinds: Vec<u16>,
    /// The passphrases that were given.
    pub passphrases: Vec<String>,
}

/// A running one.
pub struct FakeTrezor {
    address: SocketAddr,
    setup: Arc<Mutex<Setup>>,
    log: Arc<Mutex<Log>>,
    forget: Arc<Mutex<bool>>,
}

impl FakeTrezor {
    pub fn start(setup: Setup) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (setup, log) = (Arc::new(Mutex::new(setup)), Arc::default());
        let forget = Arc::default();
        let mut device = Device {
            socket,
            setup: Arc::clone(&setup),
            log: Arc::clone(&log),
            forget: Arc::clone(&forget),
            sessions: HashMap::new(),
            session: Vec::new(),
            is_begun: false,
            is_unlocked: false,
        };
        thread::spawn(move || while device.serve().is_some() {});
        Self { address, setup, log, forget }
    }

    pub fn place(&self) -> String {
        self.address.to_string()
    }

    pub fn variable(&self) -> (&'static str, String) {
        ("TREZOR_PATH", format!("udp:{}", self.address))
    }

    pub fn set(&self, change: impl FnOnce(&mut Setup)) {
        change(&mut self.setup.lock().unwrap());
    }

    pub fn log(&self) -> Log {
        self.log.lock().unwrap().clone()
    }

    /// As if it had been plugged in again: no session is known any more.
    pub fn forget_sessions(&self) {
        *self.forget.lock().unwrap() = true;
    }
}

struct Device {
    socket: UdpSocket,
    setup: Arc<Mutex<Setup>>,
    log: Arc<Mutex<Log>>,
    forget: Arc<Mutex<bool>>,
    /// The passphrase of each, once it is known.
    sessions: HashMap<Vec<u8>, Option<String>>,
    session: Vec<u8>,
    /// Whether it was initialized since it was plugged in, or a session ended.
    is_begun: bool,
    is_unlocked: bool,
}

/// A request that went wrong: why, as the code of a failure; or nothing more is served.
enum Stop {
    Failure(u64),
    Done,
    Gone,
}

/// Who asks; each answer goes to the place the request came from.
struct Peer<'a>(&'a UdpSocket, SocketAddr);

impl Device {
    /// One request.
    fn serve(&mut self) -> Option<()> {
        let (peer, kind, body) = receive(&self.socket)?;
        self.log.lock().unwrap().kinds.push(kind);
        if std::mem::take(&mut *self.forget.lock().unwrap()) {
            (self.sessions, self.is_unlocked) = (HashMap::new(), false);
            self.is_begun = false;
        }
        let socket = self.socket.try_clone().unwrap();
        let peer = Peer(&socket, peer);
        let setup = self.setup.lock().unwrap().clone();
        if setup.thp {
            // A fixed answer, filled up with zeros.
            peer.send(3, &[&[0x08, 0x11][..], &[0; 18]].concat());
            return Some(());
        }
        match self.answer(&setup, &peer, kind, &Fields::parse(&body)) {
            Ok(()) | Err(Stop::Done) => Some(()),
            Err(Stop::Failure(code)) => {
                peer.send(3, &[number(1, code), bytes(2, b"no\x1b[2J")].concat());
                Some(())
            }
            Err(Stop::Gone) => None,
        }
    }

    fn answer(
        &mut self,
        setup: &Setup,
        peer: &Peer<'_>,
        kind: u16,
        fields: &Fields,
    ) -> Result<(), Stop> {
        match kind {
            // Nothing without a session.
            56.. if kind != 83 && !self.is_begun => Err(Stop::Failure(14)),
            0 => {
                self.initialize(setup, peer, fields);
                Ok(())
            }
            56 => {
                let key = self.key(setup, peer, fields)?;
                let text = seed::address(&key).to_string();
                peer.send(57, &bytes(2, text.as_bytes()));
                Ok(())
            }
            64 => {
                let key = self.key(setup, peer, fields)?;
                let text = fields.bytes(2);
                // Its memory is of that size.
                if setup.version[0] == 1 && text.len() > 1024 {
                    return Err(Stop::Failure(9));
                }
                self.confirm(setup, peer)?;
                self.log.lock().unwrap().texts.push(text.clone());
                let mut hasher = Keccak256::new();
                hasher.update(b"\x19Ethereum Signed Message:\n");
                hasher.update(text.len().to_string());
                hasher.update(&text);
                let signed = rsv(&key, hasher.finalize());
                let address = seed::address(&key).to_string();
                peer.send(66, &[bytes(2, &signed), bytes(3, address.as_bytes())].concat());
                Ok(())
            }
            470 if !setup.old && setup.version[0] == 1 => {
                let key = self.key(setup, peer, fields)?;
                let (domain, message) = (fields.bytes(2), fields.bytes(3));
                self.confirm(setup, peer)?;
                let digest = keccak256([&[0x19, 0x01][..], &domain, &message].concat());
                peer.typed(&key, digest);
                Ok(())
            }
            464 if !setup.old && setup.version[0] > 1 => self.typed_data(setup, peer, fields),
            83 => {
                self.sessions.remove(&self.session);
                self.is_begun = false;
                peer.send(2, &[]);
                Ok(())
            }
            452 if !setup.old => self.transaction(setup, peer, fields),
            20 => Err(Stop::Failure(4)),
            _ => Err(Stop::Failure(1)),
        }
    }

    fn typed_data(&mut self, setup: &Setup, peer: &Peer<'_>, fields: &Fields) -> Result<(), Stop> {
        let key = self.key(setup, peer, fields)?;
        let primary = String::from_utf8(fields.bytes(2)).map_err(|_| Stop::Failure(3))?;
        assert!(matches!(fields.numbers(3)[..], [] | [1]), "hashed as the standard has it");
        let mut ask = |kind, body: &[u8]| {
            peer.send(kind, body);
            let (answered, answer) = self.next().ok()?;
            (answered == kind + 1).then_some(answer)
        };
        let mut typed = Typed::new(&mut ask);
        let digest = typed.digest(&primary).ok_or(Stop::Failure(3))?;
        let shown = typed.shown;
        // Every value on a screen of its own; one is enough here.
        self.confirm(setup, peer)?;
        self.log.lock().unwrap().values.extend(shown);
        peer.typed(&key, digest);
        Ok(())
    }

    fn initialize(&mut self, setup: &Setup, peer: &Peer<'_>, fields: &Fields) {
        let known = fields.bytes(1);
        self.is_begun = true;
        if !self.sessions.contains_key(&known) {
            let number = self.sessions.len() as u8 + self.log.lock().unwrap().kinds.len() as u8;
            self.session = vec![number; 32];
            self.sessions.insert(self.session.clone(), None);
        } else {
            self.session = known;
        }
        let capabilities: &[u64] = match (setup.bitcoin_only, setup.typed_on_device) {
            (true, _) => &[1, 2],
            (false, None) => &[1, 2, 7],
            (false, Some(_)) => &[1, 2, 7, 17],
        };
        let features = [
            bytes(1, b"trezor.io"),
            number(2, setup.version[0]),
            number(3, setup.version[1]),
            number(4, setup.version[2]),
            number(5, setup.bootloader.into()),
            number(12, u64::from(!setup.empty)),
            bytes(21, b"T"),
            capabilities.iter().flat_map(|one| number(30, *one)).collect(),
            bytes(35, &self.session),
        ];
        peer.send(17, &features.concat());
    }

    /// The key at the path in field 1, once PIN and passphrase are known.
    fn key(&mut self, setup: &Setup, peer: &Peer<'_>, fields: &Fields) -> Result<SigningKey, Stop> {
        if let (Some((pin, square)), false) = (setup.pin, self.is_unlocked) {
            peer.send(18, &number(1, 1));
            let (kind, answer) = self.next()?;
            if kind != 19 {
                return Err(Stop::Failure(6));
            }
            // The places on a numeric keypad, from its top left.
            let digit = |place: &u8| {
                let at = b"789456123".iter().position(|at| at == place)?;
                Some(square.as_bytes()[at])
            };
            let typed: Option<Vec<u8>> = answer.bytes(1).iter().map(digit).collect();
            if typed.as_deref() != Some(pin.as_bytes()) {
                return Err(Stop::Failure(7));
            }
            self.is_unlocked = true;
        }
        if setup.passphrase && self.sessions.get(&self.session).is_none_or(Option::is_none) {
            let passphrase = self.passphrase(setup, peer)?;
            self.log.lock().unwrap().passphrases.push(passphrase.clone());
            self.sessions.insert(self.session.clone(), Some(passphrase));
        }
        let passphrase = self.sessions.get(&self.session).cloned().flatten().unwrap_or_default();
        let path: Vec<u32> = fields.numbers(1).iter().map(|level| *level as u32).collect();
        Ok(seed::key(&path, &passphrase))
    }

    fn passphrase(&mut self, setup: &Setup, peer: &Peer<'_>) -> Result<String, Stop> {
        peer.send(41, &[]);
        let (kind, answer) = self.next()?;
        if kind != 42 {
            return Err(Stop::Failure(4));
        }
        let (given, on_device) = (answer.has(1), answer.numbers(3) == [1]);
        match (given, on_device, setup.typed_on_device) {
            (true, false, _) => String::from_utf8(answer.bytes(1)).map_err(|_| Stop::Failure(3)),
            (false, true, Some(typed)) => {
                self.ask(peer, 19)?;
                Ok(typed.to_owned())
            }
            _ => Err(Stop::Failure(3)),
        }
    }

    /// A screen that is confirmed, or more of them.
    fn confirm(&mut self, setup: &Setup, peer: &Peer<'_>) -> Result<(), Stop> {
        if setup.person == Person::Unplugs {
            peer.send(26, &number(1, 1));
            return Err(Stop::Gone);
        }
        if setup.person == Person::Sleeps {
            self.ask(peer, 1)?;
            let _ = self.next()?;
            return Err(Stop::Failure(4));
        }
        for _ in 0..setup.screens {
            self.ask(peer, 1)?;
        }
        match &setup.person {
            Person::Confirms | Person::Unplugs | Person::Sleeps => Ok(()),
            Person::Refuses(code) => Err(Stop::Failure(*code)),
            Person::Sends(packets) => {
                packets.iter().for_each(|packet| drop(peer.0.send_to(packet, peer.1)));
                Err(Stop::Done)
            }
        }
    }

    fn ask(&mut self, peer: &Peer<'_>, screen: u64) -> Result<(), Stop> {
        peer.send(26, &number(1, screen));
        match self.next()? {
            (27, _) => Ok(()),
            _ => Err(Stop::Failure(4)),
        }
    }

    fn transaction(&mut self, setup: &Setup, peer: &Peer<'_>, fields: &Fields) -> Result<(), Stop> {
        let key = self.key(setup, peer, fields)?;
        let mut data = fields.bytes(8);
        let length = fields.numbers(9)[0] as usize;
        if data.len() > 1024 || data.len() != length.min(1024) {
            return Err(Stop::Failure(3));
        }
        self.confirm(setup, peer)?;
        while data.len() < length {
            let wanted = setup.chunk.min((length - data.len()) as u64);
            peer.send(59, &number(1, wanted));
            let (kind, answer) = self.next()?;
            let chunk = answer.bytes(1);
            if kind != 60 || chunk.len() as u64 != wanted {
                return Err(Stop::Failure(3));
            }
            data.extend(chunk);
        }
        let wide = |field| {
            let bytes = fields.bytes(field);
            assert!(bytes.first() != Some(&0), "without leading zeros");
            U256::from_be_slice(&bytes)
        };
        let transaction = TxEip1559 {
            chain_id: fields.numbers(10)[0],
            nonce: wide(2).to(),
            gas_limit: wide(5).to(),
            max_fee_per_gas: wide(3).to(),
            max_priority_fee_per_gas: wide(4).to(),
            to: match String::from_utf8(fields.bytes(6)).unwrap() {
                to if to.is_empty() => TxKind::Create,
                to => TxKind::Call(to.parse().unwrap()),
            },
            value: wide(7),
            access_list: AccessList(fields.all(11).iter().map(|entry| accessed(entry)).collect()),
            input: data.into(),
        };
        let signed = rsv(&key, transaction.signature_hash());
        let v = u64::from(signed[64]) - if setup.small_v { 27 } else { 0 };
        peer.send(59, &[number(2, v), bytes(3, &signed[..32]), bytes(4, &signed[32..64])].concat());
        Ok(())
    }

    fn next(&self) -> Result<(u16, Fields), Stop> {
        let (_, kind, body) = receive(&self.socket).ok_or(Stop::Gone)?;
        self.log.lock().unwrap().kinds.push(kind);
        Ok((kind, Fields::parse(&body)))
    }
}

fn rsv(key: &SigningKey, digest: B256) -> Vec<u8> {
    let (rs, parity) = key.sign_prehash_recoverable(digest.as_slice()).unwrap();
    [&rs.to_bytes()[..], &[27 + parity.to_byte()]].concat()
}

/// An entry of an access list.
fn accessed(entry: &[u8]) -> AccessListItem {
    let fields = Fields::parse(entry);
    AccessListItem {
        address: String::from_utf8(fields.bytes(1)).unwrap().parse().unwrap(),
        storage_keys: fields.all(2).iter().map(|key| B256::from_slice(key)).collect(),
    }
}

impl Peer<'_> {
    fn typed(&self, key: &SigningKey, digest: B256) {
        let address = seed::address(key).to_string();
        self.send(469, &[bytes(1, &rsv(key, digest)), bytes(2, address.as_bytes())].concat());
    }

    fn send(&self, kind: u16, body: &[u8]) {
        packets(kind, body).iter().for_each(|packet| drop(self.0.send_to(packet, self.1)));
    }
}
