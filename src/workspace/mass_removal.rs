//! Whether so many files go at once that it may be a mistake.

use std::fmt;

use super::plan::{Change, RecordState};

/// As many files may go without a question, however few stay.
const FEW: u64 = 10;

/// More than half of more than ten files are to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassRemoval {
    /// How many go.
    pub removed: u64,
    /// Of how many.
    pub of: u64,
}

impl MassRemoval {
    /// The fewest files of which most can go.
    pub const LEAST: u64 = FEW + 1;

    /// Where `removed` of so many files are that.
    pub fn of(removed: u64, of: u64) -> Option<Self> {
        (of > FEW && removed > of / 2).then_some(Self { removed, of })
    }
}

impl fmt::Display for MassRemoval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.removed, self.of)
    }
}

/// Whether signing `changes` removes so much of what is signed that it may be a mistake.
pub fn mass_removal<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Option<MassRemoval> {
    let (mut removed, mut files) = (0, 0);
    for change in changes {
        removed += u64::from(change.state == RecordState::Removed);
        files += u64::from(change.state != RecordState::Unsigned);
    }
    MassRemoval::of(removed, files)
}

/// What may be removed.
#[derive(Clone, Copy)]
pub enum Removal<'a> {
    /// All that is no longer wanted, were it everything.
    Any,
    /// A [`MassRemoval`] only after a yes.
    Ask(&'a (dyn Fn(&MassRemoval) -> bool + Send + Sync)),
}

impl Removal<'_> {
    /// Whether it may go.
    pub fn may(&self, removal: &MassRemoval) -> bool {
        match self {
            Self::Any => true,
            Self::Ask(ask) => ask(removal),
        }
    }
}

impl fmt::Debug for Removal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "Any",
            Self::Ask(_) => "Ask",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_more_than_ten() {
        for (removed, of, is) in
            [(10, 10, false), (5, 11, false), (6, 11, true), (6, 12, false), (7, 12, true)]
        {
            assert_eq!(MassRemoval::of(removed, of).is_some(), is, "{removed} of {of}");
        }
    }
}
