//! What devices answer, as it is used here.

use super::{DeviceError, DeviceKind};
use crate::request::Signature;
use crate::secret::Secret;

/// r, s and v as a device gives them: v is 0 or 1, 27 or 28.
pub fn signature(
    device: DeviceKind,
    r: &[u8],
    s: &[u8],
    v: u32,
) -> Result<Secret<Signature>, DeviceError> {
    let malformed = || DeviceError::Malformed { device, what: "a signature" };
    let mut rsv = zeroize::Zeroizing::new([0; 65]);
    for (part, at) in [(r, 32), (s, 64)] {
        if part.len() > 32 {
            return Err(malformed());
        }
        rsv[at - part.len()..at].copy_from_slice(part);
    }
    rsv[64] = match v {
        0 | 27 => 27,
        1 | 28 => 28,
        _ => return Err(malformed()),
    };
    Signature::from_rsv(*rsv).map(Secret::new).map_err(|_| malformed())
}

/// Words of a device for a person: printable ASCII, and not much of it.
pub fn words(text: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    text.chars().take(100).map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_v_that_devices_give() {
        for (given, v) in [(0, 27), (1, 28), (27, 27), (28, 28)] {
            let signature = signature(DeviceKind::Ledger, &[1], &[2; 31], given).unwrap();
            assert_eq!(signature.expose().as_bytes()[64], v, "{given}");
            assert_eq!(signature.expose().as_bytes()[31..34], [1, 0, 2]);
        }
        for (r, s, v) in [(32, 32, 2), (32, 32, 29), (32, 32, 37), (33, 32, 27), (32, 33, 27)] {
            let bad = signature(DeviceKind::Trezor, &vec![1; r], &vec![1; s], v);
            assert!(matches!(bad, Err(DeviceError::Malformed { .. })), "{r} {s} {v}");
        }
        assert!(signature(DeviceKind::Trezor, &[1], &[0xff; 32], 27).is_err(), "high s");
    }

    #[test]
    fn words_of_a_device_are_tame() {
        assert_eq!(words("Ethereum"), "Ethereum");
        assert_eq!(words("\u{1b}[2J\nх"), "?[2J??");
        assert_eq!(words(&"x".repeat(5000)).len(), 100);
    }
}
