//! The devices that are plugged in.

#[cfg(feature = "usb")]
use std::ffi::CString;

use super::{Apdus, DeviceError, DeviceKind, Packets};

/// A device that is plugged in; it was not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDevice {
    /// Whose it is.
    pub device: DeviceKind,
    /// What it calls itself.
    pub name: String,
    /// Where it is, as the system says it.
    pub place: String,
}

/// Every Ledger and Trezor that is plugged in.
///
/// # Errors
/// When the system cannot be asked.
pub fn found_here() -> Result<Vec<FoundDevice>, DeviceError> {
    imp::found_here()
}

/// The one Ledger that is plugged in.
pub(super) fn ledger() -> Result<Box<dyn Apdus>, DeviceError> {
    imp::ledger()
}

/// The one Trezor that is plugged in.
pub(super) fn trezor() -> Result<Box<dyn Packets>, DeviceError> {
    imp::trezor()
}

#[cfg(feature = "usb")]
mod imp {
    use hidapi::HidApi;
    use nusb::{DeviceInfo, MaybeFuture};

    use super::*;
    use crate::wallet::device::answers::words;
    use crate::wallet::device::ledger::Hid;
    use crate::wallet::device::transport::Framed;
    use crate::wallet::device::trezor::WebUsb;

    const LEDGER: u16 = 0x2c97;
    /// Of the interface that takes commands; others are a keyboard, and FIDO.
    const LEDGER_PAGE: u16 = 0xffa0;
    const TREZOR: (u16, u16) = (0x1209, 0x53c1);
    const TREZOR_BOOTLOADER: (u16, u16) = (0x1209, 0x53c0);
    const TREZOR_HID: (u16, u16) = (0x534c, 0x0001);
    /// `ENOENT`, and the same number on Windows.
    const NOT_FOUND: u32 = 2;

    pub fn found_here() -> Result<Vec<FoundDevice>, DeviceError> {
        let ledgers = ledgers(&hid()?).into_iter().map(|(_, found)| found);
        let trezors = usb()?.into_iter().filter(|info| id(info) == TREZOR);
        Ok(ledgers.chain(trezors.map(|info| found(&info))).collect())
    }

    pub fn ledger() -> Result<Box<dyn Apdus>, DeviceError> {
        let api = hid()?;
        let (path, _) = one(DeviceKind::Ledger, ledgers(&api), |(_, found)| found)?;
        Ok(Box::new(Framed(Hid::open(&api, &path)?)))
    }

    pub fn trezor() -> Result<Box<dyn Packets>, DeviceError> {
        let all = usb()?;
        let with = |wanted| all.iter().filter(move |info| id(info) == wanted);
        let trezors: Vec<_> = with(TREZOR).map(|info| (info, found(info))).collect();
        if trezors.is_empty() && with(TREZOR_BOOTLOADER).next().is_some() {
            return Err(DeviceError::Bootloader);
        }
        if trezors.is_empty() && with(TREZOR_HID).next().is_some() {
            return Err(DeviceError::OnlyHid);
        }
        let (info, _) = one(DeviceKind::Trezor, trezors, |(_, found)| found)?;
        Ok(Box::new(WebUsb::open(info)?))
    }

    fn hid() -> Result<HidApi, DeviceError> {
        HidApi::new().map_err(|error| DeviceError::Usb {
            device: DeviceKind::Ledger,
            reason: error.to_string(),
        })
    }

    fn ledgers(api: &HidApi) -> Vec<(CString, FoundDevice)> {
        let mut found: Vec<(CString, FoundDevice)> = Vec::new();
        for info in api.device_list().filter(|info| info.vendor_id() == LEDGER) {
            let is_for_commands = info.usage_page() == LEDGER_PAGE || info.interface_number() == 0;
            // It is listed once for each use.
            if is_for_commands && found.iter().all(|(path, _)| **path != *info.path()) {
                let device = FoundDevice {
                    device: DeviceKind::Ledger,
                    name: words(info.product_string().unwrap_or("Ledger")),
                    place: words(&info.path().to_string_lossy()),
                };
                found.push((info.path().to_owned(), device));
            }
        }
        found
    }

    fn usb() -> Result<Vec<DeviceInfo>, DeviceError> {
        match nusb::list_devices().wait() {
            Ok(devices) => Ok(devices.collect()),
            // A machine without USB has no such folder.
            Err(error) if error.os_error() == Some(NOT_FOUND) => Ok(Vec::new()),
            Err(error) => {
                Err(DeviceError::Usb { device: DeviceKind::Trezor, reason: error.to_string() })
            }
        }
    }

    fn id(info: &DeviceInfo) -> (u16, u16) {
        (info.vendor_id(), info.product_id())
    }

    fn found(info: &DeviceInfo) -> FoundDevice {
        FoundDevice {
            device: DeviceKind::Trezor,
            name: words(info.product_string().unwrap_or("Trezor")),
            place: format!("USB {} {}", words(info.bus_id()), info.device_address()),
        }
    }

    fn one<T>(
        device: DeviceKind,
        mut found: Vec<T>,
        named: impl Fn(&T) -> &FoundDevice,
    ) -> Result<T, DeviceError> {
        match (found.pop(), found.is_empty()) {
            (None, _) => Err(DeviceError::NotFound(device)),
            (Some(one), true) => Ok(one),
            (Some(last), false) => {
                found.push(last);
                let name = |one: &T| format!("{} at {}", named(one).name, named(one).place);
                Err(DeviceError::Several { device, found: found.iter().map(name).collect() })
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn one_of_them_is_meant() {
            let found = |place: &str| FoundDevice {
                device: DeviceKind::Ledger,
                name: "Nano X".into(),
                place: place.into(),
            };
            let pick = |places: &[&str]| {
                let found = places.iter().map(|place| found(place)).collect();
                one(DeviceKind::Ledger, found, |one| one).map(|one| one.place)
            };
            assert_eq!(pick(&["/dev/hidraw1"]).unwrap(), "/dev/hidraw1");
            assert_eq!(pick(&[]).unwrap_err().to_string(), "no Ledger is plugged in");
            assert_eq!(
                pick(&["/dev/hidraw1", "/dev/hidraw4"]).unwrap_err().to_string(),
                "2 Ledgers are plugged in: Nano X at /dev/hidraw1, Nano X at /dev/hidraw4"
            );
        }

        #[test]
        fn asking_the_system_does_not_fail() {
            found_here().unwrap();
        }
    }
}

#[cfg(not(feature = "usb"))]
mod imp {
    use super::*;

    fn without<T>(device: DeviceKind) -> Result<T, DeviceError> {
        let reason = "this program is built without the feature usb".to_owned();
        Err(DeviceError::Usb { device, reason })
    }

    pub fn found_here() -> Result<Vec<FoundDevice>, DeviceError> {
        Ok(Vec::new())
    }

    pub fn ledger() -> Result<Box<dyn Apdus>, DeviceError> {
        without(DeviceKind::Ledger)
    }

    pub fn trezor() -> Result<Box<dyn Packets>, DeviceError> {
        without(DeviceKind::Trezor)
    }
}
