//! Base, published and wanted: what a pull takes. No file is read here
//! ([rule 8](crate::spec::published)).

use super::three_way::{Way, three_way};

/// What is done about what was changed in both places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// What is here stays.
    Ours,
    /// What is published is taken.
    Theirs,
}

/// Whose a thing is from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// It stays as it is here.
    Ours,
    /// As it is published; where nothing is, it goes.
    Theirs,
}

/// What is published of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There<V> {
    /// Nothing.
    Absent,
    /// A value that verifies.
    Value(V),
    /// A file that does not verify.
    Unverified,
}

/// The file that is signed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HereFile {
    /// There is none.
    Absent,
    /// It says what is wanted, and verifies.
    Wanted,
    /// It verifies, and says something else.
    Other,
    /// It does not verify.
    Unverified,
}

/// What is wanted here, as a list of phases, towards what is published, which is one value
/// ([how they merge](crate::spec::phases)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// One value for always.
    Single,
    /// Phases: what is published is one whose time is, or was since the base. Nobody changed it.
    Explains,
    /// Phases: what is published is none of those.
    Differs,
}

/// A record of this workspace's names in all places.
#[derive(Clone, Copy, Debug)]
pub struct RecordSides<V> {
    /// The value that was last seen, where it verified.
    pub base: Option<V>,
    /// What is published.
    pub there: There<V>,
    /// Whether its file is another than the one last seen.
    pub there_moved: bool,
    /// What is wanted here now.
    pub wanted: Option<V>,
    /// What is wanted here at all times.
    pub list: List,
    /// What is signed here.
    pub here: HereFile,
    /// Whether that file is another than the one last seen.
    pub here_moved: bool,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Of what is wanted.
    pub wanted: Take,
    /// Of the file.
    pub file: Take,
    /// What was changed there does not verify.
    pub refused: bool,
    /// It was changed in both places, and nobody said whose counts.
    pub conflict: bool,
}

impl Merged {
    const OURS: Self =
        Self { wanted: Take::Ours, file: Take::Ours, refused: false, conflict: false };
    const THEIRS: Self = Self { wanted: Take::Theirs, file: Take::Theirs, ..Self::OURS };
    /// The file alone: what is wanted says the same, or is not signed yet.
    const THEIR_FILE: Self = Self { file: Take::Theirs, ..Self::OURS };
}

/// Decides about a record.
pub fn merge_record<V: PartialEq>(sides: &RecordSides<V>, prefer: Option<Prefer>) -> Merged {
    let there = match &sides.there {
        There::Absent => None,
        There::Value(value) => Some(value),
        There::Unverified => return unverified(sides),
    };
    let (base, wanted) = (sides.base.as_ref(), sides.wanted.as_ref());
    match way(sides.list, base, there, wanted) {
        Way::There => Merged::THEIRS,
        Way::Alike if there.is_none() => Merged::THEIR_FILE,
        Way::Alike if sides.there_moved || sides.here != HereFile::Wanted => Merged::THEIR_FILE,
        Way::Alike => Merged::OURS,
        // Signed anew there; where that was done here too, both are to agree.
        Way::Unchanged if sides.there_moved && (there.is_some() || !sides.here_moved) => {
            Merged::THEIR_FILE
        }
        Way::Unchanged | Way::Here => unsigned(sides, there.is_some()),
        Way::Both => match prefer {
            Some(Prefer::Theirs) => Merged::THEIRS,
            Some(Prefer::Ours) => unsigned(sides, there.is_some()),
            None => Merged { conflict: true, ..Merged::OURS },
        },
    }
}

/// Who changed a record. A list of phases is another thing than one value: whoever changed that
/// value there did not know of it.
fn way<V: PartialEq>(list: List, base: Option<&V>, there: Option<&V>, wanted: Option<&V>) -> Way {
    let same = |a: &V, b: &V| a == b;
    match list {
        List::Single => three_way(base, there, wanted, same, same),
        List::Explains if there == wanted => Way::Alike,
        List::Explains => Way::Here,
        List::Differs if there == base => Way::Here,
        List::Differs => Way::Both,
    }
}

/// No signed file is older than what is published: where ours is not signed yet, or its removal is
/// not, theirs stands.
fn unsigned<V>(sides: &RecordSides<V>, is_there: bool) -> Merged {
    let is_unsigned = match sides.wanted {
        Some(_) => sides.here != HereFile::Wanted,
        None => sides.here != HereFile::Absent,
    };
    match is_unsigned && is_there {
        true => Merged::THEIR_FILE,
        false => Merged::OURS,
    }
}

/// What does not verify never takes the place of what does, and is passed on where nothing does.
fn unverified<V>(sides: &RecordSides<V>) -> Merged {
    let is_free =
        sides.wanted.is_none() && matches!(sides.here, HereFile::Absent | HereFile::Unverified);
    match (sides.there_moved, is_free) {
        (false, _) => Merged::OURS,
        (true, true) => Merged { refused: true, ..Merged::THEIR_FILE },
        (true, false) => Merged { refused: true, ..Merged::OURS },
    }
}

/// Decides about a file that is merged whole: none if it was changed in both places. What is
/// merely missing here was not removed by anybody.
pub fn merge_file<T>(
    base: Option<&T>,
    there: Option<&T>,
    here: Option<&T>,
    same: impl Fn(&T, &T) -> bool,
    prefer: Option<Prefer>,
) -> Option<Take> {
    if here.is_none() {
        return Some(Take::Theirs);
    }
    match (three_way(base, there, here, &same, &same), prefer) {
        (Way::There, _) | (Way::Both, Some(Prefer::Theirs)) => Some(Take::Theirs),
        (Way::Both, None) => None,
        (Way::Unchanged | Way::Here | Way::Alike | Way::Both, _) => Some(Take::Ours),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [Option<u8>; 4] = [None, Some(1), Some(2), Some(3)];

    /// Every combination of values and files that can be: what is wanted follows the three-way
    /// table, and no file that verifies gives way to what does not.
    #[test]
    fn the_whole_table() {
        let files = [HereFile::Absent, HereFile::Wanted, HereFile::Other, HereFile::Unverified];
        let mut rows = 0;
        for (base, wanted) in PLACES.into_iter().flat_map(|b| PLACES.map(|w| (b, w))) {
            let theirs = PLACES.map(|value| value.map_or(There::Absent, There::Value));
            for there in theirs.into_iter().chain([There::Unverified]) {
                for here in files.into_iter().filter(|f| wanted.is_some() || *f != HereFile::Wanted)
                {
                    for (there_moved, here_moved) in
                        [(false, false), (false, true), (true, false), (true, true)]
                    {
                        let list = List::Single;
                        let sides = RecordSides {
                            base,
                            there,
                            there_moved,
                            wanted,
                            list,
                            here,
                            here_moved,
                        };
                        for prefer in [None, Some(Prefer::Ours), Some(Prefer::Theirs)] {
                            check(&sides, prefer, merge_record(&sides, prefer));
                            rows += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(rows, 4 * 5 * (3 * 4 + 3) * 4 * 3);
    }

    fn check(sides: &RecordSides<u8>, prefer: Option<Prefer>, merged: Merged) {
        let at = format!("{sides:?} {prefer:?} {merged:?}");
        let value = match sides.there {
            There::Absent => None,
            There::Value(value) => Some(value),
            There::Unverified => {
                assert_eq!((merged.wanted, merged.conflict), (Take::Ours, false), "{at}");
                assert_eq!(merged.refused, sides.there_moved, "{at}");
                let verifies = matches!(sides.here, HereFile::Wanted | HereFile::Other);
                assert!(merged.file == Take::Ours || !verifies && sides.wanted.is_none(), "{at}");
                return;
            }
        };
        assert!(!merged.refused, "{at}");
        let (theirs, ours) = (value != sides.base, sides.wanted != sides.base);
        let both = theirs && ours && value != sides.wanted;
        let taken = theirs && !ours || both && prefer == Some(Prefer::Theirs);
        assert_eq!(merged.wanted == Take::Theirs, taken, "{at}");
        assert_eq!(merged.conflict, both && prefer.is_none(), "{at}");
        if merged.conflict {
            assert_eq!(merged.file, Take::Ours, "{at}");
            return;
        }
        // What is wanted once it is merged, and the file beside it.
        let wanted = if taken { value } else { sides.wanted };
        match (merged.file, wanted) {
            // No file is removed that is still wanted.
            (Take::Theirs, Some(_)) => assert!(value.is_some(), "{at}"),
            // What is to be removed and is still signed is at least as new as what is published.
            (Take::Theirs, None) => {
                assert!(value.is_none() || sides.here != HereFile::Absent, "{at}");
            }
            // What is not signed yet has what is published in its place.
            (Take::Ours, Some(_)) => {
                assert!(sides.here == HereFile::Wanted || value.is_none(), "{at}");
            }
            (Take::Ours, None) => {
                let is_older = value.is_some() && sides.here != HereFile::Absent;
                assert!(!taken && !is_older, "{at}");
            }
        }
    }

    #[test]
    fn what_is_signed_anew_in_one_place_alone_is_that_file() {
        let sides = |there_moved, here_moved| RecordSides {
            base: Some(1),
            there: There::Value(1),
            there_moved,
            wanted: Some(1),
            list: List::Single,
            here: HereFile::Wanted,
            here_moved,
        };
        for (there, here, file) in [
            (false, false, Take::Ours),
            (true, false, Take::Theirs),
            (false, true, Take::Ours),
            (true, true, Take::Theirs),
        ] {
            assert_eq!(merge_record(&sides(there, here), None).file, file, "{there} {here}");
        }
    }

    /// Of every base, published value, value of now and file: a list is never taken apart unasked.
    #[test]
    fn a_list_of_phases_gives_way_only_to_a_choice() {
        let files = [HereFile::Absent, HereFile::Wanted, HereFile::Other];
        let all = PLACES.into_iter().flat_map(|b| PLACES.map(|t| (b, t)));
        let all = all.flat_map(|(b, t)| PLACES.map(|w| (b, t, w)));
        for ((base, there, wanted), list) in
            all.flat_map(|all| [List::Explains, List::Differs].map(|list| (all, list)))
        {
            for here in files.into_iter().filter(|f| wanted.is_some() || *f != HereFile::Wanted) {
                let (there_moved, here_moved) = (there != base, true);
                let published = there.map_or(There::Absent, There::Value);
                let sides = RecordSides {
                    base,
                    there: published,
                    there_moved,
                    wanted,
                    list,
                    here,
                    here_moved,
                };
                let at = format!("{sides:?}");
                let plain = merge_record(&sides, None);
                assert_eq!(plain.wanted, Take::Ours, "{at}");
                assert_eq!(plain.conflict, list == List::Differs && there != base, "{at}");
                let theirs = merge_record(&sides, Some(Prefer::Theirs));
                assert_eq!(theirs.wanted == Take::Theirs, plain.conflict, "{at}");
                let ours = merge_record(&sides, Some(Prefer::Ours));
                assert_eq!((ours.wanted, ours.conflict), (Take::Ours, false), "{at}");
            }
        }
    }

    #[test]
    fn files_are_merged_whole() {
        let merged = |base: Option<u8>, there: Option<u8>, here: Option<u8>, prefer| {
            merge_file(base.as_ref(), there.as_ref(), here.as_ref(), |a, b| a == b, prefer)
        };
        for (base, there, here) in PLACES
            .into_iter()
            .flat_map(|b| PLACES.into_iter().flat_map(move |t| PLACES.map(|h| (b, t, h))))
        {
            let plain = merged(base, there, here, None);
            let is_conflict = here.is_some() && base != there && base != here && there != here;
            assert_eq!(plain.is_none(), is_conflict, "{base:?} {there:?} {here:?}");
            let kept = merged(base, there, here, Some(Prefer::Ours)).unwrap();
            let taken = merged(base, there, here, Some(Prefer::Theirs)).unwrap();
            match (is_conflict, here) {
                (true, _) => assert_eq!((kept, taken), (Take::Ours, Take::Theirs)),
                (false, None) => assert_eq!(taken, Take::Theirs, "it was not removed here"),
                (false, _) => assert_eq!((Some(kept), Some(taken)), (plain, plain)),
            }
        }
    }
}
