//! What publishers and gateways say of the name before anything is sent.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use super::request::PublishRequest;
use super::told;
use crate::ipns::{PublishError, Publisher, RecordSource, VerifiedRecord};
use crate::keys::IpnsName;
use crate::net::beside;
use crate::published::{Answer, PublishedTree, Standing, stands};

/// How long gateways are waited for once the publishers have answered.
const GRACE: Duration = Duration::from_secs(2);

type Said = Result<Option<VerifiedRecord>, PublishError>;

/// Who is asked for the records of a name.
#[derive(Clone, Copy)]
pub struct Witnesses<'a> {
    /// The name.
    pub name: &'a IpnsName,
    /// Its publishers, the one that decides first.
    pub publishers: &'a [Box<dyn Publisher>],
    /// Gateways that read from them, or from their network.
    pub gateways: &'a [Box<dyn RecordSource>],
}

impl<'a> From<&'a PublishRequest<'_>> for Witnesses<'a> {
    fn from(request: &'a PublishRequest<'_>) -> Self {
        let PublishRequest { name, publishers, gateways, .. } = request;
        Self { name, publishers, gateways }
    }
}

/// What is out, as far as anybody tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What stands.
    pub standing: Standing,
    /// Why each publisher that tells nothing does not.
    pub silent: Vec<String>,
    /// Why the publisher that decides tells nothing, where it does not.
    pub silent_first: Option<String>,
    /// Why what others serve is not the name's record.
    pub refuted: Vec<String>,
}

/// Asks all, and says what stands; `base` is what was last seen.
pub async fn look(witnesses: Witnesses<'_>, base: Option<&PublishedTree>) -> Look {
    let answers = Answers::ask(witnesses).await;
    let all = answers.all(witnesses);
    let refuted = all.iter().filter_map(|answer| Some(in_words(answer, answer.refutation()?)));
    Look {
        standing: answers.standing(witnesses, base),
        silent: answers.failed(witnesses),
        silent_first: answers.silent_first(witnesses),
        refuted: refuted.collect(),
    }
}

/// What each of them said.
pub(super) struct Answers {
    /// In the order of the request.
    pub(super) publishers: Vec<Said>,
    gateways: Vec<Said>,
}

impl Answers {
    /// Asks all at once; gateways are not waited for long once the publishers have answered.
    pub(super) async fn ask<'a>(witnesses: impl Into<Witnesses<'a>>) -> Self {
        let request = witnesses.into();
        let since = std::time::Instant::now();
        let publishers = join_all(request.publishers.iter().map(|to| to.get(request.name)));
        let gateways = request.gateways.iter().map(|gateway| &**gateway as &dyn RecordSource);
        let asking = gateways.enumerate();
        let asking = asking.map(async |(number, from)| (number, from.get(request.name).await));
        let mut asked: FuturesUnordered<_> = asking.collect();
        let silent = || Err(PublishError::Silent(GRACE));
        let mut gateways: Vec<Said> = request.gateways.iter().map(|_| silent()).collect();
        let mut publishers = pin!(publishers);
        let publishers = loop {
            tokio::select! {
                publishers = &mut publishers => break publishers,
                Some((number, said)) = asked.next() => gateways[number] = said,
            }
        };
        let end = Instant::now() + GRACE;
        while let Ok(Some((number, said))) = timeout_at(end, asked.next()).await {
            gateways[number] = said;
        }
        drop(asked);
        let answers = Self { publishers, gateways };
        told::answers(&answers.all(request), since);
        answers
    }

    /// Asks the publishers again that answered: others may have published meanwhile.
    pub(super) async fn ask_again<'a>(&mut self, witnesses: impl Into<Witnesses<'a>>) {
        let request = witnesses.into();
        let before = std::mem::take(&mut self.publishers);
        let again = request.publishers.iter().zip(before).map(async |(to, before)| match before {
            Ok(before) => Ok(newer(before, to.get(request.name).await)),
            failed => failed,
        });
        let since = std::time::Instant::now();
        self.publishers = join_all(again).await;
        let asked = self.all(request);
        told::answers(asked.get(..self.publishers.len()).unwrap_or(&asked), since);
    }

    /// What stands of it.
    pub(super) fn standing<'a>(
        &self,
        witnesses: impl Into<Witnesses<'a>>,
        base: Option<&PublishedTree>,
    ) -> Standing {
        stands(base, &self.all(witnesses.into()))
    }

    /// Why each could not be asked.
    pub(super) fn failed<'a>(&self, witnesses: impl Into<Witnesses<'a>>) -> Vec<String> {
        let request = witnesses.into();
        let publishers = request.publishers.len();
        let asked = self.all(request).into_iter().take(publishers);
        asked.filter_map(|answer| Some(in_words(&answer, answer.silence()?))).collect()
    }

    /// Why the publisher that decides could not be asked.
    pub(super) fn silent_first<'a>(&self, witnesses: impl Into<Witnesses<'a>>) -> Option<String> {
        let all = self.all(witnesses.into());
        let first = all.first()?;
        let (from, silence) = (&first.from, first.silence()?.to_string());
        let silence = beside(from, &silence);
        Some(format!("{from}, the first publisher, decides and tells nothing: {silence}"))
    }

    fn all(&self, request: Witnesses<'_>) -> Vec<Answer<'_>> {
        let publishers = request.publishers.iter().map(|to| to.describe()).zip(&self.publishers);
        let gateways = request.gateways.iter().map(|from| from.describe()).zip(&self.gateways);
        publishers.chain(gateways).map(|(from, said)| Answer { from, said }).collect()
    }
}

/// An error beside who it is of.
fn in_words(answer: &Answer<'_>, error: &PublishError) -> String {
    format!("{}: {}", answer.from, beside(&answer.from, &error.to_string()))
}

/// What a publisher serves, asked twice: it may be silent the second time, or answer from a place
/// that is behind, and what it said stays said.
fn newer(
    before: Option<VerifiedRecord>,
    now: Result<Option<VerifiedRecord>, PublishError>,
) -> Option<VerifiedRecord> {
    match (before, now) {
        (Some(before), Ok(Some(now))) if before.supersedes(&now) => Some(before),
        (_, Ok(Some(now))) => Some(now),
        (before, _) => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipns::UnverifiedRecord;
    use crate::ipns::create;
    use crate::keys::IpnsKey;

    #[test]
    fn what_was_answered_once_stays_answered() {
        let record = |sequence| {
            let key = IpnsKey::from_seed(&[7; 32].into());
            let validity = "2100-01-01T00:00:00Z".parse().unwrap();
            let bytes = create(&key, "/ipfs/bafkqaaa", sequence, validity, Duration::ZERO).unwrap();
            UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
        };
        let silent = || Err(PublishError::Silent(Duration::from_secs(5)));
        for (before, now, expected) in [
            (Some(5), Ok(Some(6)), Some(6)),
            (Some(5), Ok(Some(4)), Some(5)),
            (Some(5), Ok(None), Some(5)),
            (Some(5), silent(), Some(5)),
            (None, Ok(Some(1)), Some(1)),
            (None, silent(), None),
        ] {
            let now = now.map(|sequence: Option<u64>| sequence.map(record));
            assert_eq!(newer(before.map(record), now), expected.map(record));
        }
    }
}
