//! The steps of a rotation, up to the one that gives the workspace its new keys.

use std::path::Path;
use std::sync::Arc;

use cid::Cid;
use namesys::ipfs::upload::Upload;
use namesys::ipns::VerifiedRecord;
use namesys::keys::IpnsKey;
use namesys::publish::{Permission, PublishOutcome, Shortfall, Source, Subject, TemporaryCar};
use namesys::published::{BaseFile, Judge, Missing};
use namesys::report::{ErrorKind, RotateReport};
use namesys::workspace::{
    ApprovalMode, Config, Facts, Lock, Rotation, SignOutcome, SignRequest, Signer, check_workspace,
    sign_into,
};

use super::Args;
use super::keys::Keys;
use crate::cli::cmd::pack::pack_car;
use crate::cli::cmd::publish::fan_out::{FanOut, Sending};
use crate::cli::cmd::publish::refuse_invalid;
use crate::cli::cmd::publish::report::report as publish_report;
use crate::cli::cmd::sign::report as sign_report;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::mass_removal::ask;
use crate::cli::progress::{Progress, Unit};
use crate::cli::session::Session;

/// What a rotation works with.
pub struct Course<'a> {
    args: &'a Args,
    context: &'a Context,
    keys: &'a Keys,
    old_key: IpnsKey,
    fan_out: FanOut,
    uploads: Vec<Box<dyn Upload>>,
    _lock: Lock,
}

impl<'a> Course<'a> {
    /// Opens the services, gets the old key, and takes the lock.
    ///
    /// # Errors
    /// Those of services, key and lock.
    pub fn open(
        args: &'a Args,
        context: &'a Context,
        session: &mut Session,
        keys: &'a Keys,
    ) -> Result<Self, CliError> {
        let config = Some(&session.config);
        let fan_out = args.publication.fan_out.open(context, config)?;
        let fan_out = fan_out.reading(&args.uploads, context, config)?;
        let uploads = args.uploads.get(context, Some(&session.config))?;
        let old_key = keys.old_key(args, context, session)?;
        let _lock = session.lock()?;
        if session.config.keys().ipns_name != keys.old.ipns_name {
            let message = "the workspace was given other keys meanwhile";
            return Err(CliError::new(Exit::Failed, ErrorKind::Changed, message)
                .hint("namesys status shows them; then the same command again, if it is wanted"));
        }
        Ok(Self { args, context, keys, old_key, fan_out, uploads, _lock })
    }

    /// Everything but the chain. What was done stands in the report, also where it ends early; the
    /// workspace is as it was then.
    ///
    /// # Errors
    /// Those of signing and publishing; exit 1 where something else is published under the old name
    /// at the end than at the beginning.
    pub fn go(&self, session: &mut Session, report: &mut RotateReport) -> Result<(), CliError> {
        let mut config = session.config.clone();
        config.rotate(&self.keys.recorded);
        let rotation = Rotation::begin(&session.workspace, &config)?;
        let mut signed = SignOutcome::default();
        self.sign(session, &rotation, &mut config, &mut signed)?;
        self.check(session, &rotation, &config)?;
        let before = self.look(session)?;
        let outcome = self.publish(session, &rotation, &config)?;
        report.publish = Some(publish_report(&outcome, Vec::new()));
        if let Some(shortfall) = outcome.shortfall {
            return Err(self.short(shortfall));
        }
        self.check_unchanged(session, &before, &self.look(session)?)?;
        report.former_validity = self.renew(session);
        rotation.commit(&signed, &config)?;
        report.sign = Some(sign_report(&signed, self.signer(&config)));
        session.config = config;
        report.rotated = true;
        Ok(())
    }

    fn signer(&self, config: &Config) -> Signer<'_> {
        match config.approval_mode() {
            Some(ApprovalMode::Owner) => Signer::Owner(&self.keys.wallet),
            _ => Signer::Key(&self.keys.signer),
        }
    }

    /// Signs everything that is wanted, in the copy.
    fn sign(
        &self,
        session: &Session,
        rotation: &Rotation<'_>,
        config: &mut Config,
        signed: &mut SignOutcome,
    ) -> Result<(), CliError> {
        let records = session.workspace.records(&session.config)?;
        let removal = self.args.publication.permission.mass_removal.removal(&ask);
        let request = SignRequest {
            wallet: Some(&self.keys.wallet),
            force: true,
            removal,
            stop: self.context.stop()?,
            ..SignRequest::new(
                rotation.workspace(),
                &records,
                self.signer(config),
                config.approval_mode().unwrap_or_default(),
            )
        };
        let bar = self.context.output.progress("signing", Unit::Things("records"));
        let progress = |done, total| bar.at(done, total);
        let ended = self
            .context
            .block_on(async { Ok(sign_into(&request, config, &progress, signed).await?) });
        bar.finish();
        ended
    }

    /// As `publish` does: nothing that the resolver would refuse is published.
    fn check(
        &self,
        session: &Session,
        rotation: &Rotation<'_>,
        config: &Config,
    ) -> Result<(), CliError> {
        let checked = check_workspace(rotation.workspace(), &Facts::of(config), &|| ())?;
        let wanted = session.workspace.records(&session.config)?;
        refuse_invalid(self.context, Some(&wanted), checked)
    }

    /// What stands under the name that is left.
    fn look(&self, session: &Session) -> Result<Seen, CliError> {
        let known = BaseFile::read(&session.workspace)?.of(&self.keys.former());
        let names = (session.config.name(), &self.keys.former());
        let look = self.fan_out.look(self.context, names, known.base.as_ref())?;
        let mut records: Vec<VerifiedRecord> =
            look.standing.newest.into_iter().map(|stands| stands.record).collect();
        records.sort_by(|a, b| a.bytes().cmp(b.bytes()));
        let silent = look.silent.len();
        Ok(Seen { records, silent, silent_first: look.silent_first })
    }

    /// Whether the same stands there as before. Silence is no answer: not of the publisher that
    /// decides, and not of one that answered before.
    fn check_unchanged(
        &self,
        session: &Session,
        before: &Seen,
        after: &Seen,
    ) -> Result<(), CliError> {
        let may_lose = self.args.publication.permission.get(Some(session)).replace;
        let reason = match &after.silent_first {
            Some(reason) if !may_lose => Some(reason.clone()),
            _ if after.silent > before.silent => Some("a publisher is silent now".to_owned()),
            _ => None,
        };
        let Some(reason) = reason else {
            return match before.records == after.records {
                true => Ok(()),
                false => Err(self.changed()),
            };
        };
        let message = format!(
            "whether something was published under {} meanwhile could not be checked: {reason}",
            self.keys.former()
        );
        Err(CliError::new(Exit::Failed, ErrorKind::Unreachable, message).hint(
            "the workspace has its former keys still: the same command again, once the publisher \
             answers",
        ))
    }

    /// Publishes under the new name, unless something of what stands under either would be lost.
    fn publish(
        &self,
        session: &Session,
        rotation: &Rotation<'_>,
        config: &Config,
    ) -> Result<PublishOutcome, CliError> {
        let Self { context, .. } = self;
        let workspace = &session.workspace;
        let car = TemporaryCar::new_in(&workspace.temporary_dir()?)?;
        let source = Source::WellKnown(rotation.workspace().dir().to_owned());
        let root = pack_car(context, source, car.path())?.root;
        let bar = context.output.progress("uploading", Unit::Bytes);
        let tree = Tree { session, config, car: car.path(), root, bar: &bar };
        let permission = self.args.publication.permission.get(Some(session));
        let replace = permission.replace;
        let would_be = self.sending(&tree, &self.old_key, permission);
        let would_be = would_be.and_then(|it| self.fan_out.rehearse(context, workspace, it));
        let would_be = match would_be {
            Ok(would_be) if would_be.shortfall.is_none() => would_be,
            ended => {
                bar.finish();
                return ended;
            }
        };
        let permission = Permission { replace, ..Permission::default() };
        let sent = self.sending(&tree, &self.keys.ipns, permission);
        let sent = sent.and_then(|it| self.fan_out.keeping_lock(context, workspace, it));
        bar.finish();
        let outcome = sent?;
        Ok(PublishOutcome { lost: [would_be.lost, outcome.lost].concat(), ..outcome })
    }

    /// The tree under the name of `key`.
    fn sending<'b>(
        &'b self,
        tree: &Tree<'b>,
        key: &'b IpnsKey,
        permission: Permission,
    ) -> Result<Sending<'b>, CliError> {
        let Tree { session, config, car, root, bar } = *tree;
        let wanted = session.workspace.records(&session.config)?;
        let judge = Judge::new(config, Some(wanted), Missing::IsLost);
        let shown = bar.clone();
        Ok(Sending {
            locked: None,
            names: (Some(session.config.name()), key.name()),
            subject: Subject::Tree {
                car,
                root,
                part: None,
                uploads: &self.uploads,
                progress: Some(Arc::new(move |sent, total| {
                    shown.at_then(sent, total, "publishing, and reading it back");
                })),
            },
            author: self.args.publication.author.author(key, None),
            judge: Some(judge.with_keys(self.context.own_keys())),
            permission,
            removal: self.args.publication.permission.mass_removal.removal(&ask),
        })
    }

    /// What is last under the name that is left, valid for longer: until when. Where that fails, it
    /// is said, and `renew --former` does it.
    fn renew(&self, session: &Session) -> Option<String> {
        let (key, author) = (&self.old_key, &self.args.publication.author);
        let sending = Sending {
            locked: None,
            names: (Some(session.config.name()), key.name()),
            subject: Subject::Newest { foreign: false },
            author: author.author(key, None),
            judge: None,
            permission: Permission::default(),
            removal: self.args.publication.permission.mass_removal.removal(&ask),
        };
        let until = |record: &VerifiedRecord| record.fields().until();
        let reason = match self.fan_out.keeping_lock(self.context, &session.workspace, sending) {
            Ok(PublishOutcome { record, shortfall: None, .. }) => return Some(until(&record)),
            Ok(outcome) => outcome.shortfall.map(|short| short.to_string()).unwrap_or_default(),
            Err(error) if error.kind == ErrorKind::NotPublished => return None,
            // It is valid for long enough already.
            Err(error) if error.kind == ErrorKind::NotLater => String::new(),
            Err(error) => error.message,
        };
        if !reason.is_empty() {
            self.context.output.warn(format_args!(
                "the last record of {} was not renewed ({reason}): namesys renew --former",
                key.name()
            ));
        }
        self.look(session).ok()?.records.first().map(until)
    }

    /// What to do where something would be lost, or not all have it.
    fn short(&self, shortfall: Shortfall) -> CliError {
        let would_lose = matches!(shortfall, Shortfall::WouldLose { .. });
        let error = CliError::from(shortfall);
        match would_lose {
            true => error.hint(
                "take it over: namesys pull, then the same command again; or let it go, this once: \
                 --replace. The workspace has its former keys still",
            ),
            false => error,
        }
    }

    fn changed(&self) -> CliError {
        let message = format!(
            "something was published under {} meanwhile: it is not in what was published under {}",
            self.keys.former(),
            self.keys.name()
        );
        CliError::new(Exit::Failed, ErrorKind::Changed, message).hint(
            "the workspace has its former keys still: namesys pull takes it over, and the same \
             command again publishes it under the new name",
        )
    }
}

/// What stands under a name, as far as it is told.
struct Seen {
    records: Vec<VerifiedRecord>,
    /// How many publishers tell nothing.
    silent: usize,
    /// Why the publisher that decides tells nothing, where that is so.
    silent_first: Option<String>,
}

/// What is published.
#[derive(Clone, Copy)]
struct Tree<'a> {
    session: &'a Session,
    /// With the new keys.
    config: &'a Config,
    car: &'a Path,
    root: Cid,
    bar: &'a Progress,
}
