//! Keys in memory that does not go to a disk, each until its time is over.

use std::time::{Duration, Instant, SystemTime};

use alloy_primitives::hex;
use zeroize::Zeroize;

use super::{LONGEST, Label, MAX_LINE};

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

/// Which key it is, where it is, and how long it is kept.
struct Entry {
    label: Label,
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

    /// Keeps the key whose digits are at `at` of the line, for so long from now and at most
    /// [`LONGEST`], also one that is kept already. Whether there is room; `None` where they are no
    /// digits.
    pub(super) fn put(&mut self, label: Label, time: Duration, at: usize) -> Option<bool> {
        self.forget(|entry| entry.label == label || entry.until.is_over());
        let free = (0..MAX_KEYS).find(|slot| self.entries.iter().all(|kept| kept.slot != *slot));
        let Some(slot) = free else { return Some(false) };
        // From one place of the locked memory to the other: no copy is anywhere else.
        let Memory { secrets, line } = &mut *self.memory;
        hex::decode_to_slice(line.get(at..at + 64)?, &mut secrets[slot]).ok()?;
        self.entries.push(Entry { label, slot, until: Until::after(time.min(LONGEST)) });
        Some(true)
    }

    /// Writes the digits of the key at `at` of the line, where its time is not over.
    pub(super) fn get(&mut self, label: &Label, at: usize) -> bool {
        self.forget_old();
        let Some(entry) = self.entries.iter().find(|entry| entry.label == *label) else {
            return false;
        };
        let Memory { secrets, line } = &mut *self.memory;
        let digits = line.get_mut(at..at + 64);
        digits.is_some_and(|digits| {
            hex::encode_to_slice(secrets[entry.slot].as_slice(), digits).is_ok()
        })
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
    use crate::agent::Public;

    fn signer(byte: u8) -> Label {
        Label { public: Public::Signer(Address::repeat_byte(byte)), workspace: [1; 16] }
    }

    fn put(vault: &mut Vault, label: Label, seconds: u64, byte: u8) -> Option<bool> {
        vault.memory.line[..64].copy_from_slice(hex::encode([byte; 32]).as_bytes());
        let put = vault.put(label, Duration::from_secs(seconds), 0);
        vault.memory.line.zeroize();
        put
    }

    fn get(vault: &mut Vault, label: Label) -> Option<u8> {
        let found = vault.get(&label, 4);
        let digits = vault.memory.line[4..6].to_vec();
        vault.memory.line.zeroize();
        found.then(|| hex::decode(digits).unwrap()[0])
    }

    #[test]
    fn keys_go_when_their_time_is_over_and_leave_nothing() {
        let mut vault = Vault::new();
        assert_eq!(put(&mut vault, signer(1), 3600, 1), Some(true));
        assert_eq!(put(&mut vault, signer(2), 0, 2), Some(true));
        assert_eq!(get(&mut vault, signer(1)), Some(1));
        assert_eq!(get(&mut vault, signer(2)), None);
        let elsewhere = Label { workspace: [2; 16], ..signer(1) };
        assert_eq!(get(&mut vault, elsewhere), None, "it is remembered for another workspace");
        let holds = |vault: &Vault, byte| vault.memory.secrets.contains(&[byte; 32]);
        assert!(holds(&vault, 1) && !holds(&vault, 2));
        // Again is instead, and no more.
        assert_eq!(put(&mut vault, signer(1), 3600, 3), Some(true));
        assert_eq!((vault.len(), get(&mut vault, signer(1))), (1, Some(3)));
        assert_eq!(vault.wipe(), 1);
        assert!(!holds(&vault, 3) && get(&mut vault, signer(1)).is_none());
        assert_eq!(vault.put(signer(1), Duration::from_secs(60), 0), None, "no digits");
        assert_eq!(vault.len(), 0);
    }

    #[test]
    fn no_more_than_there_is_room_for() {
        let mut vault = Vault::new();
        for byte in 0..MAX_KEYS as u8 {
            assert_eq!(put(&mut vault, signer(byte), 60, byte), Some(true));
        }
        assert_eq!(put(&mut vault, signer(200), 60, 9), Some(false));
        assert_eq!(put(&mut vault, signer(0), 0, 9), Some(true), "that one is there");
        assert_eq!(put(&mut vault, signer(200), 60, 9), Some(true), "its time is over");
    }
}
