use super::*;

fn roots() -> Vec<Name> {
    vec![Name::parse("nick.eth").unwrap()]
}

#[test]
fn what_is_read_so_is_what_the_whole_parser_reads() {
    for text in [
        "",
        "# c\n\n[\"nick.eth\"]\n\"text/a\" = \"x # no comment\"\n\"address/60\" = \
         \"0x00000000000000000000000000000000000186a0\"\n\n[\"b.nick.eth\"]\n",
        "[\"b.nick.eth\"]\n\"address/eth\" = \"0x00000000000000000000000000000000000186A0\"\n",
        "[\"nick.eth\"]\n\"text/é\" = \"ü\"\n[\"a.nick.eth\"]\n\"text/a\" = \"\"",
    ] {
        let plain = Records::parse_plain(text, &roots());
        let whole = Records::parse_whole(text, &roots());
        match (plain, whole) {
            (Some(plain), Ok(mut whole)) => {
                assert_eq!(plain.to_string(), text);
                assert!(plain.iter().eq(whole.iter()), "{text}");
                assert_eq!(plain.files, whole.files);
                let mut plain = plain;
                let (name, key) = (&roots()[0], RecordKey::parse("text/z").unwrap());
                for records in [&mut plain, &mut whole] {
                    let value = Value::parse(&key, "new").unwrap();
                    assert!(records.set(name, &key, value).unwrap());
                }
                assert_eq!(plain.to_string(), whole.to_string(), "edited");
            }
            (plain, whole) => panic!("{text}: {plain:?} {whole:?}"),
        }
    }
}

#[test]
fn whatever_else_there_is_is_for_the_whole_parser() {
    for text in [
        "[\"nick.eth\"]\n\"text/a\" = \"\\u0041\"\n",
        "[\"nick.eth\"]\n\"text/a\" = 'x'\n",
        "[\"nick.eth\"]\n\"text/a\" = \"x\" # comment\n",
        "[\"nick.eth\"]\n \"text/a\" = \"x\"\n",
        "[\"nick.eth\"]\n\"text/a\"= \"x\"\n",
        "[\"nick.eth\"]\nname = \"x.eth\"\n",
        "[\"nick.eth\"]\r\n\"text/a\" = \"x\"\r\n",
        "[\"nick.eth\"]\n\"text/a\" = \"\"\"x\n\"\"\"\n",
        "[\"nick.eth\"]\n\"text/a\" = \"x\ty\"\n",
        "[\"nick.eth\"]\n\"text/a\" = { raw = \"0x\" }\n",
        "\"text/a\" = \"x\"\n",
        "[nick]\n",
        "[[\"nick.eth\"]]\n",
        "[\"nick.eth\"]\n[\"nick.eth\"]\n",
        "[\"nick.eth\"]\n\"text/a\" = \"x\"\n\"text/a\" = \"x\"\n",
        "[\"nick.eth\"]\n\"address/60\" = \"0x00000000000000000000000000000000000186a0\"\n\
         \"address/eth\" = \"0x00000000000000000000000000000000000186a0\"\n",
        "[\"nick.eth\"]\n\"text/name\" = \"x\"\n[\"text.nick.eth\"]\n\"name\" = \"x.eth\"\n",
        "[\"nick.eth\"]\n\"text/a\" = \"x\"\n\"text/A\" = \"x\"\n",
        "[\"Nick.eth\"]\n",
        "[\"other.eth\"]\n",
        "[\"nick.eth\"]\n\"text/a\" = \"x\u{7f}\"\n",
        "[\"nick.eth\"]\n\"address/60\" = \"x\"\n",
        "# \u{1}\n",
    ] {
        assert!(Records::parse_plain(text, &roots()).is_none(), "{text:?}");
    }
}
