//! Records as they are kept, and why they are not.

use crate::ens::Name;
use crate::record::RecordKey;

/// r ‖ s of a signature, which is the same in each of its forms.
pub type SignatureId = [u8; 64];

/// A record as it is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// Which.
    pub key: RecordKey,
    /// The payload, as the resolver takes it.
    pub data: Vec<u8>,
    /// Of SIGN 4.
    pub signature: SignatureId,
    /// Of SIGN 3; none where the payload has no approval. SIGN 4 does not say whose signer it is by:
    /// with another approval the same signature is another record.
    pub approval: Option<SignatureId>,
    /// When it is said to be from, in seconds since 1970.
    pub time: u64,
}

/// Records of one name, to be kept all or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub name: Name,
    /// Our clock, in seconds since 1970.
    pub now: u64,
    /// They.
    pub records: Vec<NewRecord>,
    /// When their signer said that they are the newest, where that was said: a signature that was
    /// replaced may come again then.
    pub fresh: Option<u64>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// New or changed.
    pub stored: usize,
    /// There already, by the same signatures.
    pub unchanged: usize,
}

/// Why nothing of a change is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// What is there is as new, or newer.
    #[error("{key} of {time} is not newer than the one that is kept, of {since}")]
    Older {
        /// The record.
        key: RecordKey,
        /// When it was to count from.
        time: u64,
        /// What the kept one counts from.
        since: u64,
    },
    /// It was replaced before.
    #[error("{key} was replaced before: whoever means to go back to it says so with \"freshness\"")]
    Superseded {
        /// The record.
        key: RecordKey,
    },
}

/// A record that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose.
    pub name: Name,
    /// Which.
    pub key: RecordKey,
    /// The payload.
    pub data: Vec<u8>,
    /// Since when.
    pub since: u64,
    /// The signatures of its record that were replaced.
    pub superseded: Vec<SignatureId>,
    /// How often records of its name changed.
    pub changes: u64,
}

/// What is known beside a record of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The signatures that were replaced.
    pub superseded: Vec<SignatureId>,
    /// How often records of the name changed.
    pub changes: u64,
}

/// A record of a backup, as it is to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Restored<'a> {
    /// Whose.
    pub name: &'a Name,
    /// The record.
    pub record: &'a NewRecord,
    /// What is known beside it.
    pub known: &'a Known,
    /// Whether it verified: else it is known as replaced alone.
    pub stands: bool,
}

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened.
    #[error("{database} cannot be opened: {error}")]
    Open {
        /// Which, without its password.
        database: String,
        /// The driver's error.
        error: sqlx::Error,
    },
    /// It is of a newer program, or of another.
    #[error("the tables of {database} are not those of this program: {error}")]
    Tables {
        /// Which, without its password.
        database: String,
        /// The driver's error.
        error: sqlx::migrate::MigrateError,
    },
    /// A question failed.
    #[error("the database does not answer: {0}")]
    Driver(#[from] sqlx::Error),
    /// A row that this program did not write.
    #[error("the database has a row that is no record: {0}")]
    Row(String),
}
