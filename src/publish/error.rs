//! Why nothing was published.

use jiff::Timestamp;

use super::StateError;
use crate::ipns::RecordError;
use crate::keys::IpnsName;
use crate::workspace::MassRemoval;

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishTreeError {
    /// `--sequence` is not above what is out.
    #[error(
        "sequence {asked} is not above {known}, which {knower} has: readers keep the higher one"
    )]
    SequenceTooLow {
        /// What was asked for.
        asked: u64,
        /// The highest that is known.
        known: u64,
        /// Who has it.
        knower: String,
    },
    /// A record that was signed earlier, and others since.
    #[error(
        "the signed record has sequence {signed}, and {knower} has another, of sequence {known}, \
         which readers keep"
    )]
    SignedOutdated {
        /// Of the signed record.
        signed: u64,
        /// The highest that is known.
        known: u64,
        /// Who has it.
        knower: String,
    },
    /// There is no record whose value could be kept, and these services could not be asked.
    #[error("no record of {name} is known{}", unasked(.failed))]
    NothingPublished {
        /// Whose record.
        name: IpnsName,
        /// Why each could not be asked.
        failed: Vec<String>,
    },
    /// Nothing that is unknown is replaced.
    #[error("what is published is not known: {reason}")]
    UnknownPublished {
        /// Why not.
        reason: String,
    },
    /// Most of what is published would go.
    #[error("{0} published files would be removed")]
    MassRemoval(MassRemoval),
    /// Not what `--expect` named.
    #[error("{expected} is not what is published: {}", found_or_nothing(found))]
    NotExpected {
        /// What was expected.
        expected: String,
        /// What is published, one entry for each root.
        found: Vec<String>,
    },
    /// Not what was published when it was planned.
    #[error("something else is published than when it was planned: {}", found_or_nothing(found))]
    NotPlanned {
        /// What is published, one entry for each root.
        found: Vec<String>,
    },
    /// A signed record, and something else was published since.
    #[error(
        "the record was made over {}, and {found} is published now",
        over.map_or_else(|| "nothing".to_owned(), |over| format!("sequence {over}"))
    )]
    NotOver {
        /// What is published.
        found: String,
        /// The sequence of what was published when it was made.
        over: Option<u64>,
    },
    /// What is out is not ours to be renewed.
    #[error(
        "{from} has sequence {sequence} of {name}, which points to {value}: that was not \
         published from this workspace{}",
        doubt.iter().map(|doubt| format!(" ({doubt})")).collect::<String>()
    )]
    Foreign {
        /// Whose record.
        name: IpnsName,
        /// Who has it.
        from: String,
        /// Its sequence.
        sequence: u64,
        /// What it points to.
        value: String,
        /// Why what was last seen does not count.
        doubt: Option<String>,
    },
    /// A renewal that ends before what it renews.
    #[error("the newest record is valid until {newest}, and a renewed one only until {asked}")]
    NotLater {
        /// What was asked for.
        asked: Timestamp,
        /// Of the newest record.
        newest: Timestamp,
    },
    /// The sequence cannot grow.
    #[error("the sequence of {0} has reached its highest value")]
    SequenceExhausted(String),
    /// The clock is before the last record: what is made now would be expired, or seem valid.
    #[error("the system's clock says {now}, but the last record was made at {made}")]
    ClockBehind {
        /// What the clock says.
        now: Timestamp,
        /// When the last record was written here.
        made: Timestamp,
    },
    /// The record cannot be made.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The history cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

fn unasked(failed: &[String]) -> String {
    match failed {
        [] => String::new(),
        failed => format!(", and not everybody could be asked ({})", failed.join("; ")),
    }
}

fn found_or_nothing(found: &[String]) -> String {
    match found {
        [] => "nothing is known to be".to_owned(),
        found => found.join(" and "),
    }
}
