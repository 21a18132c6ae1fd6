//! The workspace a command works in, its configuration, and the names it knows.

use namesys::ens::Name;
use namesys::keys::{IpnsName, Storage};
use namesys::report::ErrorKind;
use namesys::workspace::{Config, Lock, RecordedKeys, Workspace, not_of};

use super::context::Context;
use super::error::{CliError, Exit};

/// A workspace and its configuration.
#[derive(Debug)]
pub struct Session {
    /// The folder.
    pub workspace: Workspace,
    /// Its `namesys.toml`, as read.
    pub config: Config,
}

impl Session {
    /// The workspace of `-C`, `NAMESYS_DIR`, or the nearest upward.
    ///
    /// # Errors
    /// Exit 1 when there is none; exit 2 when its `namesys.toml` is wrong.
    pub fn open(context: &Context) -> Result<Self, CliError> {
        let (workspace, config) = context.required()?.clone();
        Ok(Self { workspace, config })
    }

    /// As [`open`](Self::open), where a command works without a workspace too.
    ///
    /// # Errors
    /// When `-C` or `NAMESYS_DIR` name a folder that is none; a wrong `namesys.toml`.
    pub fn open_if_any(context: &Context) -> Result<Option<Self>, CliError> {
        let opened = context.opened()?.cloned();
        Ok(opened.map(|(workspace, config)| Self { workspace, config }))
    }

    /// The name `--name` gives: one of the workspace's, one under it, or a label under the
    /// workspace's only name, which is also the name without it. A name that ENSIP-15 maps is
    /// accepted with a note.
    ///
    /// # Errors
    /// Exit 2 when it is no name, another, or not said which of several is meant.
    pub fn name(&self, context: &Context, given: Option<&str>) -> Result<Name, CliError> {
        match given {
            Some(given) => self.name_given(context, given),
            None => match self.config.names() {
                [name] => Ok(name.clone()),
                names => {
                    Err(CliError::usage(format!("which name? This workspace has {}", list(names)))
                        .hint(format!("say it: --name {}", names[0])))
                }
            },
        }
    }

    /// As [`name`](Self::name), of a name that is given.
    ///
    /// # Errors
    /// As [`name`](Self::name).
    pub fn name_given(&self, context: &Context, given: &str) -> Result<Name, CliError> {
        let names = self.config.names();
        let name = match (given.is_empty() || given.contains(is_dot), names) {
            (true, _) => parse_name(context, given)?,
            // What is no label is said of the label alone.
            (false, [root]) => Name::parse(given)
                .map_err(CliError::from)
                .and_then(|_| parse_name(context, &format!("{given}.{root}")))?,
            (false, names) => {
                let message =
                    format!("{given:?} is a label: under which name? There are {}", list(names));
                return Err(CliError::usage(message)
                    .hint(format!("write the whole name, such as --name {given}.{}", names[0])));
            }
        };
        if self.config.root_of(&name).is_some() {
            return Ok(name);
        }
        let error = CliError::usage(not_of(&name, names));
        Err(match self.config.storage {
            Storage::Domain => error.hint(format!("make a workspace for it: namesys init {name}")),
            Storage::Wallet => error.hint(format!(
                "namesys name add {name} adds it, with the wallet's one pair of keys"
            )),
        })
    }

    /// The workspace's IPNS name.
    ///
    /// # Errors
    /// Exit 4 before it is derived.
    pub fn ipns_name(&self) -> Result<IpnsName, CliError> {
        self.config.keys().ipns_name.ok_or_else(|| {
            CliError::new(Exit::NotFound, ErrorKind::NoIpnsName, "the IPNS name is not derived yet")
                .hint("namesys keygen derives it, and so does namesys publish")
        })
    }

    /// Takes the workspace's lock; `config` is then what stands in the file, whoever changed it.
    ///
    /// # Errors
    /// When another process keeps the lock, or the file is wrong by now.
    pub fn lock(&mut self) -> Result<Lock, CliError> {
        let lock = self.workspace.lock()?;
        self.config = self.workspace.config_again(&self.config)?;
        Ok(lock)
    }

    /// Checks `keys` against what is recorded, and records what is new. Takes the lock.
    ///
    /// # Errors
    /// Exit 1 when they are others than those recorded.
    pub fn record_keys(&mut self, keys: &RecordedKeys) -> Result<(), CliError> {
        if self.config.unrecorded_keys(keys)?.is_empty() {
            return Ok(());
        }
        let _lock = self.lock()?;
        if self.config.record_keys(keys)? {
            self.workspace.save_config(&self.config)?;
        }
        Ok(())
    }
}

/// What ENSIP-15 takes for the dot between labels.
fn is_dot(character: char) -> bool {
    matches!(character, '.' | '。' | '．' | '｡')
}

fn list(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}

/// Parses a name, with a note where ENSIP-15 maps it.
///
/// # Errors
/// Exit 2 when it is none.
pub fn parse_name(context: &Context, given: &str) -> Result<Name, CliError> {
    let name = Name::parse(given)?;
    if name.as_str() != given {
        context.output.note(format_args!("{given:?} is {name} in normal form (ENSIP-15)"));
    }
    Ok(name)
}
