//! The only place that reads the environment. Values are never shown: errors name the variable.

use std::env::VarError;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use etcetera::BaseStrategy;
#[cfg(feature = "devnet")]
use namesys::devnet::chain::{AnvilSearch, Inherited};
use namesys::secret::SecretString;

use super::error::CliError;

/// A variable this program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var(pub &'static str);

/// The workspace.
pub const DIR: Var = Var("NAMESYS_DIR");
/// Who became root, as sudo says.
pub const SUDO_UID: Var = Var("SUDO_UID");
/// Whose endpoints apply where nothing else says.
pub const NETWORK: Var = Var("NAMESYS_NETWORK");
/// Which credential goes to which host: `HOST=VARIABLE`, separated by spaces.
pub const CREDENTIALS: Var = Var("NAMESYS_CREDENTIALS");
/// Folders outside a workspace that its tables may have written, separated by colons.
pub const FOLDERS: Var = Var("NAMESYS_FOLDERS");
/// Ethereum nodes, separated by commas.
pub const RPC_URL: Var = Var("ETH_RPC_URL");
/// The anvil program, for the devnet's chain.
#[cfg(feature = "devnet")]
pub const ANVIL: Var = Var("ANVIL");
/// Headers for these nodes, one a line.
pub const RPC_HEADERS: Var = Var("ETH_RPC_HEADERS");
/// The wallet's private key.
pub const PRIVATE_KEY: Var = Var("ETH_PRIVATE_KEY");
/// A keystore file.
pub const KEYSTORE: Var = Var("ETH_KEYSTORE");
/// A keystore's name in foundry's folder.
pub const KEYSTORE_ACCOUNT: Var = Var("ETH_KEYSTORE_ACCOUNT");
/// The file of the keystore's password.
pub const KEYSTORE_PASSWORD_FILE: Var = Var("ETH_PASSWORD");
/// The wallet's address.
pub const FROM: Var = Var("ETH_FROM");
/// The NameSys password; set but empty is the empty password.
pub const KEY_PASSWORD: Var = Var("NAMESYS_KEY_PASSWORD");
/// The records signer.
pub const SIGNER_KEY: Var = Var("NAMESYS_SIGNER_KEY");
/// The IPNS key.
pub const IPNS_KEY: Var = Var("NAMESYS_IPNS_KEY");
/// The passphrase of encrypted key files.
pub const PASSPHRASE: Var = Var("NAMESYS_PASSPHRASE");
/// The file of the age identity that opens encrypted key files, or the identity.
pub const IDENTITY: Var = Var("NAMESYS_IDENTITY");
/// The user's own folder for sockets.
pub const RUNTIME_DIR: Var = Var("XDG_RUNTIME_DIR");
/// The database of a gateway: its URL may have a password.
pub const DATABASE: Var = Var("NAMESYS_DATABASE");
/// The folder of temporary files.
pub const TEMPORARY: Var = Var("TMPDIR");
/// The w3name service.
pub const W3NAME_URL: Var = Var("NAMESYS_W3NAME_URL");
/// A Kubo node's RPC.
pub const KUBO_URL: Var = Var("NAMESYS_KUBO_URL");
/// Kubo's folder, whose file `api` has the RPC's address.
pub const IPFS_PATH: Var = Var("IPFS_PATH");
/// A delegated routing service.
pub const ROUTING_URL: Var = Var("NAMESYS_ROUTING_URL");
/// An IPFS gateway.
pub const GATEWAY_URL: Var = Var("NAMESYS_GATEWAY_URL");
/// The user's editor, on a screen.
pub const VISUAL: Var = Var("VISUAL");
/// The user's editor.
pub const EDITOR: Var = Var("EDITOR");
/// How long a server may make no progress.
pub const TIMEOUT: Var = Var("NAMESYS_TIMEOUT");

/// Where the Ledger's emulator listens: its host.
pub const LEDGER_ADDRESS: Var = Var("LEDGER_PROXY_ADDRESS");
/// Its port.
pub const LEDGER_PORT: Var = Var("LEDGER_PROXY_PORT");
/// The Trezor's emulator.
pub const TREZOR_PATH: Var = Var("TREZOR_PATH");

/// Where somebody who came over SSH came from and to, as sshd says.
pub const SSH_CONNECTION: Var = Var("SSH_CONNECTION");
/// The user's name.
pub const USER: Var = Var("USER");
/// Where windows can be opened: of X11, and of Wayland.
pub const DISPLAYS: [Var; 2] = [Var("DISPLAY"), Var("WAYLAND_DISPLAY")];

/// The token of a Kubo node, where `namesys.toml` names no other variable; so the following.
pub const KUBO_TOKEN: Var = Var("NAMESYS_KUBO_TOKEN");
/// The token of an IPFS Cluster.
pub const CLUSTER_TOKEN: Var = Var("NAMESYS_CLUSTER_TOKEN");
/// The token of a pinning service.
pub const PINNING_TOKEN: Var = Var("NAMESYS_PINNING_TOKEN");
/// The JWT of Pinata, as its own tools call it.
pub const PINATA_JWT: Var = Var("PINATA_JWT");
/// The id of a bucket's access key, as AWS's tools call it.
pub const AWS_KEY_ID: Var = Var("AWS_ACCESS_KEY_ID");
/// The secret of a bucket's access key.
pub const AWS_SECRET: Var = Var("AWS_SECRET_ACCESS_KEY");
/// The region of a bucket.
pub const AWS_REGION: Var = Var("AWS_REGION");
/// What no service is to get as its token.
pub const SECRETS: [Var; 10] = [
    PRIVATE_KEY,
    KEY_PASSWORD,
    SIGNER_KEY,
    IPNS_KEY,
    PASSPHRASE,
    IDENTITY,
    KEYSTORE_PASSWORD_FILE,
    RPC_URL,
    RPC_HEADERS,
    DATABASE,
];
/// The tokens of services, by their usual names.
pub const TOKENS: [Var; 6] =
    [KUBO_TOKEN, CLUSTER_TOKEN, PINNING_TOKEN, PINATA_JWT, AWS_KEY_ID, AWS_SECRET];

/// Addresses of services, which may have a user and a password in them.
pub const ADDRESSES: [Var; 4] = [W3NAME_URL, KUBO_URL, ROUTING_URL, GATEWAY_URL];
/// What other programs have beside them, and their children need as little.
pub const WITHHELD: [Var; 1] = [Var("AWS_SESSION_TOKEN")];

/// Foundry's keystores.
///
/// # Errors
/// When there is no home.
pub fn keystores() -> Result<PathBuf, CliError> {
    Ok(home()?.join(".foundry").join("keystores"))
}

/// Whether nothing of the environment is read any more.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// From now on every variable is unset, and the user has no files: `demo` shows what anybody sees,
/// whatever wallets, keys and services its user has.
#[cfg(feature = "devnet")]
pub fn close() {
    IS_CLOSED.store(true, Ordering::Relaxed);
}

fn var(name: &str) -> Result<String, VarError> {
    match IS_CLOSED.load(Ordering::Relaxed) {
        true => Err(VarError::NotPresent),
        false => std::env::var(name),
    }
}

impl Var {
    /// The value; `None` when not set or set but empty.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn get(self) -> Result<Option<String>, CliError> {
        Ok(self.get_even_empty()?.filter(|value| !value.is_empty()))
    }

    /// The value, where an empty one means something.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn get_even_empty(self) -> Result<Option<String>, CliError> {
        match var(self.0) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => {
                Err(CliError::usage(format!("the variable {} is not UTF-8", self.0)))
            }
        }
    }

    /// The key in it.
    ///
    /// # Errors
    /// As [`get`](Self::get), and when it is set but empty: a CI's secret that is not there.
    pub fn key(self) -> Result<Option<SecretString>, CliError> {
        match self.get_even_empty()?.map(SecretString::new) {
            Some(key) if key.expose().trim().is_empty() => {
                Err(CliError::usage(format!("the variable {} is set but empty", self.0)).hint(
                    "give it the key, or unset it; in a CI, look whether its secret is there and \
                     may be read by this job",
                ))
            }
            key => Ok(key),
        }
    }

    /// The value as a secret.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn secret(self) -> Result<Option<SecretString>, CliError> {
        Ok(self.get()?.map(SecretString::new))
    }

    /// The token in any variable by name, for `token_env` of `namesys.toml`.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn token(name: &str) -> Result<Option<SecretString>, CliError> {
        match var(name) {
            // Who sets it from a file brings the end of its line along.
            Ok(value) if value.trim().is_empty() => Ok(None),
            Ok(value) => Ok(Some(SecretString::new(value.trim().to_owned()))),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => {
                Err(CliError::usage(format!("the variable {name} is not UTF-8")))
            }
        }
    }
}

/// The home directory.
pub fn home() -> Result<PathBuf, CliError> {
    etcetera::home_dir()
        .map_err(|_| CliError::usage("there is no home directory: set the variable HOME"))
}

/// The user's own settings, `namesys/config.toml` in the folder for such files
/// (`XDG_CONFIG_HOME`); none without a home directory.
pub fn config_file() -> Option<PathBuf> {
    if IS_CLOSED.load(Ordering::Relaxed) {
        return None;
    }
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("namesys").join("config.toml"))
}

/// Where what can be made anew is kept: `namesys` in the folder for such files
/// (`XDG_CACHE_HOME`); none without a home directory.
pub fn cache_folder() -> Option<PathBuf> {
    if IS_CLOSED.load(Ordering::Relaxed) {
        return None;
    }
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.cache_dir().join("namesys"))
}

/// Where the devnet finds anvil: `ANVIL`, `PATH`, or npm's package in the user's cache folder.
///
/// # Errors
/// When `ANVIL` is not UTF-8.
#[cfg(feature = "devnet")]
pub fn anvil() -> Result<AnvilSearch, CliError> {
    // Without a home directory nothing is fetched.
    let cache = etcetera::choose_base_strategy().ok();
    Ok(AnvilSearch {
        program: ANVIL.get()?.map(PathBuf::from),
        path: std::env::var_os("PATH"),
        cache: cache.map(|strategy| strategy.cache_dir().join("namesys")),
        inherited: Inherited::of(std::env::vars_os()),
    })
}
