//! What carries the protocols.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{DeviceError, DeviceKind};

/// Bytes of a packet, of USB and of the Trezor's emulator.
pub(super) const PACKET: usize = 64;
/// Longest answer that is read.
pub(super) const MAX_ANSWER: usize = 1 << 16;
/// How long a device may take for what asks nobody.
pub(super) const PROMPT: Duration = Duration::from_secs(10);

/// The answer of a Ledger. May hold a signature: wiped.
#[derive(Clone)]
pub struct Answer {
    /// What was asked for.
    pub data: Zeroizing<Vec<u8>>,
    /// `0x9000`, or why not.
    pub status: u16,
}

impl Answer {
    /// The data and, behind it, the status.
    pub(super) fn parse(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, DeviceError> {
        let (Some(low), Some(high)) = (bytes.pop(), bytes.pop()) else {
            return Err(DeviceError::Malformed { device: DeviceKind::Ledger, what: "an answer" });
        };
        Ok(Self { data: bytes, status: u16::from_be_bytes([high, low]) })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} bytes, status {:#06x})", self.data.len(), self.status)
    }
}

/// Carries commands (APDUs) to a Ledger.
pub trait Apdus: Send {
    /// Sends a command, and waits for its answer for so long.
    ///
    /// # Errors
    /// When there is none, or it is none.
    fn exchange(&mut self, command: &[u8], wait: Duration) -> Result<Answer, DeviceError>;
}

/// Carries packets to a device.
pub trait Packets: Send {
    /// Sends one.
    ///
    /// # Errors
    /// When the device is gone.
    fn send(&mut self, packet: &[u8; PACKET]) -> Result<(), DeviceError>;

    /// Waits for one for so long.
    ///
    /// # Errors
    /// When none comes.
    fn receive(&mut self, wait: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError>;
}

/// Commands of a Ledger in the packets of USB: each begins with a channel, a tag and its number,
/// the first one has the length too.
pub struct Framed<P>(pub P);

const HEAD: [u8; 3] = [0x01, 0x01, 0x05];

impl<P: Packets> Apdus for Framed<P> {
    fn exchange(&mut self, command: &[u8], wait: Duration) -> Result<Answer, DeviceError> {
        let device = DeviceKind::Ledger;
        let length = u16::try_from(command.len())
            .map_err(|_| DeviceError::TooLong { device, what: "a command".to_owned() })?;
        let framed = [&length.to_be_bytes(), command].concat();
        for (number, part) in (0u16..).zip(framed.chunks(PACKET - 5)) {
            let mut packet = [0; PACKET];
            packet[..3].copy_from_slice(&HEAD);
            packet[3..5].copy_from_slice(&number.to_be_bytes());
            packet[5..5 + part.len()].copy_from_slice(part);
            self.0.send(&packet)?;
        }
        let deadline = Instant::now() + wait;
        let mut bytes = Zeroizing::new(Vec::new());
        let mut length = 0;
        for number in 0u16.. {
            let left = left(deadline, wait, device)?;
            let packet = self.0.receive(left).map_err(|error| whole(error, wait))?;
            if packet[..3] != HEAD || packet[3..5] != number.to_be_bytes() {
                return Err(DeviceError::Malformed { device, what: "the next packet" });
            }
            let mut part = &packet[5..];
            if number == 0 {
                length = usize::from(u16::from_be_bytes([part[0], part[1]]));
                part = &part[2..];
                // Never moved: what it leaves behind would not be wiped.
                bytes.reserve_exact(length);
            }
            let more = part.len().min(length - bytes.len());
            bytes.extend_from_slice(&part[..more]);
            if bytes.len() == length {
                break;
            }
        }
        Answer::parse(bytes)
    }
}

/// What is left of the time.
pub(super) fn left(
    deadline: Instant,
    waited: Duration,
    device: DeviceKind,
) -> Result<Duration, DeviceError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(DeviceError::Silent { device, waited }) } else { Ok(left) }
}

/// `error`, where nothing came for the rest of `waited`: it was waited for all of it.
pub(super) fn whole(error: DeviceError, waited: Duration) -> DeviceError {
    match error {
        DeviceError::Silent { device, .. } => DeviceError::Silent { device, waited },
        error => error,
    }
}

/// Why a socket to an emulator failed in the middle.
pub(super) fn broken(error: &io::Error, waited: Duration, device: DeviceKind) -> DeviceError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            DeviceError::Silent { device, waited }
        }
        _ => DeviceError::Unplugged { device },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Keeps what is sent, gives what it was told to.
    #[derive(Default)]
    struct Script {
        sent: Vec<[u8; PACKET]>,
        gives: VecDeque<[u8; PACKET]>,
    }

    impl Packets for Script {
        fn send(&mut self, packet: &[u8; PACKET]) -> Result<(), DeviceError> {
            self.sent.push(*packet);
            Ok(())
        }

        fn receive(&mut self, _: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError> {
            let next = self.gives.pop_front().map(Zeroizing::new);
            next.ok_or(DeviceError::Unplugged { device: DeviceKind::Ledger })
        }
    }

    /// Says nothing for as long as it is waited for.
    struct Mute;

    impl Packets for Mute {
        fn send(&mut self, _: &[u8; PACKET]) -> Result<(), DeviceError> {
            Ok(())
        }

        fn receive(&mut self, wait: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError> {
            Err(DeviceError::Silent { device: DeviceKind::Ledger, waited: wait })
        }
    }

    #[test]
    fn it_is_told_how_long_was_waited() {
        let error = Framed(Mute).exchange(&[0], PROMPT).unwrap_err();
        assert_eq!(error.to_string(), "the Ledger gave no answer for 10 s");
    }

    fn packet(begin: &[u8], fill: u8) -> [u8; PACKET] {
        let mut packet = [fill; PACKET];
        packet[..begin.len()].copy_from_slice(begin);
        packet
    }

    fn ask(command: &[u8], gives: &[[u8; PACKET]]) -> (Result<Answer, DeviceError>, Script) {
        let mut framed =
            Framed(Script { gives: gives.iter().copied().collect(), ..Script::default() });
        let answer = framed.exchange(command, PROMPT);
        (answer, framed.0)
    }

    #[test]
    fn a_command_of_two_packets_and_an_answer_of_two() {
        let command: Vec<u8> = (0..58).collect();
        let first = packet(&[1, 1, 5, 0, 0, 0, 60], 7);
        let second = packet(&[1, 1, 5, 0, 1, 7, 0x90, 0x00], 0);
        let (answer, script) = ask(&command, &[first, second]);
        let answer = answer.unwrap();
        assert_eq!((answer.data.to_vec(), answer.status), (vec![7; 58], 0x9000));
        let [one, two] = &script.sent[..] else { panic!("two packets") };
        assert_eq!(one[..7], [1, 1, 5, 0, 0, 0, 58]);
        assert_eq!(one[7..], command[..57]);
        assert_eq!(two[..6], [1, 1, 5, 0, 1, 57]);
        assert!(two[6..].iter().all(|byte| *byte == 0), "filled up with zeros");
    }

    #[test]
    fn an_answer_is_not_shown() {
        let data = Zeroizing::new(vec![171; 65]);
        let shown = format!("{:?} {0:#?}", Answer { data, status: 0x9000 });
        assert!(shown.contains("65 bytes") && !shown.contains("171"), "{shown}");
    }

    #[test]
    fn commands_at_the_borders_of_packets() {
        for (length, packets) in [(0, 1), (57, 1), (58, 2), (116, 2), (117, 3)] {
            let (_, script) = ask(&vec![1; length], &[]);
            assert_eq!(script.sent.len(), packets, "{length}");
        }
    }

    #[test]
    fn what_is_no_answer() {
        for (gives, told) in [
            (vec![packet(&[1, 2, 5, 0, 0, 0, 2], 0)], "the next packet"),
            (vec![packet(&[1, 1, 2, 0, 0, 0, 2], 0)], "the next packet"),
            (vec![packet(&[1, 1, 5, 0, 1, 0, 2], 0)], "the next packet"),
            (vec![packet(&[1, 1, 5, 0, 0, 0, 0], 0)], "an answer"),
            (vec![packet(&[1, 1, 5, 0, 0, 0, 1], 0)], "an answer"),
            (vec![packet(&[1, 1, 5, 0, 0, 0xff, 0xff], 0)], "unplugged"),
            (vec![packet(&[1, 1, 5, 0, 0, 0xff, 0xff], 0); 2], "the next packet"),
        ] {
            let error = ask(&[0], &gives).0.unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
