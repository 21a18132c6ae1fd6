//! What the system says of a file: with the same stamp it has the same bytes, unless it was
//! written in the moment in which that was seen.

use std::fs::File;
use std::io;

use crate::folder::Stat;

/// Device, inode, size, and the times of the last change of the bytes and of the file itself, in
/// nanoseconds since 1970 by the file system's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(pub(super) [u64; 5]);

impl Stamp {
    /// That of nothing: no file has it.
    pub(crate) const NONE: Self = Self([0; 5]);

    /// From the system. One with times that have no place in 64 bits is that of nothing.
    pub(crate) fn of(stat: &Stat) -> Self {
        let time = |seconds: i64, nanoseconds: i64| {
            seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds).map(i64::cast_unsigned)
        };
        #[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
        let times = (
            time(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            time(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        );
        let (Some(changed), Some(moved)) = times else { return Self::NONE };
        #[allow(clippy::unnecessary_cast)]
        Self([stat.st_dev as u64, stat.st_ino as u64, stat.st_size as u64, changed, moved])
    }

    /// Of an open file.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(&rustix::fs::fstat(file)?))
    }

    /// The device.
    pub(super) fn device(&self) -> u64 {
        self.0[0]
    }

    /// The size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.0[2]
    }

    /// When its bytes last changed.
    pub(super) fn changed(&self) -> i64 {
        self.0[3].cast_signed()
    }

    /// Whether what was read of it before `taken` can still be believed: both times are older, so
    /// that whatever came later has given it another stamp (git's racy rule).
    pub(crate) fn is_older(&self, taken: i64) -> bool {
        *self != Self::NONE && self.changed() < taken && self.0[4].cast_signed() < taken
    }
}
