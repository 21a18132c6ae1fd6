//! Why nothing is pulled or cloned, as a person and a script see it; the rest of `error.rs`.

use namesys::pull::PullError;
use namesys::report::ErrorKind;

use super::error::{CliError, Exit};

impl From<PullError> for CliError {
    fn from(error: PullError) -> Self {
        let message = error.to_string();
        match error {
            PullError::NothingPublished { silent, .. } if silent.is_empty() => {
                Self::new(Exit::NotFound, ErrorKind::NotPublished, message).hint("namesys publish")
            }
            PullError::NothingPublished { .. } => {
                Self::new(Exit::Failed, ErrorKind::Unreachable, message).hint("try again later")
            }
            PullError::Silent(_) => Self::new(Exit::Failed, ErrorKind::Unreachable, message)
                .hint("pull again once a publisher can be reached; namesys doctor asks each"),
            PullError::Refuted(_) => Self::new(Exit::Unverified, ErrorKind::BadRecord, message)
                .hint("namesys doctor asks each; namesys publish replaces it at a service"),
            PullError::Stopped => Self::new(Exit::Interrupted, ErrorKind::Interrupted, message),
            PullError::NoManifest(_) => Self::new(Exit::Failed, ErrorKind::Unsupported, message)
                .hint(
                    "namesys publish --to https leaves such a list, under the workspace's first name; \
                     without one, namesys init NAME makes a workspace, and namesys import \
                     --from-chain NAME takes over what is read of the records",
                ),
            PullError::OverBudget(_) => Self::new(Exit::Failed, ErrorKind::OverBudget, message)
                .hint(
                    "whoever publishes it made it so, and it cannot be taken over whole; namesys \
                     resolve NAME reads what is of one name",
                ),
            PullError::Unread(_) => Self::new(Exit::Failed, ErrorKind::UnknownPublished, message)
                .hint(
                    "name another gateway that has it (--gateway URL); or take what can be read: \
                     namesys pull --partial",
                ),
            PullError::Names(_) => Self::new(Exit::Failed, ErrorKind::BadTree, message)
                .hint("nothing was written; whoever published it has to rename them"),
            PullError::Edited => {
                Self::new(Exit::Failed, ErrorKind::Changed, message).hint("run the same again")
            }
            PullError::NoRecords => Self::new(Exit::Failed, ErrorKind::NoRecords, message)
                .hint("bring it back (git checkout records.toml), or make an empty one"),
            PullError::Clash(_) => Self::new(Exit::Failed, ErrorKind::BadTree, message),
            PullError::Workspace(error) => error.into(),
        }
    }
}
