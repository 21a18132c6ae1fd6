//! Signed records to where they are found, and seen to be there: to IPFS under the IPNS name, or
//! to web hosts for an `https://` recordhash.
//!
//! | file | what it does |
//! | --- | --- |
//! | `author` | the record that all should have: the newest known, or a new one |
//! | `ipfs`, `targets` | [`publish`]: the tree to every upload, the record to every publisher |
//! | `agreement` | whether publishers and gateways serve it |
//! | `status` | what each publisher serves now |
//! | `history` | the records made here, under `.namesys/history/` |
//! | `parcel` | what goes from the machine with the keys to the one with the network |
//! | [`site`] | the tree on web hosts |

mod agreement;
mod author;
mod history;
mod ipfs;
mod notice;
mod parcel;
pub mod site;
mod status;
mod targets;

pub use agreement::{Agreement, Patience, Sight, SightOf, agreement, wait_for_agreement};
pub use author::dry_record;
pub use history::{HistoryEntry, Publication, StateError};
pub use ipfs::{Author, PublishOutcome, PublishRequest, PublishTreeError, Subject, publish};
pub use notice::PublishNotice;
pub use parcel::{PARCEL_FILE, Parcel, ParcelError, parcel_files, write_manifest};
pub use status::{PublisherStatus, Status, status, time_left};
pub use targets::TargetOutcome;
