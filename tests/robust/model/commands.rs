//! The commands, as the binary runs them: what the library is asked for, in that order.

use std::time::Duration;

use namesys::record::{RecordKey, Value, record_path};
use namesys::wallet::Wallet;
use namesys::workspace::{ApprovalMode, Removal, SignRequest, Signer, Stop, sign};

use super::mind::Content;
use super::network::Chance;
use super::world::{Fault, Seat, World, parse};

/// Refusals although all that would have gone was known.
pub const NEEDLESS: &str = "needless";
/// How long a reader may keep a record.
pub const TTL: Duration = Duration::from_secs(300);

/// How a publication ended, where it was not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is out.
    Yes,
    /// Something would be lost.
    Refused,
    /// It could not be done, for a reason that lies with somebody else.
    Failed,
    /// Whoever did it was ended.
    Killed,
}

impl World {
    /// `set`, and `unset` without a value.
    pub fn set(&mut self, seat: &mut Seat, record: (&str, &str), value: Option<&str>) {
        let _lock = seat.workspace().lock().unwrap();
        self.set_unlocked(seat, record, value);
    }

    /// As an editor does, which knows no lock.
    pub fn set_unlocked(&mut self, seat: &mut Seat, record: (&str, &str), value: Option<&str>) {
        let (name, key) = parse(record.0, record.1);
        let workspace = seat.workspace();
        let config = workspace.config().unwrap();
        let mut records = workspace.records(&config).unwrap();
        let path = record_path(&name, &key);
        match value {
            Some(value) => {
                let value = Value::parse(&key, value).unwrap();
                seat.mind.wanted.insert(path, value.to_string());
                records.set(&name, &key, value).unwrap();
            }
            None => {
                seat.mind.wanted.remove(&path);
                records.unset(&name, &key);
            }
        }
        workspace.save_records(&records).unwrap();
    }

    /// A new value, or one that others have too.
    pub fn some_value(&mut self, key: &RecordKey) -> String {
        self.values += 1;
        let number =
            if self.random.one_in(3) { self.random.below(3) as u32 } else { self.values + 9 };
        match key {
            RecordKey::Text(_) => format!("v{number}"),
            _ => format!("0x{number:040x}"),
        }
    }

    /// `sign`, all of it, or so many files when it is ended.
    pub async fn sign(&self, seat: &Seat, end_after: Option<u64>) -> Result<(), Fault> {
        let workspace = seat.workspace();
        let _lock = workspace.lock().unwrap();
        let mut config = workspace.config().unwrap();
        let records = workspace.records(&config).unwrap();
        let stop = Stop::default();
        let request = SignRequest {
            wallet: Some(&self.keys.wallet as &dyn Wallet),
            removal: Removal::Any,
            stop: stop.clone(),
            ..SignRequest::new(
                &workspace,
                &records,
                Signer::Key(&self.keys.signer),
                ApprovalMode::Wallet,
            )
        };
        let progress = |done, _| {
            if end_after.is_some_and(|end| done >= end) {
                stop.ask();
            }
        };
        match (sign(&request, &mut config, &progress).await, end_after) {
            (Ok(_), _) | (Err(_), Some(_)) => Ok(()),
            (Err(error), None) => Err(format!("{}: sign: {error}", seat.who)),
        }
    }

    /// What is wanted, as the file says, is what the model knows.
    pub fn check_wanted(&self, seat: &Seat) -> Result<(), Fault> {
        match wanted(seat) == seat.mind.wanted {
            true => Ok(()),
            false => Err(format!(
                "{}: it wants {:?}, and {:?} was wanted",
                seat.who,
                wanted(seat),
                seat.mind.wanted
            )),
        }
    }

    /// Sets something new, signs and publishes it.
    pub async fn change_and_publish(
        &mut self,
        seat: &mut Seat,
        chance: Chance,
    ) -> Result<(), Fault> {
        let record = self.own_record(seat);
        let value = self.some_value(&parse(record.0, record.1).1);
        self.note(format!("  {} sets {record:?} {value} and publishes", seat.who));
        self.set(seat, record, Some(&value));
        self.sign(seat, None).await?;
        self.publish(seat, false, chance).await?;
        self.check_base(seat)
    }
}

/// What `records.toml` says, by path.
pub fn wanted(seat: &Seat) -> Content {
    let workspace = seat.workspace();
    let records = workspace.records(&workspace.config().unwrap()).unwrap();
    let wanted = records.iter();
    wanted.map(|(name, key, value)| (record_path(name, key), value.to_string())).collect()
}
