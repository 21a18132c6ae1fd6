//! What is published, what this workspace knew of it, and what a publication over it would lose:
//! [the model](crate::spec::published).
//!
//! | file | what it does |
//! | --- | --- |
//! | `base`, `base_file` | `published.toml`: the base, proven by its record, and what is signed since |
//! | `database` | what was last seen at a database, record by record |
//! | `standing` | which of the records that are out stand (rule 4) |
//! | `three_way` | base, there, here: who changed what |
//! | `compare` | three trees by their blocks, where they differ |
//! | `merge` | what a pull takes of it (rule 8) |
//! | `found` | what a file of a tree is: a record that verifies, or not, or somebody else's |
//! | `loss` | what of it would be lost, and what would change, as it is told |
//! | `judge` | what would be lost, and what is removed on purpose (rules 5 and 6) |

mod base;
mod base_file;
mod compare;
mod database;
mod found;
mod judge;
mod loss;
mod merge;
mod standing;
mod three_way;

pub(crate) use base::root_in;
pub use base::{Known, PublishedTree, Signed, Towards};
pub use base_file::{BaseFile, KnownSite, PUBLISHED_FILE};
pub use compare::{Difference, Leaf, Roots, Three, Visitor, compare, compare_with};
pub use database::KnownDatabase;
pub use found::{Found, FoundRecord, RecordId, Verifier};
pub use judge::{Judge, Judged, Missing, shown_value};
pub use loss::{Changed, Loss};
pub use merge::{
    HereFile, List, Merged, Prefer, RecordSides, Take, There, merge_file, merge_record,
};
pub use standing::{Answer, Standing, Stands, stands};
pub use three_way::{Way, three_way};
