//! Signed records to where they are found, and seen to be there: to IPFS under the IPNS name, or
//! to web hosts for an `https://` recordhash, or to the gateway of a database.
//!
//! | file | what it does |
//! | --- | --- |
//! | `request` | what is to be published, and who gets it |
//! | `answers` | what publishers and gateways say before anything is sent |
//! | `author` | the record that all should have: the one that stands, or a new one |
//! | `decision`, `trees` | what it would lose of what is published, read from this disk and gateways |
//! | `foresight` | [`foresee`]: the same without key and sending |
//! | `ledger` | what is written of it into `published.toml`, before and after |
//! | `ipfs`, `targets` | [`publish`]: the tree to every upload, the record to every publisher |
//! | `agreement`, `patience` | whether publishers and gateways serve it; how long that is waited for |
//! | `verdict` | when that is enough, and what is missing otherwise |
//! | `told` | what the log tells of all that |
//! | `tree` | what is packed, into a file that removes itself |
//! | `bundle` | what is sent of it: all, or what is new since the last |
//! | `private_keys` | what must not be published |
//! | `status` | what each publisher serves now |
//! | `history` | what was published from here, under `.namesys/` |
//! | `series`, `ahead`, `ahead_records` | what is signed for later, and put in turn without keys |
//! | `parcel` | what goes from the machine with the keys to the one with the network |
//! | [`site`] | the tree on web hosts |
//! | [`backend`] | the deployed NameSys backend, told of a publication |
//! | [`database`] | the records in databases |

mod agreement;
mod ahead;
mod ahead_records;
mod answers;
mod author;
pub mod backend;
mod bundle;
pub mod database;
mod decision;
mod error;
mod foresight;
mod history;
mod ipfs;
mod ledger;
mod notice;
mod parcel;
mod patience;
mod private_keys;
mod request;
mod series;
pub mod site;
mod status;
mod targets;
mod told;
mod tree;
mod trees;
mod verdict;

pub use crate::workspace::KEPT_TREE;
pub use agreement::{Agreement, Sight, SightOf, agreement, wait_for_agreement};
pub use ahead::{AheadError, MAX_TURNS, TurnRoot, TurnTrees, refuse_out_of_turn, turn_trees};
pub use ahead_records::{
    AHEAD_DIR, TurnRecord, adopt_folder, are_ahead, is_ahead, sign_turns, turns_ahead, turns_kept,
    valid_beyond,
};
pub use answers::{Look, Witnesses, look};
pub use author::dry_record;
pub use bundle::{Bundle, Part};
pub(crate) use bundle::{Counting, is_worth_adding};
pub use error::PublishTreeError;
pub use foresight::{Foreseen, Foresight, foresee, lacking};
pub use history::{
    History, HistoryEntry, HistoryTarget, NoHistoryTarget, NotInHistory, Publication, SiteEntry,
    StateError, root_before,
};
pub use ipfs::{publish, rehearse};
pub use ledger::{made_over, sign_ahead, sign_series};
pub use notice::PublishNotice;
pub use parcel::{PARCEL_FILE, Parcel, ParcelError, ParcelScope, parcel_files, write_manifest};
pub use patience::Patience;
pub use private_keys::{PrivateKeyError, refuse_private_keys, refuse_private_keys_of};
pub use request::{Author, Needs, Permission, Planned, PublishRequest, Stood, Subject};
pub use series::{MAX_SERIES, SERIES_EXTENSION, Scheduled, Series, SeriesError, series_file};
pub use status::{PublisherStatus, Status, StatusFault, days_left, status, time_left, whole_days};
pub use targets::TargetOutcome;
pub use tree::{BundleError, PackFailed, Source, TemporaryCar};
pub use trees::Trees;
pub use verdict::{Enough, PublishOutcome, RequireError, Shortfall, required};
