//! Whether publishers and gateways serve a record: a publication counts once it is seen.

use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;

use super::Patience;
use crate::ipns::{PublishError, RecordError, RecordSource, VerifiedRecord};

/// Whom to ask, and for what.
pub struct SightOf<'a> {
    /// The record that all should serve.
    pub record: &'a VerifiedRecord,
    /// Its publishers.
    pub publishers: Vec<&'a dyn RecordSource>,
    /// Gateways that read from them, or from their network.
    pub gateways: Vec<&'a dyn RecordSource>,
}

/// What one of them serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Whose it is: kind and address, or the gateway's.
    pub from: String,
    /// Whether it is the record; none when it cannot be told.
    pub ok: Option<bool>,
    /// The sequence of what it serves.
    pub sequence: Option<u64>,
    /// Whether that supersedes the record, so that readers keep it.
    pub newer: bool,
    /// How long it may go on serving another record that it keeps.
    pub ttl: Option<Duration>,
    /// What is in the way.
    pub error: Option<String>,
}

/// What all of them serve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// In the order given.
    pub publishers: Vec<Sight>,
    /// In the order given.
    pub gateways: Vec<Sight>,
}

impl Agreement {
    /// Whether `publishers` of the publishers, and every gateway that can be told, serve it.
    pub fn is_reached(&self, publishers: usize) -> bool {
        let serving = self.publishers.iter().filter(|sight| sight.ok == Some(true)).count();
        serving >= publishers && self.gateways.iter().all(|sight| sight.ok != Some(false))
    }

    /// A gateway that serves a record which supersedes it: its readers do not see ours.
    pub fn superseded(&self) -> Option<&Sight> {
        self.gateways.iter().filter(|sight| sight.newer).max_by_key(|sight| sight.sequence)
    }

    /// Those that do not serve it.
    pub fn behind(&self) -> impl Iterator<Item = &Sight> {
        self.publishers.iter().chain(&self.gateways).filter(|sight| sight.ok == Some(false))
    }
}

/// Asks all at once.
pub async fn agreement(of: &SightOf<'_>, now: Timestamp) -> Agreement {
    let look = async |source: &&dyn RecordSource| {
        judge(of.record, source.describe(), source.get(of.record.name()).await, now)
    };
    let publishers = join_all(of.publishers.iter().map(look));
    let gateways = join_all(of.gateways.iter().map(look));
    let (publishers, gateways) = join(publishers, gateways).await;
    Agreement { publishers, gateways }
}

/// Asks until `publishers` of the publishers and all gateways agree, or patience ends. `round` is
/// told what was seen, after every round but the last.
pub async fn wait_for_agreement(
    of: &SightOf<'_>,
    publishers: usize,
    patience: Patience,
    round: &(dyn Fn(&Agreement) + Send + Sync),
) -> Agreement {
    let mut rounds = patience.rounds();
    loop {
        let seen = agreement(of, Timestamp::now()).await;
        if seen.is_reached(publishers) || rounds.is_over() {
            return seen;
        }
        round(&seen);
        rounds.wait().await;
    }
}

fn judge(
    record: &VerifiedRecord,
    from: String,
    answer: Result<Option<VerifiedRecord>, PublishError>,
    now: Timestamp,
) -> Sight {
    let none =
        Sight { from, ok: Some(false), sequence: None, newer: false, ttl: None, error: None };
    let lacks = |reason: String| Sight { error: Some(reason), ..none.clone() };
    match answer {
        Ok(Some(served)) if served.bytes() == record.bytes() => {
            let sequence = Some(served.fields().sequence);
            Sight { ok: Some(true), sequence, ..none }
        }
        Ok(Some(served)) if served.is_expired(now) => {
            let validity = served.fields().validity.clone();
            lacks(RecordError::Expired { validity, now }.to_string())
        }
        Ok(Some(served)) => {
            let fields = served.fields();
            let ttl = Duration::from_nanos(fields.ttl_ns);
            let newer = served.supersedes(record);
            let error = if newer {
                format!("it has sequence {} already, of {}", fields.sequence, fields.value)
            } else {
                format!(
                    "it still has sequence {}, which it may keep for {} s (its TTL)",
                    fields.sequence,
                    ttl.as_secs()
                )
            };
            let sequence = Some(fields.sequence);
            Sight { sequence, newer, ttl: Some(ttl), error: Some(error), ..none }
        }
        Ok(None) => lacks("it has no record of this name".to_owned()),
        Err(error @ PublishError::FilesOnly(_)) => {
            Sight { ok: None, error: Some(error.to_string()), ..none }
        }
        Err(error) => lacks(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipns::{UnverifiedRecord, create};
    use crate::keys::IpnsKey;

    fn record(sequence: u64) -> VerifiedRecord {
        let key = IpnsKey::from_seed(&[7; 32].into());
        let value = "/ipfs/bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
        let validity = "2100-01-01T00:00:00Z".parse().unwrap();
        let bytes = create(&key, value, sequence, validity, Duration::from_secs(60)).unwrap();
        UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
    }

    fn sight(answer: Result<Option<VerifiedRecord>, PublishError>) -> Sight {
        judge(&record(5), "x".into(), answer, "2030-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn an_older_record_is_explained_by_its_ttl_and_a_newer_one_is_not() {
        let judged = |sequence| sight(Ok(Some(record(sequence))));
        assert_eq!((judged(5).ok, judged(5).error, judged(5).ttl), (Some(true), None, None));
        assert!(judged(4).error.unwrap().contains("may keep for 60 s"));
        assert!(judged(6).error.unwrap().contains("sequence 6 already"));
        assert_eq!([4, 5, 6].map(|sequence| judged(sequence).newer), [false, false, true]);
    }

    #[test]
    fn who_cannot_be_told_does_not_stand_in_the_way() {
        let good = || sight(Ok(Some(record(5))));
        let mut seen = Agreement { publishers: vec![good()], gateways: vec![good()] };
        seen.gateways.push(sight(Err(PublishError::FilesOnly("it serves no IPNS records"))));
        assert!(seen.is_reached(1) && !seen.is_reached(2));
        seen.gateways.push(sight(Err(PublishError::Silent(Duration::from_secs(5)))));
        assert!(!seen.is_reached(1));
        assert_eq!(seen.behind().count(), 1);
    }
}
