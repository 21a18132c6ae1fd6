//! Keys in memory that does not go to a disk, each until its time is over.

use std::time::{Duration, Instant, SystemTime};

use zeroize::Zeroize;

use super::{MAX_LINE, Public};

/// Most keys that are kept.
pub(super) const MAX_KEYS: usize = 64;

/// The secret memory: one piece, locked where the system lets it.
#[derive(Zeroize)]
#[zeroize(drop)]
pub(super) struct Memory {
    secrets: [[u8; 32]; MAX_KEYS],
    /// A request, then its answer: keys pass through it.
    pub(super) line: [u8; MAX_LINE],
}

/// A key's public half, where it is, and how long it is kept.
struct Entry {
    public: Public,
    slot: usize,
    until: Until,
}

/// The first of both: a clock of the wall goes on while the machine sleeps, and can be set back; the
/// other can not be set, and may sleep.
#[derive(Clone, Copy)]
struct Until(Option<Instant>, Option<SystemTime>);

impl Until {
    fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time), SystemTime::now().checked_add(time))
    }

    fn is_over(self) -> bool {
        self.0.is_none_or(|until| Instant::now() >= until)
            || self.1.is_none_or(|until| SystemTime::now() >= until)
    }
}

pub(super) struct Vault {
    pub(super) memory: Box<Memory>,
    entries: Vec<Entry>,
    /// Unlocks when it is dropped.
    lock: Option<region::LockGuard>,
}

impl Vault {
    pub(super) fn new() -> Self {
        let memory = Box::new(Memory { secrets: [[0; 32]; MAX_KEYS], line: [0; MAX_LINE] });
        let lock = region::lock(&raw const *memory, size_of::<Memory>()).ok();
        Self { memory, entries: Vec::new(), lock }
    }

    pub(super) fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Keeps a key for so long from now, also one that is kept already. Whether there is room.
    pub(super) fn put(&mut self, public: Public, time: Duration, secret: &[u8; 32]) -> bool {
        self.forget(|entry| entry.public == public);
        let free = (0..MAX_KEYS).find(|slot| self.entries.iter().all(|kept| kept.slot != *slot));
        let Some(slot) = free else { return false };
        self.memory.secrets[slot].copy_from_slice(secret);
        self.entries.push(Entry { public, slot, until: Until::after(time) });
        true
    }

    /// The key, until its time is over.
    pub(super) fn get(&mut self, public: &Public) -> Option<&[u8; 32]> {
        self.forget_old();
        let entry = self.entries.iter().find(|entry| entry.public == *public)?;
        Some(&self.memory.secrets[entry.slot])
    }

    /// Wipes what is over.
    pub(super) fn forget_old(&mut self) {
        self.forget(|entry| entry.until.is_over());
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Wipes all; how many there were.
    pub(super) fn wipe(&mut self) -> usize {
        self.forget_old();
        let count = self.entries.len();
        self.entries.clear();
        self.memory.zeroize();
        count
    }

    fn forget(&mut self, which: impl Fn(&Entry) -> bool) {
        let secrets = &mut self.memory.secrets;
        self.entries.retain(|entry| {
            let goes = which(entry);
            if goes {
                secrets[entry.slot].zeroize();
            }
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    fn signer(byte: u8) -> Public {
        Public::Signer(Address::repeat_byte(byte))
    }

    #[test]
    fn keys_go_when_their_time_is_over_and_leave_nothing() {
        let mut vault = Vault::new();
        assert!(vault.put(signer(1), Duration::from_secs(3600), &[1; 32]));
        assert!(vault.put(signer(2), Duration::ZERO, &[2; 32]));
        assert_eq!(vault.get(&signer(1)), Some(&[1; 32]));
        assert_eq!(vault.get(&signer(2)), None);
        let holds = |vault: &Vault, byte| vault.memory.secrets.contains(&[byte; 32]);
        assert!(holds(&vault, 1) && !holds(&vault, 2));
        // Again is instead, and no more.
        assert!(vault.put(signer(1), Duration::from_secs(3600), &[3; 32]));
        assert_eq!((vault.len(), vault.get(&signer(1))), (1, Some(&[3; 32])));
        assert_eq!(vault.wipe(), 1);
        assert!(!holds(&vault, 3) && vault.get(&signer(1)).is_none());
    }

    #[test]
    fn no_more_than_there_is_room_for() {
        let mut vault = Vault::new();
        for byte in 0..MAX_KEYS as u8 {
            assert!(vault.put(signer(byte), Duration::from_secs(60), &[byte; 32]));
        }
        assert!(!vault.put(signer(200), Duration::from_secs(60), &[9; 32]));
        assert!(vault.put(signer(0), Duration::from_secs(60), &[9; 32]), "that one is there");
    }
}
