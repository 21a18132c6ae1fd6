//! Base, there, here: who changed what. Publishing and pulling read the same table.

/// Who changed a thing since the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nobody.
    Unchanged,
    /// Only what is published.
    There,
    /// Only what is here.
    Here,
    /// Both, and they are alike now.
    Alike,
    /// Both, and they differ.
    Both,
}

/// Compares a thing in three places, of which it may be absent; `alike` says whether two that are
/// there say the same.
pub fn three_way<T>(
    base: Option<&T>,
    there: Option<&T>,
    here: Option<&T>,
    same: impl Fn(&T, &T) -> bool,
    alike: impl Fn(&T, &T) -> bool,
) -> Way {
    let is = |one: Option<&T>, other: Option<&T>, by: &dyn Fn(&T, &T) -> bool| match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => by(one, other),
        _ => false,
    };
    let (theirs, ours) = (!is(base, there, &same), !is(base, here, &same));
    match (theirs, ours) {
        (false, false) => Way::Unchanged,
        (true, false) => Way::There,
        (false, true) => Way::Here,
        (true, true) if is(there, here, &alike) => Way::Alike,
        (true, true) => Way::Both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All three places, each with nothing or one of four values, of which 2 and 3 are alike: every
    /// way in which three things can be the same, alike or neither.
    #[test]
    fn the_whole_table() {
        let places = [None, Some(1), Some(2), Some(3), Some(4)];
        let mut counts = [0; 5];
        for base in places {
            for there in places {
                for here in places {
                    let like =
                        |value: Option<i32>| value.map(|value| if value == 3 { 2 } else { value });
                    let expected = match (there == base, here == base) {
                        (true, true) => Way::Unchanged,
                        (false, true) => Way::There,
                        (true, false) => Way::Here,
                        (false, false) if like(there) == like(here) => Way::Alike,
                        (false, false) => Way::Both,
                    };
                    let same = |a: &i32, b: &i32| a == b;
                    let alike = |a: &i32, b: &i32| like(Some(*a)) == like(Some(*b));
                    let (base, there, here) = (base.as_ref(), there.as_ref(), here.as_ref());
                    let way = three_way(base, there, here, same, alike);
                    assert_eq!(way, expected, "{base:?} {there:?} {here:?}");
                    counts[way as usize] += 1;
                }
            }
        }
        assert_eq!(counts, [5, 20, 20, 26, 54]);
    }

    /// The rows of the table by name, as a publication sees them: what is lost, and what is not.
    #[test]
    fn what_each_row_means() {
        let way = |base: Option<i32>, there: Option<i32>, here: Option<i32>| {
            let same = |a: &i32, b: &i32| a == b;
            three_way(base.as_ref(), there.as_ref(), here.as_ref(), same, same)
        };
        let (a, b, c) = (Some(1), Some(2), Some(3));
        for (what, base, there, here, expected) in [
            ("set there", None, b, None, Way::There),
            ("set here", None, None, b, Way::Here),
            ("set alike", None, b, b, Way::Alike),
            ("set in both", None, b, c, Way::Both),
            ("changed there", a, b, a, Way::There),
            ("changed here", a, a, b, Way::Here),
            ("changed alike", a, b, b, Way::Alike),
            ("changed in both", a, b, c, Way::Both),
            ("removed there", a, None, a, Way::There),
            ("removed here", a, a, None, Way::Here),
            ("removed in both", a, None, None, Way::Alike),
            ("removed there, changed here", a, None, c, Way::Both),
            ("changed there, removed here", a, b, None, Way::Both),
        ] {
            assert_eq!(way(base, there, here), expected, "{what}");
        }
    }
}
