//! Records under an IPNS key of which there is no workspace here: what is published is cloned into a
//! temporary one, which goes when the command ends.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use namesys::keys::Storage;
use namesys::report::ErrorKind;
use namesys::workspace::{Config, Workspace};

use super::course::{Course, IpnsHandler, Place};
use super::ipns_keys::check_keys;
use super::own::OwnWorkspace;
use super::subjects::Subject;
use crate::cli::cmd::{clone, keygen};
use crate::cli::error::{CliError, Exit};
use crate::cli::session::Session;

/// `clone` and `keygen`: wallet and password are those of this command.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct Cloning {
    #[command(flatten)]
    args: clone::Args,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Deriving {
    #[command(flatten)]
    args: keygen::Args,
}

impl Course<'_> {
    /// Makes it of what is published under the key, which its keys have to be. Nothing is set,
    /// signed as a record or sent.
    ///
    /// # Errors
    /// When it cannot be fetched; when the keys of wallet and password are others.
    pub fn workspace_of(
        &self,
        subject: &Subject,
        place: &Place,
        handler: &IpnsHandler<'_>,
    ) -> Result<Session, CliError> {
        if self.context.made_its_own() {
            let message =
                format!("{} is published under another key than the names before it", subject.name);
            return Err(CliError::new(Exit::Failed, ErrorKind::Unsupported, message).hint(
                "write it by a command of its own; nothing of this name was signed or sent",
            ));
        }
        let own = OwnWorkspace::new()?;
        let at = own.path().to_owned();
        // There is none yet, or it would have been worked in.
        let _ = self.own.set(own);
        self.clone_into(&at, subject, place, handler)?;
        self.context.work_in(&at)?;
        drop(keygen::run(parsed::<Deriving>([])?.args, self.context)?);
        let mut session = Session::open(self.context)?;
        drop(session.lock()?);
        check_keys(&session, handler)?;
        Ok(session)
    }

    fn clone_into(
        &self,
        at: &Path,
        subject: &Subject,
        place: &Place,
        handler: &IpnsHandler<'_>,
    ) -> Result<(), CliError> {
        let (name, ipns) = (subject.name.as_str(), handler.ipns.to_string());
        let (owner, chain) = (place.owner.to_string(), place.chain_id.to_string());
        let words = ["--ipns", &ipns, "--owner", &owner, "--chain-id", &chain, "--", name];
        let words = words.iter().map(OsString::from).chain([at.as_os_str().to_owned()]);
        match clone::run(parsed::<Cloning>(words)?.args, self.context) {
            Ok(outcome) => {
                // What does not verify stays as it is, and is published again.
                let said = outcome.into_error();
                said.iter().for_each(|error| self.context.output.warn(&error.message));
                self.as_the_wallets(at)
            }
            Err(error) if error.kind == ErrorKind::NotPublished => {
                let storage = self.args.storage;
                let config = Config::new(subject.name.clone(), storage, storage, place.chain_id);
                Workspace::init(at, &config)?;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// One name has records there, and the keys are the wallet's all the same: nobody else can say.
    fn as_the_wallets(&self, at: &Path) -> Result<(), CliError> {
        let workspace = Workspace::at(at)?;
        let mut config = workspace.config()?;
        if self.args.storage != Storage::Wallet || config.storage == Storage::Wallet {
            return Ok(());
        }
        (config.storage, config.signer_storage) = (Storage::Wallet, Storage::Wallet);
        Ok(workspace.save_config(&config)?)
    }
}

fn parsed<T: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<T, CliError> {
    T::try_parse_from(words).map_err(|error| CliError::usage(error.to_string()))
}
