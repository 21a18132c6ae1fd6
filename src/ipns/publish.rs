//! Services that keep IPNS records for others to find.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::{RecordError, VerifiedRecord};
use crate::keys::IpnsName;
use crate::net::{NetError, Response, beside};

/// Who serves IPNS records: a service that keeps them, or a gateway that reads from one.
#[async_trait]
pub trait RecordSource: Send + Sync {
    /// Kind and address, for a person: `w3name at https://name.web3.storage/`.
    fn describe(&self) -> String;

    /// The record it has for `name`, its signature checked. It may have expired.
    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError>;
}

/// A service that takes IPNS records too.
#[async_trait]
pub trait Publisher: RecordSource {
    /// The service's address.
    fn url(&self) -> &Url;

    /// Whether the service would take a record from us, as far as one cheap question tells that
    /// changes nothing there.
    async fn may_put(&self) -> Result<(), PublishError> {
        Ok(())
    }

    /// Gives the service a record. That it has it already is success.
    async fn put(&self, record: &VerifiedRecord) -> Result<(), PublishError>;
}

/// Why a record was not published, or not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The service serves something that is not a record of the name.
    #[error("{from} serves a bad record for {name}: {reason}")]
    BadRecord {
        /// The service.
        from: String,
        /// Whose record was asked for.
        name: IpnsName,
        /// What is wrong with it.
        reason: RecordError,
    },
    /// The service says something else than the record it serves.
    #[error("{from} says that {name} points to {said:?}, its signed record says {signed:?}")]
    Contradiction {
        /// The service.
        from: String,
        /// Whose record was asked for.
        name: IpnsName,
        /// The value beside the record.
        said: String,
        /// The value in the record.
        signed: String,
    },
    /// The service has a record that the one sent does not replace.
    #[error(
        "{to} keeps sequence {has} (valid until {has_validity}) and refuses sequence {sent} \
         (valid until {sent_validity}): publish with a sequence of at least {}",
        has.saturating_add(1)
    )]
    Outdated {
        /// The service.
        to: String,
        /// The sequence it has.
        has: u64,
        /// The validity it has.
        has_validity: Timestamp,
        /// The sequence that was sent.
        sent: u64,
        /// The validity that was sent.
        sent_validity: Timestamp,
    },
    /// The service refuses the record for another reason.
    #[error("{to} refuses the record ({status}): {message}")]
    Rejected {
        /// The service.
        to: String,
        /// The HTTP status.
        status: u16,
        /// What the service says.
        message: String,
    },
    /// The service cannot say what it has.
    #[error("{from} cannot read the record of a name ({status}): {message}")]
    Unreadable {
        /// The service.
        from: String,
        /// The HTTP status.
        status: u16,
        /// What the service says.
        message: String,
    },
    /// A node without network, which takes records and gives none out.
    #[error(
        "{from} runs without network{}: it tells nobody of its records, and gives none out to be \
         read back",
        kept(*.taken)
    )]
    WithoutNetwork {
        /// The node.
        from: String,
        /// Whether it was given a record, which it keeps.
        taken: bool,
    },
    /// A file of records cannot be used.
    #[error("{path:?} {reason}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// What a gateway serves is no record of the name.
    #[error(transparent)]
    NoRecord(RecordError),
    /// A gateway that serves files, and no records that could be compared.
    #[error("{0}")]
    FilesOnly(&'static str),
    /// A gateway that cannot be asked for a record.
    #[error("its template has no place for an IPNS name")]
    NoPlace,
    /// A gateway that searches for longer than anybody waits.
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// Taken, but not served afterwards.
    #[error(
        "{to} took the record but does not serve it: {}; publish again later",
        beside(to, reason)
    )]
    NotReadBack {
        /// The service.
        to: String,
        /// What it serves.
        reason: String,
    },
}

fn kept(taken: bool) -> &'static str {
    if taken { ", and has stored the record" } else { "" }
}

/// How long to look for a record after the service took it.
#[derive(Clone, Copy, Debug)]
pub struct ReadBack {
    /// Times the service is asked, at least once.
    pub tries: u32,
    /// The wait after the first time; it doubles.
    pub wait: Duration,
}

impl Default for ReadBack {
    fn default() -> Self {
        Self { tries: 6, wait: Duration::from_millis(200) }
    }
}

/// What the service serves after it took a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// The record itself, byte for byte.
    Same,
    /// Another valid record of the name that replaces it: somebody published at the same time.
    Superseded(Box<VerifiedRecord>),
}

/// Gives the service the record, then reads until it serves it, or one that supersedes it.
///
/// # Errors
/// Those of [`Publisher::put`]; [`PublishError::NotReadBack`] when the record was taken but does
/// not appear.
pub async fn publish_and_read_back(
    publisher: &dyn Publisher,
    record: &VerifiedRecord,
    read_back: ReadBack,
) -> Result<Published, PublishError> {
    publisher.put(record).await?;
    let mut wait = read_back.wait;
    let mut tries_left = read_back.tries;
    loop {
        let reason = match publisher.get(record.name()).await {
            Ok(Some(served)) if served.bytes() == record.bytes() => return Ok(Published::Same),
            Ok(Some(served)) if served.supersedes(record) => {
                return Ok(Published::Superseded(Box::new(served)));
            }
            Ok(Some(served)) => format!("it still has sequence {}", served.fields().sequence),
            Ok(None) => "it has no record of this name".to_owned(),
            Err(PublishError::WithoutNetwork { from, .. }) => {
                return Err(PublishError::WithoutNetwork { from, taken: true });
            }
            Err(error) => error.to_string(),
        };
        tries_left = tries_left.saturating_sub(1);
        if tries_left == 0 {
            return Err(PublishError::NotReadBack { to: publisher.describe(), reason });
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
}

/// An answer that is neither success nor explained. That there is nothing at the address does not
/// mean that there is no record.
pub(super) fn not_taken(publisher: &dyn Publisher, answer: &Response) -> PublishError {
    match answer.status {
        404 | 405 | 410 => PublishError::Rejected {
            to: publisher.describe(),
            status: answer.status,
            message: "nothing there takes records; are its address and its kind right?".to_owned(),
        },
        _ => answer.to_error().into(),
    }
}

/// What a refusal means, once it is known what the service has: that it has this very record
/// (success), a better one, or something else is wrong (`refusal` itself).
pub(super) async fn explain_refusal(
    publisher: &dyn Publisher,
    sent: &VerifiedRecord,
    refusal: PublishError,
) -> Result<(), PublishError> {
    match publisher.get(sent.name()).await {
        Ok(Some(has)) if has.bytes() == sent.bytes() => Ok(()),
        // Some take no other record of the same sequence, whatever its validity.
        Ok(Some(has)) if has.fields().sequence >= sent.fields().sequence => {
            Err(PublishError::Outdated {
                to: publisher.describe(),
                has: has.fields().sequence,
                has_validity: has.fields().validity(),
                sent: sent.fields().sequence,
                sent_validity: sent.fields().validity(),
            })
        }
        _ => Err(refusal),
    }
}

#[cfg(test)]
#[path = "publish_tests.rs"]
pub(super) mod tests;
