//! The wallets that are found on this machine, without opening or asking one: for `wallet list`, and
//! for whoever gives none and chooses. A new kind of wallet adds a line to [`SOURCES`].

use std::path::Path;

use namesys::request::parse_address;
use namesys::wallet::device::DeviceKind;
use namesys::wallet::{Address, LocalWallet, Wallet, account_path, keystore_address};

use super::context::Context;
use super::error::CliError;
use super::settings::Asked;
use super::{devices, env};

/// Most keystores that are listed.
const MAX: usize = 100;

/// What can be opened without a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A keystore by its name.
    Account(String),
    /// One that a person confirms with.
    Asked(Asked),
    /// A private key that is typed.
    Key,
    /// A mnemonic that is typed.
    Mnemonic,
}

/// A wallet that is here.
#[derive(Clone, Debug)]
pub struct Found {
    /// `private-key`, `keystore`, `external`, `browser`, `ledger` or `trezor`.
    pub kind: &'static str,
    /// The variable, the file or the device that it is in.
    pub source: String,
    /// Its address; of a keystore, as its file says, and not where it says nothing.
    pub address: Option<Address>,
    /// How it is chosen, where no variable gives it anyway.
    pub choice: Option<Choice>,
    /// Whether it is opened where no flag says otherwise.
    pub is_default: bool,
}

type Source = fn(&Context) -> Result<Vec<Found>, CliError>;

/// Where wallets are looked for, in the order in which they are opened.
const SOURCES: [Source; 4] = [variables, keystores, browser, devices_here];

/// All of them.
///
/// # Errors
/// Exit 2 when a variable is wrong.
pub fn found(context: &Context) -> Result<Vec<Found>, CliError> {
    let mut all = Vec::new();
    for source in SOURCES {
        all.extend(source(context)?);
    }
    // One is opened.
    let mut has_default = false;
    for one in &mut all {
        one.is_default &= !has_default;
        has_default |= one.is_default;
    }
    Ok(all)
}

fn variables(_: &Context) -> Result<Vec<Found>, CliError> {
    let (choice, is_default) = (None, true);
    let mut all = Vec::new();
    if let Some(key) = env::PRIVATE_KEY.key()? {
        let source = env::PRIVATE_KEY.0.to_owned();
        let address = LocalWallet::from_hex(&key).ok().map(|wallet| wallet.address());
        all.push(Found { kind: "private-key", source, address, choice: None, is_default });
    }
    if let Some(path) = env::KEYSTORE.get()? {
        let address = keystore_address(Path::new(&path)).ok().flatten();
        let source = format!("{} ({path})", env::KEYSTORE.0);
        all.push(Found { kind: "keystore", source, address, choice: None, is_default });
    }
    if let Some(name) = env::KEYSTORE_ACCOUNT.get()? {
        let path = account_path(&env::keystores()?, &name).ok();
        let address = path.and_then(|path| keystore_address(&path).ok().flatten());
        let source = format!("{} ({name})", env::KEYSTORE_ACCOUNT.0);
        all.push(Found { kind: "keystore", source, address, choice: None, is_default });
    }
    if let Some(text) = env::FROM.get()? {
        let address = parse_address(&text).ok();
        let source = env::FROM.0.to_owned();
        all.push(Found { kind: "external", source, address, choice, is_default });
    }
    Ok(all)
}

/// Foundry's; that of `config.toml` is the one that is opened.
fn keystores(context: &Context) -> Result<Vec<Found>, CliError> {
    let folder = env::keystores()?;
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .take(MAX)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    let keystore = |name: String| {
        let path = folder.join(&name);
        // What is no keystore is none of ours.
        let address = keystore_address(&path).ok()?;
        let is_default = context.settings.account() == Some(&name);
        let source = path.display().to_string();
        let choice = Some(Choice::Account(name));
        Some(Found { kind: "keystore", source, address, choice, is_default })
    };
    Ok(names.into_iter().filter_map(keystore).collect())
}

/// What is in a browser is not known here: it is listed where it is the one that is opened.
fn browser(context: &Context) -> Result<Vec<Found>, CliError> {
    Ok(match context.settings.asked_wallet() {
        Some(Asked::Browser) => {
            vec![asked("browser", "config.toml".to_owned(), Asked::Browser, true)]
        }
        _ => Vec::new(),
    })
}

fn devices_here(context: &Context) -> Result<Vec<Found>, CliError> {
    let one = |(kind, source): (DeviceKind, String)| {
        let wallet = Asked::Device(kind);
        asked(kind.word(), source, wallet, context.settings.asked_wallet() == Some(wallet))
    };
    Ok(devices::here(context.output)?.into_iter().map(one).collect())
}

fn asked(kind: &'static str, source: String, wallet: Asked, is_default: bool) -> Found {
    Found { kind, source, address: None, choice: Some(Choice::Asked(wallet)), is_default }
}
