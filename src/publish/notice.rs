//! What a person should know before the record goes out.

use std::fmt;

use crate::keys::IpnsName;

/// What a person should know before the record goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishNotice {
    /// The first sequence is used although services that may know a higher one did not answer.
    SequenceUnknown {
        /// Whose record it is.
        name: IpnsName,
        /// Why each could not be asked.
        failed: Vec<String>,
    },
    /// What is replaced could not be read.
    GoesUnread {
        /// Why not.
        reason: String,
    },
    /// What is replaced was published by somebody else; nothing of it is lost.
    NotOurs {
        /// The service.
        from: String,
        /// Its sequence.
        sequence: u64,
        /// What it names.
        value: String,
    },
}

impl fmt::Display for PublishNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SequenceUnknown { name, failed } => write!(
                f,
                "this workspace has no earlier record of {name}, and not everybody could be \
                 asked for one: sequence 0 is used, which a service with a higher one refuses \
                 ({})",
                failed.join("; ")
            ),
            Self::GoesUnread { reason } => {
                write!(f, "what is replaced could not be read, so what goes is not known: {reason}")
            }
            Self::NotOurs { from, sequence, value } => write!(
                f,
                "{from} has sequence {sequence} of {value}, which was not published from this \
                 workspace; all that is in it is here too"
            ),
        }
    }
}
