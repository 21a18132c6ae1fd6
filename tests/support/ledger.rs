//! A Ledger with its app Ethereum, as its maker describes it (`doc/ethapp.adoc`), behind the
//! transport of its emulator; real keys sign. Written from that description, not from our client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use alloy_primitives::{Address, Keccak256, keccak256};
use k256::ecdsa::SigningKey;

use super::seed;

/// What the device does where a person would decide.
#[derive(Clone, Debug, PartialEq)]
pub enum Person {
    Confirms,
    /// This status comes instead.
    Refuses(u16),
    /// The cable goes.
    Unplugs,
    /// Nobody is there.
    Sleeps,
    /// These bytes come, as they are.
    Sends(Vec<u8>),
}

/// What the device is set to.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The app that is open; the dashboard calls itself `BOLOS`.
    pub app: &'static str,
    pub version: [u8; 3],
    pub blind_signing: bool,
    /// Every command gets this status.
    pub locked: Option<u16>,
    /// `v` of texts is 0 or 1, as some versions have it.
    pub small_v: bool,
    pub person: Person,
    /// After so many signatures another seed.
    pub passphrase: &'static str,
    /// What the address is answered with, where not with the truth.
    pub address: Option<Vec<u8>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            app: "Ethereum",
            version: [1, 10, 4],
            blind_signing: false,
            locked: None,
            small_v: false,
            person: Person::Confirms,
            passphrase: "",
            address: None,
        }
    }
}

/// What was signed, as a person would have seen it.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Text(Vec<u8>),
    Hashes(Vec<u8>, Vec<u8>),
    Transaction(Vec<u8>),
}

#[derive(Default)]
struct Log {
    seen: Vec<Seen>,
    commands: Vec<Vec<u8>>,
}

/// A running one.
pub struct FakeLedger {
    address: SocketAddr,
    setup: Arc<Mutex<Setup>>,
    log: Arc<Mutex<Log>>,
}

impl FakeLedger {
    pub fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (setup, log) = (Arc::new(Mutex::new(setup)), Arc::default());
        let (its_setup, its_log) = (Arc::clone(&setup), Arc::clone(&log));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let device = Device {
                    setup: Arc::clone(&its_setup),
                    log: Arc::clone(&its_log),
                    begun: None,
                };
                thread::spawn(move || device.serve(stream));
            }
        });
        Self { address, setup, log }
    }

    pub fn place(&self) -> String {
        self.address.to_string()
    }

    pub fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("LEDGER_PROXY_ADDRESS", self.address.ip().to_string()),
            ("LEDGER_PROXY_PORT", self.address.port().to_string()),
        ]
    }

    pub fn set(&self, change: impl FnOnce(&mut Setup)) {
        change(&mut self.setup.lock().unwrap());
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.log.lock().unwrap().seen.clone()
    }

    /// The lengths of the data of the commands of this instruction.
    pub fn chunks(&self, instruction: u8) -> Vec<usize> {
        let commands = &self.log.lock().unwrap().commands;
        let of = commands.iter().filter(|command| command[1] == instruction);
        of.map(|command| command.len() - 5).collect()
    }
}

/// What is being received.
struct Begun {
    instruction: u8,
    path: Vec<u32>,
    length: usize,
    data: Vec<u8>,
}

struct Device {
    setup: Arc<Mutex<Setup>>,
    log: Arc<Mutex<Log>>,
    begun: Option<Begun>,
}

/// Data, or a status that is no success; nothing where the cable goes.
enum Reply {
    Data(Vec<u8>),
    Status(u16),
    Raw(Vec<u8>),
    Gone,
}

impl Device {
    fn serve(mut self, mut stream: TcpStream) {
        loop {
            let mut length = [0; 4];
            if stream.read_exact(&mut length).is_err() {
                return;
            }
            let mut command = vec![0; u32::from_be_bytes(length) as usize];
            if stream.read_exact(&mut command).is_err() {
                return;
            }
            self.log.lock().unwrap().commands.push(command.clone());
            let bytes = match self.reply(&command) {
                Reply::Data(data) => {
                    [&(data.len() as u32).to_be_bytes()[..], &data, &[0x90, 0x00]].concat()
                }
                Reply::Status(status) => [&[0; 4][..], &status.to_be_bytes()].concat(),
                Reply::Raw(bytes) => bytes,
                Reply::Gone => return,
            };
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }

    fn reply(&mut self, command: &[u8]) -> Reply {
        let setup = self.setup.lock().unwrap().clone();
        let [class, instruction, p1, p2, length, data @ ..] = command else {
            return Reply::Status(0x6700);
        };
        if usize::from(*length) != data.len() {
            return Reply::Status(0x6700);
        }
        if let Some(status) = setup.locked {
            return Reply::Status(status);
        }
        match (class, instruction) {
            (0xb0, 0x01) => {
                let texts = [setup.app.as_bytes(), b"1.10.4", &[0]];
                let texts = texts.iter().flat_map(|text| [&[text.len() as u8], *text].concat());
                Reply::Data([1].into_iter().chain(texts).collect())
            }
            (0xe0, _) if setup.app != "Ethereum" => Reply::Status(0x6e00),
            (0xe0, 0x06) => {
                let [major, minor, patch] = setup.version;
                Reply::Data(vec![u8::from(setup.blind_signing), major, minor, patch])
            }
            (0xe0, 0x02) if (*p1, *p2) == (0, 0) => self.address(&setup, data),
            (0xe0, 0x04 | 0x08) if *p2 == 0 => self.more(&setup, *instruction, *p1, data),
            (0xe0, 0x0c) if (*p1, *p2) == (0, 0) => self.hashes(&setup, data),
            (0xe0, 0x02 | 0x04 | 0x08 | 0x0c) => Reply::Status(0x6b00),
            (0xe0, _) => Reply::Status(0x6d00),
            _ => Reply::Status(0x6e00),
        }
    }

    fn address(&self, setup: &Setup, data: &[u8]) -> Reply {
        if let Some(bytes) = &setup.address {
            return Reply::Data(bytes.clone());
        }
        let Some((path, [])) = path(data) else { return Reply::Status(0x6a80) };
        let key = seed::key(&path, setup.passphrase);
        let point = key.verifying_key().to_encoded_point(false);
        let text = seed::address(&key).to_string()[2..].to_owned();
        Reply::Data([&[65], point.as_bytes(), &[40], text.as_bytes()].concat())
    }

    /// A part of a text, or of a transaction; the last is confirmed.
    fn more(&mut self, setup: &Setup, instruction: u8, p1: u8, data: &[u8]) -> Reply {
        match p1 {
            0x00 => {
                let Some((path, rest)) = path(data) else { return Reply::Status(0x6a80) };
                let (length, rest) = match instruction {
                    0x08 if rest.len() >= 4 => {
                        (u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize, &rest[4..])
                    }
                    0x08 => return Reply::Status(0x6a80),
                    _ => match transaction_length(rest) {
                        Some(length) => (length, rest),
                        None => return Reply::Status(0x6501),
                    },
                };
                self.begun = Some(Begun { instruction, path, length, data: rest.to_vec() });
            }
            0x80 => match &mut self.begun {
                Some(begun) if begun.instruction == instruction => {
                    begun.data.extend_from_slice(data);
                }
                _ => return Reply::Status(0x6980),
            },
            _ => return Reply::Status(0x6b00),
        }
        let begun = self.begun.take().unwrap();
        match begun.data.len().cmp(&begun.length) {
            std::cmp::Ordering::Less => {
                self.begun = Some(begun);
                Reply::Data(Vec::new())
            }
            std::cmp::Ordering::Greater => Reply::Status(0x6a80),
            std::cmp::Ordering::Equal => self.confirmed(setup, begun),
        }
    }

    fn confirmed(&self, setup: &Setup, begun: Begun) -> Reply {
        let key = seed::key(&begun.path, setup.passphrase);
        if begun.instruction == 0x08 {
            let mut hasher = Keccak256::new();
            hasher.update(b"\x19Ethereum Signed Message:\n");
            hasher.update(begun.data.len().to_string());
            hasher.update(&begun.data);
            let v = if setup.small_v { 0 } else { 27 };
            return self.signed(setup, &key, hasher.finalize().0, v, Seen::Text(begun.data));
        }
        if has_data(&begun.data) && !setup.blind_signing {
            return Reply::Status(0x6a80);
        }
        let digest = keccak256(&begun.data).0;
        self.signed(setup, &key, digest, 0, Seen::Transaction(begun.data))
    }

    fn hashes(&self, setup: &Setup, data: &[u8]) -> Reply {
        let Some((path, rest)) = path(data) else { return Reply::Status(0x6a80) };
        if rest.len() != 64 || !setup.blind_signing {
            return Reply::Status(0x6a80);
        }
        let (domain, message) = rest.split_at(32);
        let digest = keccak256([&[0x19, 0x01], domain, message].concat()).0;
        let seen = Seen::Hashes(domain.to_vec(), message.to_vec());
        self.signed(setup, &seed::key(&path, setup.passphrase), digest, 27, seen)
    }

    fn signed(
        &self,
        setup: &Setup,
        key: &SigningKey,
        digest: [u8; 32],
        v: u8,
        seen: Seen,
    ) -> Reply {
        match &setup.person {
            Person::Confirms => {}
            Person::Refuses(status) => return Reply::Status(*status),
            Person::Unplugs => return Reply::Gone,
            Person::Sleeps => loop {
                thread::park();
            },
            Person::Sends(bytes) => return Reply::Raw(bytes.clone()),
        }
        self.log.lock().unwrap().seen.push(seen);
        let (rs, parity) = key.sign_prehash_recoverable(&digest).unwrap();
        Reply::Data([&[v + parity.to_byte()], &rs.to_bytes()[..]].concat())
    }
}

/// A path, and what follows it.
fn path(data: &[u8]) -> Option<(Vec<u32>, &[u8])> {
    let (count, rest) = data.split_first()?;
    let (levels, rest) = rest.split_at_checked(4 * usize::from(*count))?;
    let levels = levels.chunks(4).map(|level| u32::from_be_bytes(level.try_into().unwrap()));
    (1..=10).contains(count).then(|| (levels.collect(), rest))
}

/// The type 2, and a list of RLP, whose head has its length.
fn transaction_length(data: &[u8]) -> Option<usize> {
    match data {
        [2, short @ 0xc0..=0xf7, ..] => Some(2 + usize::from(*short - 0xc0)),
        [2, long @ 0xf8..=0xff, rest @ ..] => {
            let count = usize::from(*long - 0xf7);
            let length =
                rest.get(..count)?.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
            Some(2 + count + length)
        }
        _ => None,
    }
}

/// Whether the transaction calls a contract: the eighth of its fields is not empty.
fn has_data(transaction: &[u8]) -> bool {
    let (mut rest, _) = item(&transaction[1..]);
    for _ in 0..7 {
        rest = item(rest).1;
    }
    !item(rest).0.is_empty()
}

/// The content of an item of RLP, and what follows it.
fn item(data: &[u8]) -> (&[u8], &[u8]) {
    let (head, length) = match data[0] {
        0..=0x7f => (0, 1),
        short @ (0x80..=0xb7 | 0xc0..=0xf7) => (1, usize::from(short & 0x3f)),
        long => {
            let count = usize::from(long & 0x3f) - 0x37;
            let length = &data[1..=count];
            (1 + count, length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)))
        }
    };
    data[head..].split_at(length)
}

/// The address at a path without a passphrase.
pub fn address_at(path: &str) -> Address {
    seed::address(&seed::key(&seed::levels(path), ""))
}
