//! The commands of the app.

use std::sync::Arc;
use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, keccak256};

use super::status::{App, Asked, BLOCKED, NOT_IDLE, OK, UNKNOWN_CLASS, refusal, too_old};
use crate::request::Signature;
use crate::secret::Secret;
use crate::wallet::device::answers::{signature, words};
use crate::wallet::device::path::levels;
use crate::wallet::device::transport::PROMPT;
use crate::wallet::device::{
    Answer, Apdus, Attendant, DeviceClient, DeviceError, DeviceKind, Told,
};
use crate::wallet::{HdPath, TypedData};

const DEVICE: DeviceKind = DeviceKind::Ledger;

/// Most bytes of a command's data.
const CHUNK: usize = 255;
/// Most levels of a path.
const MAX_LEVELS: usize = 10;

const GET_ADDRESS: u8 = 0x02;
const SIGN_TRANSACTION: u8 = 0x04;
const GET_CONFIGURATION: u8 = 0x06;
const SIGN_TEXT: u8 = 0x08;
const SIGN_HASHES: u8 = 0x0c;

/// A Ledger.
pub struct Ledger {
    apdus: Box<dyn Apdus>,
    attendant: Arc<dyn Attendant>,
    patience: Duration,
    app: Option<App>,
}

impl Ledger {
    /// A Ledger at the other end of `apdus`, whose person may take so long.
    pub fn new(apdus: Box<dyn Apdus>, attendant: Arc<dyn Attendant>, patience: Duration) -> Self {
        Self { apdus, attendant, patience, app: None }
    }

    /// Whether the app is open, and which version of it; asked once.
    fn app(&mut self) -> Result<App, DeviceError> {
        if let Some(app) = self.app {
            return Ok(app);
        }
        self.is_open()?;
        let app = self.configuration()?;
        self.app = Some(app);
        Ok(app)
    }

    /// Asks for the name of the app, which its dashboard answers too.
    fn is_open(&mut self) -> Result<(), DeviceError> {
        let answer = self.apdus.exchange(&[0xb0, 0x01, 0, 0, 0], PROMPT)?;
        match answer.status {
            OK => {}
            // Too old to know.
            status if UNKNOWN_CLASS.contains(&status) => return Ok(()),
            status => return Err(refusal(status, Asked::Address, "the name of its app", None)),
        }
        let malformed = || DeviceError::Malformed { device: DEVICE, what: "the name of an app" };
        // A format, and behind it texts with their lengths.
        let [1, length, rest @ ..] = &answer.data[..] else { return Err(malformed()) };
        let name = rest.get(..usize::from(*length)).ok_or_else(malformed)?;
        match name {
            // An emulator that knows no names says `app`.
            b"Ethereum" | b"app" => Ok(()),
            b"BOLOS" | b"OLOS\0" => Err(DeviceError::AppNotOpen { open: None }),
            other => {
                let open = Some(words(&String::from_utf8_lossy(other)));
                Err(DeviceError::AppNotOpen { open })
            }
        }
    }

    fn configuration(&mut self) -> Result<App, DeviceError> {
        let what = "the app's configuration";
        let answer = self.command(GET_CONFIGURATION, 0, &[], PROMPT)?;
        if answer.status != OK {
            return Err(refusal(answer.status, Asked::Address, what, None));
        }
        match answer.data[..] {
            [flags, major, minor, patch, ..] => {
                Ok(App { version: (major, minor, patch), signs_blindly: flags & 1 == 1 })
            }
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "the app's configuration" }),
        }
    }

    fn command(
        &mut self,
        instruction: u8,
        p1: u8,
        data: &[u8],
        wait: Duration,
    ) -> Result<Answer, DeviceError> {
        let length = u8::try_from(data.len())
            .map_err(|_| DeviceError::TooLong { device: DEVICE, what: "a command".to_owned() })?;
        let command = [&[0xe0, instruction, p1, 0, length], data].concat();
        self.apdus.exchange(&command, wait)
    }

    /// Has `data` signed, in as many commands as it takes.
    fn sign(
        &mut self,
        instruction: u8,
        data: &[u8],
        asked: Asked,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError> {
        self.attendant.tell(Told::Confirm { device: DEVICE, what });
        let mut answer = self.send(instruction, data)?;
        if answer.status == NOT_IDLE {
            // What somebody else began is forgotten by now.
            answer = self.send(instruction, data)?;
        }
        if answer.status != OK {
            // The switch may have been turned since it was asked for.
            let app = match BLOCKED.contains(&answer.status) {
                true => self.configuration().ok().or(self.app),
                false => self.app,
            };
            return Err(refusal(answer.status, asked, what, app));
        }
        match &answer.data[..] {
            [v, rs @ ..] if rs.len() == 64 => signature(DEVICE, &rs[..32], &rs[32..], (*v).into()),
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "a signature" }),
        }
    }

    /// Until the last command is answered, or one of them refused.
    fn send(&mut self, instruction: u8, data: &[u8]) -> Result<Answer, DeviceError> {
        let mut commands = data.chunks(CHUNK).enumerate().peekable();
        while let Some((number, chunk)) = commands.next() {
            let p1 = if number == 0 { 0 } else { 0x80 };
            // Some show each part before they take the next.
            let answer = self.command(instruction, p1, chunk, self.patience)?;
            if answer.status != OK || commands.peek().is_none() {
                return Ok(answer);
            }
        }
        Err(DeviceError::Malformed { device: DEVICE, what: "something to sign" })
    }
}

/// How many levels, and each in four bytes.
fn encoded(path: &HdPath) -> Result<Vec<u8>, DeviceError> {
    let levels = levels(path);
    match u8::try_from(levels.len()) {
        Ok(count) if levels.len() <= MAX_LEVELS => {
            let levels = levels.iter().flat_map(|level| level.to_be_bytes());
            Ok([count].into_iter().chain(levels).collect())
        }
        _ => {
            let (device, path) = (DEVICE, path.to_string());
            Err(DeviceError::TooDeep { device, path, most: MAX_LEVELS })
        }
    }
}

/// The public key, and the address as text, which must be that key's.
fn address(data: &[u8]) -> Option<Address> {
    let (key, rest) = field(data)?;
    let (text, _) = field(rest)?;
    let [4, point @ ..] = key else { return None };
    if point.len() != 64 {
        return None;
    }
    let address = Address::from_slice(&keccak256(point)[12..]);
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_prefix("0x").unwrap_or(text);
    text.eq_ignore_ascii_case(&alloy_primitives::hex::encode(address)).then_some(address)
}

/// What stands behind its length of one byte, and what follows.
fn field(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

impl DeviceClient for Ledger {
    fn address(&mut self, path: &HdPath) -> Result<Address, DeviceError> {
        let path = encoded(path)?;
        self.app()?;
        let answer = self.command(GET_ADDRESS, 0, &path, PROMPT)?;
        match answer.status {
            OK => address(&answer.data)
                .ok_or(DeviceError::Malformed { device: DEVICE, what: "an address" }),
            status => {
                // Locked, or another app by now: it is looked at again.
                self.app = None;
                Err(refusal(status, Asked::Address, "an address", None))
            }
        }
    }

    fn sign_text(
        &mut self,
        path: &HdPath,
        text: &str,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError> {
        let length = u32::try_from(text.len())
            .map_err(|_| DeviceError::TooLong { device: DEVICE, what: what.to_owned() })?;
        let data = [&encoded(path)?, &length.to_be_bytes()[..], text.as_bytes()].concat();
        self.app()?;
        self.sign(SIGN_TEXT, &data, Asked::Text, what)
    }

    fn sign_typed(
        &mut self,
        path: &HdPath,
        data: &TypedData,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError> {
        let (domain, message) = data.hashes();
        let data = [&encoded(path)?, &domain[..], &message[..]].concat();
        refuse_older(self.app()?, (1, 5, 0), "1.5.0", what)?;
        self.attendant.tell(Told::Hashes { device: DEVICE, domain, message });
        self.sign(SIGN_HASHES, &data, Asked::Hashes, what)
    }

    fn sign_transaction(
        &mut self,
        path: &HdPath,
        transaction: &TxEip1559,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError> {
        let mut data = encoded(path)?;
        transaction.encode_for_signing(&mut data);
        refuse_older(self.app()?, (1, 9, 0), "1.9.0", what)?;
        self.sign(SIGN_TRANSACTION, &data, Asked::Transaction, what)
    }
}

fn refuse_older(
    app: App,
    least: (u8, u8, u8),
    needs: &'static str,
    what: &str,
) -> Result<(), DeviceError> {
    if app.version >= least { Ok(()) } else { Err(too_old(app, what, Some(needs))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_bytes() {
        let path = |text: &str| encoded(&text.parse().unwrap());
        assert_eq!(path("m/44'/7").unwrap(), [2, 0x80, 0, 0, 44, 0, 0, 0, 7]);
        assert_eq!(path(&format!("m{}", "/0".repeat(10))).unwrap().len(), 41);
        let error = path(&format!("m{}", "/0".repeat(11))).unwrap_err();
        assert!(matches!(error, DeviceError::TooDeep { most: 10, .. }), "{error}");
    }

    #[test]
    fn an_address_is_that_of_its_key() {
        let key = k256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
        let point = key.verifying_key().to_encoded_point(false);
        let text = "1a642f0E3c3aF545E7AcBD38b07251B3990914F1";
        let data = [&[65], point.as_bytes(), &[40], text.as_bytes()].concat();
        assert_eq!(address(&data).unwrap().to_string(), format!("0x{text}"));
        let mut other = data.clone();
        other[106] = b'2';
        assert_eq!(address(&other), None);
        for length in 0..data.len() {
            assert_eq!(address(&data[..length]), None, "{length}");
        }
        assert_eq!(address(&[255; 300]), None);
    }
}
