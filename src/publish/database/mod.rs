//! Signed records to the gateway of a database, name by name, and seen to be there
//! ([database](crate::spec::database)).
//!
//! | file | what it does |
//! | --- | --- |
//! | `gateway` | [`DatabaseGateway`]: a gateway as it is asked and written to |
//! | `records` | what of a workspace can be in a body, and what cannot; bodies of it |
//! | `look` | what a database has in their place, and what would be lost |
//! | `foresight` | [`foresee_database`]: what posting would do, and a plan of it |
//! | `publish` | [`publish_databases`]: asks, judges, posts, reads back |

mod foresight;
mod gateway;
mod look;
mod publish;
mod records;

use crate::ens::Name;
use crate::net::NetError;

pub use foresight::{DatabaseForesight, PlannedDatabase, PlannedPost, foresee_database};
pub use gateway::DatabaseGateway;
pub use look::{DatabaseSight, database_status};
pub use publish::{DatabaseOutcome, DatabaseRequest, DatabasesOutcome, publish_databases};
pub(crate) use records::signed_records;
pub use records::{DatabaseRecord, LeftOut, database_records, records_once_signed};

/// Why a database does not have what it should.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The network, or an answer that is none.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A file, here or there, that is no record.
    #[error("{path} cannot be read: {reason}")]
    Unread {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A body that cannot be made.
    #[error("the records of {name} make no body: {reason}")]
    Body {
        /// Whose.
        name: Name,
        /// Why.
        reason: String,
    },
    /// The gateway does not take it.
    #[error("it refuses (status {status}): {reason}")]
    Refused {
        /// The status.
        status: u16,
        /// In its words.
        reason: String,
    },
    /// It has something newer.
    #[error("it has something newer of {name}: {reason}")]
    Conflict {
        /// Whose.
        name: Name,
        /// In its words.
        reason: String,
    },
    /// Somebody else wrote there since it was asked.
    #[error("{record} of {name} was changed there meanwhile")]
    Changed {
        /// Whose.
        name: Name,
        /// Which.
        record: String,
    },
    /// What was posted does not come back.
    #[error("it took {record} of {name} and does not give it back")]
    NotKept {
        /// Whose.
        name: Name,
        /// Which.
        record: String,
    },
}
