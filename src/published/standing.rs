//! Which of the records that are out stand: rule 4 of [the model](crate::spec::published).

use super::PublishedTree;
use crate::ipns::{PublishError, VerifiedRecord};

/// Who was asked, and what it said.
pub struct Answer<'a> {
    /// Kind and address.
    pub from: String,
    /// Its record; none where it has none.
    pub said: &'a Result<Option<VerifiedRecord>, PublishError>,
}

/// A record that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// The record. It may have expired.
    pub record: VerifiedRecord,
    /// Who has it; none where only the workspace does.
    pub from: Option<String>,
}

/// What is published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// One for each value of the highest sequence; none where nothing is known to be published.
    pub newest: Vec<Stands>,
}

impl Standing {
    /// Its sequence.
    pub fn sequence(&self) -> Option<u64> {
        Some(self.newest.first()?.record.fields().sequence)
    }

    /// The one record, where all of that sequence say the same.
    pub fn only(&self) -> Option<&Stands> {
        match &self.newest[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// Whether an answer tells nothing of what is out. What does not verify does not stand, and so is
/// as good as none; a gateway that serves files alone is not asked for records.
pub(super) fn tells_nothing(error: &PublishError) -> bool {
    !matches!(
        error,
        PublishError::BadRecord { .. }
            | PublishError::Contradiction { .. }
            | PublishError::NoRecord(_)
            | PublishError::FilesOnly(_)
            | PublishError::NoPlace
    )
}

impl Answer<'_> {
    /// Why what it serves is not the name's record, where that is so.
    pub fn refutation(&self) -> Option<&PublishError> {
        let is_refuted = |error: &&PublishError| {
            matches!(error, PublishError::BadRecord { .. } | PublishError::Contradiction { .. })
        };
        self.said.as_ref().err().filter(is_refuted)
    }

    /// Why it tells nothing of what is out, where that is so.
    pub fn silence(&self) -> Option<&PublishError> {
        self.said.as_ref().err().filter(|error| tells_nothing(error))
    }
}

/// The newest of all `answers`, expired or not, and never older than `base`: lower sequences are
/// late copies. Of one value the record that supersedes the others counts.
pub fn stands(base: Option<&PublishedTree>, answers: &[Answer<'_>]) -> Standing {
    let ours = base.map(|base| Stands { record: base.record().clone(), from: None });
    let theirs = answers.iter().filter_map(|Answer { from, said }| {
        let record = said.as_ref().ok()?.clone()?;
        Some(Stands { record, from: Some(from.clone()) })
    });
    let all: Vec<Stands> = ours.into_iter().chain(theirs).collect();
    let sequence = |stands: &Stands| stands.record.fields().sequence;
    let highest = all.iter().map(sequence).max();
    let mut newest: Vec<Stands> = Vec::new();
    for stands in all.into_iter().filter(|stands| Some(sequence(stands)) == highest) {
        let value = &stands.record.fields().value;
        match newest.iter_mut().find(|other| other.record.fields().value == *value) {
            None => newest.push(stands),
            Some(other) if stands.record.supersedes(&other.record) => *other = stands,
            // Who has it is worth more than that the workspace knows it.
            Some(other) if stands.record == other.record && other.from.is_none() => {
                other.from = stands.from;
            }
            Some(_) => {}
        }
    }
    Standing { newest }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::published::base::tests::{record, root, tree};

    fn standing(base: Option<PublishedTree>, out: &[(u64, &str)]) -> Vec<(u64, String)> {
        let said = out
            .iter()
            .map(|(sequence, text)| Ok(Some(record(*sequence, &format!("/ipfs/{}", root(text))))));
        let mut said: Vec<_> = said.collect();
        said.extend([Ok(None), Err(PublishError::Silent(Duration::from_secs(5)))]);
        let answers: Vec<Answer<'_>> =
            said.iter().map(|said| Answer { from: "x".to_owned(), said }).collect();
        let newest = stands(base.as_ref(), &answers).newest.into_iter();
        newest
            .map(|stands| {
                let fields = stands.record.fields();
                (fields.sequence, fields.value.clone())
            })
            .collect()
    }

    #[test]
    fn the_highest_sequence_stands_and_two_roots_of_it_both_count() {
        let is = |sequence, text| (sequence, format!("/ipfs/{}", root(text)));
        assert_eq!(standing(None, &[]), []);
        assert_eq!(standing(None, &[(3, "a"), (2, "b"), (3, "a")]), [is(3, "a")]);
        assert_eq!(standing(None, &[(3, "a"), (3, "b")]), [is(3, "a"), is(3, "b")]);
        // Never older than the base, whether anybody still has that or not.
        assert_eq!(standing(Some(tree(5, "z")), &[(3, "a")]), [is(5, "z")]);
        assert_eq!(standing(Some(tree(5, "z")), &[]), [is(5, "z")]);
        assert_eq!(standing(Some(tree(5, "z")), &[(5, "a")]), [is(5, "z"), is(5, "a")]);
        assert_eq!(standing(Some(tree(5, "z")), &[(6, "a"), (5, "z")]), [is(6, "a")]);
    }

    #[test]
    fn what_does_not_verify_does_not_stand_and_silence_tells_nothing() {
        let name = *tree(1, "a").record().name();
        let reason = crate::ipns::RecordError::NoData;
        let bad = Err(PublishError::BadRecord { from: "x".into(), name, reason });
        let silent = Err(PublishError::Silent(Duration::from_secs(5)));
        let of = |said| Answer { from: "x".to_owned(), said };
        assert!(of(&bad).silence().is_none() && of(&Ok(None)).silence().is_none());
        assert!(of(&silent).silence().is_some());
    }
}
