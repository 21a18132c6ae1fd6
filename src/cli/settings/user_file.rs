//! The user's `config.toml`: what holds for all workspaces, and what no repository may decide.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use namesys::report::ErrorKind;
use namesys::toml::{self, FromText, Text, TomlError, tables};
use namesys::workspace::{Network, SafeDirectory};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::node_urls::is_node_url;
use super::{Asked, Binding, Bound, Host};
use crate::cli::error::{CliError, Exit};
use crate::cli::global::patience;

/// Most bytes of the file.
const MAX_BYTES: u64 = 1 << 20;
/// Entries that mean something in another place.
const ELSEWHERE: [(&str, &str); 4] = [
    ("name", "it belongs into a workspace's namesys.toml"),
    ("uploads", "targets belong into a workspace's namesys.toml"),
    ("publishers", "targets belong into a workspace's namesys.toml"),
    ("keystore", "give the account's name: account = \"NAME\", in ~/.foundry/keystores"),
];

/// The file, read.
#[derive(Debug, Default)]
pub struct UserFile {
    /// Where it is, whether or not it is there.
    pub path: Option<PathBuf>,
    /// Whose endpoints apply.
    pub network: Option<Network>,
    /// Ethereum nodes; they may hold an API key.
    pub rpc_urls: Vec<String>,
    /// A keystore by its name.
    pub account: Option<String>,
    /// What is asked where there is no such keystore: a browser's wallet, or a device.
    pub wallet: Option<Asked>,
    /// How long a server may make no progress.
    pub timeout: Option<Duration>,
    /// Gateways to read from.
    pub gateways: Vec<String>,
    /// Which credentials go to which host.
    pub credentials: Vec<Binding>,
    /// Workspaces that are taken where they are found, whoever owns them.
    pub safe_directories: Vec<SafeDirectory>,
    /// Folders outside a workspace that its tables may have written.
    pub folders: Vec<PathBuf>,
}

/// Its entries.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    network: Option<Text<Network>>,
    rpc_url: Option<NodeUrls>,
    account: Option<Text<Account>>,
    wallet: Option<Text<Asked>>,
    timeout: Option<Text<Patience>>,
    #[serde(default)]
    safe_directories: Vec<Text<SafeDirectory>>,
    #[serde(default)]
    folders: Vec<Text<Writable>>,
    #[serde(default)]
    gateways: Gateways,
    #[serde(default, deserialize_with = "tables")]
    credentials: Vec<Credential>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gateways {
    #[serde(default)]
    ipfs: Vec<String>,
}

/// One of `[[credentials]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    host: Text<Host>,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    key_env: Option<String>,
    secret_env: Option<String>,
}

struct Credential(Binding);

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let entries = Entries::deserialize(from)?;
        let given = (entries.token_env, entries.token_file, entries.key_env, entries.secret_env);
        let bound = match given {
            (Some(name), None, None, None) => Bound::Variable(name),
            (None, Some(file), None, None) => Bound::File(file),
            (None, None, Some(key), Some(secret)) => Bound::Pair(key, secret),
            _ => {
                return Err(D::Error::custom(
                    "each [[credentials]] has host and one of token_env, token_file, or key_env \
                     and secret_env",
                ));
            }
        };
        Ok(Self(Binding { host: entries.host.0, bound }))
    }
}

struct Account(String);

impl FromText for Account {
    fn from_text(text: &str) -> Result<Self, String> {
        let is_path = text.contains(['/', '\\']) || text.is_empty() || text.starts_with('.');
        match is_path {
            true => Err("it is the name of a keystore in ~/.foundry/keystores, no path".to_owned()),
            false => Ok(Self(text.to_owned())),
        }
    }
}

struct Writable(PathBuf);

impl FromText for Writable {
    fn from_text(text: &str) -> Result<Self, String> {
        match Path::new(text).is_absolute() {
            true => Ok(Self(text.into())),
            false => Err("it is no absolute path".to_owned()),
        }
    }
}

struct Patience(Duration);

impl FromText for Patience {
    fn from_text(text: &str) -> Result<Self, String> {
        patience(text).map(Self)
    }
}

impl FromText for Host {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

/// One node, or a list of them.
struct NodeUrls(Vec<String>);

impl<'de> Deserialize<'de> for NodeUrls {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = NodeUrls;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a URL or a list of them is expected")
            }

            fn visit_str<E: Error>(self, url: &str) -> Result<NodeUrls, E> {
                match is_node_url(url) {
                    true => Ok(NodeUrls(vec![url.to_owned()])),
                    false => Err(E::custom("it is not an http:// or https:// URL")),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<NodeUrls, A::Error> {
                let mut all = Vec::new();
                while let Some(url) = list.next_element::<String>()? {
                    all.extend(OneOrMore.visit_str::<A::Error>(&url)?.0);
                }
                Ok(NodeUrls(all))
            }
        }
        from.deserialize_any(OneOrMore)
    }
}

impl UserFile {
    /// Reads the file at `path`; none is an empty one.
    ///
    /// # Errors
    /// Exit 2 for what is wrong in it, whose values are not repeated; 1 when it cannot be read.
    pub fn read(path: Option<PathBuf>) -> Result<Self, CliError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let Some(text) = text(&path)? else {
            return Ok(Self { path: Some(path), ..Self::default() });
        };
        let shown = path.display().to_string();
        let (file, _): (File, _) = toml::read(&shown, &text, &ELSEWHERE).map_err(refused)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let credentials = file.credentials.into_iter().map(|entry| entry.0.under(folder));
        Ok(Self {
            network: file.network.map(|network| network.0),
            rpc_urls: file.rpc_url.map_or_else(Vec::new, |urls| urls.0),
            account: file.account.map(|account| account.0.0),
            wallet: file.wallet.map(|wallet| wallet.0),
            timeout: file.timeout.map(|timeout| timeout.0.0),
            gateways: file.gateways.ipfs,
            credentials: credentials.collect(),
            safe_directories: file.safe_directories.into_iter().map(|text| text.0).collect(),
            folders: file.folders.into_iter().map(|text| text.0.0).collect(),
            path: Some(path),
        })
    }

    /// What it is called.
    pub fn shown(&self) -> String {
        self.path.as_ref().map_or_else(String::new, |path| path.display().to_string())
    }
}

/// RPC URLs stand there, which hold keys: no value is repeated.
fn refused(error: TomlError) -> CliError {
    let error = TomlError { found: None, ..error };
    CliError::new(Exit::Usage, ErrorKind::BadConfig, error.to_string())
}

fn text(path: &Path) -> Result<Option<String>, CliError> {
    let failed = |error| CliError::io(format!("{} cannot be read", path.display()), &error);
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= MAX_BYTES => {}
        Ok(_) => {
            let message = format!("{} is no file of less than 1 MiB", path.display());
            return Err(CliError::new(Exit::Usage, ErrorKind::BadConfig, message));
        }
        Err(error)
            if matches!(
                error.kind(),
                // In a container the home folder may be another's: then there is none of ours.
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    }
    std::fs::read_to_string(path).map(Some).map_err(failed)
}

/// Adds a binding to the file at `path`, whose comments and order stay.
///
/// # Errors
/// When it cannot be read or written.
pub fn remember(path: &Path, binding: &Binding) -> Result<(), CliError> {
    change(path, |document| {
        let list = document.entry("credentials");
        let list = list.or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(list) = list.as_array_of_tables_mut() {
            list.push(table(binding));
        }
    })
}

/// Adds a folder that may be written, as [`remember`] does.
///
/// # Errors
/// As [`remember`].
pub fn allow_folder(path: &Path, folder: &Path) -> Result<(), CliError> {
    change(path, |document| {
        let list = document.entry("folders").or_insert(value(Array::new()));
        if let Some(list) = list.as_array_mut() {
            list.push(folder.display().to_string());
        }
    })
}

/// Changes the file's document, which has to be one before.
///
/// # Errors
/// As [`remember`].
pub(super) fn change(path: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<(), CliError> {
    let failed = |error| CliError::io(format!("{} cannot be written", path.display()), &error);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let text = text(path)?.unwrap_or_default();
    let shown = path.display().to_string();
    let (_, mut document): (File, DocumentMut) =
        toml::read(&shown, &text, &ELSEWHERE).map_err(refused)?;
    change(&mut document);
    // Whole or not at all: half of it would lock every command out.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(document.to_string().as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn table(binding: &Binding) -> Table {
    let mut table = Table::new();
    table["host"] = value(binding.host.to_string());
    for (entry, text) in binding.bound.entries() {
        table[entry] = value(text);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<UserFile, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let shown = path.display().to_string();
        UserFile::read(Some(path)).map_err(|error| error.message.replace(&shown, "FILE"))
    }

    #[test]
    fn every_entry_is_read() {
        let file = read(
            "network = \"devnet\"\nrpc_url = [\"https://a\", \"https://b\"]\naccount = \"nick\"\n\
             timeout = \"10s\"\n[gateways]\nipfs = [\"https://g\"]\n[[credentials]]\n\
             host = \"a.example\"\ntoken_env = \"A\"\n[[credentials]]\nhost = \"b.example:1\"\n\
             key_env = \"K\"\nsecret_env = \"S\"\n[[credentials]]\nhost = \"c\"\ntoken_file = \"/f\"\n",
        )
        .unwrap();
        assert_eq!((file.network, file.rpc_urls.len()), (Some(Network::Devnet), 2));
        assert_eq!(file.account.as_deref(), Some("nick"));
        assert_eq!(file.timeout, Some(Duration::from_secs(10)));
        assert_eq!((file.gateways.len(), file.credentials.len()), (1, 3));
        assert_eq!(file.credentials[1].bound, Bound::Pair("K".into(), "S".into()));
        assert_eq!(read("rpc_url = \"https://a\"").unwrap().rpc_urls, ["https://a"]);
        assert!(read("").unwrap().credentials.is_empty());
    }

    #[test]
    fn it_is_strict_and_repeats_no_value() {
        for (text, words) in [
            (
                "rpcurl = \"https://hunter2\"",
                "FILE:1:1: \"rpcurl\" is not an entry of this file; did you mean rpc_url?",
            ),
            ("rpc_url = \"hunter2\"", "FILE:1:1: rpc_url: it is not an http:// or https:// URL"),
            ("rpc_url = [\"https://a\", \"hunter2\"]", "FILE:1:1: rpc_url: it is not an http"),
            ("rpc_url = hunter2", "FILE:1:11: "),
            ("account = \"/hunter2\"", "FILE:1:1: account: it is the name of a keystore"),
            ("network = \"minnet\"", "\"minnet\" is not one of: mainnet, sepolia, devnet"),
            ("folders = [\"www\"]", "FILE:1:1: folders: it is no absolute path"),
            ("timeout = \"soon\"", "FILE:1:1: timeout: a duration is a number and a unit"),
            ("name = \"nick.eth\"", "belongs into a workspace's namesys.toml"),
            ("keystore = \"/hunter2\"", "give the account's name"),
            ("credentials = \"hunter2\"", "write each as a table [[credentials]]"),
            ("[[credentials]]\nhost = \"a\"", "one of token_env, token_file"),
            (
                "[[credentials]]\nhost = \"a\"\ntoken_env = \"A\"\nkey_env = \"B\"",
                "one of token_env",
            ),
            ("[[credentials]]\nhost = \"https://a\"\ntoken_env = \"A\"", "a host is a name"),
            ("[[credentials]]\nhost = \"a\"\ntoken = \"hunter2\"", "did you mean token_env?"),
            ("[[credentials]]\ntoken_env = \"A\"", "needs host"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words) && !error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_remembered_is_added_and_nothing_else_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/config.toml");
        let bound = Bound::Variable("TOKEN".to_owned());
        let binding = Binding { host: "127.0.0.1:5001".parse().unwrap(), bound };
        remember(&path, &binding).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "[[credentials]]\nhost = \"127.0.0.1:5001\"\ntoken_env = \"TOKEN\"\n");
        std::fs::write(&path, format!("# mine\naccount = \"nick\" # me\n\n{text}")).unwrap();
        let other = Binding { bound: Bound::Pair("K".into(), "S".into()), ..binding };
        remember(&path, &other).unwrap();
        let again = std::fs::read_to_string(&path).unwrap();
        assert!(again.starts_with("# mine\naccount = \"nick\" # me\n"), "{again}");
        assert_eq!(UserFile::read(Some(path.clone())).unwrap().credentials.len(), 2);
        for folder in ["/srv/a b", "/srv/c"] {
            allow_folder(&path, Path::new(folder)).unwrap();
        }
        let file = UserFile::read(Some(path)).unwrap();
        assert_eq!(file.folders, [Path::new("/srv/a b"), Path::new("/srv/c")]);
        assert_eq!((file.account.as_deref(), file.credentials.len()), (Some("nick"), 2));
    }
}
