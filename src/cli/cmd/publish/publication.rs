//! The course that `publish`, `renew` and `rollback` share: services, key, lock; then the record is
//! sent, unless something would be lost.

use std::sync::Arc;
use std::time::Duration;

use cid::Cid;
use namesys::ipns::Validity;
use namesys::keys::{IpnsKey, IpnsName};
use namesys::publish::{Author, HistoryTarget, Permission, PublishOutcome, Subject};
use namesys::published::{Judge, Missing};
use namesys::workspace::{Lock, Records, Removal};

use super::author_args::{AuthorArgs, validity_or_default};
use super::fan_out::{FanOut, FanOutArgs, Sending};
use crate::cli::context::Context;
use crate::cli::endpoints::UploadArgs;
use crate::cli::error::CliError;
use crate::cli::mass_removal::{MassRemovalArgs, ask};
use crate::cli::session::Session;

/// Where a new record goes, who makes it, and what may go for it.
#[derive(Debug, clap::Args)]
pub struct PublicationArgs {
    #[command(flatten)]
    pub fan_out: FanOutArgs,
    #[command(flatten)]
    pub author: AuthorArgs,
    #[command(flatten)]
    pub permission: PermissionArgs,
}

/// What the user says of what is published.
#[derive(Debug, Default, clap::Args)]
pub struct PermissionArgs {
    /// Whatever is published now is known, this once: what goes is listed, and goes
    #[arg(long)]
    pub replace: bool,
    /// Send nothing unless this is what is published
    #[arg(long, value_name = "SEQUENCE|CID")]
    pub expect: Option<HistoryTarget>,
    #[command(flatten)]
    pub mass_removal: MassRemovalArgs,
}

impl PermissionArgs {
    /// With what the workspace says.
    pub fn get(&self, session: Option<&Session>) -> Permission {
        let always = session.is_some_and(|session| session.config.replace);
        let expect = self.expect.clone();
        Permission { replace: self.replace || always, expect, ..Permission::default() }
    }
}

/// A workspace under its lock, with its key, and the services its record goes to.
pub struct Publication<'a> {
    context: &'a Context,
    args: &'a PublicationArgs,
    /// The workspace.
    pub session: Session,
    /// The services.
    pub fan_out: FanOut,
    /// What may go.
    pub permission: Permission,
    /// Whether most of it may.
    pub removal: Removal<'a>,
    /// Until when a new record is valid, in place of what the flags say.
    pub validity: Option<Validity>,
    /// The only root that is published, where one was agreed to.
    pub root: Option<Cid>,
    key: IpnsKey,
    lock: Lock,
}

impl PublicationArgs {
    /// Opens the services, gets the key, and takes the lock.
    ///
    /// # Errors
    /// Exit 2 for flags that are wrong; those of services, key and lock.
    pub fn open<'a>(
        &'a self,
        context: &'a Context,
        mut session: Session,
    ) -> Result<Publication<'a>, CliError> {
        self.author.check()?;
        let fan_out = self.fan_out.open(context, Some(&session.config))?;
        let key = self.author.key(context, &mut session)?;
        self.open_with(context, session, fan_out, key)
    }

    /// As [`open`](Self::open), with services and key at hand.
    ///
    /// # Errors
    /// Those of the lock.
    pub fn open_with<'a>(
        &'a self,
        context: &'a Context,
        session: Session,
        fan_out: FanOut,
        key: IpnsKey,
    ) -> Result<Publication<'a>, CliError> {
        let permission = self.permission.get(Some(&session));
        let removal = self.permission.mass_removal.removal(&ask);
        let lock = session.workspace.lock()?;
        let (args, validity, root) = (self, None, None);
        Ok(Publication {
            context,
            args,
            session,
            fan_out,
            permission,
            removal,
            validity,
            root,
            key,
            lock,
        })
    }
}

impl Publication<'_> {
    /// Reads blocks from the nodes among `uploads` too.
    ///
    /// # Errors
    /// Exit 2 when one is no endpoint.
    pub fn reading(mut self, uploads: &UploadArgs) -> Result<Self, CliError> {
        let config = Some(&self.session.config);
        self.fan_out = self.fan_out.reading(uploads, self.context, config)?;
        Ok(self)
    }

    /// Whose record it is.
    pub fn name(&self) -> IpnsName {
        self.key.name()
    }

    /// The key, and how long a reader may keep a new record.
    pub fn key_and_ttl(&self) -> (IpnsKey, Duration) {
        (self.key.clone(), self.args.author.ttl)
    }

    /// Until when a new record is to be valid, where a flag says.
    pub fn given_validity(&self) -> Option<&Validity> {
        self.args.author.validity.as_ref()
    }

    /// Until when a new record would be valid.
    pub fn validity_of_new(&self) -> Validity {
        self.validity.clone().unwrap_or_else(|| validity_or_default(self.given_validity()))
    }

    /// Publishes; a new record has `sequence`, where one is given.
    ///
    /// # Errors
    /// Those that stop everything.
    pub fn send(
        self,
        subject: Subject<'_>,
        sequence: Option<u64>,
        missing: Missing,
    ) -> Result<PublishOutcome, CliError> {
        let Self { context, args, session, fan_out, permission, removal, .. } = self;
        let Self { validity, key, lock, .. } = self;
        let (workspace, config) = (&session.workspace, &session.config);
        let mut author = args.author.author(&key, sequence);
        if let (Some(planned), Author::Key { validity, .. }) = (validity, &mut author) {
            *validity = planned;
        }
        let judge = judge(&session, missing, context)?;
        let by_config = config.replace && !args.permission.replace && permission.replace;
        let sending = Sending {
            locked: Some((workspace, lock)),
            names: (Some(config.name()), key.name()),
            subject,
            author,
            judge: Some(judge),
            permission,
            removal,
        };
        let outcome = fan_out.send(context, sending)?;
        if by_config && !outcome.lost.is_empty() {
            context.output.note(
                "what others published was replaced by configuration ([publish] replace = true); an \
                 old job that runs again undoes this publication in the same way",
            );
        }
        Ok(outcome)
    }
}

/// Who tells what a publication loses, and what it removes on purpose.
///
/// # Errors
/// A wrong `records.toml`.
pub fn judge(session: &Session, missing: Missing, context: &Context) -> Result<Judge, CliError> {
    let wanted = wanted(session)?;
    Ok(Judge::new(&session.config, wanted, missing).with_keys(context.own_keys()))
}

/// What is wanted; without the file that is not known, and nothing is removed on purpose.
///
/// # Errors
/// A wrong `records.toml`.
pub fn wanted(session: &Session) -> Result<Option<Arc<Records>>, CliError> {
    let Session { workspace, config } = session;
    let is_there = workspace.records_path().exists();
    Ok(is_there.then(|| workspace.wanted(config)).transpose()?)
}
