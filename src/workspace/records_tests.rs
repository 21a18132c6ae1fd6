//! Edits, refusals and clashes of `records.toml`.

use super::*;

#[test]
fn what_other_systems_take_for_one_file_is_refused() {
    let nick = Name::parse("nick.eth").unwrap();
    let key = |text: &str| RecordKey::parse(text).unwrap();
    let value = |key: &RecordKey| Value::parse(key, "x").unwrap();
    for (one, other) in [("text/Avatar", "text/avatar"), ("text/caf\u{e9}", "text/cafe\u{301}")] {
        let mut records = Records::parse("", std::slice::from_ref(&nick)).unwrap();
        let (one, other) = (key(one), key(other));
        assert!(records.set(&nick, &one, value(&one)).unwrap());
        let error = records.set(&nick, &other, value(&other)).unwrap_err().to_string();
        assert!(error.contains("on macOS and Windows"), "{error}");
        assert!(!records.set(&nick, &one, value(&one)).unwrap(), "itself is no other");
        let mine = (nick.clone(), one.clone());
        assert_eq!(records.owner_of(&record_path(&nick, &one)), Some(&mine));
        assert_eq!(records.owner_of(&record_path(&nick, &other)), None);
        records.unset(&nick, &one).unwrap();
        assert!(records.set(&nick, &other, value(&other)).unwrap());
        let text = format!("[\"nick.eth\"]\n\"{one}\" = \"x\"\n\"{other}\" = \"x\"\n");
        assert!(
            Records::parse(&text, std::slice::from_ref(&nick))
                .unwrap_err()
                .to_string()
                .contains("macOS")
        );
    }
}

const TEXT: &str = "# top\n[\"nick.eth\"]\n# the picture\n\"text/avatar\" = \"a\" # now\n\"address/eth\" = \"0xda87a099a80fce4778310474aaeb64b820c871a0\"\n";

fn nick() -> Name {
    Name::parse("nick.eth").unwrap()
}

fn text(key: &str) -> (RecordKey, Value) {
    let key = RecordKey::parse(key).unwrap();
    let value = Value::parse(&key, "b").unwrap();
    (key, value)
}

#[test]
fn edits_keep_comments_and_spelling() {
    let mut records = Records::parse(TEXT, &[nick()]).unwrap();
    let (avatar, value) = text("text/avatar");
    assert!(records.set(&nick(), &avatar, value.clone()).unwrap());
    assert!(!records.set(&nick(), &avatar, value).unwrap());
    let eth = RecordKey::parse("address/60").unwrap();
    let wanted = Value::parse(&eth, "0x0000000000000000000000000000000000000001").unwrap();
    records.set(&nick(), &eth, wanted).unwrap();
    let (sub, value) = text("text/url");
    records.set(&Name::parse("a.nick.eth").unwrap(), &sub, value).unwrap();
    assert_eq!(
        records.to_string(),
        "# top\n[\"nick.eth\"]\n# the picture\n\"text/avatar\" = \"b\" # now\n\"address/eth\" = \"0x0000000000000000000000000000000000000001\"\n\n[\"a.nick.eth\"]\n\"text/url\" = \"b\"\n"
    );
    assert!(records.unset(&nick(), &avatar).is_some());
    assert!(records.unset(&nick(), &avatar).is_none());
    assert!(records.unset(&Name::parse("a.nick.eth").unwrap(), &sub).is_some());
    let again = Records::parse(&records.to_string(), &[nick()]).unwrap();
    assert_eq!(again.iter().count(), 1);
}

#[test]
fn refusals_name_the_record() {
    let refuse = |text: &str| Records::parse(text, &[nick()]).unwrap_err().to_string();
    assert!(refuse("[\"other.eth\"]\n\"name\" = \"x.eth\"").contains("other.eth"));
    assert!(refuse("[\"nick.eth\"]\n\"txt/a\" = \"x\"").contains("txt"));
    assert!(refuse("[\"nick.eth\"]\n\"text/a\" = 1").contains("text/a"));
    assert!(refuse("\"nick.eth\" = 1").contains("nick.eth"));
    assert!(refuse("[\"nick.eth\"]\n\"address/60\" = \"0x12\"").contains("0x12"));
    assert!(refuse("[\"Nick.eth\"]").contains("normal form"));
    assert!(refuse("[nick.eth]\n\"text/a\" = \"x\"").contains("in quotes"));
    let eth = "0xdA87a099a80fcE4778310474AaeB64b820c871a0";
    let twice = format!("[\"nick.eth\"]\n\"address/60\" = \"{eth}\"\n\"address/eth\" = \"{eth}\"");
    assert!(refuse(&twice).contains("address/60 stands twice"));
    assert!(refuse("[").contains("records.toml"));
}

#[test]
fn what_could_not_be_read_again_is_refused() {
    let deep = |labels| format!("{}.nick.eth", vec!["a"; labels].join("."));
    let mut records = Records::parse("", &[nick()]).unwrap();
    let (key, value) = text("text/a");
    assert!(records.set(&Name::parse(&deep(125)).unwrap(), &key, value.clone()).unwrap());
    let error = records.set(&Name::parse(&deep(134)).unwrap(), &key, value).unwrap_err();
    assert!(matches!(&error, RecordsError::NoFolder(_)), "{error}");
    assert!(error.to_string().contains("136 labels"), "{error}");
    let written = format!("[{:?}]\n\"text/a\" = \"x\"", deep(134));
    let error = Records::parse(&written, &[nick()]).unwrap_err().to_string();
    assert!(error.starts_with("records.toml: ") && error.contains("136 labels"), "{error}");
    let long = format!("[\"nick.eth\"]\n\"text/a\" = \"{}\"", "x".repeat(600 << 10));
    let error = Records::parse(&long, &[nick()]).unwrap_err().to_string();
    assert!(error.contains("read by nobody"), "{error}");
}

#[test]
fn two_records_never_share_a_file() {
    let mut records = Records::parse("", &[nick()]).unwrap();
    let (key, value) = text("text/name");
    records.set(&nick(), &key, value.clone()).unwrap();
    let name_key = RecordKey::parse("name").unwrap();
    let name_value = Value::parse(&name_key, "x.eth").unwrap();
    let sub = Name::parse("text.nick.eth").unwrap();
    let error = records.set(&sub, &name_key, name_value.clone()).unwrap_err();
    assert!(error.to_string().contains(".well-known/eth/nick/text/name.json"), "{error}");
    records.unset(&nick(), &key);
    assert!(records.set(&sub, &name_key, name_value).unwrap());
    assert!(records.set(&nick(), &key, value).is_err());
}

#[test]
fn a_name_is_forgotten_and_the_head_of_the_file_stays() {
    let roots = [nick(), Name::parse("other.eth").unwrap()];
    let text = "# all of it\n[\"other.eth\"]\n\"text/a\" = \"1\" # mine\n\n[\"nick.eth\"]\n\"text/a\" = \"1\"\n\n# of b\n[\"b.other.eth\"]\n\"text/a\" = \"1\"\n";
    let mut records = Records::parse(text, &roots).unwrap();
    assert!(records.forget(&roots[1]));
    assert_eq!(records.to_string(), "# all of it\n\n[\"nick.eth\"]\n\"text/a\" = \"1\"\n");
    assert!(records.owner_of(".well-known/eth/other/text/a.json").is_none());
    assert!(!records.forget(&roots[1]));
    assert!(records.forget(&roots[0]));
    assert_eq!(records.to_string(), "# all of it\n\n");
    assert_eq!(records.iter().count(), 0);
}

#[test]
fn a_value_without_a_text_form_is_written_as_it_is_encoded() {
    let root = Name::parse("nick.eth").unwrap();
    let key = RecordKey::parse("name").unwrap();
    // A resolver takes it; as a text it would be read in normal form.
    let odd = Value::Name("Nick.eth".to_owned());
    assert_ne!(Value::parse(&key, &odd.to_string()).ok(), Some(odd.clone()));
    let mut records = Records::parse("", std::slice::from_ref(&root)).unwrap();
    assert!(records.set(&root, &key, odd.clone()).unwrap());
    let text = records.to_string();
    assert!(text.contains("name = { raw = \"0x0000"), "{text}");
    let mut again = Records::parse(&text, std::slice::from_ref(&root)).unwrap();
    assert_eq!(again.get(&root, &key), Some(&odd));
    assert!(!again.set(&root, &key, odd).unwrap());
    let plain = Value::parse(&key, "nick.eth").unwrap();
    assert!(again.set(&root, &key, plain).unwrap());
    assert!(again.to_string().contains("name = \"nick.eth\""), "{again}");
    for bad in ["{ raw = \"0x00\" }", "{ raw = \"00\" }", "{ raw = 1 }", "{ abi = \"0x\" }", "{}"] {
        let text = format!("[\"nick.eth\"]\nname = {bad}\n");
        assert!(Records::parse(&text, std::slice::from_ref(&root)).is_err(), "{bad}");
    }
}

const TIMED: &str = "[\"nick.eth\"]\n\"text/a\" = [\n    { value = \"one\", ends = 2027-01-01T00:00:00Z },\n    { value = \"two\", starts = 2027-01-01T00:00:00Z },\n] # by the year\n\"text/b\" = [{ value = \"x\" }]\n";

#[test]
fn a_record_has_the_value_of_its_phase() {
    let key = RecordKey::parse("text/a").unwrap();
    let at = |text: &str| {
        let records = Records::parse(TIMED, &[nick()]).unwrap().as_of(text.parse().unwrap());
        records.get(&nick(), &key).map(ToString::to_string)
    };
    assert_eq!(at("2026-12-31T23:59:59Z").as_deref(), Some("one"));
    assert_eq!(at("2027-01-01T00:00:00Z").as_deref(), Some("two"));
    let mut records = Records::parse(TIMED, &[nick()]).unwrap();
    assert_eq!(records.to_string(), TIMED);
    let b = RecordKey::parse("text/b").unwrap();
    assert_eq!(records.phases(&nick(), &b).unwrap().single().unwrap().to_string(), "x");
    // What is written is read again, in the same form.
    let phases = records.phases(&nick(), &key).unwrap().clone();
    let parse = |text: &str| Value::parse(&key, text).unwrap();
    let phase = crate::workspace::Phase {
        value: parse("three"),
        starts: Some("2028-01-01T00:00:00+01:00".parse().unwrap()),
        ends: None,
    };
    let more = phases.with(phase).unwrap();
    assert!(records.set_phases(&nick(), &key, more.clone()).unwrap());
    assert!(!records.set_phases(&nick(), &key, more.clone()).unwrap());
    let written = records.to_string();
    assert!(
        written.contains(
            "\n    { value = \"three\", starts = 2027-12-31T23:00:00Z },\n] # by the year\n"
        ),
        "{written}"
    );
    let again = Records::parse(&written, &[nick()]).unwrap();
    assert_eq!(again.phases(&nick(), &key), Some(&more));
    // Strings are times too, and a record that is over is not wanted.
    let over =
        "[\"nick.eth\"]\n\"text/a\" = [{ value = \"x\", ends = \"2020-01-01T00:00:00Z\" }]\n";
    let over = Records::parse(over, &[nick()]).unwrap();
    assert_eq!((over.iter().count(), over.all().count(), over.is_empty()), (0, 1, false));
    let path = record_path(&nick(), &key);
    assert!(over.owner_of(&path).is_some() && over.holder_of(&path).is_none());
}

#[test]
fn phases_that_do_not_fit_are_refused_with_their_place() {
    for (written, said, column) in [
        ("[]", "at least one", 12),
        ("[1]", "in an array", 13),
        ("[\"x\"]", "in an array", 13),
        ("[{ value = \"x\", until = 2027-01-01T00:00:00Z }]", "in an array", 13),
        ("[{ starts = 2027-01-01T00:00:00Z }]", "in an array", 13),
        ("[{ value = \"x\", raw = \"0x\" }]", "in an array", 13),
        (
            "[{ value = \"x\", starts = 2027-01-01T00:00:00 }]",
            "phase 1: starts: \"2027-01-01T00:00:00\" has no time zone",
            13,
        ),
        ("[{ value = \"x\", starts = 2027-01-01 }]", "no time zone", 13),
        ("[{ value = \"x\", starts = 12:00:00 }]", "is no time", 13),
        ("[{ value = \"x\", starts = 2027 }]", "in an array", 13),
        ("[{ value = \"x\", ends = \"soon\" }]", "ends: \"soon\" is no time", 13),
        (
            "[{ value = \"x\" }, { value = \"y\" }]",
            "phase 2 comes after phase 1, which never ends",
            30,
        ),
        (
            "[{ value = \"x\", starts = 2027-01-01T00:00:00Z, ends = 2026-01-01T00:00:00Z }]",
            "not after it starts",
            13,
        ),
    ] {
        let text = format!("[\"nick.eth\"]\n\"text/a\" = {written}\n");
        let error = Records::parse(&text, &[nick()]).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("nick.eth: text/a"), "{written}: {error}");
        let faults = super::super::records_faults(&text, &[nick()]);
        let at: Vec<_> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(at, [(2, column)], "{written}: {faults:?}");
    }
}
