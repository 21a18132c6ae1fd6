//! Tests of `import` and of what is exported.

use proptest::prelude::*;

use super::*;
use crate::record::Value;
use crate::workspace::Phase;

fn records() -> Records {
    Records::parse("", &[Name::parse("nick.eth").unwrap()]).unwrap()
}

fn import(text: impl AsRef<[u8]>) -> Result<Imported, ImportError> {
    records().import(text.as_ref(), None, false, |_| {})
}

fn new(text: impl AsRef<[u8]>) -> u64 {
    import(text).unwrap().new
}

fn lines(text: impl AsRef<[u8]>) -> Vec<LineError> {
    match import(text) {
        Err(ImportError::Lines(errors)) => errors,
        other => panic!("{other:?}"),
    }
}

/// Every record as text.
fn all(text: impl AsRef<[u8]>) -> Vec<String> {
    let mut into = records();
    into.import(text.as_ref(), None, false, |_| {}).unwrap();
    into.iter().map(|(name, key, value)| format!("{name} {key} {value}")).collect()
}

const ETH: &str = "0x0000000000000000000000000000000000000001";

#[test]
fn csv_and_json_lines() {
    let csv =
        format!("name,record,value\nnick.eth,text/avatar,\"a,b\"\na.nick.eth,address/eth,{ETH}\n");
    assert_eq!(new(&csv), 2);
    let json = "{\"name\":\"nick.eth\",\"record\":\"text/avatar\",\"value\":\"\"}\n\n{\"name\":\"Nick.eth\",\"record\":\"text/url\",\"value\":\"\\u00e9\"}";
    assert_eq!(new(json), 2);
    for marked in [format!("\u{feff}{csv}"), format!("\u{feff}{json}")] {
        assert_eq!(new(&marked), 2);
    }
}

/// By its header, in any order and case, with any of three separators and ends of lines.
#[test]
fn columns_are_found_by_their_names() {
    let expected = ["nick.eth text/a x;y", "nick.eth text/b 2"];
    for csv in [
        "Name,Record,Value\nnick.eth,text/a,x;y\nnick.eth,text/b,2\n",
        "record,value,name\ntext/a,x;y,nick.eth\ntext/b,2,nick.eth\n",
        "value;NAME;record\r\n\"x;y\";nick.eth;text/a\r\n2;nick.eth;text/b\r\n",
        "name\trecord\tvalue\nnick.eth\ttext/a\tx;y\nnick.eth\ttext/b\t2",
        "nick.eth\ttext/a\tx;y\nnick.eth\ttext/b\t2",
        "\n\nname,record,value,note\nnick.eth,text/a,x;y,n\nnick.eth,text/b,2,\n",
    ] {
        assert_eq!(all(csv), expected, "{csv}");
    }
    let ignored = import("Name,Note,record,value,\nnick.eth,n,text/a,1,\n").unwrap().ignored;
    assert_eq!(ignored, ["Note", ""]);
    let uneven = lines("name,record,value,note\r\n\r\n\r\nnick.eth,text/a,1\r\n");
    assert_eq!((uneven[0].line, uneven.len()), (4, 1));
    assert!(uneven[0].message.contains("the header has 4"), "{}", uneven[0]);
}

#[test]
fn utf_16_is_recognised() {
    let csv = "name,record,value\r\nnick.eth,text/a,Grüße 🦇\r\n";
    for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
        let units = mark.then_some(0xfeff).into_iter().chain(csv.encode_utf16());
        let bytes =
            units.flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        let bytes: Vec<u8> = bytes.collect();
        assert_eq!(all(&bytes), ["nick.eth text/a Grüße 🦇"], "{mark} {big}");
        assert!(lines(&bytes[..bytes.len() - 1])[0].message.contains("UTF-16"));
    }
}

#[test]
fn a_wide_table_has_one_row_a_name() {
    let csv = format!(
        "name,Text/avatar,age,address/eth,name\nnick.eth,a,7,{ETH},\na.nick.eth,,8,,\nb.nick.eth,\"\",9,,\n"
    );
    let wide = csv.replace(",name\n", ",contenthash\n");
    assert_eq!(
        all(&wide),
        [
            "b.nick.eth text/avatar ".to_owned(),
            "nick.eth text/avatar a".to_owned(),
            format!("nick.eth address/60 {ETH}"),
        ]
    );
    assert_eq!(import(&wide).unwrap().ignored, ["age"]);
    let bad = lines("name,address/btc,text/a\nnick.eth,1,x\n");
    assert_eq!((bad[0].line, bad.len()), (2, 1));
    // The record type `name` in a row of data is no header.
    assert_eq!(all("nick.eth,name,nick.eth\n"), ["nick.eth name nick.eth"]);
}

#[test]
fn an_array_and_what_namestone_exports() {
    let array = "[\n {\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":\"1\"},\n {\"name\":\"nick.eth\",\"record\":\"text/b\",\"value\":\"2\"}\n]\n";
    assert_eq!(all(array), ["nick.eth text/a 1", "nick.eth text/b 2"]);
    assert_eq!(new("[]"), 0);
    let stone = format!(
        "[{{\"name\":\"alice\",\"domain\":\"nick.eth\",\"address\":\"{ETH}\",\"text_records\":{{\"avatar\":\"a\",\"url\":null}},\"coin_types\":{{\"60\":\"{ETH}\",\"0\":\"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\"}},\"contenthash\":\"\"}},{{\"name\":\"\",\"domain\":\"nick.eth\",\"text_records\":{{\"note\":\"n\"}}}}]"
    );
    assert_eq!(
        all(&stone),
        [
            "alice.nick.eth text/avatar a".to_owned(),
            "alice.nick.eth address/0 bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".to_owned(),
            format!("alice.nick.eth address/60 {ETH}"),
            "nick.eth text/note n".to_owned(),
        ]
    );
    let wrong = |text: &str| {
        let errors = lines(text);
        (errors[0].line, errors[0].message.clone())
    };
    let row = "{\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":\"1\"}";
    assert_eq!(wrong(&format!("[{row},\n\n[\"nick.eth\",\"text/b\",\"1\"]]")).0, 3);
    assert!(wrong(&format!("[{row}")).1.contains("not a JSON array"));
    assert!(wrong(&format!("[{row}] {row}")).1.contains("not a JSON array"));
    assert_eq!(wrong(&format!("[{row},\n{{\"name\":\"nick.eth\",\n\"record\":1}}]")).0, 3);
    assert!(wrong("{\"domain\":\"nick.eth\",\"what\":1}").1.contains("NameStone"));
}

#[test]
fn a_line_without_end_is_refused_in_either_format() {
    // What never ends is not read to its end.
    for (head, fill) in
        [("nick.eth,text/a,1\nnick.eth,text/b,", b'x'), ("{\"name\":\"", b'x'), ("a,\"", b'\n')]
    {
        let endless = head.as_bytes().chain(std::io::repeat(fill));
        let error =
            records().import(std::io::BufReader::new(endless), None, false, |_| {}).unwrap_err();
        let ImportError::Lines(errors) = error else { panic!("{error:?}") };
        let last = errors.last().unwrap();
        assert!(last.message.contains("longer than"), "{last}");
        assert_eq!(last.line, if head.starts_with("nick") { 2 } else { 1 }, "{head}");
    }
    assert!(import(format!("nick.eth,text/a,\"{}\"\n", "x".repeat(400_000))).is_ok());
}

#[test]
fn every_wrong_line_is_reported_with_its_number() {
    let csv = "nick.eth,text/a,1\nnick.eth,text/b\nno good.eth,text/c,1\nnick.eth,txt/d,1\nother.eth,text/e,1\nnick.eth,text/a,2\nnick.eth,address/60,0x12\n";
    let errors = lines(csv);
    assert_eq!(errors.iter().map(|e| e.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
    assert!(errors[4].message.contains("line 1"));
    for ends in [csv.replace('\n', "\r\n"), format!("name,record,value\r\n{csv}")] {
        let shift = u64::from(ends.starts_with("name"));
        let found: Vec<u64> = lines(&ends).iter().map(|e| e.line - shift).collect();
        assert_eq!(found, [2, 3, 4, 5, 6, 7]);
    }
    let json = "{\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":1}\n{]\n";
    assert_eq!(lines(json).iter().map(|e| e.line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(lines("nick.eth,text/a,\u{0}\u{1}x\nx\n").len(), 1);
    assert!(lines("{]")[0].message.starts_with("not JSON: "));
    let unclosed = "nick.eth,text/a,1\nnick.eth,text/b,\"2\nnick.eth,text/c,3\n";
    assert_eq!((lines(unclosed)[0].line, lines(unclosed).len()), (2, 1));
    assert!(import("nick.eth,text/a,5\" disk\n").is_ok());
    assert!(import("nick.eth,text/a,\"two\nlines\"\n").is_ok());
}

#[test]
fn a_table_is_made_exactly_so() {
    let mut into = records();
    let before = "nick.eth,text/a,1\nnick.eth,text/b,1\na.nick.eth,text/a,1\n";
    into.import(before.as_bytes(), None, false, |_| {}).unwrap();
    let sub = Name::parse("a.nick.eth").unwrap();
    let exactly = |into: &mut Records, table: &str, only| {
        let imported = into.import(table.as_bytes(), only, true, |_| {}).unwrap();
        (imported.new, imported.changed, imported.equal, imported.removed)
    };
    assert_eq!(exactly(&mut into, "a.nick.eth,text/c,1\n", Some(&sub)), (1, 0, 0, 1));
    assert_eq!(into.iter().count(), 3);
    let table = "nick.eth,text/a,2\nnick.eth,text/b,1\n";
    assert_eq!(exactly(&mut into, table, None), (0, 1, 1, 1));
    // What would be one file with what goes has its place then.
    assert_eq!(exactly(&mut into, "nick.eth,text/A,2\n", None), (1, 0, 0, 2));
    let outside = into.import("nick.eth,text/a,2\n".as_bytes(), Some(&sub), true, |_| {});
    assert!(matches!(outside, Err(ImportError::Lines(_))));
}

/// A column that was meant to be a record is not left out in silence.
#[test]
fn a_heading_that_is_nearly_a_record_type_is_refused() {
    for heading in ["adress/60", "text/", "contenthsh", "address/nocoin"] {
        let errors = lines(format!("name,text/a,{heading}\nnick.eth,1,2\n"));
        assert_eq!((errors.len(), errors[0].line), (1, 1), "{heading}: {errors:?}");
        assert!(errors[0].message.contains(heading), "{errors:?}");
    }
    assert_eq!(import("name,text/a,remark\nnick.eth,1,2\n").unwrap().ignored, ["remark"]);
    // As old spreadsheets end lines.
    assert_eq!(all("name;record;value\rnick.eth;text/a;1\rnick.eth;text/b;2").len(), 2);
}

/// A row a phase, in any order; or an array.
#[test]
fn phases_are_rows_or_an_array() {
    let csv = "name,record,value,starts,ends\nnick.eth,text/a,two,2027-01-01T00:00:00Z,\nnick.eth,text/b,x,,\nnick.eth,text/a,one,,2027-01-01T00:00:00Z\n";
    let json = "{\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":[{\"value\":\"one\",\"ends\":\"2027-01-01T00:00:00Z\"},{\"value\":\"two\",\"starts\":\"2027-01-01T00:00:00Z\"}]}\n{\"name\":\"nick.eth\",\"record\":\"text/b\",\"value\":[{\"value\":\"x\"}]}\n";
    for table in [csv, json] {
        let mut into = records();
        assert_eq!(into.import(table.as_bytes(), None, false, |_| {}).unwrap().new, 2);
        let all: Vec<String> =
            into.all().map(|(_, key, phases)| format!("{key} {phases}")).collect();
        assert_eq!(
            all,
            ["text/a until 2027-01-01T00:00:00Z: one; from 2027-01-01T00:00:00Z: two", "text/b x"],
            "{table}"
        );
    }
    for (rows, line, said) in [
        ("nick.eth,text/a,x,2027-01-01,\n", 2, "no time zone"),
        ("nick.eth,text/a,x,2027-01-02T00:00:00Z,2027-01-01T00:00:00Z\n", 2, "not after"),
        (
            "nick.eth,text/b,x,,\nnick.eth,text/a,x,2027-01-02T00:00:00Z,\nnick.eth,text/a,y,2027-01-03T00:00:00Z,\n",
            3,
            "phase 2",
        ),
        ("nick.eth,text/a,x,,\nnick.eth,text/a,y,2027-01-03T00:00:00Z,\n", 3, "already"),
    ] {
        let errors = lines(format!("name,record,value,starts,ends\n{rows}"));
        assert_eq!((errors.len(), errors[0].line), (1, line), "{rows}: {errors:?}");
        assert!(errors[0].message.contains(said), "{errors:?}");
    }
    for (value, said) in [
        ("[]", "at least one"),
        ("[{\"value\":\"x\"},{\"value\":\"y\"}]", "each has times"),
        ("[{\"value\":\"x\",\"until\":\"y\"}]", "array of phases"),
        ("1", "array of phases"),
    ] {
        let json = format!("{{\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":{value}}}");
        let errors = lines(json);
        assert!(errors[0].message.contains(said), "{value}: {errors:?}");
    }
}

fn wanted() -> impl Strategy<Value = Vec<(String, String, String)>> {
    let name = prop_oneof![Just("nick.eth"), Just("a.nick.eth"), Just("b.a.nick.eth")];
    let key = prop_oneof!["[a-z.]{1,6}", "\\PC{1,8}", Just("a,\"b\"".to_owned())];
    let value = prop_oneof![
        any::<String>(),
        Just(String::new()),
        Just("\"".to_owned()),
        Just("a\r\nb,;\t".to_owned()),
        Just(" x ".to_owned()),
    ];
    let row = (name, key, value).prop_map(|(n, k, v)| (n.to_owned(), format!("text/{k}"), v));
    prop::collection::vec(row, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What is exported comes back the same, in each form.
    #[test]
    fn what_is_exported_is_imported_again(rows in wanted()) {
        let mut from = records();
        for (name, key, value) in rows {
            let name = Name::parse(&name).unwrap();
            let Ok(key) = RecordKey::parse(&key) else { continue };
            let Ok(value) = Value::parse(&key, &value) else { continue };
            let _ = from.set(&name, &key, value.clone());
            // Every other one has phases.
            if key.to_string().len() % 2 == 0 && let Some(had) = from.phases(&name, &key).cloned() {
                let starts = Some("2027-01-01T00:00:00Z".parse().unwrap());
                let ends = (value.to_string().len() % 3 == 0)
                    .then(|| "2028-01-01T00:00:00Z".parse().unwrap());
                let other = Value::parse(&key, "another").unwrap();
                let with = had.with(Phase { value: other, starts, ends }).unwrap();
                prop_assert!(with.timed().len() >= 2 || value.to_string() == "another");
                let _ = from.set_phases(&name, &key, with);
            }
        }
        for format in [TableFormat::Csv, TableFormat::JsonLines, TableFormat::Wide] {
            if matches!(format, TableFormat::Wide) {
                let timed = from.all().filter(|(_, _, phases)| phases.single().is_none());
                let timed: Vec<_> = timed.map(|(n, k, _)| (n.clone(), k.clone())).collect();
                timed.iter().for_each(|(name, key)| _ = from.unset(name, key));
            }
            let table = write_table(format, from.all());
            let mut into = records();
            let imported = into.import(table.as_bytes(), None, false, |_| {});
            prop_assert!(imported.is_ok(), "{format:?} {imported:?}: {table}");
            prop_assert!(into.all().eq(from.all()), "{format:?}: {table}");
        }
    }
}
