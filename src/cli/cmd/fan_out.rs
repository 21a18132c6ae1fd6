//! What `publish`, `renew` and `rollback` share: a record to every publisher, read back from
//! each and from the gateways.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use namesys::ens::Name;
use namesys::ipns::{Publisher, ReadBack, VerifiedRecord};
use namesys::keys::IpnsKey;
use namesys::net::Http;
use namesys::publish::{
    Agreement, Author, Patience, PublishNotice, PublishOutcome, PublishRequest, Sight, SightOf,
    Subject, TargetOutcome, agreement, publish, wait_for_agreement,
};
use namesys::resolve::Gateway;
use namesys::workspace::{Config, Lock, RecordedKeys, Workspace};

use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::IpnsKeyArgs;
use crate::cli::session::{DeriveArgs, KeysFor, Session};
use crate::cli::values::{duration, time};

/// A year, w3name's own default.
const VALIDITY: SignedDuration = SignedDuration::from_hours(365 * 24);
/// The first wait between two rounds of asking.
const EVERY: Duration = Duration::from_secs(1);

/// Who makes new records, and how.
#[derive(Debug, clap::Args)]
pub struct AuthorArgs {
    /// Until when a new record is valid [default: a year on]
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    pub validity: Option<Timestamp>,
    /// How long a reader may keep a new record
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    pub ttl: Duration,
    #[command(flatten)]
    pub ipns_key: IpnsKeyArgs,
    #[command(flatten)]
    pub derive: DeriveArgs,
}

/// Where a record goes, and when that is enough.
#[derive(Debug, clap::Args)]
pub struct FanOutArgs {
    /// How many publishers, or web hosts, must serve what is published [default: all]
    #[arg(long, value_name = "N")]
    pub require: Option<usize>,
    /// Wait until publishers and gateways serve the record (web hosts the files), at most so long
    /// (10m when no duration is given); a gateway or cache may keep an older one until its TTL has
    /// passed
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1,
          require_equals = true, default_missing_value = "10m")]
    pub wait: Option<Duration>,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    gateways: GatewayArgs,
}

/// The services of [`FanOutArgs`].
pub struct FanOut {
    /// Every one gets the record.
    pub publishers: Vec<Box<dyn Publisher>>,
    gateways: Vec<Gateway>,
    require: usize,
    wait: Option<Duration>,
    http: Http,
}

impl AuthorArgs {
    /// Refuses a validity that has passed.
    ///
    /// # Errors
    /// Exit 2.
    pub fn check(&self) -> Result<(), CliError> {
        if self.validity.is_some_and(|validity| validity <= Timestamp::now()) {
            let message = "--validity has passed already: nobody would take the record";
            return Err(CliError::usage(message));
        }
        Ok(())
    }

    /// The IPNS key of the workspace: given, or derived from the wallet.
    ///
    /// # Errors
    /// Those of key and wallet, and when it is another than the workspace's.
    pub fn key(&self, context: &Context, session: &mut Session) -> Result<IpnsKey, CliError> {
        if let Some(key) = self.ipns_key.get(context)? {
            let keys = RecordedKeys { ipns_name: Some(key.name()), ..RecordedKeys::default() };
            session.record_keys(&keys)?;
            return Ok(key);
        }
        let recorded = session.config.recorded_keys()?;
        let deriver = self.derive.open(context, KeysFor::from(&session.config), &recorded)?;
        let key = context.block_on(deriver.ipns_key())?;
        session.record_keys(&deriver.recorded(Some(&key), None))?;
        Ok(key)
    }

    /// Says that the root has not changed, and what of the flags has no effect then.
    pub fn note_reuse(&self, context: &Context, record: &VerifiedRecord, is_new: bool) {
        if is_new {
            return;
        }
        context.output.note("the root has not changed: the same record, for those that lack it");
        if self.validity.is_some_and(|asked| asked != record.fields().validity()) {
            context.output.warn(
                "--validity has no effect while the root is the same: namesys renew, or a higher \
                 --sequence, makes a new record",
            );
        }
    }

    /// The author of a new record.
    pub fn author<'a>(&self, key: &'a IpnsKey, sequence: Option<u64>) -> Author<'a> {
        let now = Timestamp::now();
        let year = || now.saturating_add(VALIDITY).unwrap_or(now);
        let validity = self.validity.unwrap_or_else(year);
        Author::Key { key, validity, ttl: self.ttl, sequence }
    }
}

impl FanOutArgs {
    /// Whether a flag names a publisher.
    pub fn names_publishers(&self) -> bool {
        self.publishers.are_given()
    }

    /// Opens the services.
    ///
    /// # Errors
    /// Exit 2 when one is no endpoint, or more are required than there are.
    pub fn open(&self, context: &Context, config: Option<&Config>) -> Result<FanOut, CliError> {
        let publishers = self.publishers.get(context, config)?;
        let require = required(self.require, "publishers", publishers.len())?;
        let gateways = self.gateways.get(context, config)?;
        Ok(FanOut { publishers, gateways, require, wait: self.wait, http: context.http()? })
    }
}

/// How many of `count` targets must serve what is published: all, unless `--require` says.
///
/// # Errors
/// Exit 2 for none, or for more than there are.
pub fn required(asked: Option<usize>, what: &str, count: usize) -> Result<usize, CliError> {
    match asked.unwrap_or(count) {
        0 => Err(CliError::usage("--require 0 would count what nobody serves as published")
            .hint("require 1 at least")),
        require if require > count => {
            let message = format!("--require is above the number of {what}, {count}");
            Err(CliError::usage(message).hint(format!("add {what}, or require fewer")))
        }
        require => Ok(require),
    }
}

/// What came of it, and what of that is a failure.
pub type Sent = (PublishOutcome, Agreement, Option<CliError>);

impl FanOut {
    /// Publishes and looks whether it is seen. The workspace's lock is given back once the record
    /// is out: others need not wait for gateways.
    ///
    /// # Errors
    /// Those that stop everything.
    pub fn send(
        &self,
        context: &Context,
        locked: Option<(&Workspace, Lock)>,
        (ens_name, name): (&Name, namesys::keys::IpnsName),
        subject: Subject<'_>,
        author: Author<'_>,
    ) -> Result<Sent, CliError> {
        let output = context.output;
        let notice = move |notice: &PublishNotice| output.warn(notice);
        let request = PublishRequest {
            workspace: locked.as_ref().map(|(workspace, _)| *workspace),
            name,
            subject,
            author,
            publishers: &self.publishers,
            now: Timestamp::now(),
            read_back: ReadBack::default(),
            notice: &notice,
        };
        context.block_on(async {
            let mut outcome = publish(&request).await?;
            drop(locked);
            let seen = self.look(context, ens_name, &mut outcome).await;
            let error = failure(&outcome, self.require)
                .or_else(|| superseded(&seen))
                .or_else(|| self.disagreement(&seen));
            Ok((outcome, seen, error))
        })
    }

    /// Asks the gateways; with `--wait` the publishers too, until all agree.
    async fn look(
        &self,
        context: &Context,
        name: &Name,
        outcome: &mut PublishOutcome,
    ) -> Agreement {
        let taken = outcome.publications.iter().filter(|target| target.ok || target.sent).count();
        if taken == 0 || (self.wait.is_some() && taken < self.require) {
            return Agreement::default();
        }
        let record = outcome.record.clone();
        let of = |publishers| SightOf {
            record: &record,
            name,
            publishers,
            gateways: &self.gateways,
            http: &self.http,
        };
        let Some(limit) = self.wait else {
            return agreement(&of(&[]), Timestamp::now()).await;
        };
        let patience = Patience { limit, every: EVERY };
        let output = context.output;
        let round = move |seen: &Agreement| {
            for Sight { from, error, .. } in seen.behind() {
                let reason = error.as_deref().unwrap_or_default();
                output.note(format_args!("waiting for {from}: {reason}"));
            }
        };
        let seen = wait_for_agreement(&of(&self.publishers), self.require, patience, &round).await;
        for (target, sight) in outcome.publications.iter_mut().zip(&seen.publishers) {
            if sight.ok == Some(true) && !target.ok {
                (target.ok, target.read_back, target.error) = (true, true, None);
            }
        }
        seen
    }

    fn disagreement(&self, seen: &Agreement) -> Option<CliError> {
        let limit = self.wait?;
        if seen.is_reached(self.require) {
            return None;
        }
        let behind: Vec<String> = seen.behind().map(|sight| sight.from.clone()).collect();
        let seconds = limit.as_secs();
        let message = format!("not served after {seconds} s: {}", behind.join(", "));
        Some(CliError::new(Exit::Failed, "not-agreed", message).hint(
            "the record is published; a gateway may keep an older one until its TTL has passed: \
             wait longer (--wait=1h), or look again later",
        ))
    }
}

fn failure(outcome: &PublishOutcome, require: usize) -> Option<CliError> {
    let failed = |targets: &[TargetOutcome]| targets.iter().filter(|target| !target.ok).count();
    let uploads_failed = failed(&outcome.uploads);
    let served = outcome.publications.iter().filter(|target| target.read_back).count();
    let message = if uploads_failed > 0 && uploads_failed == outcome.uploads.len() {
        "no upload succeeded, so the IPNS name was left as it is".to_owned()
    } else if uploads_failed > 0 {
        format!("{uploads_failed} of {} uploads failed", outcome.uploads.len())
    } else if served < require {
        format!("{served} of the {require} publishers that are required serve the record")
    } else {
        return None;
    };
    Some(
        CliError::new(Exit::Failed, "incomplete", message)
            .hint("run the same again: what succeeded is not done twice"),
    )
}

/// A higher sequence is out that no publisher told of: its readers never come to ours.
fn superseded(seen: &Agreement) -> Option<CliError> {
    let Sight { from, error, sequence, .. } = seen.superseded()?;
    let reason = error.as_deref().unwrap_or_default();
    let next = sequence.unwrap_or_default().saturating_add(1);
    let message = format!("{from}: {reason}");
    Some(CliError::new(Exit::Failed, "superseded", message).hint(format!(
        "it was published elsewhere, or by a service that lost it since; readers keep the higher \
         one: publish with --sequence {next}"
    )))
}
