//! Messages in packets (codec v1): `?##`, the kind, the length and the message's first bytes; then
//! `?` and more of them.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::wallet::device::transport::{MAX_ANSWER, PACKET, left, whole};
use crate::wallet::device::{DeviceError, DeviceKind, Packets};

const DEVICE: DeviceKind = DeviceKind::Trezor;

/// Packets of messages that nobody waited for, which may still lie there.
const MAX_STALE: usize = 1 << 11;
/// How long nothing comes once everything of before was read.
const QUIET: Duration = Duration::from_millis(100);

/// A kind and its body. May hold a signature: wiped.
pub type Received = (u16, Zeroizing<Vec<u8>>);

/// Sends a message.
pub fn send(packets: &mut dyn Packets, kind: u16, body: &[u8]) -> Result<(), DeviceError> {
    let length = u32::try_from(body.len())
        .map_err(|_| DeviceError::TooLong { device: DEVICE, what: "a message".to_owned() })?;
    let mut packet = Zeroizing::new([0; PACKET]);
    packet[..3].copy_from_slice(b"?##");
    packet[3..5].copy_from_slice(&kind.to_be_bytes());
    packet[5..9].copy_from_slice(&length.to_be_bytes());
    let (first, rest) = body.split_at(body.len().min(PACKET - 9));
    packet[9..9 + first.len()].copy_from_slice(first);
    packets.send(&packet)?;
    for part in rest.chunks(PACKET - 1) {
        let mut packet = Zeroizing::new([0; PACKET]);
        packet[0] = b'?';
        packet[1..=part.len()].copy_from_slice(part);
        packets.send(&packet)?;
    }
    Ok(())
}

/// Throws away what was meant for somebody who waits no more: a program that was interrupted, or
/// a request that was given up.
pub fn drain(packets: &mut dyn Packets) -> Result<(), DeviceError> {
    for _ in 0..MAX_STALE {
        match packets.receive(QUIET) {
            Ok(_) | Err(DeviceError::Malformed { .. }) => {}
            Err(DeviceError::Silent { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Err(DeviceError::Malformed { device: DEVICE, what: "an answer to anything" })
}

/// Waits for a message.
pub fn receive(packets: &mut dyn Packets, wait: Duration) -> Result<Received, DeviceError> {
    let deadline = Instant::now() + wait;
    let malformed = |what| DeviceError::Malformed { device: DEVICE, what };
    let mut packet = || {
        let left = left(deadline, wait, DEVICE)?;
        packets.receive(left).map_err(|error| whole(error, wait))
    };
    let mut stale = 0;
    let first = loop {
        let packet = packet()?;
        match packet[..3] {
            [b'?', b'#', b'#'] => break packet,
            [b'?', ..] if stale < MAX_STALE => stale += 1,
            // Of THP: a channel, an error, a handshake.
            [0x40..=0x44, ..] => return Err(DeviceError::OnlyThp),
            _ => return Err(malformed("a message")),
        }
    };
    let kind = u16::from_be_bytes([first[3], first[4]]);
    let length = u32::from_be_bytes([first[5], first[6], first[7], first[8]]);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MAX_ANSWER {
        return Err(malformed("a message of a length that is read"));
    }
    // Never moved: what it leaves behind would not be wiped.
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    body.extend_from_slice(&first[9..9 + length.min(PACKET - 9)]);
    while body.len() < length {
        let packet = packet()?;
        if packet[0] != b'?' {
            return Err(malformed("the rest of a message"));
        }
        let part = (length - body.len()).min(PACKET - 1);
        body.extend_from_slice(&packet[1..=part]);
    }
    Ok((kind, body))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[derive(Default)]
    struct Queue(VecDeque<[u8; PACKET]>);

    impl Packets for Queue {
        fn send(&mut self, packet: &[u8; PACKET]) -> Result<(), DeviceError> {
            self.0.push_back(*packet);
            Ok(())
        }

        fn receive(&mut self, _: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError> {
            let next = self.0.pop_front().map(Zeroizing::new);
            next.ok_or(DeviceError::Unplugged { device: DEVICE })
        }
    }

    const WAIT: Duration = Duration::from_secs(5);

    #[test]
    fn what_is_sent_is_received_at_every_border() {
        for (length, packets) in [(0, 1), (1, 1), (55, 1), (56, 2), (118, 2), (119, 3), (5000, 80)]
        {
            let body: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let mut queue = Queue::default();
            send(&mut queue, 452, &body).unwrap();
            assert_eq!(queue.0.len(), packets, "{length}");
            let (kind, read) = receive(&mut queue, WAIT).unwrap();
            assert_eq!((kind, read.to_vec()), (452, body));
        }
    }

    #[test]
    fn the_packets_of_the_makers_description() {
        let mut queue = Queue::default();
        send(&mut queue, 0x0102, &[7; 60]).unwrap();
        assert_eq!(queue.0[0][..9], *b"?##\x01\x02\0\0\0\x3c");
        assert_eq!(queue.0[0][9..], [7; 55]);
        assert_eq!(queue.0[1][..7], *b"?\x07\x07\x07\x07\x07\0");
    }

    #[test]
    fn what_is_no_message() {
        let with = |begin: &[u8]| {
            let mut packet = [0; PACKET];
            packet[..begin.len()].copy_from_slice(begin);
            packet
        };
        for (gives, told) in [
            (vec![with(b"x##")], "what is not a message"),
            (vec![with(b"?##\0\x11\0\x01\0\x01")], "of a length that is read"),
            (vec![with(b"?##\0\x11\xff\xff\xff\xff")], "of a length that is read"),
            (vec![with(b"?##\0\x11\0\0\x01\0"), with(b"x")], "the rest of a message"),
            (vec![with(b"?##\0\x11\0\0\x01\0"), with(b"?")], "unplugged"),
            (vec![with(b"\x42\x12\x34")], "speaks only THP"),
            (vec![with(b"?no"); MAX_STALE + 1], "what is not a message"),
        ] {
            let error = receive(&mut Queue(gives.into()), WAIT).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        // What an interrupted program left behind.
        let mut queue = Queue(vec![with(b"?old"), with(b"?##\0\x02\0\0\0\x01x")].into());
        assert_eq!(receive(&mut queue, WAIT).unwrap().1.to_vec(), b"x");
    }
}
