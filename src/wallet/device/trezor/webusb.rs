//! A Trezor on USB: its first interface, whose two interrupt endpoints carry the packets.

use std::path::PathBuf;
use std::time::Duration;

use nusb::transfer::{Buffer, In, Interrupt, Out, TransferError};
use nusb::{DeviceInfo, Endpoint, ErrorKind, MaybeFuture};
use zeroize::{Zeroize, Zeroizing};

use crate::wallet::device::transport::{PACKET, PROMPT};
use crate::wallet::device::{DeviceError, DeviceKind, Packets};

const DEVICE: DeviceKind = DeviceKind::Trezor;

const INTERFACE: u8 = 0;
const TO_DEVICE: u8 = 0x01;
const FROM_DEVICE: u8 = 0x81;

/// An open one.
pub struct WebUsb {
    to: Endpoint<Interrupt, Out>,
    from: Endpoint<Interrupt, In>,
}

impl WebUsb {
    /// Opens it.
    pub fn open(found: &DeviceInfo) -> Result<Self, DeviceError> {
        let failed = |error: nusb::Error| match error.kind() {
            ErrorKind::PermissionDenied => {
                DeviceError::NoPermission { device: DEVICE, node: node(found) }
            }
            ErrorKind::Busy => DeviceError::Busy { device: DEVICE },
            ErrorKind::Disconnected => DeviceError::Unplugged { device: DEVICE },
            _ => DeviceError::Usb { device: DEVICE, reason: error.to_string() },
        };
        let device = found.open().wait().map_err(failed)?;
        let interface = device.claim_interface(INTERFACE).wait().map_err(failed)?;
        Ok(Self {
            to: interface.endpoint(TO_DEVICE).map_err(failed)?,
            from: interface.endpoint(FROM_DEVICE).map_err(failed)?,
        })
    }
}

/// The file that stands for it.
#[cfg(target_os = "linux")]
fn node(found: &DeviceInfo) -> PathBuf {
    format!("/dev/bus/usb/{:03}/{:03}", found.busnum(), found.device_address()).into()
}

#[cfg(not(target_os = "linux"))]
fn node(found: &DeviceInfo) -> PathBuf {
    format!("USB {}", found.device_address()).into()
}

impl Packets for WebUsb {
    fn send(&mut self, packet: &[u8; PACKET]) -> Result<(), DeviceError> {
        let sent = self.to.transfer_blocking(Buffer::from(&packet[..]), PROMPT);
        // It may have held a PIN.
        sent.buffer.into_vec().zeroize();
        sent.status.map_err(|error| failed(error, PROMPT))
    }

    fn receive(&mut self, wait: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError> {
        let buffer = self.from.allocate(PACKET);
        let read = self.from.transfer_blocking(buffer, wait);
        let length = read.actual_len;
        let bytes = Zeroizing::new(read.buffer.into_vec());
        read.status.map_err(|error| failed(error, wait))?;
        let packet = bytes.get(..length).and_then(|bytes| bytes.try_into().ok());
        let packet = packet.map(Zeroizing::new);
        packet.ok_or(DeviceError::Malformed { device: DEVICE, what: "a packet" })
    }
}

fn failed(error: TransferError, waited: Duration) -> DeviceError {
    match error {
        TransferError::Cancelled => DeviceError::Silent { device: DEVICE, waited },
        _ => DeviceError::Unplugged { device: DEVICE },
    }
}
