//! What a publication to a web host may replace: rule 12 of [the model](crate::spec::published).

use std::collections::BTreeMap;

use cid::Cid;

use super::{Held, SiteError};
use crate::published::{Judge, KnownSite, Loss};

/// Losses that are told one by one; the rest is counted.
const MAX_TOLD: usize = 1000;

/// What is known of a web host, and what would be there.
#[derive(Clone, Debug)]
pub struct Over {
    /// What was brought there from here, or begun.
    ours: Vec<Cid>,
    files: BTreeMap<String, String>,
    /// Tells what is removed on purpose; none where whatever is there may go.
    judge: Option<Judge>,
}

impl Over {
    /// Of a publication of `root`, with `files`, path and sha2-256 of each, to a host of which this
    /// is `known`.
    pub fn new(
        known: &KnownSite,
        root: Cid,
        files: BTreeMap<String, String>,
        judge: Option<Judge>,
    ) -> Self {
        let ours = [known.base, known.bringing, Some(root)].into_iter().flatten().collect();
        Self { ours, files, judge }
    }

    /// Whatever is there may go: the place is not a host's.
    pub fn anything() -> Self {
        Self { ours: Vec::new(), files: BTreeMap::new(), judge: None }
    }

    /// What is there, was not brought from here or not removed on purpose, and would not be there
    /// any more; and how much that is. A host tells fingerprints alone, so a file of somebody else
    /// that was signed anew with the same value counts as another.
    pub fn losses(&self, held: &Held) -> (Vec<Loss>, usize) {
        // What was cut short counts as what it was to be.
        let is_ours = held.root.or(held.under_way).is_some_and(|root| self.ours.contains(&root));
        let is_removed =
            |path: &str| self.judge.as_ref().is_some_and(|judge| judge.is_removed(path));
        let is_lost = |(path, sha256): &(&String, &String)| match self.files.get(*path) {
            Some(here) => !is_ours && here != *sha256,
            None => !(is_ours && is_removed(path)),
        };
        let lost = || held.files.iter().filter(is_lost);
        let loss =
            |(path, _): (&String, &String)| Loss::of_file(path, self.files.contains_key(path));
        (lost().take(MAX_TOLD).map(loss).collect(), lost().count())
    }

    /// Whether it may be brought over what is there.
    ///
    /// # Errors
    /// [`SiteError::WouldLose`].
    pub fn permits(&self, to: &str, held: &Held) -> Result<(), SiteError> {
        match self.losses(held) {
            _ if self.judge.is_none() => Ok(()),
            (_, 0) => Ok(()),
            (losses, count) => {
                let to = to.to_owned();
                let first = losses.first().map(ToString::to_string).unwrap_or_default();
                Err(SiteError::WouldLose { to, count, first })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{RAW, sha256_cid};
    use crate::published::Missing;
    use crate::workspace::{Config, Records};

    fn files(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(path, sha256)| ((*path).to_owned(), (*sha256).to_owned())).collect()
    }

    /// Of a workspace of nick.eth that wants one record.
    fn judge() -> Judge {
        let config = Config::parse("name = \"nick.eth\"").unwrap();
        let wanted = "[\"nick.eth\"]\n\"text/a\" = \"1\"\n";
        let wanted = Records::parse(wanted, config.names()).unwrap();
        Judge::new(&config, Some(wanted), Missing::IsLost)
    }

    #[test]
    fn what_was_brought_from_elsewhere_is_not_lost() {
        let cid = |text: &str| Some(sha256_cid(RAW, text.as_bytes()));
        let (a, gone) = (".well-known/eth/nick/text/a.json", ".well-known/eth/nick/text/gone.json");
        let (theirs, beside) = (".well-known/eth/friend/text/b.json", "version.json");
        let here = files(&[(a, "1"), ("new", "1")]);
        let there = files(&[(a, "0"), (gone, "1"), (theirs, "1"), (beside, "1")]);
        let ours = files(&[(a, "0"), (gone, "1")]);
        let known = KnownSite { base: cid("base"), bringing: cid("cut short") };
        for (what, known, root, under_way, held, lost) in [
            // Of what we brought ourselves a record that nobody wants any more goes on purpose;
            // what is merely missing here was not removed.
            ("the base", &known, cid("base"), None, &ours, 0),
            ("the base, with what is others'", &known, cid("base"), None, &there, 2),
            ("somebody else's", &known, cid("other"), None, &there, 4),
            ("nothing", &known, None, None, &files(&[]), 0),
            ("half of somebody's", &known, None, cid("other"), &ours, 2),
            ("half of nobody knows whose", &known, None, None, &ours, 2),
            ("half of ours", &known, None, cid("cut short"), &ours, 0),
            ("half of this", &known, None, cid("this"), &ours, 0),
            ("ours, and not yet noted", &known, cid("cut short"), None, &ours, 0),
            ("the same files", &known, cid("other"), None, &here, 0),
            ("a part of them", &known, cid("other"), None, &files(&[(a, "1")]), 0),
            ("never brought", &KnownSite::default(), cid("base"), None, &ours, 2),
        ] {
            let held = Held { root, under_way, files: held.clone() };
            let over = |judge| Over::new(known, cid("this").unwrap(), here.clone(), judge);
            assert_eq!(over(Some(judge())).losses(&held).1, lost, "{what}");
            assert_eq!(over(Some(judge())).permits("x", &held).is_ok(), lost == 0, "{what}");
            assert!(over(None).permits("x", &held).is_ok(), "{what}");
        }
    }
}
