//! Settings resolved once: a flag wins over the environment, that over `namesys.toml`, that over
//! the user's `config.toml`, that over the default. Commands get values.

mod asked;
mod chosen_wallet;
mod credentials;
mod host;
mod node_urls;
mod user_file;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use namesys::resolve::Gateway;
use namesys::workspace::{Config, Network, Owners, UnknownNetwork, Wish};
use url::Url;

pub use self::asked::Asked;
use self::credentials::Bindings;
pub use self::credentials::{Binding, Bound, Decision};
pub use self::host::Host;
use self::user_file::UserFile;

use super::env;
use super::error::CliError;
use super::global::{GlobalArgs, patience};

/// Who said something, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag.
    Flag,
    /// A variable.
    Environment,
    /// `namesys.toml`, which may be somebody else's.
    Workspace,
    /// The user's `config.toml`.
    UserFile,
    /// Nobody.
    Default,
}

impl Source {
    /// Whether it is the user, and not whoever wrote the workspace.
    pub fn is_user(self) -> bool {
        self != Self::Workspace
    }
}

/// What each layer says of one setting.
#[derive(Clone, Debug)]
pub struct Layers<T> {
    /// The flag.
    pub flag: Option<T>,
    /// The variable.
    pub environment: Option<T>,
    /// `namesys.toml`.
    pub workspace: Option<T>,
    /// `config.toml`.
    pub user_file: Option<T>,
}

impl<T> Default for Layers<T> {
    fn default() -> Self {
        Self { flag: None, environment: None, workspace: None, user_file: None }
    }
}

impl<T> Layers<T> {
    /// The strongest that says something, and who that is.
    pub fn resolve(self) -> Option<(T, Source)> {
        let layers = [
            (self.flag, Source::Flag),
            (self.environment, Source::Environment),
            (self.workspace, Source::Workspace),
            (self.user_file, Source::UserFile),
        ];
        layers.into_iter().find_map(|(value, source)| Some((value?, source)))
    }
}

/// What is resolved before a command runs; what its own flags decide is asked with them.
#[derive(Debug)]
pub struct Settings {
    rpc_urls: Vec<String>,
    network: Option<Network>,
    timeout: Option<Duration>,
    user: UserFile,
    bindings: RefCell<Bindings>,
    folders: RefCell<Vec<PathBuf>>,
}

/// Nodes, and who named them.
#[derive(Clone, Debug, Default)]
pub struct NodeUrls {
    /// As given: never shown.
    pub urls: Vec<String>,
    /// Who gave them; none when nobody did.
    pub source: Option<Source>,
}

impl Settings {
    /// Reads the user's file and the variables.
    ///
    /// # Errors
    /// Exit 2 for what is wrong in them.
    pub fn new(args: &GlobalArgs) -> Result<Self, CliError> {
        node_urls::check(&args.rpc_url)?;
        let user = UserFile::read(env::config_file())?;
        let variable = env::CREDENTIALS.get()?.unwrap_or_default();
        let flags = args.credential.iter().map(|one| Binding::named(one, "--credential"));
        let words = variable.split_whitespace();
        let words = words.map(|one| Binding::named(one, env::CREDENTIALS.0));
        let mut bindings = flags.chain(words).collect::<Result<Vec<_>, _>>()?;
        bindings.extend(user.credentials.iter().cloned());
        let timeout = Layers {
            flag: args.timeout,
            environment: parsed(env::TIMEOUT, patience)?,
            user_file: user.timeout,
            ..Layers::default()
        };
        let network = Layers {
            flag: args.network,
            environment: parsed(env::NETWORK, |text| {
                text.parse().map_err(|e: UnknownNetwork| e.to_string())
            })?,
            ..Layers::default()
        };
        let mut folders = user.folders.clone();
        let variable = std::env::var_os(env::FOLDERS.0).unwrap_or_default();
        folders.extend(std::env::split_paths(&variable).filter(|path| path.is_absolute()));
        Ok(Self {
            rpc_urls: args.rpc_url.clone(),
            network: network.resolve().map(|(network, _)| network),
            timeout: timeout.resolve().map(|(timeout, _)| timeout),
            user,
            bindings: RefCell::new(Bindings(bindings)),
            folders: RefCell::new(folders),
        })
    }

    /// The variables that programs of others are started without: our secrets, the addresses of
    /// services, which may have a password in them, and their tokens by their usual names and by
    /// those that the user gave them. Those that a workspace alone names stay: it could name any.
    pub fn withheld(&self) -> Vec<String> {
        let usual = env::SECRETS.iter().chain(&env::TOKENS).chain(&env::WITHHELD);
        let usual = usual.chain(&env::ADDRESSES).map(|variable| variable.0.to_owned());
        let bindings = self.bindings.borrow();
        usual.chain(bindings.0.iter().flat_map(|one| one.bound.variables())).collect()
    }

    /// Whose endpoints apply where nothing else says, and who decides that.
    pub fn network(&self, config: Option<&Config>) -> (Network, Source) {
        let layers = Layers {
            flag: self.network,
            workspace: config.and_then(Config::network),
            user_file: self.user.network,
            ..Layers::default()
        };
        layers.resolve().unwrap_or((Network::Mainnet, Source::Default))
    }

    /// The nodes that are asked. `namesys.toml` names none: a repository must not choose whose
    /// node is believed.
    ///
    /// # Errors
    /// Exit 2 when the variable is not UTF-8.
    pub fn node_urls(&self) -> Result<NodeUrls, CliError> {
        let some = |urls: Vec<String>| Some(urls).filter(|urls| !urls.is_empty());
        let list = env::RPC_URL.get()?.unwrap_or_default();
        let list = list.split(',').map(str::trim).filter(|url| !url.is_empty());
        let layers = Layers {
            flag: some(self.rpc_urls.clone()),
            environment: some(list.map(str::to_owned).collect()),
            user_file: some(self.user.rpc_urls.clone()),
            ..Layers::default()
        };
        Ok(match layers.resolve() {
            Some((urls, source)) => NodeUrls { urls, source: Some(source) },
            None => NodeUrls::default(),
        })
    }

    /// The keystore that is opened where no flag and no variable says.
    pub fn account(&self) -> Option<&str> {
        self.user.account.as_deref()
    }

    /// The wallet that is asked where no flag, no variable and no account says which.
    pub fn asked_wallet(&self) -> Option<Asked> {
        self.user.wallet
    }

    /// Keeps in the user's file which wallet is used where nothing else is said.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember_wallet(&self, entry: &str, said: &str) -> Result<(), CliError> {
        match &self.user.path {
            Some(path) => chosen_wallet::remember_wallet(path, entry, said),
            None => Ok(()),
        }
    }

    /// The gateways that somebody chose.
    ///
    /// # Errors
    /// Exit 2 when one is none.
    pub fn gateways(
        &self,
        flags: &[Gateway],
        config: Option<&Config>,
    ) -> Result<Option<Vec<Gateway>>, CliError> {
        let some = |texts: &[String]| Some(texts.to_vec()).filter(|texts| !texts.is_empty());
        let list = env::GATEWAY_URL.get()?;
        let layers = Layers {
            flag: None,
            environment: list
                .map(|list| list.split(',').map(|url| url.trim().to_owned()).collect()),
            workspace: config.and_then(|config| some(&config.gateways)),
            user_file: some(&self.user.gateways),
        };
        if !flags.is_empty() {
            return Ok(Some(flags.to_vec()));
        }
        let Some((texts, source)) = layers.resolve() else { return Ok(None) };
        let place = match source {
            Source::Environment => env::GATEWAY_URL.0.to_owned(),
            Source::UserFile => format!("{}: gateways.ipfs", self.user.shown()),
            _ => "namesys.toml: gateways.ipfs".to_owned(),
        };
        let named = |error| CliError::usage(format!("{place}: {error}"));
        texts.iter().map(|text| text.parse().map_err(named)).collect::<Result<_, _>>().map(Some)
    }

    /// How long a server may make no progress.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// What is sent to `url`: see [`Bindings::decide`].
    pub fn decide(&self, url: &Url, wish: &Wish<'_>, pair: (&str, &str), usual: bool) -> Decision {
        self.bindings.borrow().decide(url, wish, pair, usual)
    }

    /// Keeps a binding in the user's file, and for the rest of this call.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember(&self, binding: Binding) -> Result<(), CliError> {
        if let Some(path) = &self.user.path {
            user_file::remember(path, &binding)?;
        }
        self.bindings.borrow_mut().0.push(binding);
        Ok(())
    }

    /// Folders outside a workspace that its tables may have written.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.folders.borrow().clone()
    }

    /// Keeps one more of them in the user's file, and for the rest of this call.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn allow_folder(&self, folder: &Path) -> Result<(), CliError> {
        if let Some(path) = &self.user.path {
            user_file::allow_folder(path, folder)?;
        }
        self.folders.borrow_mut().push(folder.to_owned());
        Ok(())
    }

    /// Who may own a workspace that is found by walking up.
    ///
    /// # Errors
    /// Exit 2 when the variable is not UTF-8.
    pub fn owners(&self) -> Result<Owners, CliError> {
        let sudo_uid = env::SUDO_UID.get()?.and_then(|uid| uid.parse().ok());
        Ok(Owners { sudo_uid, safe: self.user.safe_directories.clone() })
    }

    /// The user's file, where there is a place for one.
    pub fn user_file(&self) -> Option<&PathBuf> {
        self.user.path.as_ref()
    }
}

fn parsed<T>(
    variable: env::Var,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, CliError> {
    let Some(text) = variable.get()? else { return Ok(None) };
    let wrong = |reason| CliError::usage(format!("{}: {reason}", variable.0));
    parse(&text).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over every set of layers, so over every pair: the strongest wins.
    #[test]
    fn the_stronger_layer_wins() {
        let order = [Source::Flag, Source::Environment, Source::Workspace, Source::UserFile];
        for set in 0_usize..16 {
            let said = |layer: usize| (set & (1 << layer) != 0).then_some(order[layer]);
            let layers = Layers {
                flag: said(0),
                environment: said(1),
                workspace: said(2),
                user_file: said(3),
            };
            let strongest = (0..4).find_map(said);
            assert_eq!(layers.resolve(), strongest.map(|source| (source, source)), "{set:04b}");
        }
    }
}
