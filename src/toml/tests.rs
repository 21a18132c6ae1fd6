//! Tests of `toml`.

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<Text<String>>,
    #[serde(default, deserialize_with = "tables")]
    shops: Vec<Shop>,
    lists: Option<Lists>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    words: Vec<Text<String>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Shop {
    Corner { street: String, token_env: Option<String> },
    WholeSale { url: String, count: Option<u64> },
}

fn read_file(text: &str) -> Result<File, String> {
    let reasons = [("elsewhere", "it is decided elsewhere")];
    let read = read("shops.toml", text, &reasons).map_err(|error| error.to_string())?;
    assert_eq!(read.1.to_string(), text, "the document is the file");
    Ok(read.0)
}

#[test]
fn kinds_are_variants() {
    let text = "# mine\nname = \"x\"\n[[shops]]\nkind = \"whole-sale\"\nurl = \"u\"\ncount = 3\n\
                [[shops]]\nstreet = \"s\" # here\nkind = \"corner\"\n[lists]\nwords = [\"a\"]\n";
    let file = read_file(text).unwrap();
    let corner = Shop::Corner { street: "s".to_owned(), token_env: None };
    let wholesale = Shop::WholeSale { url: "u".to_owned(), count: Some(3) };
    assert_eq!(file.shops, [wholesale, corner]);
    assert_eq!(from_flag("corner=s"), Ok(Shop::Corner { street: "s".to_owned(), token_env: None }));
    let error = from_flag::<Shop>("korner=s").unwrap_err();
    assert_eq!(
        error,
        "\"korner\" is not a kind known here; known: corner, whole-sale; did you mean corner?"
    );
    assert_eq!(from_flag::<Shop>("corner").unwrap_err(), "it has the form KIND=URL");
}

/// What is wrong is said with its place and the nearest word, and no value of a table is repeated.
#[test]
fn what_is_wrong_has_a_place() {
    for (text, message) in [
        ("nam = 1", "shops.toml:1:1: \"nam\" is not an entry of this file; did you mean name?"),
        (
            "name = \"a\"\nzzz = 1",
            "shops.toml:2:1: \"zzz\" is not an entry of this file; there are name, shops, lists",
        ),
        (
            "elsewhere = \"x\"",
            "shops.toml:1:1: elsewhere does not belong into this file: it is decided elsewhere",
        ),
        ("name = 1", "shops.toml:1:1: name = 1: a text is expected"),
        (
            "\nname = hunter2",
            "shops.toml:2:8: string values must be quoted, expected literal string",
        ),
        (
            "shops = \"hunter2\"",
            "shops.toml:1:1: shops = \"hunter2\": write each as a table [[shops]]",
        ),
        (
            "[lists]\nwords = []\nword = []",
            "shops.toml:3:1: lists: \"word\" is not an entry there; did you mean words?",
        ),
        (
            "[[shops]]\nkind = \"corner\"\nstreet = \"s\"\ntoken = \"hunter2\"",
            "shops.toml:4:1: shops: \"token\" is not an entry of kind corner; did you mean \
             token_env?",
        ),
        (
            "[[shops]]\nkind = \"corner\"\nstreet = 7",
            "shops.toml:3:1: shops.street: a text is expected",
        ),
        (
            "[[shops]]\nurl = \"hunter2\"",
            "shops.toml:1:1: shops: each [[shops]] needs kind = \"…\"",
        ),
        (
            "[[shops]]\nkind = \"corner\"",
            "shops.toml:1:1: shops: each [[shops]] needs street = \"…\"",
        ),
        (
            "[[shops]]\nkind = \"pigeon\"",
            "shops.toml:2:8: shops: \"pigeon\" is not a kind known here; known: corner, whole-sale",
        ),
        (
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9hunter2 = 1",
            "shops.toml:1:1: \"eyJhbGci\"… is not an entry of this file; there are name, shops, \
             lists",
        ),
    ] {
        assert_eq!(read_file(text).unwrap_err(), message, "{text}");
    }
}
