//! What opens encrypted key files.

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;

use namesys::keys::sealed::Identities;
use namesys::secret::SecretString;

/// What opens encrypted files, as the flags say.
#[derive(Debug, Default)]
pub struct Openers {
    /// `--passphrase-file`.
    pub passphrase_file: Option<PathBuf>,
    /// `--identity`.
    pub identity: Option<PathBuf>,
    /// Read once: it may be stdin.
    pub given: OnceCell<Option<SecretString>>,
    pub identities: OnceCell<Option<Identities>>,
    /// What was typed and opened a file: the next one may have the same.
    pub typed: RefCell<Option<SecretString>>,
}

impl Openers {
    /// As the flags say.
    pub fn new(passphrase_file: Option<PathBuf>, identity: Option<PathBuf>) -> Self {
        Self { passphrase_file, identity, ..Self::default() }
    }
}
