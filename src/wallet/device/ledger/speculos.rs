//! Speculos, the Ledger's emulator, over TCP: a command behind its length in four bytes; an answer
//! behind its length without the status, which follows.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::wallet::device::transport::{MAX_ANSWER, PROMPT, broken, left};
use crate::wallet::device::{Answer, Apdus, DeviceError, DeviceKind};

const DEVICE: DeviceKind = DeviceKind::Ledger;

/// A connection to it.
pub struct Speculos(TcpStream);

impl Speculos {
    /// Connects to `place`, host and port.
    ///
    /// # Errors
    /// [`DeviceError::Emulator`] when nobody listens there.
    pub fn connect(place: &str) -> Result<Self, DeviceError> {
        let stream = open(place).map_err(|source| DeviceError::Emulator {
            device: DEVICE,
            place: place.to_owned(),
            source,
        })?;
        Ok(Self(stream))
    }

    fn read(&mut self, bytes: &mut [u8], wait: Duration, by: Instant) -> Result<(), DeviceError> {
        let mut at = 0;
        while at < bytes.len() {
            let broken = |error: io::Error| broken(&error, wait, DEVICE);
            self.0.set_read_timeout(Some(left(by, wait, DEVICE)?)).map_err(broken)?;
            match self.0.read(&mut bytes[at..]) {
                Ok(0) => return Err(DeviceError::Unplugged { device: DEVICE }),
                Ok(read) => at += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(error)),
            }
        }
        Ok(())
    }
}

fn open(place: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PROMPT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(PROMPT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Apdus for Speculos {
    fn exchange(&mut self, command: &[u8], wait: Duration) -> Result<Answer, DeviceError> {
        let length = u32::try_from(command.len()).unwrap_or(u32::MAX);
        let framed = [&length.to_be_bytes(), command].concat();
        self.0.write_all(&framed).map_err(|error| broken(&error, PROMPT, DEVICE))?;
        let by = Instant::now() + wait;
        let mut length = [0; 4];
        self.read(&mut length, wait, by)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_ANSWER {
            return Err(DeviceError::Malformed { device: DEVICE, what: "an answer" });
        }
        let mut bytes = Zeroizing::new(vec![0; length + 2]);
        self.read(&mut bytes, wait, by)?;
        Answer::parse(bytes)
    }
}
