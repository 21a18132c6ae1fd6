//! What a publication to a web host may replace: rule 12 of [the model](crate::spec::published).

use std::collections::BTreeMap;

use super::{Held, SiteError};
use crate::published::{KnownSite, Loss};

/// Losses that are told one by one; the rest is counted.
const MAX_TOLD: usize = 1000;

/// What is known of a web host, and what would be there.
#[derive(Clone, Debug)]
pub struct Over {
    known: KnownSite,
    files: BTreeMap<String, String>,
    /// Whether all that is there counts as known.
    replace: bool,
}

impl Over {
    /// Of a publication of `files`, path and sha2-256 of each, to a host of which this is `known`;
    /// with `replace` whatever is there may go.
    pub fn new(known: KnownSite, files: BTreeMap<String, String>, replace: bool) -> Self {
        Self { known, files, replace }
    }

    /// Whatever is there may go: the place is not a host's.
    pub fn anything() -> Self {
        Self::new(KnownSite::default(), BTreeMap::new(), true)
    }

    /// What is there, was not brought from here, and would not be there any more; and how much
    /// that is. A host tells fingerprints alone, so a file that was signed anew with the same value
    /// counts as another.
    pub fn losses(&self, held: &Held) -> (Vec<Loss>, usize) {
        let is_known = match held.root {
            Some(root) => [self.known.base, self.known.bringing].contains(&Some(root)),
            // Cut short, by us.
            None => self.known.bringing.is_some(),
        };
        if is_known {
            return (Vec::new(), 0);
        }
        let is_lost = |(path, sha256): &(&String, &String)| self.files.get(*path) != Some(sha256);
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
            _ if self.replace => Ok(()),
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

    fn files(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(path, sha256)| ((*path).to_owned(), (*sha256).to_owned())).collect()
    }

    #[test]
    fn what_was_brought_from_elsewhere_is_not_lost() {
        let cid = |text: &str| Some(sha256_cid(RAW, text.as_bytes()));
        let here = files(&[("a", "1"), ("b", "2"), ("new", "1")]);
        let there = files(&[("a", "1"), ("b", "1"), ("gone", "1")]);
        let known = KnownSite { base: cid("base"), bringing: None };
        let under_way = KnownSite { bringing: cid("next"), ..known.clone() };
        for (what, known, root, held, lost) in [
            ("the base", &known, cid("base"), &there, 0),
            ("somebody else's", &known, cid("other"), &there, 2),
            ("nothing", &known, None, &files(&[]), 0),
            ("half of somebody's", &known, None, &there, 2),
            ("half of ours", &under_way, None, &there, 0),
            ("ours, and not yet noted", &under_way, cid("next"), &there, 0),
            ("the same files", &known, cid("other"), &here, 0),
            ("a part of them", &known, cid("other"), &files(&[("a", "1")]), 0),
            ("never brought", &KnownSite::default(), cid("base"), &there, 2),
        ] {
            let held = Held { root, files: held.clone() };
            let over = Over::new(known.clone(), here.clone(), false);
            assert_eq!(over.losses(&held).1, lost, "{what}");
            assert_eq!(over.permits("x", &held).is_ok(), lost == 0, "{what}");
            assert!(Over { replace: true, ..over }.permits("x", &held).is_ok(), "{what}");
        }
    }
}
