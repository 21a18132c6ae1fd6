//! A Ledger or a Trezor, as a person meets it: which account, what waits on the device, its PIN
//! and its passphrase.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use namesys::report::ErrorKind;
use namesys::secret::SecretString;
use namesys::wallet::device::{
    AskError, Attendant, Device, DeviceConfig, DeviceError, DeviceKind, DeviceWallet, Passphrase,
    PathStyle, Place, Told, UsualPath, found_here, usual_paths,
};
use namesys::wallet::{Address, HdPath, Wallet};

use super::context::Context;
use super::error::{CliError, Exit};
use super::output::Output;
use super::{env, prompt};

/// How long a person may take for one answer on the device.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How many accounts of each kind of path are offered.
const OFFERED: u32 = 5;
/// How many are looked at for an address that is known.
const SEARCHED: u32 = 10;

/// The flags of hardware wallets.
#[derive(Debug, Default, Args)]
pub struct DeviceArgs {
    /// A Ledger, with its app Ethereum open; --hd-path or --mnemonic-index say which account
    #[arg(short, long, group = "wallet")]
    pub ledger: bool,
    /// A Trezor; --hd-path or --mnemonic-index say which account
    #[arg(short, long, group = "wallet")]
    pub trezor: bool,
}

impl DeviceArgs {
    /// Which of the two is given.
    pub fn kind(&self) -> Option<DeviceKind> {
        match (self.ledger, self.trezor) {
            (true, _) => Some(DeviceKind::Ledger),
            (false, true) => Some(DeviceKind::Trezor),
            (false, false) => None,
        }
    }
}

impl Context {
    /// The account of a device. `path` says which; otherwise it is looked for where the address is
    /// known, and chosen, or the first, where it is not.
    ///
    /// # Errors
    /// Exit 1 when there is no such device or account, or the device does not open.
    pub fn device(
        &self,
        kind: DeviceKind,
        path: Option<HdPath>,
        wanted: Option<Address>,
    ) -> Result<DeviceWallet, CliError> {
        let device = self.open_device(kind)?;
        let path = match (path, wanted) {
            (Some(path), _) => path,
            (None, Some(wanted)) => self.find(&device, wanted)?,
            (None, None) => self.choose(&device)?,
        };
        let wallet = self.block_on(async { Ok(device.wallet(path).await?) })?;
        tracing::info!("{}", wallet.describe());
        Ok(wallet)
    }

    /// The addresses of the first accounts by each of the usual paths.
    ///
    /// # Errors
    /// As [`device`](Self::device).
    pub fn device_accounts(
        &self,
        kind: DeviceKind,
        count: u32,
    ) -> Result<Vec<(UsualPath, Address)>, CliError> {
        let device = self.open_device(kind)?;
        let paths = usual_paths(Some(kind), count);
        self.block_on(async { Ok(device.addresses(paths).await?) })
    }

    fn open_device(&self, device: DeviceKind) -> Result<Device, CliError> {
        let (place, attendant) = (place(device)?, Arc::new(Person(self.output)));
        let config = DeviceConfig { device, place, attendant, patience: PATIENCE };
        self.block_on(async { Ok(Device::open(config).await?) })
    }

    fn find(&self, device: &Device, wanted: Address) -> Result<HdPath, CliError> {
        let kind = device.kind();
        let paths = usual_paths(Some(kind), SEARCHED);
        let found = self.block_on(async { Ok(device.find(paths, wanted).await?) })?;
        found.map(|usual| usual.path).ok_or_else(|| {
            let message =
                format!("none of the first {SEARCHED} accounts of the {kind} is {wanted}");
            CliError::new(Exit::Failed, ErrorKind::OtherWallet, message).hint(
                "plug in the device of that account, and give its passphrase if it has one; or \
                 say where the account is: --hd-path PATH",
            )
        })
    }

    fn choose(&self, device: &Device) -> Result<HdPath, CliError> {
        let kind = device.kind();
        if !prompt::has_terminal() {
            let path = PathStyle::Live.path(0)?;
            self.output.note(format_args!(
                "the {kind}'s account {path}; --mnemonic-index or --hd-path say another"
            ));
            return Ok(path);
        }
        let paths = usual_paths(Some(kind), OFFERED);
        let mut offered = self.block_on(async { Ok(device.addresses(paths).await?) })?;
        let shown = |(usual, address): &(UsualPath, Address)| {
            format!("{address}  {:<11}  {}", usual.style.to_string(), usual.path)
        };
        let lines: Vec<String> = offered.iter().map(shown).collect();
        let question = format!("Which account of the {kind}");
        let chosen = prompt::choose(&question, &lines, "--mnemonic-index or --hd-path")?;
        Ok(offered.swap_remove(chosen).0.path)
    }
}

/// Those that are plugged in, or whose emulator is named, and where; none is opened. A system that
/// cannot be asked has none, which is said.
///
/// # Errors
/// Exit 2 when a variable is wrong.
pub fn here(output: Output) -> Result<Vec<(DeviceKind, String)>, CliError> {
    let plugged_in = found_here().unwrap_or_else(|error| {
        output.warn(error);
        Vec::new()
    });
    let mut all = Vec::new();
    for kind in [DeviceKind::Ledger, DeviceKind::Trezor] {
        match place(kind)? {
            Place::Emulator(place) => all.push((kind, format!("emulator at {place}"))),
            Place::Usb => {
                let of_kind = plugged_in.iter().filter(|one| one.device == kind);
                all.extend(of_kind.map(|one| (kind, format!("{} at {}", one.name, one.place))));
            }
        }
    }
    Ok(all)
}

/// An address of IPv6 stands in brackets.
fn host_and_port(address: &str, port: u16) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        _ => format!("{address}:{port}"),
    }
}

/// Plugged in, or at the emulator that the makers' own variables name.
fn place(kind: DeviceKind) -> Result<Place, CliError> {
    match kind {
        DeviceKind::Ledger => match (env::LEDGER_ADDRESS.get()?, env::LEDGER_PORT.get()?) {
            (None, None) => Ok(Place::Usb),
            (Some(address), Some(port)) => {
                let port: u16 = port.parse().map_err(|_| {
                    CliError::usage(format!("{} is no port: {port:?}", env::LEDGER_PORT.0))
                })?;
                Ok(Place::Emulator(host_and_port(&address, port)))
            }
            _ => {
                let (address, port) = (env::LEDGER_ADDRESS.0, env::LEDGER_PORT.0);
                Err(CliError::usage(format!("{address} and {port} are set together, or neither")))
            }
        },
        DeviceKind::Trezor => match env::TREZOR_PATH.get()? {
            None => Ok(Place::Usb),
            Some(path) => match path.strip_prefix("udp:") {
                Some(place) if place.contains(':') => Ok(Place::Emulator(place.to_owned())),
                Some("") => Ok(Place::Emulator("127.0.0.1:21324".to_owned())),
                _ => Err(CliError::usage(format!("{} is {path:?}", env::TREZOR_PATH.0)).hint(
                    "it names an emulator, such as udp:127.0.0.1:21324; unset it for a Trezor that \
                     is plugged in",
                )),
            },
        },
    }
}

/// Whoever sits at the terminal.
struct Person(Output);

impl Attendant for Person {
    fn tell(&self, told: Told<'_>) {
        match told {
            Told::Confirm { device, what } => {
                self.0.ask_about(format_args!("Look at the {device} and confirm: {what}"));
            }
            Told::Hashes { device, domain, message } => self.0.ask_about(format_args!(
                "The {device} is shown typed data by two hashes alone; compare them:\n\
                 domain   {domain}\nmessage  {message}"
            )),
            Told::TypeOnDevice { device, what } => {
                self.0.ask_about(format_args!("Type {what} on the {device}"));
            }
        }
    }

    fn pin(&self) -> Result<SecretString, AskError> {
        if prompt::has_terminal() {
            self.0.ask_about(
                "The Trezor shows a square of digits. For each digit of the PIN type the number \
                 that stands in its place here:\n7 8 9\n4 5 6\n1 2 3",
            );
        }
        prompt::password(
            "PIN of the Trezor, by places",
            "a terminal: a PIN is asked for there alone",
        )
        .map_err(asked)
    }

    fn passphrase(&self, may_be_on_device: bool) -> Result<Passphrase, AskError> {
        let instead = "a terminal: a passphrase is asked for there alone";
        let on_device = "Type the passphrase on the Trezor itself";
        if may_be_on_device && prompt::confirm(on_device, instead).map_err(asked)? {
            return Ok(Passphrase::OnDevice);
        }
        let question = "Passphrase of the Trezor (empty for none; another is another wallet)";
        prompt::password(question, instead).map(Passphrase::Here).map_err(asked)
    }
}

/// Why nobody answered, on its way through the library.
#[derive(Debug)]
struct Unanswered(CliError);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Unanswered {}

fn asked(error: CliError) -> AskError {
    Box::new(Unanswered(error))
}

impl From<DeviceError> for CliError {
    fn from(error: DeviceError) -> Self {
        let error = match error {
            DeviceError::Unanswered(error) => match error.downcast::<Unanswered>() {
                Ok(unanswered) => return unanswered.0,
                Err(error) => DeviceError::Unanswered(error),
            },
            error => error,
        };
        let kind = match &error {
            DeviceError::NotFound(_)
            | DeviceError::Several { .. }
            | DeviceError::NoPermission { .. }
            | DeviceError::Busy { .. }
            | DeviceError::Usb { .. }
            | DeviceError::Emulator { .. } => ErrorKind::NoDevice,
            DeviceError::Rejected { .. } => ErrorKind::NotConfirmed,
            DeviceError::Silent { .. } => ErrorKind::Timeout,
            DeviceError::OtherWallet { .. } => ErrorKind::OtherWallet,
            DeviceError::WrongPin { .. } => ErrorKind::WrongPassword,
            _ => ErrorKind::Device,
        };
        let exit = match &error {
            DeviceError::TooDeep { .. } | DeviceError::BadAnswer(_) => Exit::Usage,
            _ => Exit::Failed,
        };
        let hint = hint(&error);
        Self { hint, ..Self::of(exit, kind, &error) }
    }
}

/// What to do next.
fn hint(error: &DeviceError) -> Option<String> {
    let text = match error {
        DeviceError::NotFound(device) => match device {
            DeviceKind::Ledger => "plug it in, unlock it, and open its app Ethereum",
            DeviceKind::Trezor => "plug it in",
        },
        DeviceError::Several { .. } => "unplug all but one",
        DeviceError::NoPermission { device, .. } => {
            let (file, rule) = device.udev_rule();
            return Some(format!(
                "as root write into {file}: {rule}; then run udevadm control --reload, and plug \
                 the {device} in again"
            ));
        }
        DeviceError::Busy { .. } => {
            "close what may have it open, such as Ledger Live, Trezor Suite or a browser"
        }
        DeviceError::Usb { .. } => "plug it in again, with another cable where that does not help",
        DeviceError::Emulator { device, .. } => match device {
            DeviceKind::Ledger => {
                "start Speculos, or unset LEDGER_PROXY_ADDRESS and LEDGER_PROXY_PORT for a Ledger \
                 that is plugged in"
            }
            DeviceKind::Trezor => {
                "start the emulator, or unset TREZOR_PATH for a Trezor that is plugged in"
            }
        },
        DeviceError::Unplugged { .. } => {
            "plug it in and run the same command again: nothing was signed by half"
        }
        DeviceError::Silent { .. } => "look at the device, and run the same command again",
        DeviceError::Locked { .. } => "unlock it with its PIN, and run the same command again",
        DeviceError::AppNotOpen { .. } => {
            "open the app Ethereum on it, and run the same command again"
        }
        DeviceError::TooOld { device, .. } => match device {
            DeviceKind::Ledger => "update the app Ethereum in Ledger Live",
            DeviceKind::Trezor => "update its firmware in Trezor Suite",
        },
        DeviceError::BlindSigning { .. } => {
            "in the app Ethereum on the Ledger: Settings, Blind signing, Enabled; turn it off again \
             afterwards"
        }
        DeviceError::Rejected { .. } => "run the same command again where you want to confirm it",
        DeviceError::WrongPin { .. } => "run the same command again",
        DeviceError::OnlyThp => {
            "use it through --browser, with an extension that knows it; --from ADDRESS takes \
             signatures made elsewhere"
        }
        DeviceError::OnlyHid => "update its firmware in Trezor Suite",
        DeviceError::Bootloader => "plug it in again without holding its buttons",
        DeviceError::Empty { .. } => "set it up with its maker's own program first",
        DeviceError::BitcoinOnly => "install its universal firmware in Trezor Suite",
        DeviceError::OtherWallet { .. } => {
            "another device was plugged in, or another passphrase given: run the same command again"
        }
        DeviceError::TooLong { .. } | DeviceError::Status { .. } | DeviceError::Failure { .. } => {
            "look at the device for more; its maker's own program knows what the code means"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_where_the_user_may_not_open_it() {
        let (device, node) = (DeviceKind::Ledger, "/dev/hidraw3".into());
        let error = CliError::from(DeviceError::NoPermission { device, node });
        assert!(error.message.contains("/dev/hidraw3"), "{}", error.message);
        let hint = error.hint.unwrap();
        assert!(hint.contains("ATTRS{idVendor}==\"2c97\"") && hint.contains("70-ledger.rules"));
        let (device, node) = (DeviceKind::Trezor, "/dev/bus/usb/001/004".into());
        let error = CliError::from(DeviceError::NoPermission { device, node });
        assert!(error.message.contains("/dev/bus/usb/001/004"), "{}", error.message);
        assert!(error.hint.unwrap().contains("ATTR{idProduct}==\"53c1\""));
    }

    #[test]
    fn where_the_emulator_listens() {
        for (address, place) in
            [("127.0.0.1", "127.0.0.1:9"), ("::1", "[::1]:9"), ("ledger.lan", "ledger.lan:9")]
        {
            assert_eq!(host_and_port(address, 9), place);
        }
    }

    #[test]
    fn why_nobody_answered_comes_back_as_it_was() {
        let error = asked(CliError::interrupted());
        assert_eq!(error.to_string(), "interrupted");
        let error = CliError::from(DeviceError::Unanswered(error));
        assert_eq!((error.exit, error.kind), (Exit::Interrupted, ErrorKind::Interrupted));
    }
}
