//! The errors of publishing as a person and a script see them; the rest of `error.rs`.

use namesys::ipfs::{BlockError, CarError};
use namesys::ipns::RecordError;
use namesys::publish::site::{SiteError, SiteFault, SiteStopped};
use namesys::publish::{
    AheadError, NotInHistory, PackFailed, ParcelError, PrivateKeyError, PublishTreeError,
    RequireError, SeriesError, Shortfall, StateError, StatusFault,
};
use namesys::report::ErrorKind;

use super::error::{CliError, Exit};
use super::mass_removal;

impl From<StateError> for CliError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Workspace(error) => error.into(),
            StateError::Record { .. } => {
                Self::new(Exit::Unverified, ErrorKind::BadHistory, error.to_string())
            }
        }
    }
}

impl From<AheadError> for CliError {
    fn from(error: AheadError) -> Self {
        let message = error.to_string();
        match error {
            AheadError::Unsigned { .. } => Self::new(Exit::Failed, ErrorKind::Unsigned, message)
                .hint("namesys sign; nothing was sent"),
            AheadError::TooMany(_) => Self::new(Exit::Failed, ErrorKind::Unsupported, message)
                .hint("keep only the phases of the next time in records.toml"),
            AheadError::Sequence => Self::new(Exit::Failed, ErrorKind::SequenceTooLow, message)
                .hint("no further record of this name can be published"),
            AheadError::Overtaken => {
                Self::new(Exit::Failed, ErrorKind::Changed, message).hint("the same command again")
            }
            AheadError::NotWrittenDown(_) => {
                Self::new(Exit::Failed, ErrorKind::BadPublication, message).hint(
                    "nothing was sent; restore published.toml (git has it), or sign all anew: \
                     namesys publish --ahead",
                )
            }
            AheadError::Read(_) => Self::new(Exit::Failed, ErrorKind::Io, message),
            AheadError::Key(error) => error.into(),
            AheadError::Tree(error) => error.into(),
            AheadError::Pack(error) => error.into(),
            AheadError::Record(error) => error.into(),
            AheadError::Series(error) => Self::from(error).hint(
                "nothing was sent; move it out of phases/ipns, which is of this name alone, then \
                 namesys publish --ahead",
            ),
            AheadError::Workspace(error) => error.into(),
            AheadError::State(error) => error.into(),
        }
    }
}

impl From<PublishTreeError> for CliError {
    fn from(error: PublishTreeError) -> Self {
        let message = error.to_string();
        match error {
            PublishTreeError::SequenceTooLow { known, .. } => {
                Self::new(Exit::Failed, ErrorKind::SequenceTooLow, message).hint(format!(
                    "leave --sequence out, or give at least {}",
                    known.saturating_add(1)
                ))
            }
            PublishTreeError::SignedOutdated { .. } => {
                Self::new(Exit::Failed, ErrorKind::Outdated, message)
                    .hint("sign it again where the keys are: namesys publish --sign-only DIR")
            }
            PublishTreeError::NothingPublished { failed, .. } if failed.is_empty() => {
                Self::new(Exit::NotFound, ErrorKind::NotPublished, message).hint("namesys publish")
            }
            PublishTreeError::NothingPublished { .. } => {
                Self::new(Exit::Failed, ErrorKind::Unreachable, message).hint("try again later")
            }
            PublishTreeError::UnknownPublished { .. } => {
                Self::new(Exit::Failed, ErrorKind::UnknownPublished, message).hint(
                    "try again when it answers, or name another gateway that has it (--gateway \
                     URL); namesys pull --partial takes over what can be read; --replace publishes \
                     whatever is there",
                )
            }
            PublishTreeError::MassRemoval(_) => mass_removal::refused(message),
            PublishTreeError::NotExpected { .. } => {
                Self::new(Exit::Failed, ErrorKind::Changed, message)
                    .hint("take over what is published now: namesys pull; namesys status shows it")
            }
            PublishTreeError::NotPlanned { .. } => {
                Self::new(Exit::Failed, ErrorKind::Changed, message).hint(
                    "take over what is published now (namesys pull), and plan again: namesys plan",
                )
            }
            PublishTreeError::NotOver { .. } => Self::new(
                Exit::Failed,
                ErrorKind::Changed,
                message,
            )
            .hint(
                "take over what is published now (namesys pull), and sign it again where the keys \
                     are; --replace publishes it all the same",
            ),
            PublishTreeError::Foreign { .. } => {
                Self::new(Exit::Failed, ErrorKind::OtherValue, message).hint(
                    "take it over: namesys pull; or renew it as it is: namesys renew --foreign; \
                     published.toml, which tells what was seen, belongs in git",
                )
            }
            PublishTreeError::NotLater { .. } => {
                Self::new(Exit::Usage, ErrorKind::NotLater, message)
                    .hint("give a later one: --validity RFC3339")
            }
            PublishTreeError::ClockBehind { .. } => {
                Self::new(Exit::Failed, ErrorKind::Clock, message)
                    .hint("set the clock right, then run the same again")
            }
            PublishTreeError::SequenceExhausted(_) => {
                Self::new(Exit::Failed, ErrorKind::SequenceExhausted, message)
            }
            PublishTreeError::Record(error) => error.into(),
            PublishTreeError::State(error) => error.into(),
        }
    }
}

impl From<SiteError> for CliError {
    fn from(error: SiteError) -> Self {
        let (exit, kind) = match &error {
            SiteError::Link { .. } => (Exit::Usage, ErrorKind::BadTree),
            SiteError::Settings { .. } => (Exit::Usage, ErrorKind::BadSite),
            _ => (Exit::Failed, ErrorKind::Site),
        };
        Self::new(exit, kind, error.to_string())
    }
}

impl From<SiteStopped> for CliError {
    fn from(error: SiteStopped) -> Self {
        match error {
            SiteStopped::Tree(error) => error.into(),
            SiteStopped::MassRemoval { .. } => mass_removal::refused(error.to_string()),
            SiteStopped::Workspace(error) => error.into(),
        }
    }
}

impl From<ParcelError> for CliError {
    fn from(error: ParcelError) -> Self {
        let message = error.to_string();
        match error {
            ParcelError::Io { .. } => Self::new(Exit::Failed, ErrorKind::Io, message)
                .hint("the folder is what namesys publish --sign-only DIR writes, all of it"),
            ParcelError::Record { error: RecordError::Expired { .. }, .. } => {
                Self::new(Exit::Unverified, ErrorKind::Expired, message)
                    .hint("sign it again where the keys are: namesys publish --sign-only DIR")
            }
            // What cannot be checked is not false.
            ParcelError::Car { ref error, .. }
                if matches!(**error, CarError::Block(BlockError::HashFunction { .. })) =>
            {
                Self::new(Exit::Failed, ErrorKind::Unsupported, message)
            }
            _ => Self::new(Exit::Unverified, ErrorKind::BadPublication, message)
                .hint("it was changed or damaged on the way: copy it again"),
        }
    }
}

impl From<SeriesError> for CliError {
    fn from(error: SeriesError) -> Self {
        let message = error.to_string();
        match error {
            SeriesError::Io { .. } => Self::new(Exit::Failed, ErrorKind::Io, message).hint(
                "the folder is what namesys ipns sign --count N --every 30d --out DIR writes",
            ),
            SeriesError::Record { .. } => {
                Self::new(Exit::Unverified, ErrorKind::BadIpnsRecord, message)
                    .hint("is it of this name? --name k51… gives another")
            }
            SeriesError::Unfit { .. } => {
                Self::new(Exit::Failed, ErrorKind::BadPublication, message)
                    .hint("keep one series in a folder, and its files as they are called")
            }
        }
    }
}

impl From<PackFailed> for CliError {
    fn from(error: PackFailed) -> Self {
        let message = error.to_string();
        match error {
            PackFailed::Pack(error) => error.into(),
            PackFailed::Write { .. } => Self::new(Exit::Failed, ErrorKind::Io, message),
        }
    }
}

impl From<PrivateKeyError> for CliError {
    fn from(error: PrivateKeyError) -> Self {
        let message = error.to_string();
        match error {
            PrivateKeyError::Found { .. } => {
                Self::new(Exit::Failed, ErrorKind::PrivateKey, message).hint(
                    "move the file out of .well-known; where it was public before, the key is \
                     everybody's by now: replace it",
                )
            }
            PrivateKeyError::Io { .. } => Self::new(Exit::Failed, ErrorKind::Io, message),
        }
    }
}

impl From<RequireError> for CliError {
    fn from(error: RequireError) -> Self {
        let hint = match error {
            RequireError::Nobody => "require 1 at least".to_owned(),
            RequireError::TooMany { what, .. } => format!("add {what}, or require fewer"),
        };
        Self::usage(error.to_string()).hint(hint)
    }
}

impl From<Shortfall> for CliError {
    fn from(error: Shortfall) -> Self {
        let again = "run the same again: what succeeded is not done twice";
        let (kind, hint) = match &error {
            Shortfall::Publishers { without_network, .. } if !without_network.is_empty() => (
                ErrorKind::Incomplete,
                format!(
                    "{} stored the record and cannot tell anybody: start `ipfs daemon` without \
                     --offline; or publish through its gateway, with Gateway.ExposeRoutingAPI: \
                     --publisher routing=http://127.0.0.1:8080 for instance",
                    without_network.join(", ")
                ),
            ),
            Shortfall::WouldLose { .. } => (
                ErrorKind::WouldLose,
                "take it over: namesys pull, then namesys publish again; or let it go, this once: \
                 --replace. Where another machine published, published.toml belongs in git with \
                 the records; where this workspace is the whole truth: [publish] replace = true"
                    .to_owned(),
            ),
            Shortfall::WouldLoseFiles { .. } => (
                ErrorKind::WouldLose,
                "copy what is there into this workspace and sign it; or let it go, this once: \
                 --replace. Where another machine published, published.toml belongs in git with \
                 the records; where this workspace is the whole truth: [publish] replace = true"
                    .to_owned(),
            ),
            Shortfall::NoUpload => (
                ErrorKind::Incomplete,
                format!(
                    "start the node (`ipfs daemon`), or name where else the tree goes: [[uploads]] \
                     in namesys.toml, or --upload KIND=URL; then {again}"
                ),
            ),
            Shortfall::Uploads { .. } | Shortfall::Publishers { .. } => {
                (ErrorKind::Incomplete, again.to_owned())
            }
            Shortfall::Superseded { next, .. } => (
                ErrorKind::Superseded,
                format!(
                    "it was published elsewhere, or by a service that lost it since; readers keep \
                     the higher one: publish with --sequence {next}"
                ),
            ),
            Shortfall::NotAgreed { .. } => (
                ErrorKind::NotAgreed,
                "the record is published; a gateway may keep an older one until its TTL has \
                 passed: wait longer (--wait=1h), or look again later"
                    .to_owned(),
            ),
            Shortfall::Sites { unseen: true, .. } => (
                ErrorKind::Incomplete,
                "the files are written: once the host has them (rsync, git push, a deployment) \
                 and its caches let go of older ones, run the same again, or wait for it: \
                 --wait=10m"
                    .to_owned(),
            ),
            Shortfall::Sites { unseen: false, .. } => {
                (ErrorKind::Incomplete, format!("mend what is said, and {again}"))
            }
        };
        Self::new(Exit::Failed, kind, error.to_string()).hint(hint)
    }
}

impl From<NotInHistory> for CliError {
    fn from(error: NotInHistory) -> Self {
        Self::new(Exit::NotFound, ErrorKind::NotPublished, error.to_string())
            .hint("namesys log lists what was")
    }
}

impl From<StatusFault> for CliError {
    fn from(error: StatusFault) -> Self {
        let message = error.to_string();
        let (exit, kind, hint) = match error {
            StatusFault::Unverified(error) => {
                return Self::from(error).hint(
                    "namesys publish replaces it at a service; a file that is not ours is left as \
                     it is",
                );
            }
            StatusFault::Expired { .. } => {
                (Exit::Failed, ErrorKind::Expired, "renew it: namesys renew")
            }
            StatusFault::Foreign { .. } => (
                Exit::Failed,
                ErrorKind::OtherValue,
                "somebody published with the same key, elsewhere: namesys pull takes it over",
            ),
            StatusFault::ExpiresSoon { .. } => {
                (Exit::Failed, ErrorKind::ExpiresSoon, "renew it: namesys renew")
            }
            StatusFault::Unreachable { .. } => {
                (Exit::Failed, ErrorKind::Unreachable, "ask again later")
            }
            StatusFault::NotPublished(_) => {
                (Exit::NotFound, ErrorKind::NotPublished, "namesys publish")
            }
            StatusFault::Drift(_) => (
                Exit::Failed,
                ErrorKind::Drift,
                "namesys publish gives it to those that lack it, and namesys renew a newer one to \
                 all",
            ),
        };
        Self::new(exit, kind, message).hint(hint)
    }
}

impl From<SiteFault> for CliError {
    fn from(error: SiteFault) -> Self {
        let publish = "namesys publish --to https";
        let (exit, kind, hint) = match &error {
            SiteFault::Unreachable { .. } => {
                (Exit::Failed, ErrorKind::Unreachable, "namesys doctor says more about it")
            }
            SiteFault::NotServed { .. } => (
                Exit::Failed,
                ErrorKind::NotServed,
                "has the host got the files (rsync, git push)? A cache may keep older ones; \
                 namesys publish --to https --wait=10m looks until all are there",
            ),
            SiteFault::NotPublished { .. } => (Exit::NotFound, ErrorKind::NotPublished, publish),
            SiteFault::Drift { .. } => (Exit::Failed, ErrorKind::Drift, publish),
        };
        Self::new(exit, kind, error.to_string()).hint(hint)
    }
}
