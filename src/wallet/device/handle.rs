//! A device in a thread of its own: what is asked of it waits for a person.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use alloy_primitives::Address;
use tokio::sync::oneshot;

use super::{
    Attendant, DeviceClient, DeviceError, DeviceKind, Ledger, Speculos, Trezor, Udp, UsualPath, usb,
};
use crate::wallet::HdPath;

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Plugged in, the one there is.
    Usb,
    /// The maker's emulator, host and port: Speculos over TCP, Trezor's over UDP.
    Emulator(String),
}

/// Which device is opened, and for whom.
#[derive(Clone)]
pub struct DeviceConfig {
    /// Whose it is.
    pub device: DeviceKind,
    /// Where it is.
    pub place: Place,
    /// Who is asked.
    pub attendant: Arc<dyn Attendant>,
    /// How long a person may take for one answer.
    pub patience: Duration,
}

/// How long the end of a command waits for the device to end its session.
const FAREWELL: Duration = Duration::from_millis(500);

type Job = Box<dyn FnOnce(&mut dyn DeviceClient) + Send>;

/// An open device. Its clones are the same.
#[derive(Clone)]
pub struct Device {
    device: DeviceKind,
    jobs: mpsc::Sender<Job>,
    // After the jobs: the last one waits for the thread, which ends once nobody sends any.
    _end: Arc<End>,
}

/// Waits for the end of the device's thread, whose sender is dropped then.
struct End(Mutex<mpsc::Receiver<()>>);

impl Drop for End {
    fn drop(&mut self) {
        // Nothing ever comes; a thread that waits for a person is left to itself.
        let end = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = end.recv_timeout(FAREWELL);
    }
}

impl Device {
    /// Opens it.
    ///
    /// # Errors
    /// When there is none, more than one, or it does not let itself be opened.
    pub async fn open(config: DeviceConfig) -> Result<Self, DeviceError> {
        let device = config.device;
        let (jobs, todo) = mpsc::channel::<Job>();
        let (tell, opened) = oneshot::channel();
        let (ends, end) = mpsc::channel::<()>();
        let work = move || {
            // Dropped last.
            let _ends = ends;
            match client(config) {
                Ok(mut client) => {
                    // Whoever asked may have gone by now; then no jobs come either.
                    let _ = tell.send(Ok(()));
                    todo.into_iter().for_each(|job| job(&mut *client));
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        };
        let thread = thread::Builder::new().name(device.to_string()).spawn(work);
        let reason = |error: std::io::Error| error.to_string();
        thread.map_err(|error| DeviceError::Usb { device, reason: reason(error) })?;
        opened.await.unwrap_or(Err(DeviceError::Gone { device }))?;
        Ok(Self { device, jobs, _end: Arc::new(End(Mutex::new(end))) })
    }

    /// Whose it is.
    pub fn kind(&self) -> DeviceKind {
        self.device
    }

    /// The address at `path`; nobody is asked, but for a PIN or a passphrase.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn address(&self, path: &HdPath) -> Result<Address, DeviceError> {
        let path = path.clone();
        self.ask(move |client| client.address(&path)).await
    }

    /// The addresses at `paths`, in their order.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn addresses(
        &self,
        paths: Vec<UsualPath>,
    ) -> Result<Vec<(UsualPath, Address)>, DeviceError> {
        let at = |client: &mut dyn DeviceClient, usual: UsualPath| {
            Ok((usual.clone(), client.address(&usual.path)?))
        };
        self.ask(move |client| paths.into_iter().map(|usual| at(client, usual)).collect()).await
    }

    /// The first of `paths` whose address is `wanted`.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn find(
        &self,
        paths: Vec<UsualPath>,
        wanted: Address,
    ) -> Result<Option<UsualPath>, DeviceError> {
        self.ask(move |client| {
            for usual in paths {
                if client.address(&usual.path)? == wanted {
                    return Ok(Some(usual));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Does `work` in the device's thread.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn DeviceClient) -> Result<T, DeviceError> + Send + 'static,
    ) -> Result<T, DeviceError> {
        let gone = || DeviceError::Gone { device: self.device };
        let (tell, done) = oneshot::channel();
        // Whoever asked may have gone by then.
        let job: Job = Box::new(move |client| drop(tell.send(work(client))));
        self.jobs.send(job).map_err(|_| gone())?;
        done.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn client(config: DeviceConfig) -> Result<Box<dyn DeviceClient>, DeviceError> {
    let DeviceConfig { device, place, attendant, patience } = config;
    Ok(match (device, place) {
        (DeviceKind::Ledger, Place::Usb) => {
            Box::new(Ledger::new(usb::ledger()?, attendant, patience))
        }
        (DeviceKind::Ledger, Place::Emulator(place)) => {
            let apdus = Box::new(Speculos::connect(&place)?);
            Box::new(Ledger::new(apdus, attendant, patience))
        }
        (DeviceKind::Trezor, Place::Usb) => {
            Box::new(Trezor::new(usb::trezor()?, attendant, patience))
        }
        (DeviceKind::Trezor, Place::Emulator(place)) => {
            let packets = Box::new(Udp::connect(&place)?);
            Box::new(Trezor::new(packets, attendant, patience))
        }
    })
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Device").field(&self.device).finish()
    }
}
