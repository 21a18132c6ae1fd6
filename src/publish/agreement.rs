//! Whether publishers and gateways serve a record: a publication counts once it is seen.

use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::ens::Name;
use crate::ipns::{Publisher, VerifiedRecord};
use crate::net::Http;
use crate::resolve::{Gateway, GatewaySight, gateway_sight};

/// Whom to ask, and for what.
pub struct SightOf<'a> {
    /// The record that all should serve.
    pub record: &'a VerifiedRecord,
    /// An ENS name that has it, for gateways whose address is a template.
    pub name: &'a Name,
    /// Its publishers.
    pub publishers: &'a [Box<dyn Publisher>],
    /// Gateways that read from them, or from their network.
    pub gateways: &'a [Gateway],
    /// Asks the gateways.
    pub http: &'a Http,
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

/// How long to wait for agreement.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// At most so long.
    pub limit: Duration,
    /// Between two rounds; it grows by half each time, to a minute.
    pub every: Duration,
}

/// Asks all at once.
pub async fn agreement(of: &SightOf<'_>, now: Timestamp) -> Agreement {
    let publishers = of.publishers.iter().map(|publisher| publisher_sight(of.record, &**publisher));
    let gateways = of.gateways.iter().map(async |gateway| {
        let sight = gateway_sight(of.http, gateway, of.record.name(), of.name, now).await;
        judge(of.record, gateway.to_string(), sight)
    });
    let (publishers, gateways) = join(join_all(publishers), join_all(gateways)).await;
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
    let end = Instant::now() + patience.limit;
    let mut every = patience.every;
    loop {
        let seen = agreement(of, Timestamp::now()).await;
        let left = end.saturating_duration_since(Instant::now());
        if seen.is_reached(publishers) || left.is_zero() {
            return seen;
        }
        round(&seen);
        sleep(every.min(left)).await;
        every = (every * 3 / 2).min(Duration::from_secs(60));
    }
}

async fn publisher_sight(record: &VerifiedRecord, publisher: &dyn Publisher) -> Sight {
    let from = publisher.describe();
    let sight = match publisher.get(record.name()).await {
        Ok(Some(served)) => GatewaySight::Serves(Box::new(served)),
        Ok(None) => GatewaySight::Lacks("it has no record of this name".to_owned()),
        Err(error) => GatewaySight::Failed(error.to_string()),
    };
    judge(record, from, sight)
}

fn judge(record: &VerifiedRecord, from: String, sight: GatewaySight) -> Sight {
    let none =
        Sight { from, ok: Some(false), sequence: None, newer: false, ttl: None, error: None };
    match sight {
        GatewaySight::Serves(served) => {
            let fields = served.fields();
            let same = served.bytes() == record.bytes();
            let ttl = Duration::from_nanos(fields.ttl_ns);
            let newer = served.supersedes(record);
            let error = if same {
                None
            } else if newer {
                Some(format!("it has sequence {} already, of {}", fields.sequence, fields.value))
            } else {
                Some(format!(
                    "it still has sequence {}, which it may keep for {} s (its TTL)",
                    fields.sequence,
                    ttl.as_secs()
                ))
            };
            let ttl = (!same).then_some(ttl);
            Sight { ok: Some(same), sequence: Some(fields.sequence), newer, ttl, error, ..none }
        }
        GatewaySight::Lacks(reason) | GatewaySight::Failed(reason) => {
            Sight { error: Some(reason), ..none }
        }
        GatewaySight::CannotTell(reason) => Sight { ok: None, error: Some(reason), ..none },
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

    #[test]
    fn an_older_record_is_explained_by_its_ttl_and_a_newer_one_is_not() {
        let judged = |sequence| {
            judge(&record(5), "x".into(), GatewaySight::Serves(Box::new(record(sequence))))
        };
        assert_eq!((judged(5).ok, judged(5).error, judged(5).ttl), (Some(true), None, None));
        assert!(judged(4).error.unwrap().contains("may keep for 60 s"));
        assert!(judged(6).error.unwrap().contains("sequence 6 already"));
        assert_eq!([4, 5, 6].map(|sequence| judged(sequence).newer), [false, false, true]);
    }

    #[test]
    fn who_cannot_be_told_does_not_stand_in_the_way() {
        let sight = |sight| judge(&record(5), "x".into(), sight);
        let good = || sight(GatewaySight::Serves(Box::new(record(5))));
        let mut seen = Agreement { publishers: vec![good()], gateways: vec![good()] };
        seen.gateways.push(sight(GatewaySight::CannotTell("it serves no IPNS records".into())));
        assert!(seen.is_reached(1) && !seen.is_reached(2));
        seen.gateways.push(sight(GatewaySight::Failed("no answer".into())));
        assert!(!seen.is_reached(1));
        assert_eq!(seen.behind().count(), 1);
    }
}
