//! What a record is to say, and when: one value for always, or phases that follow one another
//! ([the form](crate::spec::phases)).

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::record::Value;

/// How a time is written, for an error.
const EXAMPLE: &str = "2027-01-01T00:00:00Z";
/// Most phases of a record.
pub const MAX_PHASES: usize = 1000;

/// A value and the time in which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What the record says then.
    pub value: Value,
    /// From then on; none: it has always begun.
    pub starts: Option<Timestamp>,
    /// Until then, and then no more; none: it never ends.
    pub ends: Option<Timestamp>,
}

/// Where a time is towards a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// It has ended.
    Ended,
    /// It holds.
    Now,
    /// It has not begun.
    Coming,
}

impl Phase {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: Timestamp) -> Holds {
        match (self.starts, self.ends) {
            (Some(starts), _) if now < starts => Holds::Coming,
            (_, Some(ends)) if ends <= now => Holds::Ended,
            _ => Holds::Now,
        }
    }

    fn is_always(&self) -> bool {
        self.starts.is_none() && self.ends.is_none()
    }
}

/// What a record is to say: at least one phase, in the order of time, none over another.
///
/// A value without times, which nearly every record has, takes no more room than the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phases(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Always(Value),
    Timed(Box<[Phase]>),
}

/// Why phases do not go together. The numbers count from 1, as they are written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhaseError {
    /// There is none.
    #[error("a list of phases has at least one")]
    None,
    /// More than any record needs.
    #[error("more than {MAX_PHASES} phases")]
    TooMany,
    /// It ends before it begins, or at once.
    #[error("phase {phase} ends at {ends}, which is not after it starts, at {starts}")]
    Backwards {
        /// Which.
        phase: usize,
        /// When it starts.
        starts: Timestamp,
        /// When it ends.
        ends: Timestamp,
    },
    /// Two values at one time.
    #[error("{}: at any time a record has one value", overlap(*phase, *before, *starts, *ends))]
    Overlap {
        /// Which.
        phase: usize,
        /// The one before it.
        before: usize,
        /// When the second starts.
        starts: Option<Timestamp>,
        /// When the first ends.
        ends: Option<Timestamp>,
    },
}

fn overlap(
    phase: usize,
    before: usize,
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
) -> String {
    match (starts, ends) {
        (_, None) => format!("phase {phase} comes after phase {before}, which never ends"),
        (None, Some(_)) => format!("phase {phase} is not the first, and has no start"),
        (Some(starts), Some(ends)) => format!(
            "phase {phase} starts at {starts}, and phase {before} before it ends later, at {ends}"
        ),
    }
}

/// Why a text is no time of a phase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// A day and an hour, and nobody knows where.
    #[error("{0:?} has no time zone: it is written as {EXAMPLE}, or with an offset as +01:00")]
    NoZone(String),
    /// No time at all.
    #[error("{0:?} is no time: it is written as {EXAMPLE}")]
    NoTime(String),
    /// Names of files, and of IPNS records, are to the second.
    #[error("{0:?} has a part of a second: phases begin and end at a full second")]
    Fraction(String),
    /// Before 1970.
    #[error("{0:?} is before 1970")]
    TooEarly(String),
}

/// A time as people write it, RFC 3339 with its zone.
///
/// # Errors
/// [`TimeError`] quotes it.
pub fn parse_time(text: &str) -> Result<Timestamp, TimeError> {
    let quoted = || text.to_owned();
    let has_offset = !text.contains('[');
    let time = match text.parse::<Timestamp>() {
        Ok(time) if has_offset => time,
        _ if text.parse::<jiff::civil::DateTime>().is_ok() => {
            return Err(TimeError::NoZone(quoted()));
        }
        _ => return Err(TimeError::NoTime(quoted())),
    };
    match time {
        // A leap second, which would be another one.
        _ if text.contains(":60") => Err(TimeError::NoTime(quoted())),
        _ if time.subsec_nanosecond() != 0 => Err(TimeError::Fraction(quoted())),
        _ if time < Timestamp::UNIX_EPOCH => Err(TimeError::TooEarly(quoted())),
        _ => Ok(time),
    }
}

impl Phases {
    /// One value for always.
    pub fn always(value: Value) -> Self {
        Self(Form::Always(value))
    }

    /// Phases in the order of time.
    ///
    /// # Errors
    /// [`PhaseError`] names the first that does not fit.
    pub fn new(phases: Vec<Phase>) -> Result<Self, PhaseError> {
        if phases.len() > MAX_PHASES {
            return Err(PhaseError::TooMany);
        }
        for (phase, one) in (1..).zip(&phases) {
            if let (Some(starts), Some(ends)) = (one.starts, one.ends)
                && ends <= starts
            {
                return Err(PhaseError::Backwards { phase, starts, ends });
            }
        }
        for (before, pair) in (1..).zip(phases.windows(2)) {
            let [first, second] = pair else { continue };
            let (ends, starts) = (first.ends, second.starts);
            if ends.is_none_or(|ends| starts.is_none_or(|starts| starts < ends)) {
                return Err(PhaseError::Overlap { phase: before + 1, before, starts, ends });
            }
        }
        Self::of(phases).ok_or(PhaseError::None)
    }

    /// Phases that fit.
    fn of(mut phases: Vec<Phase>) -> Option<Self> {
        match phases.as_slice() {
            [] => None,
            [one] if one.is_always() => phases.pop().map(|one| Self::always(one.value)),
            _ => Some(Self(Form::Timed(phases.into()))),
        }
    }

    /// The value, where there is one for always.
    pub fn single(&self) -> Option<&Value> {
        match &self.0 {
            Form::Always(value) => Some(value),
            Form::Timed(_) => None,
        }
    }

    /// The phases that have times; none of a value for always.
    pub fn timed(&self) -> &[Phase] {
        match &self.0 {
            Form::Always(_) => &[],
            Form::Timed(phases) => phases,
        }
    }

    /// Every phase; a value for always is one without times.
    pub fn to_vec(&self) -> Vec<Phase> {
        match &self.0 {
            Form::Always(value) => vec![Phase { value: value.clone(), starts: None, ends: None }],
            Form::Timed(phases) => phases.to_vec(),
        }
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.single().into_iter().chain(self.timed().iter().map(|phase| &phase.value))
    }

    /// The value that holds at `now`; none between phases, before the first, after the last.
    pub fn at(&self, now: Timestamp) -> Option<&Value> {
        match &self.0 {
            Form::Always(value) => Some(value),
            Form::Timed(_) => self.phase_at(now).map(|phase| &phase.value),
        }
    }

    /// The phase with times that holds at `now`.
    pub fn phase_at(&self, now: Timestamp) -> Option<&Phase> {
        self.timed().iter().find(|phase| phase.holds(now) == Holds::Now)
    }

    /// When what holds changes, in order.
    pub fn turns(&self) -> impl Iterator<Item = Timestamp> {
        let mut last = None;
        let times = self.timed().iter().flat_map(|phase| [phase.starts, phase.ends]);
        times.flatten().filter(move |time| last.replace(*time) != Some(*time))
    }

    /// With one more phase: what held in its time before is cut to what it leaves. One that has an end
    /// and no start, and says what is there then, ends that: its start stays.
    ///
    /// # Errors
    /// [`PhaseError::Backwards`], [`PhaseError::TooMany`].
    pub fn with(&self, new: Phase) -> Result<Self, PhaseError> {
        if let Some(ended) = self.ended(&new) {
            return Self::new(ended);
        }
        let mut phases = Vec::new();
        for old in self.to_vec() {
            let before = Phase { ends: earlier(old.ends, new.starts), ..old.clone() };
            let after = Phase { starts: later(old.starts, new.ends), ..old };
            phases.extend(new.starts.is_some().then_some(before));
            phases.extend(new.ends.is_some().then_some(after));
        }
        phases.retain(|phase| match (phase.starts, phase.ends) {
            (Some(starts), Some(ends)) => starts < ends,
            _ => true,
        });
        phases.push(new);
        phases.sort_by(|a, b| order(a.starts, b.starts));
        Self::new(joined(phases))
    }

    /// The phases, where `new` has only an end, and one that says the same is to end then.
    fn ended(&self, new: &Phase) -> Option<Vec<Phase>> {
        let ends = new.ends.filter(|_| new.starts.is_none())?;
        let mut phases = self.to_vec();
        let begins = |phase: &Phase| phase.starts.is_none_or(|starts| starts < ends);
        let lasts = |phase: &Phase| phase.ends.is_none_or(|end| ends <= end);
        let same = phases
            .iter_mut()
            .find(|phase| phase.value == new.value && begins(phase) && lasts(phase))?;
        same.ends = Some(ends);
        Some(phases)
    }

    /// Without the phase that holds at `time`; none where it was the only one.
    ///
    /// # Errors
    /// `Err` where none holds then.
    pub fn without(&self, time: Timestamp) -> Result<(Phase, Option<Self>), NoPhase> {
        let mut phases = self.to_vec();
        let at = phases.iter().position(|phase| phase.holds(time) == Holds::Now);
        let gone = phases.remove(at.ok_or(NoPhase)?);
        Ok((gone, Self::of(phases)))
    }

    /// What it says from the first turn on, up to `now`: each value, and nothing where none holds.
    fn said_until(&self, now: Timestamp) -> Vec<Option<&Value>> {
        let first = Timestamp::MIN;
        let times = std::iter::once(first).chain(self.turns()).take_while(|time| *time <= now);
        times.map(|time| self.at(time)).collect()
    }

    /// Whether what is published (`there`) is what this list says now, or said since `base` was
    /// published: then nobody changed it, though a machine may be late.
    pub fn explains(&self, base: Option<&Value>, there: Option<&Value>, now: Timestamp) -> bool {
        let said = self.said_until(now);
        // The first: what comes back was put in turn as often as it is due.
        let from = said.iter().position(|said| *said == base).unwrap_or(0);
        !self.timed().is_empty() && said.iter().skip(from).any(|said| *said == there)
    }
}

/// No phase holds at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPhase;

/// By start; what has always begun is first.
fn order(one: Option<Timestamp>, other: Option<Timestamp>) -> Ordering {
    one.cmp(&other)
}

/// The earlier of two ends, of which none is never.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// The later of two starts, of which none is always.
fn later(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.max(other)
}

/// Neighbours that say the same are one.
fn joined(phases: Vec<Phase>) -> Vec<Phase> {
    let mut joined: Vec<Phase> = Vec::new();
    for phase in phases {
        match joined.last_mut() {
            Some(last)
                if last.value == phase.value
                    && last.ends.is_some()
                    && last.ends == phase.starts =>
            {
                last.ends = phase.ends;
            }
            _ => joined.push(phase),
        }
    }
    joined
}

/// Every value and its time, for people: in one line.
impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(value) = self.single() {
            return write!(f, "{value}");
        }
        for (at, phase) in self.timed().iter().enumerate() {
            write!(f, "{}{phase}: {}", if at == 0 { "" } else { "; " }, phase.value)?;
        }
        Ok(())
    }
}

/// The phase's time, for people: `from … until …`.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.starts, self.ends) {
            (None, None) => f.write_str("always"),
            (Some(starts), None) => write!(f, "from {starts}"),
            (None, Some(ends)) => write!(f, "until {ends}"),
            (Some(starts), Some(ends)) => write!(f, "from {starts} until {ends}"),
        }
    }
}

/// How a time is written in the names of files and folders: `20270101T000000Z`.
pub const FILE_TIME: &str = "%Y%m%dT%H%M%SZ";

/// A time as it stands in the names of files and folders.
pub fn file_time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime(FILE_TIME).to_string()
}

#[cfg(test)]
#[path = "phases_tests.rs"]
mod tests;
