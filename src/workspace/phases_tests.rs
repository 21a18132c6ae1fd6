//! Phases: which hold, which do not fit, and what one more makes of them.

use proptest::prelude::*;

use super::*;

fn time(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn value(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn phase(text: &str, starts: Option<i64>, ends: Option<i64>) -> Phase {
    Phase { value: value(text), starts: starts.map(time), ends: ends.map(time) }
}

fn list(phases: &[(&str, Option<i64>, Option<i64>)]) -> Result<Phases, PhaseError> {
    Phases::new(phases.iter().map(|(text, starts, ends)| phase(text, *starts, *ends)).collect())
}

#[test]
fn the_value_of_a_time_is_that_of_its_phase() {
    let phases = list(&[("a", None, Some(10)), ("b", Some(10), Some(20)), ("c", Some(30), None)]);
    let phases = phases.unwrap();
    let at = |day| phases.at(time(day)).map(ToString::to_string);
    let said: Vec<_> = [0, 9, 10, 19, 20, 29, 30, 99].map(at).into();
    let expected = ["a", "a", "b", "b", "", "", "c", "c"];
    assert_eq!(said, expected.map(|text| (!text.is_empty()).then(|| text.to_owned())));
    assert_eq!(phases.turns().collect::<Vec<_>>(), [10, 20, 30].map(time));
    assert_eq!(phases.timed()[1].holds(time(20)), Holds::Ended);
    let always = Phases::always(value("a"));
    assert_eq!(list(&[("a", None, None)]).unwrap(), always);
    assert!(always.turns().next().is_none() && always.timed().is_empty());
    assert_eq!(
        std::mem::size_of::<Phases>(),
        std::mem::size_of::<Value>(),
        "a value for always takes no more room than itself"
    );
}

#[test]
fn what_does_not_fit_is_refused_by_its_number() {
    let refused = |phases: &[_]| list(phases).unwrap_err().to_string();
    assert!(refused(&[]).contains("at least one"));
    let backwards = refused(&[("a", None, Some(1)), ("b", Some(3), Some(3))]);
    assert!(backwards.starts_with("phase 2 ends at 1970-01-04T00:00:00Z"), "{backwards}");
    for overlapping in [
        [("a", None, Some(3)), ("b", Some(2), None)],
        [("a", None, None), ("b", Some(2), None)],
        [("a", Some(1), Some(2)), ("b", None, None)],
        [("a", Some(5), Some(6)), ("b", Some(1), Some(2))],
    ] {
        let error = refused(&overlapping);
        assert!(error.contains("phase 2") && error.contains("one value"), "{error}");
    }
    let many = (0..1001).map(|n| phase("a", Some(2 * n), Some(2 * n + 1))).collect();
    assert_eq!(Phases::new(many), Err(PhaseError::TooMany));
}

#[test]
fn times_have_a_zone_and_no_fraction() {
    assert_eq!(parse_time("1970-01-02T00:00:00Z"), Ok(time(1)));
    assert_eq!(parse_time("1970-01-02T01:00:00+01:00"), Ok(time(1)));
    for (text, said) in [
        ("2027-01-01T00:00:00", "no time zone"),
        ("2027-01-01", "no time zone"),
        ("2027-01-01T00:00:00.5Z", "part of a second"),
        ("1969-12-31T23:59:59Z", "before 1970"),
        ("tomorrow", "is no time"),
        ("2027-13-01T00:00:00Z", "is no time"),
        ("2027-06-30T23:59:60Z", "is no time"),
        ("2027-01-01T00:00:00Z[Europe/Berlin]", "time"),
        ("00:00:00Z", "is no time"),
    ] {
        let error = parse_time(text).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(text), "{text}: {error}");
    }
}

#[test]
fn one_more_phase_cuts_what_held_in_its_time() {
    let always = Phases::always(value("a"));
    let from = always.with(phase("b", Some(10), None)).unwrap();
    assert_eq!(from, list(&[("a", None, Some(10)), ("b", Some(10), None)]).unwrap());
    let within = from.with(phase("c", Some(20), Some(30))).unwrap();
    let expected = [
        ("a", None, Some(10)),
        ("b", Some(10), Some(20)),
        ("c", Some(20), Some(30)),
        ("b", Some(30), None),
    ];
    assert_eq!(within, list(&expected).unwrap());
    // Replaced whole, and back to what was.
    let replaced = within.with(phase("d", Some(20), Some(30))).unwrap();
    assert_eq!(replaced.to_vec()[2], phase("d", Some(20), Some(30)));
    assert_eq!(within.with(phase("b", Some(20), Some(30))).unwrap(), from);
    // The value that is there: an end alone ends it, and keeps its start.
    let ends = always.with(phase("a", None, Some(10))).unwrap();
    assert_eq!(ends, list(&[("a", None, Some(10))]).unwrap());
    let later = list(&[("a", Some(5), None)]).unwrap();
    assert_eq!(
        later.with(phase("a", None, Some(8))).unwrap(),
        list(&[("a", Some(5), Some(8))]).unwrap()
    );
    // What holds already is not taken away by saying it again from later on.
    assert_eq!(always.with(phase("a", Some(5), None)).unwrap(), always);
    assert_eq!(always.with(phase("a", Some(5), Some(8))).unwrap(), always);
    assert_eq!(from.with(phase("e", None, None)).unwrap(), Phases::always(value("e")));
    let (gone, rest) = within.without(time(25)).unwrap();
    assert_eq!((gone, rest.unwrap().timed().len()), (phase("c", Some(20), Some(30)), 3));
    let only = list(&[("a", Some(1), None)]).unwrap();
    assert_eq!(only.without(time(0)), Err(NoPhase));
    assert_eq!(only.without(time(1)).unwrap().1, None);
}

#[test]
fn what_is_published_is_explained_by_what_was_due_since_the_base() {
    let phases = list(&[("a", None, Some(10)), ("b", Some(10), Some(20)), ("c", Some(30), None)]);
    let phases = phases.unwrap();
    let explains = |base: Option<&str>, there: Option<&str>, day| {
        let (base, there) = (base.map(value), there.map(value));
        phases.explains(base.as_ref(), there.as_ref(), time(day))
    };
    assert!(explains(Some("a"), Some("b"), 15), "put in turn");
    assert!(explains(Some("a"), Some("a"), 15), "a late machine");
    assert!(explains(Some("a"), None, 25), "it has ended");
    assert!(!explains(Some("a"), Some("b"), 5), "published early");
    assert!(!explains(Some("b"), Some("a"), 15), "taken back");
    assert!(!explains(Some("a"), None, 15), "removed");
    assert!(!explains(Some("a"), Some("x"), 15), "changed");
    let again = list(&[("a", None, Some(10)), ("b", Some(10), Some(20)), ("a", Some(20), None)]);
    let again = again.unwrap();
    let explains = again.explains(Some(&value("a")), Some(&value("b")), time(25));
    assert!(explains, "it was b in between, and a machine is late");
    assert!(!Phases::always(value("a")).explains(None, Some(&value("a")), time(0)));
}

proptest! {
    /// Whatever is put over whatever: in its time it holds, and elsewhere what held before.
    #[test]
    fn a_phase_holds_in_its_time_and_no_other(
        phases in prop::collection::vec(
            ("[ab]", prop::option::of(0..20i64), prop::option::of(0..20i64)), 1..8),
    ) {
        let mut all = Phases::always(value("x"));
        for (text, starts, ends) in phases {
            let new = phase(&text, starts, ends);
            let with = match all.with(new.clone()) {
                Ok(with) => with,
                Err(error) => {
                    prop_assert!(starts >= ends, "{error}");
                    continue;
                }
            };
            // An end alone ends what says the same: nothing but its time changes.
            let is_end = starts.is_none() && ends.is_some() && all.ended(&new).is_some();
            for day in -1..21 {
                let expected = match new.holds(time(day)) {
                    Holds::Now if !is_end => Some(&new.value),
                    Holds::Ended if is_end && all.at(time(day)) == Some(&new.value) => continue,
                    _ => all.at(time(day)),
                };
                prop_assert_eq!(with.at(time(day)), expected);
            }
            prop_assert_eq!(&Phases::new(with.to_vec()).unwrap(), &with);
            all = with;
        }
    }
}
