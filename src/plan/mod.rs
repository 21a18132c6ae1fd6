//! What is to be done so that what is wanted is signed and published, before any of it is: every
//! step with what stands before it and what will stand after it.
//!
//! | file | what it does |
//! | --- | --- |
//! | `draft` | [`Draft`]: the tree as it will be once all is signed, without the keys |
//! | `tree` | the tree of a draft, by what the index knows, or packed |
//! | `course` | [`Plan`]: that, and what publishing it would do |
//! | `file` | [`PlanFile`]: a plan that was written, and what it permits |
//! | `check` | whether what was planned still holds, or is done |

mod check;
mod course;
mod draft;
mod file;
mod tree;

pub use check::PlanChanged;
pub use course::{Change, FileChange, Plan};
pub use draft::{Draft, DraftError, RecordStep};
pub use file::{
    PLAN_VERSION, PlanFile, PlanFileError, PlannedRecord, PlannedRemoval, PlannedTransaction,
};
