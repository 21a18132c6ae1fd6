//! Errors of `stealth`, as they end it.

use namesys::report::ErrorKind;
use namesys::stealth::{KeptError, MetaAddressError, OneTimeKeyError, ReadTokenError};

use super::error::{CliError, Exit};

impl From<MetaAddressError> for CliError {
    fn from(error: MetaAddressError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadAddress, &error)
            .hint("namesys stealth keys shows one's own: st:eth:0x…")
    }
}

impl From<OneTimeKeyError> for CliError {
    fn from(error: OneTimeKeyError) -> Self {
        Self::of(Exit::Failed, ErrorKind::OtherKeys, &error)
            .hint("another wallet or password gives other keys")
    }
}

impl From<ReadTokenError> for CliError {
    fn from(error: ReadTokenError) -> Self {
        match error {
            ReadTokenError::Chain(error) => error.into(),
            ReadTokenError::Decimals { .. } => Self::of(Exit::Failed, ErrorKind::Contract, &error)
                .hint("is it the token you mean, on this chain?"),
        }
    }
}

impl From<KeptError> for CliError {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::Workspace(error) => error.into(),
            KeptError::Payments { .. } => Self::of(Exit::Failed, ErrorKind::BadFile, &error).hint(
                "payments that were begun stand in it: mend it, or look them up before you move it \
                 away",
            ),
            KeptError::State { .. } => Self::of(Exit::Failed, ErrorKind::BadFile, &error)
                .hint("remove it: stealth scan --from-block N reads the announcements again"),
        }
    }
}
