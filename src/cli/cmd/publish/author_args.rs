//! Who makes the new records of `publish`, `renew` and `rollback`: the key, until when they are
//! valid, and their sequence.

use std::time::Duration;

use jiff::Timestamp;
use namesys::ipns::{Validity, VerifiedRecord};
use namesys::keys::IpnsKey;
use namesys::publish::Author;
use namesys::workspace::RecordedKeys;

use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::CliError;
use crate::cli::keys_args::IpnsKeyArgs;
use crate::cli::prompt::confirm;
use crate::cli::session::Session;
use crate::cli::values::{duration, from_now, validity};

/// The highest sequence that all programs take (an int64 in some).
const LAST_SEQUENCE: u64 = i64::MAX as u64;
/// No name comes so far by publishing.
const HIGH_SEQUENCE: u64 = 1 << 62;
/// A year, w3name's own default.
const VALIDITY: Duration = Duration::from_secs(365 * 24 * 3600);

/// Who makes new records, and how.
#[derive(Debug, clap::Args)]
pub struct AuthorArgs {
    /// Until when a new record is valid, or for how long (90d) [default: a year on, rounded down to
    /// the hour]
    #[arg(long, value_name = "RFC3339|DURATION", value_parser = validity)]
    pub validity: Option<Validity>,
    /// How long a reader may keep a new record
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    pub ttl: Duration,
    #[command(flatten)]
    pub ipns_key: IpnsKeyArgs,
    #[command(flatten)]
    pub derive: DeriveArgs,
}

impl AuthorArgs {
    /// Refuses a validity that has passed.
    ///
    /// # Errors
    /// Exit 2.
    pub fn check(&self) -> Result<(), CliError> {
        if self.validity.as_ref().is_some_and(|until| until.instant() <= Timestamp::now()) {
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
        let key = self.find_key(context, session)?;
        context.keep_secret(&key);
        Ok(key)
    }

    fn find_key(&self, context: &Context, session: &mut Session) -> Result<IpnsKey, CliError> {
        let recorded = session.config.keys().clone();
        if let Some(key) = self.derive.ipns_at_hand(&self.ipns_key, context, &recorded)? {
            let keys = RecordedKeys { ipns_name: Some(key.name()), ..RecordedKeys::default() };
            session.record_keys(&keys)?;
            self.derive.remember.keep(context, Some(&key), None)?;
            return Ok(key);
        }
        let mut deriver = self.derive.open(context, KeysFor::from(&session.config), &recorded)?;
        // What is remembered is for a day's work: both.
        let (key, signer) = match self.derive.wants_both(&deriver) {
            true => deriver.both(context).map(|(key, signer)| (key, Some(signer)))?,
            false => (deriver.ipns_key(context)?, None),
        };
        session.record_keys(&deriver.recorded(Some(&key), signer.as_ref()))?;
        self.derive.remember.keep(context, Some(&key), signer.as_ref())?;
        Ok(key)
    }

    /// Says that the root has not changed, and what of the flags has no effect then.
    pub fn note_reuse(&self, context: &Context, record: &VerifiedRecord, is_new: bool) {
        if is_new {
            return;
        }
        context.output.note("the root has not changed: the same record, for those that lack it");
        if self.validity.as_ref().is_some_and(|until| until.instant() != record.fields().validity())
        {
            context.output.warn(
                "--validity has no effect while the root is the same: namesys renew, or a higher \
                 --sequence, makes a new record",
            );
        }
    }

    /// The author of a new record.
    pub fn author<'a>(&self, key: &'a IpnsKey, sequence: Option<u64>) -> Author<'a> {
        let validity = validity_or_default(self.validity.as_ref());
        Author::Key { key, validity, ttl: self.ttl, sequence }
    }
}

/// Until when a new record is valid: as given, or a year on.
pub fn validity_or_default(given: Option<&Validity>) -> Validity {
    let year = || from_now(VALIDITY).unwrap_or_else(|_| Timestamp::now()).into();
    given.cloned().unwrap_or_else(year)
}

/// What comes after a sequence has to be higher: one near the end leaves a name no future.
///
/// # Errors
/// Exit 2 from 2^63 on, which other programs do not take, and near it without a yes.
pub fn check_sequence(sequence: Option<u64>) -> Result<(), CliError> {
    let Some(sequence) = sequence.filter(|sequence| *sequence > HIGH_SEQUENCE) else {
        return Ok(());
    };
    let next = "the highest known, and one more, is taken without --sequence";
    let Some(left) = LAST_SEQUENCE.checked_sub(sequence) else {
        let message =
            format!("--sequence {sequence} is over {LAST_SEQUENCE}, the highest there is");
        return Err(CliError::usage(message).hint(next));
    };
    let question = format!(
        "After --sequence {sequence} only {left} more records of the name can ever be published. Go on?"
    );
    match confirm(&question, "a lower --sequence, or none")? {
        true => Ok(()),
        false => Err(CliError::usage("nothing was published").hint(next)),
    }
}
