//! A Ledger on USB: a HID device, whose reports are the packets.

use std::ffi::CStr;
use std::time::Duration;

use hidapi::{HidApi, HidDevice};
use zeroize::Zeroizing;

use crate::wallet::device::transport::PACKET;
use crate::wallet::device::{DeviceError, DeviceKind, Packets};

const DEVICE: DeviceKind = DeviceKind::Ledger;

/// An open one.
pub struct Hid(HidDevice);

impl Hid {
    /// Opens the device of that path.
    pub fn open(api: &HidApi, path: &CStr) -> Result<Self, DeviceError> {
        refuse_unpermitted(path)?;
        let device = api.open_path(path);
        let reason = |error: hidapi::HidError| error.to_string();
        device.map(Self).map_err(|error| DeviceError::Usb { device: DEVICE, reason: reason(error) })
    }
}

/// The crate's own error is a text.
#[cfg(target_os = "linux")]
fn refuse_unpermitted(path: &CStr) -> Result<(), DeviceError> {
    use std::os::unix::ffi::OsStrExt;
    let node = std::path::Path::new(std::ffi::OsStr::from_bytes(path.to_bytes()));
    match std::fs::File::options().read(true).write(true).open(node) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(DeviceError::NoPermission { device: DEVICE, node: node.to_owned() })
        }
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_unpermitted(_path: &CStr) -> Result<(), DeviceError> {
    Ok(())
}

impl Packets for Hid {
    fn send(&mut self, packet: &[u8; PACKET]) -> Result<(), DeviceError> {
        // Its reports have no number, which is written as 0.
        let mut report = [0; PACKET + 1];
        report[1..].copy_from_slice(packet);
        match self.0.write(&report) {
            Ok(_) => Ok(()),
            Err(_) => Err(DeviceError::Unplugged { device: DEVICE }),
        }
    }

    fn receive(&mut self, wait: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError> {
        let mut packet = Zeroizing::new([0; PACKET]);
        let milliseconds = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        match self.0.read_timeout(&mut packet[..], milliseconds) {
            Ok(0) => Err(DeviceError::Silent { device: DEVICE, waited: wait }),
            Ok(PACKET) => Ok(packet),
            Ok(_) => Err(DeviceError::Malformed { device: DEVICE, what: "a packet" }),
            Err(_) => Err(DeviceError::Unplugged { device: DEVICE }),
        }
    }
}
