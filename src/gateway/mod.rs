//! The place that records are written to: a gateway that takes signed records into a database and
//! serves them ([database](crate::spec::database)).
//!
//! A file uses those above it in this list.
//!
//! | file | what it does |
//! | --- | --- |
//! | `url` | [`DatabaseUrl`]: where the database is; its password is never shown |
//! | `schema` | the tables, by their versions |
//! | `kept` | records as they are kept, and why they are not |
//! | `rows` | one row of them |
//! | `store` | [`Store`]: records in SQLite or PostgreSQL; which of two is kept |
//! | `owners` | [`Owners`]: who owns a name, and whom they approved |
//! | `check` | whether a body may be taken at all: who signed it, and when |
//! | `roster` | [`Roster`]: records of a workspace that change by time, by the clock |
//! | `backup` | all records as lines of JSON, and back |
//! | `asked` | what a request reads: EIP-3668, or a path under `.well-known` |
//! | `version` | the GraphQL query for the version of a name (seed 004) |
//! | `questions` | what is asked, apart from the database |
//! | `numbers` | what is counted, as Prometheus reads it |
//! | `config` | [`GatewayConfig`]: what a gateway is made of, and what one client may take |
//! | `refusals` | what is answered where there is no record to answer with |
//! | `server` | [`Gateway`]: all of it over HTTP |

mod asked;
mod backup;
mod check;
mod config;
mod kept;
mod numbers;
mod owners;
mod questions;
mod refusals;
mod roster;
mod rows;
mod schema;
mod server;
mod store;
mod url;
mod version;

pub use backup::{Backed, Backup, BackupError, restore};
pub use check::{Checked, Checker, Refusal};
pub use config::{GatewayConfig, GatewayError, GatewayLimits};
pub use kept::{Change, Conflict, Kept, Known, NewRecord, SignatureId, StoreError, Taken};
pub use owners::{ChainOwners, Owned, Owners, OwnersError};
pub use questions::{question_of_call, questions_of_path, version_answer};
pub use roster::{Roster, Said};
pub use server::Gateway;
pub use store::Store;
pub use url::{DatabaseUrl, DatabaseUrlError};
