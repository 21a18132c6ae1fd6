//! When what is wanted changes by itself, and where each file is then.

use super::*;
use crate::keys::Storage;
use crate::workspace::Records;

const RECORDS: &str = "[\"nick.eth\"]\n\"text/a\" = [{ value = \"one\", ends = 2030-01-01T00:00:00Z }, { value = \"two\", starts = 2030-01-01T00:00:00Z, ends = 2031-01-01T00:00:00Z }]\n\"text/b\" = \"x\"\n\"text/c\" = [{ value = \"y\", starts = 2030-01-01T00:00:00Z, ends = 2030-06-01T00:00:00Z }, { value = \"y\", starts = 2030-06-01T00:00:00Z }]\n";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn records(now: &str) -> Records {
    records_of(RECORDS, now)
}

fn records_of(text: &str, now: &str) -> Records {
    Records::parse(text, &[Name::parse("nick.eth").unwrap()]).unwrap().as_of(time(now))
}

#[test]
fn turns_are_the_moments_at_which_something_changes() {
    let told = |now: &str| {
        let told = |turn: Turn| {
            let change = |(_, key, value): (Name, RecordKey, Option<Value>)| {
                format!("{key} {}", value.map(|value| value.to_string()).unwrap_or_default())
            };
            let changes: Vec<String> = turn.changes.into_iter().map(change).collect();
            format!("{}: {}", turn.at, changes.join(", "))
        };
        turns(&records(now)).into_iter().map(told).collect::<Vec<_>>()
    };
    // Where a phase goes on with the same value nothing changes.
    let last = "2031-01-01T00:00:00Z: text/a ";
    assert_eq!(told("2029-01-01T00:00:00Z"), ["2030-01-01T00:00:00Z: text/a two, text/c y", last]);
    assert_eq!(told("2030-01-01T00:00:00Z"), [last]);
    assert_eq!(told("2031-01-01T00:00:00Z"), [""; 0]);
}

#[test]
fn each_file_has_its_place() {
    let (nick, key) = (Name::parse("nick.eth").unwrap(), RecordKey::parse("text/a").unwrap());
    let path = record_path(&nick, &key);
    let later = format!("phases/20300101T000000Z/{path}");
    let (before, within) = ("2029-01-01T00:00:00Z", "2030-03-01T00:00:00Z");
    let at = |now: &str, then: &str| file_at(&records(now), &nick, &key, time(then));
    assert_eq!(at(before, before).as_ref(), Some(&path));
    assert_eq!(at(before, within).as_ref(), Some(&later));
    assert_eq!(at(within, within).as_ref(), Some(&path), "it has taken its place");
    assert_eq!(at(before, "2031-01-01T00:00:00Z"), None);
    assert_eq!(turn_of(&later), Some(time("2030-01-01T00:00:00Z")));
    for other in ["phases/ipns/x", "phases/20300101T000000Z", "phases/20301301T000000Z/x", &path] {
        assert_eq!(turn_of(other), None, "{other}");
    }
    let of_now = |path: &str, now: &str| phase_file_now(&records(before), path, time(now));
    assert_eq!(of_now(&path, before), PhaseFile::Tree);
    assert_eq!(of_now(&path, within), PhaseFile::First(later));
    assert_eq!(of_now(&path, "2032-01-01T00:00:00Z"), PhaseFile::Nothing);
    for other in [".well-known/eth/nick/text/b.json", ".well-known/other"] {
        assert_eq!(of_now(other, "2032-01-01T00:00:00Z"), PhaseFile::Tree);
    }
}

#[test]
fn what_is_wanted_is_read_again_when_a_phase_begins_or_ends_though_the_file_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let nick = Name::parse("nick.eth").unwrap();
    let config = Config::new(nick, Storage::Domain, Storage::Domain, 1);
    let workspace = Workspace::init(&folder.path().join("w"), &config).unwrap();
    // Before and after the only phase nothing is wanted.
    let text = "[\"nick.eth\"]\n\"text/a\" = [{ value = \"one\", starts = 2030-01-01T00:00:00Z, ends = 2031-01-01T00:00:00Z }]\n";
    std::fs::write(folder.path().join("w/records.toml"), text).unwrap();
    let at = |now: &str| workspace.clone().at_time(time(now)).wanted(&config).unwrap();
    for now in ["2030-01-01T00:00:00Z", "2032-01-01T00:00:00Z", "2029-01-01T00:00:00Z"] {
        let before = at("2029-06-01T00:00:00Z");
        assert_eq!(turns(&before).len(), 2);
        assert_eq!(turns(&at(now)), turns(&records_of(text, now)), "{now}");
    }
}
