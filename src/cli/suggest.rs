//! Words that shells complete and help lists: what is accepted is decided by the parser behind
//! them, which knows more.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use namesys::keys::{Storage, UnknownChoice};
use namesys::record::{KINDS, usual_text_keys};
use namesys::write::{Profile, UnknownProfile};

/// Coins that people have addresses of.
const COINS: &[&str] = &[
    "ada", "arb1", "atom", "avax", "base", "bch", "bnb", "btc", "doge", "dot", "eth", "etc", "ltc",
    "op", "sol", "trx", "xrp", "xtz", "zec",
];

/// `parser`, and some of the words it takes.
#[derive(Clone)]
pub struct WithWords<P> {
    parser: P,
    words: Vec<&'static str>,
}

/// `parser`, and the words it takes.
pub fn words<P>(words: &[&'static str], parser: P) -> WithWords<P> {
    WithWords { parser, words: words.to_vec() }
}

impl<P> WithWords<P> {
    /// All of them, with spaces between.
    pub fn joined(&self) -> String {
        self.words.join(" ")
    }
}

/// What may follow `set`: kinds and keys.
pub fn after_set() -> String {
    format!("{} {}", kinds().joined(), record_keys().joined())
}

impl<P: TypedValueParser> TypedValueParser for WithWords<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, Error> {
        self.parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words.iter().map(PossibleValue::new)))
    }
}

/// Reads a storage.
type ReadStorage = fn(&str) -> Result<Storage, UnknownChoice>;

/// Whose keys they are.
pub fn storages() -> WithWords<ReadStorage> {
    words(&["domain", "wallet"], str::parse::<Storage>)
}

type ReadProfile = fn(&str) -> Result<Profile, UnknownProfile>;

/// Whose texts they are.
pub fn profiles() -> WithWords<ReadProfile> {
    words(&["ensip-y", "ensip19", "eip5559", "erc7700"], str::parse::<Profile>)
}

/// The kinds of records.
pub fn kinds() -> WithWords<StringValueParser> {
    words(&KINDS, StringValueParser::new())
}

/// What may follow a kind: text keys, coins, DNS records.
pub fn record_keys() -> WithWords<StringValueParser> {
    let all = usual_text_keys().iter().chain(COINS).chain(&["zonehash"]).copied().collect();
    WithWords { parser: StringValueParser::new(), words: all }
}

/// Whole record types, as `resolve` takes them.
pub fn record_types() -> WithWords<StringValueParser> {
    let texts = usual_text_keys().iter().map(|key| format!("text/{key}"));
    let coins = COINS.iter().map(|coin| format!("address/{coin}"));
    let others = ["contenthash", "pubkey", "name", "abi/1", "dns/zonehash"].map(str::to_owned);
    // Once for the process: words of the command line's definition live as long as it does.
    let all = texts.chain(coins).chain(others).map(|text| &*text.leak()).collect();
    WithWords { parser: StringValueParser::new(), words: all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suggested_word_is_taken() {
        for word in record_types().words {
            namesys::record::RecordKey::parse(word).unwrap();
        }
    }
}
