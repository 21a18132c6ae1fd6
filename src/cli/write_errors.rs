//! Errors of `write`, as they end it.

use namesys::report::ErrorKind;
use namesys::request::PostError;
use namesys::write::{AskError, PostFailure, WriteKeysError};

use super::error::{CliError, Exit};

impl From<AskError> for CliError {
    fn from(error: AskError) -> Self {
        let failed = |kind| Self::of(Exit::Failed, kind, &error);
        match &error {
            AskError::Chain(chain) => chain.clone().into(),
            AskError::Malformed { .. } => failed(ErrorKind::Contract)
                .hint("nothing of this name was signed or sent; do not trust this resolver"),
            AskError::NoContract { .. } => failed(ErrorKind::Contract).hint(
                "nothing of this name was signed or sent: is it an address of another chain?",
            ),
            AskError::NoMetadata { .. } => failed(ErrorKind::Contract)
                .hint("nothing of this name was signed or sent; ask whoever runs the resolver"),
        }
    }
}

impl From<PostFailure> for CliError {
    fn from(error: PostFailure) -> Self {
        let of = |exit, kind| Self::of(exit, kind, &error);
        match error {
            PostFailure::Net(error) => error.into(),
            PostFailure::Url { .. } => {
                of(Exit::Failed, ErrorKind::BadAddress).hint("nothing was sent there")
            }
            PostFailure::Refused { .. } => of(Exit::Failed, ErrorKind::Rejected)
                .hint("is the wallet the owner of the name, and the clock right?"),
            PostFailure::Answer { .. } => of(Exit::Failed, ErrorKind::Unreadable)
                .hint("namesys resolve shows whether it was kept"),
        }
    }
}

impl From<PostError> for CliError {
    fn from(error: PostError) -> Self {
        match &error {
            PostError::NoPlace(_) => Self::of(Exit::Failed, ErrorKind::Unsupported, &error)
                .hint("leave it out; nothing of this name was signed or sent"),
            _ => Self::of(Exit::Failed, ErrorKind::BadRecord, &error),
        }
    }
}

impl From<WriteKeysError> for CliError {
    fn from(error: WriteKeysError) -> Self {
        match error {
            WriteKeysError::Signer(error) => error.into(),
            error => Self::of(Exit::Failed, ErrorKind::Unsupported, &error)
                .hint("--storage wallet has another username; --profile ensip-y needs none"),
        }
    }
}
