//! The Trezor's emulator over UDP: each datagram is a packet.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::wallet::device::transport::{PACKET, broken};
use crate::wallet::device::{DeviceError, DeviceKind, Packets};

const DEVICE: DeviceKind = DeviceKind::Trezor;

/// A socket to it.
pub struct Udp {
    socket: UdpSocket,
    place: String,
    /// Whether it has ever answered.
    is_there: bool,
}

impl Udp {
    /// A socket to `place`, host and port. Whether anybody listens is seen with the first packet.
    ///
    /// # Errors
    /// [`DeviceError::Emulator`] when there is no such place.
    pub fn connect(place: &str) -> Result<Self, DeviceError> {
        match open(place) {
            Ok(socket) => Ok(Self { socket, place: place.to_owned(), is_there: false }),
            Err(source) => Err(unreachable(place, source)),
        }
    }

    fn failed(&self, error: io::Error, wait: Duration) -> DeviceError {
        match error.kind() {
            io::ErrorKind::ConnectionRefused if !self.is_there => unreachable(&self.place, error),
            _ => broken(&error, wait, DEVICE),
        }
    }
}

fn unreachable(place: &str, source: io::Error) -> DeviceError {
    DeviceError::Emulator { device: DEVICE, place: place.to_owned(), source }
}

fn open(place: &str) -> io::Result<UdpSocket> {
    let mut places = place.to_socket_addrs()?;
    let address = places.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let here = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(here)?;
    socket.connect(address)?;
    Ok(socket)
}

impl Packets for Udp {
    fn send(&mut self, packet: &[u8; PACKET]) -> Result<(), DeviceError> {
        match self.socket.send(packet) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error, Duration::ZERO)),
        }
    }

    fn receive(&mut self, wait: Duration) -> Result<Zeroizing<[u8; PACKET]>, DeviceError> {
        // A byte more shows what is too long.
        let mut bytes = Zeroizing::new([0; PACKET + 1]);
        // None would be for ever.
        let limit = Some(wait.max(Duration::from_millis(1)));
        let read =
            self.socket.set_read_timeout(limit).and_then(|()| self.socket.recv(&mut bytes[..]));
        match read {
            Ok(PACKET) => {
                self.is_there = true;
                let mut packet = Zeroizing::new([0; PACKET]);
                packet.copy_from_slice(&bytes[..PACKET]);
                Ok(packet)
            }
            Ok(_) => Err(DeviceError::Malformed { device: DEVICE, what: "a packet" }),
            Err(error) => Err(self.failed(error, wait)),
        }
    }
}
