//! A request and its answer, with what the device asks in between: a button, the PIN, the
//! passphrase.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::codec::{self, Received};
use super::messages::{ButtonRequest, Failure, Features, Initialize, kind};
use crate::secret::SecretString;
use crate::wallet::device::answers::words;
use crate::wallet::device::transport::{PROMPT, left};
use crate::wallet::device::{Attendant, DeviceError, DeviceKind, Packets, Passphrase, Told};

const DEVICE: DeviceKind = DeviceKind::Trezor;

/// Questions of one request: screens of a long text, and more than that is no Trezor.
const MAX_QUESTIONS: usize = 1000;
/// How often the time for one answer is the time for all of a request.
const ANSWERS: u32 = 6;
/// How long the end of a session is waited for.
const FAREWELL: Duration = Duration::from_millis(300);
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
    /// For the first answer, which may be one that asks nobody.
    prompt: Duration,
    /// The end of the time for the whole request.
    until: Instant,
    version: String,
    takes_passphrases: bool,
    /// Whether nothing of before lies there to be read.
    is_in_step: bool,
}

impl Call {
    pub fn new(
        packets: Box<dyn Packets>,
        attendant: Arc<dyn Attendant>,
        patience: Duration,
    ) -> Self {
        Self {
            packets,
            attendant,
            patience,
            prompt: PROMPT,
            until: Instant::now(),
            version: String::new(),
            takes_passphrases: false,
            is_in_step: false,
        }
    }

    /// From now on the time of a request counts; the device asks a person where it `asks`, or does
    /// so at once where it has to for its PIN.
    pub fn begin(&mut self, asks: bool) {
        self.prompt = if asks { self.patience } else { PROMPT.min(self.patience) };
        self.until = Instant::now() + self.patience * ANSWERS;
    }

    /// What the device said of itself.
    pub fn is_known(&mut self, version: String, takes_passphrases: bool) {
        (self.version, self.takes_passphrases) = (version, takes_passphrases);
    }

    /// Whether what the device says next is the answer to what it is asked next.
    pub fn is_in_step(&self) -> bool {
        self.is_in_step
    }

    pub fn tell(&self, told: Told<'_>) {
        self.attendant.tell(told);
    }

    /// The first request, which nobody has to confirm.
    pub fn initialize(&mut self, message: &Initialize) -> Result<Features, DeviceError> {
        if !self.is_in_step {
            codec::drain(&mut *self.packets)?;
            self.is_in_step = true;
        }
        codec::send(&mut *self.packets, kind::INITIALIZE, &message.encode_to_vec())?;
        let (received, body) = codec::receive(&mut *self.packets, PROMPT)?;
        match received {
            kind::FEATURES => decoded(&body, "what it can do"),
            kind::FAILURE => Err(self.failure(&body, "to begin")),
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "what it can do" }),
        }
    }

    /// Ends the session; a device that is gone has none.
    pub fn end(&mut self) {
        let sent = codec::send(&mut *self.packets, kind::END_SESSION, &[]);
        let _ = sent.and_then(|()| codec::receive(&mut *self.packets, FAREWELL));
    }

    /// Asks, answers what is asked in between, and gives the answer, of the kind `wanted`.
    pub fn ask<M: Message, A: Message + Default>(
        &mut self,
        sent: Sent<'_, M>,
        wanted: u16,
        what: &str,
    ) -> Result<A, DeviceError> {
        match self.exchange(sent, what)? {
            (received, body) if received == wanted => decoded(&body, "an answer to it"),
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "an answer to it" }),
        }
        .map_err(|error| self.given_up(error))
    }

    /// Asks, answers what is asked in between, and gives the answer, whatever it is.
    pub fn exchange<M: Message>(
        &mut self,
        (sent, message): Sent<'_, M>,
        what: &str,
    ) -> Result<Received, DeviceError> {
        self.answered(sent, &message.encode_to_vec(), what).map_err(|error| match error {
            // It would wait for the answer, whatever comes next.
            DeviceError::Unanswered(_)
            | DeviceError::BadAnswer(_)
            | DeviceError::Silent { .. }
            | DeviceError::Malformed { .. } => self.given_up(error),
            error => error,
        })
    }

    /// `error`, for which what the device asked is not answered.
    pub fn given_up(&mut self, error: DeviceError) -> DeviceError {
        // There is nothing more to do about one that is gone. What it still says, the next
        // request does not take for its own.
        let _ = codec::send(&mut *self.packets, kind::CANCEL, &[]);
        self.is_in_step = false;
        error
    }

    fn answered(&mut self, sent: u16, body: &[u8], what: &str) -> Result<Received, DeviceError> {
        codec::send(&mut *self.packets, sent, body)?;
        let (mut told, mut wait) = (None, self.prompt);
        for _ in 0..MAX_QUESTIONS {
            let waited = self.patience * ANSWERS;
            let wait_now = wait.min(left(self.until, waited, DEVICE)?);
            let (received, body) = codec::receive(&mut *self.packets, wait_now)?;
            // From its first question on a person is there.
            wait = self.patience;
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
                kind::PASSPHRASE_REQUEST => (kind::PASSPHRASE_ACK, self.passphrase()?),
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

    fn passphrase(&self) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
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
pub fn decoded<M: Message + Default>(
    body: &Zeroizing<Vec<u8>>,
    what: &'static str,
) -> Result<M, DeviceError> {
    M::decode(&body[..]).map_err(|_| DeviceError::Malformed { device: DEVICE, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::device::AskError;
    use crate::wallet::device::transport::PACKET;

    struct Nobody;

    impl Attendant for Nobody {
        fn tell(&self, _: Told<'_>) {}

        fn pin(&self) -> Result<SecretString, AskError> {
            Err("nobody is here".into())
        }

        fn passphrase(&self, _: bool) -> Result<Passphrase, AskError> {
            Err("nobody is here".into())
        }
    }

    /// Asks for a button every so often, for ever; or never says anything.
    struct Asking(Option<Duration>);

    impl Packets for Asking {
        fn send(&mut self, _: &[u8; PACKET]) -> Result<(), DeviceError> {
            Ok(())
        }

        fn receive(&mut self, wait: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError> {
            let silent = DeviceError::Silent { device: DEVICE, waited: wait };
            let every = self.0.filter(|every| *every <= wait).ok_or(silent)?;
            std::thread::sleep(every);
            let mut packet = Zeroizing::new([0; PACKET]);
            packet[..9].copy_from_slice(b"?##\x00\x1a\0\0\0\0");
            Ok(packet)
        }
    }

    fn asked(every: Option<Duration>, patience: Duration, asks: bool) -> Duration {
        let mut call = Call::new(Box::new(Asking(every)), Arc::new(Nobody), patience);
        call.begin(asks);
        let asked = call.exchange((kind::GET_ADDRESS, &Initialize::default()), "it");
        assert!(!call.is_in_step(), "what comes too late is not the next answer");
        match asked.map(drop) {
            Err(DeviceError::Silent { waited, .. }) => waited,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_person_has_more_time_than_the_device_and_nobody_has_it_for_ever() {
        let minute = Duration::from_secs(60);
        assert_eq!(asked(None, minute, true), minute);
        assert_eq!(asked(None, minute, false), PROMPT, "an address asks nobody");
        // It never ends by itself.
        let (every, patience) = (Duration::from_millis(10), Duration::from_millis(20));
        let began = Instant::now();
        asked(Some(every), patience, false);
        assert!(began.elapsed() < patience * ANSWERS * 10, "{:?}", began.elapsed());
    }
}
