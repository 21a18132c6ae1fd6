//! A request and its answer, with what the device asks in between: a button, the PIN, the
//! passphrase.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::codec::{self, Received};
use super::messages::{ButtonRequest, Failure, Features, Initialize, PassphraseRequest, kind};
use crate::secret::SecretString;
use crate::wallet::device::answers::words;
use crate::wallet::device::transport::PROMPT;
use crate::wallet::device::{Attendant, DeviceError, DeviceKind, Packets, Passphrase, Told};

const DEVICE: DeviceKind = DeviceKind::Trezor;

/// Questions of one request: screens of a long text, and more than that is no Trezor.
const MAX_QUESTIONS: usize = 1000;
/// Most bytes of a passphrase.
const MAX_PASSPHRASE: usize = 50;
/// Most digits of a PIN.
const MAX_PIN: usize = 50;

/// Screens that take the PIN, and the passphrase.
const PIN_ENTRY: i32 = 20;
const PASSPHRASE_ENTRY: i32 = 19;

const UNEXPECTED_MESSAGE: i32 = 1;
const ACTION_CANCELLED: i32 = 4;
const PIN_CANCELLED: i32 = 6;
const PIN_INVALID: i32 = 7;
const NOT_INITIALIZED: i32 = 11;
const INVALID_PROTOCOL: i32 = 17;

/// A message and its kind, to be sent.
pub type Sent<'a, M> = (u16, &'a M);

/// The one who asks.
pub struct Call {
    packets: Box<dyn Packets>,
    attendant: Arc<dyn Attendant>,
    patience: Duration,
    version: String,
    takes_passphrases: bool,
}

impl Call {
    pub fn new(
        packets: Box<dyn Packets>,
        attendant: Arc<dyn Attendant>,
        patience: Duration,
    ) -> Self {
        let version = String::new();
        Self { packets, attendant, patience, version, takes_passphrases: false }
    }

    /// What the device said of itself.
    pub fn is_known(&mut self, version: String, takes_passphrases: bool) {
        (self.version, self.takes_passphrases) = (version, takes_passphrases);
    }

    pub fn tell(&self, told: Told<'_>) {
        self.attendant.tell(told);
    }

    /// The first request, which nobody has to confirm.
    pub fn initialize(&mut self, message: &Initialize) -> Result<Features, DeviceError> {
        codec::send(&mut *self.packets, kind::INITIALIZE, &message.encode_to_vec())?;
        let (received, body) = codec::receive(&mut *self.packets, PROMPT)?;
        match received {
            kind::FEATURES => decoded(&body, "what it can do"),
            kind::FAILURE => Err(self.failure(&body, "to begin")),
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "what it can do" }),
        }
    }

    /// Asks, answers what is asked in between, and gives the answer, of the kind `wanted`.
    pub fn ask<M: Message, A: Message + Default>(
        &mut self,
        (sent, message): Sent<'_, M>,
        wanted: u16,
        what: &str,
    ) -> Result<A, DeviceError> {
        let answered = self.answered(sent, &message.encode_to_vec(), what);
        // It would wait for the answer, whatever comes next.
        if let Err(DeviceError::Unanswered(_) | DeviceError::BadAnswer(_)) = &answered {
            // There is nothing more to do about one that is gone.
            let _ = codec::send(&mut *self.packets, kind::CANCEL, &[]);
            let _ = codec::receive(&mut *self.packets, PROMPT);
        }
        match answered? {
            (received, body) if received == wanted => decoded(&body, "an answer to it"),
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "an answer to it" }),
        }
    }

    fn answered(&mut self, sent: u16, body: &[u8], what: &str) -> Result<Received, DeviceError> {
        codec::send(&mut *self.packets, sent, body)?;
        let mut told = None;
        for _ in 0..MAX_QUESTIONS {
            let (received, body) = codec::receive(&mut *self.packets, self.patience)?;
            let (answer, text) = match received {
                kind::BUTTON_REQUEST => {
                    let request: ButtonRequest = decoded(&body, "a request for a button")?;
                    let screen = match request.code {
                        Some(PIN_ENTRY) => Told::TypeOnDevice { device: DEVICE, what: "the PIN" },
                        Some(PASSPHRASE_ENTRY) => {
                            Told::TypeOnDevice { device: DEVICE, what: "the passphrase" }
                        }
                        _ => Told::Confirm { device: DEVICE, what },
                    };
                    // A text has many screens.
                    if told.replace(screen) != Some(screen) {
                        self.attendant.tell(screen);
                    }
                    (kind::BUTTON_ACK, Zeroizing::default())
                }
                kind::PIN_MATRIX_REQUEST => (kind::PIN_MATRIX_ACK, self.pin()?),
                kind::PASSPHRASE_REQUEST => {
                    let request = decoded(&body, "a request for the passphrase")?;
                    (kind::PASSPHRASE_ACK, self.passphrase(&request)?)
                }
                kind::PASSPHRASE_STATE_REQUEST => {
                    (kind::PASSPHRASE_STATE_ACK, Zeroizing::default())
                }
                kind::FAILURE => return Err(self.failure(&body, what)),
                _ => return Ok((received, body)),
            };
            codec::send(&mut *self.packets, answer, &text)?;
        }
        Err(DeviceError::Malformed { device: DEVICE, what: "an answer to it" })
    }

    fn pin(&self) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        let pin = self.attendant.pin().map_err(DeviceError::Unanswered)?;
        let places = pin.expose().as_bytes();
        match places.len() {
            1..=MAX_PIN if places.iter().all(|place| matches!(place, b'1'..=b'9')) => {
                Ok(field(places))
            }
            _ => Err(DeviceError::BadAnswer(
                "a PIN is given as the places of its digits, each a number from 1 to 9",
            )),
        }
    }

    fn passphrase(&self, asked: &PassphraseRequest) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        if asked.on_device == Some(true) {
            return Ok(Zeroizing::default());
        }
        let given = self.attendant.passphrase(self.takes_passphrases);
        match given.map_err(DeviceError::Unanswered)? {
            // Its field `on_device` is true.
            Passphrase::OnDevice if self.takes_passphrases => Ok(Zeroizing::new(vec![0x18, 1])),
            Passphrase::OnDevice => Err(DeviceError::BadAnswer(
                "this Trezor has no keys for a passphrase: it is typed here",
            )),
            Passphrase::Here(text) => {
                let text = normalized(&text);
                match text.len() {
                    0..=MAX_PASSPHRASE => Ok(field(text.as_bytes())),
                    _ => Err(DeviceError::BadAnswer("a passphrase has at most 50 bytes")),
                }
            }
        }
    }

    fn failure(&self, body: &Zeroizing<Vec<u8>>, what: &str) -> DeviceError {
        // One that speaks THP alone fills this answer up with zeros.
        if body.starts_with(&[0x08, INVALID_PROTOCOL as u8]) {
            return DeviceError::OnlyThp;
        }
        let failure: Failure = match decoded(body, "a failure") {
            Ok(failure) => failure,
            Err(error) => return error,
        };
        let (device, what) = (DEVICE, what.to_owned());
        match failure.code.unwrap_or(0) {
            UNEXPECTED_MESSAGE => DeviceError::TooOld {
                device,
                program: "the firmware",
                version: self.version.clone(),
                what,
                needs: None,
            },
            ACTION_CANCELLED | PIN_CANCELLED => DeviceError::Rejected { device, what },
            PIN_INVALID => DeviceError::WrongPin { device },
            NOT_INITIALIZED => DeviceError::Empty { device },
            code => {
                let message = failure.message.unwrap_or_default();
                let message = words(&String::from_utf8_lossy(&message));
                DeviceError::Failure { code, message, what }
            }
        }
    }
}

/// Field 1, with its length in one byte.
fn field(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut field = Zeroizing::new(Vec::with_capacity(2 + text.len()));
    // Neither a PIN nor a passphrase is longer than that.
    field.extend([0x0a, u8::try_from(text.len()).unwrap_or(u8::MAX)]);
    field.extend_from_slice(text);
    field
}

/// NFKD, as the seed is stretched with it; wiped.
fn normalized(text: &SecretString) -> Zeroizing<String> {
    // Each character becomes at most 18.
    let mut normal = Zeroizing::new(String::with_capacity(18 * 4 * text.expose().len()));
    normal.extend(text.expose().nfkd());
    normal
}

/// What a message says.
fn decoded<M: Message + Default>(
    body: &Zeroizing<Vec<u8>>,
    what: &'static str,
) -> Result<M, DeviceError> {
    M::decode(&body[..]).map_err(|_| DeviceError::Malformed { device: DEVICE, what })
}
