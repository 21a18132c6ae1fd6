//! `published.toml`: written by this program alone, committed, and believed only where a record
//! proves it. A file that cannot be read is no error: nothing is known then, which is safe.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use cid::Cid;
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Known, KnownDatabase, PublishedTree, Signed};
use crate::ipns::{UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;
use crate::multiformats::parse_cid;
use crate::toml::{self, Text, tables};
use crate::workspace::{Workspace, WorkspaceError};

/// The file's name in a workspace.
pub const PUBLISHED_FILE: &str = "published.toml";

/// A record has some 500 bytes, and a year of them signed ahead is much.
const MAX_BYTES: u64 = 64 << 20;
const HEAD: &str = "\
# What was last seen published, each proven by its IPNS record, and what is signed since. Written by
# namesys; commit it with the records, and revert records, never this.
";

/// What a workspace knows of every IPNS name it published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseFile {
    names: BTreeMap<IpnsName, Known>,
    sites: BTreeMap<String, KnownSite>,
    databases: BTreeMap<String, KnownDatabase>,
    /// Why nothing of the file counts.
    doubt: Option<String>,
}

/// What is known of a web host, which has no sequence: rule 12 of
/// [the model](crate::spec::published).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSite {
    /// The root last brought there.
    pub base: Option<Cid>,
    /// One that is under way, or was cut short.
    pub bringing: Option<Cid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ipns: BTreeMap<Text<IpnsName>, Entry>,
    #[serde(default)]
    sites: BTreeMap<String, SiteEntry>,
    #[serde(default)]
    databases: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteEntry {
    root: Option<Text<String>>,
    bringing: Option<Text<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    base: Option<Tree>,
    client: Option<Tree>,
    #[serde(default, deserialize_with = "tables")]
    signed: Vec<SignedEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tree {
    root: Text<String>,
    sequence: u64,
    record: Text<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedEntry {
    root: Text<String>,
    sequence: u64,
    record: Text<String>,
    #[serde(default)]
    ahead: bool,
    over: Option<Text<String>>,
    turn: Option<Text<String>>,
}

impl BaseFile {
    /// Reads the text of `published.toml`. What is wrong in it is kept as a doubt.
    pub fn parse(text: &str) -> Self {
        let file: File = match toml::read(PUBLISHED_FILE, text, &[]) {
            Ok((file, _)) => file,
            Err(error) => return Self { doubt: Some(error.to_string()), ..Self::default() },
        };
        let names = file.ipns.into_iter().map(|(Text(name), entry)| (name, known(&name, entry)));
        let sites = file.sites.into_iter().map(|(place, SiteEntry { root, bringing })| {
            let cid = |text: Option<Text<String>>| parse_cid(&text?.0).ok();
            (place, KnownSite { base: cid(root), bringing: cid(bringing) })
        });
        let databases = file.databases.into_iter();
        let databases = databases.map(|(place, names)| (place, KnownDatabase { names })).collect();
        Self { names: names.collect(), sites: sites.collect(), databases, doubt: None }
    }

    /// Reads the file of `workspace`; without one nothing is known.
    ///
    /// # Errors
    /// I/O.
    pub fn read(workspace: &Workspace) -> Result<Self, WorkspaceError> {
        match workspace.folder().read(PUBLISHED_FILE, MAX_BYTES) {
            Ok(bytes) => Ok(Self::parse(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(workspace.failed(PUBLISHED_FILE)(error)),
        }
    }

    /// What is known of `name`.
    pub fn of(&self, name: &IpnsName) -> Known {
        let nothing = || Known { doubt: self.doubt.clone(), ..Known::default() };
        self.names.get(name).cloned().unwrap_or_else(nothing)
    }

    /// The names of which something is known, former ones too.
    pub fn names(&self) -> impl Iterator<Item = &IpnsName> {
        self.names.keys()
    }

    /// What is known of `name` from now on.
    pub fn set(&mut self, name: &IpnsName, known: Known) {
        self.names.insert(*name, known);
    }

    /// What is known of the web host at `place`: where it is served, or where its files are kept.
    pub fn site(&self, place: &str) -> KnownSite {
        self.sites.get(place).cloned().unwrap_or_default()
    }

    /// What is known of the web host at `place` from now on.
    pub fn set_site(&mut self, place: &str, known: KnownSite) {
        self.sites.insert(place.to_owned(), known);
    }

    /// What is known of the database whose gateway is at `place`.
    pub fn database(&self, place: &str) -> KnownDatabase {
        self.databases.get(place).cloned().unwrap_or_default()
    }

    /// What is known of the database whose gateway is at `place` from now on.
    pub fn set_database(&mut self, place: &str, known: KnownDatabase) {
        self.databases.insert(place.to_owned(), known);
    }

    /// Replaces the file of `workspace`. Hold the lock.
    ///
    /// # Errors
    /// I/O; where it would be longer than what is read.
    pub fn write(&self, workspace: &Workspace) -> Result<(), WorkspaceError> {
        let text = self.to_string();
        if text.len() as u64 > MAX_BYTES {
            let message = format!(
                "it would have {} bytes, and more than {MAX_BYTES} are not read: fewer names in one \
                 workspace, or fewer databases",
                text.len()
            );
            let error = io::Error::new(io::ErrorKind::FileTooLarge, message);
            return Err(workspace.failed(PUBLISHED_FILE)(error));
        }
        workspace.write(PUBLISHED_FILE, text.as_bytes())
    }
}

/// What of an entry its records prove.
fn known(name: &IpnsName, entry: Entry) -> Known {
    let (base, doubt) = match entry.base.map(|tree| proven(name, &tree)) {
        None => (None, None),
        Some(Ok(tree)) => (Some(tree), None),
        Some(Err(reason)) => (None, Some(reason)),
    };
    let signed = entry.signed.into_iter().filter_map(|entry| {
        let SignedEntry { root, sequence, record, ahead, over, turn } = entry;
        let tree = proven(name, &Tree { root, sequence, record }).ok()?;
        // One that is not proven is none: then it is sent over nothing.
        let over = over.and_then(|over| proven_record(name, &over.0).ok());
        let turn = turn.map(|Text(turn)| turn.parse::<Timestamp>()).transpose().ok()?;
        Some(Signed { tree, is_ahead: ahead, over, turn })
    });
    let client = entry.client.and_then(|tree| proven(name, &tree).ok());
    Known { base, signed: signed.collect(), client, doubt }
}

/// A record in base64 that `name`'s key signed.
fn proven_record(name: &IpnsName, text: &str) -> Result<VerifiedRecord, String> {
    let bytes = BASE64.decode(text.as_bytes()).map_err(|error| error.to_string())?;
    let record = UnverifiedRecord::parse(&bytes).and_then(|record| record.verify_signature(name));
    record.map_err(|error| error.to_string())
}

/// The tree of an entry, where its record says what the entry says.
fn proven(name: &IpnsName, entry: &Tree) -> Result<PublishedTree, String> {
    let at = |reason: &dyn fmt::Display| format!("{PUBLISHED_FILE}: {name}: {reason}");
    let record = proven_record(name, &entry.record.0).map_err(|reason| at(&reason))?;
    let tree = PublishedTree::of(&record).ok_or_else(|| at(&"its record names no root"))?;
    let root = parse_cid(&entry.root.0).map_err(|error| at(&error))?;
    match (tree.root(), tree.sequence()) == (&root, entry.sequence) {
        true => Ok(tree),
        false => Err(at(&format!(
            "it says sequence {} of {root}, its record sequence {} of {}",
            entry.sequence,
            tree.sequence(),
            tree.root()
        ))),
    }
}

impl fmt::Display for BaseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (name, known) in &self.names {
            if let Some(base) = &known.base {
                writeln!(f, "\n[ipns.{name}.base]")?;
                write_tree(f, base)?;
            }
            if let Some(client) = &known.client {
                writeln!(f, "\n[ipns.{name}.client]")?;
                write_tree(f, client)?;
            }
            for signed in &known.signed {
                writeln!(f, "\n[[ipns.{name}.signed]]")?;
                write_tree(f, &signed.tree)?;
                if signed.is_ahead {
                    writeln!(f, "ahead = true")?;
                }
                if let Some(over) = &signed.over {
                    writeln!(f, "over = \"{}\"", BASE64.encode(over.bytes()))?;
                }
                if let Some(turn) = &signed.turn {
                    writeln!(f, "turn = \"{turn}\"")?;
                }
            }
        }
        for (place, known) in &self.sites {
            writeln!(f, "\n[sites.{}]", toml_edit::Key::new(place).display_repr())?;
            for (entry, root) in [("root", known.base), ("bringing", known.bringing)] {
                root.map_or(Ok(()), |root| writeln!(f, "{entry} = \"{root}\""))?;
            }
        }
        for (place, known) in &self.databases {
            write!(f, "\n[databases.{}]\n{known}", toml_edit::Key::new(place).display_repr())?;
        }
        Ok(())
    }
}

fn write_tree(f: &mut fmt::Formatter<'_>, tree: &PublishedTree) -> fmt::Result {
    writeln!(f, "root = \"{}\"", tree.root())?;
    writeln!(f, "sequence = {}", tree.sequence())?;
    writeln!(f, "record = \"{}\"", BASE64.encode(tree.record().bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::base::tests::{root, tree};

    fn file() -> (IpnsName, BaseFile) {
        let name = *tree(5, "a").record().name();
        let mut known = Known { base: Some(tree(5, "a")), ..Known::default() };
        known.sign(tree(6, "b"), false);
        known.sign(tree(8, "b"), true);
        let over = Some(tree(5, "a").record().clone());
        known.sign_turn(tree(9, "c"), over, Timestamp::from_second(4_000_000_000).unwrap());
        known.client = Some(tree(3, "c"));
        let mut file = BaseFile::default();
        file.set(&name, known);
        let site = KnownSite { base: Some(root("a")), bringing: Some(root("b")) };
        file.set_site("https://nick.example", site);
        file.set_site("folder /srv/a \"b\"\n", KnownSite { base: None, bringing: Some(root("a")) });
        (name, file)
    }

    #[test]
    fn what_is_written_is_read() {
        let (name, file) = file();
        assert_eq!(BaseFile::parse(&file.to_string()), file);
        assert_eq!(file.of(&name).signed.len(), 3);
        assert_eq!(BaseFile::parse("").of(&name), Known::default());
        assert_eq!(BaseFile::parse("").site("https://nick.example"), KnownSite::default());
    }

    #[test]
    fn what_no_record_proves_is_no_base() {
        let (name, file) = file();
        let text = file.to_string();
        let (a, b) = (root("a").to_string(), root("b").to_string());
        let signature = text.find("record = \"").unwrap() + 60;
        let mut forged = text.clone();
        forged.replace_range(
            signature..signature + 1,
            if &text[signature..signature + 1] == "A" { "B" } else { "A" },
        );
        let base_of = |text: &str| BaseFile::parse(text).of(&name);
        for (what, changed) in [
            ("another root", text.replacen(&a, &b, 1)),
            ("another sequence", text.replacen("sequence = 5", "sequence = 50", 1)),
            ("another record", forged),
            ("no base64", text.replacen("record = \"", "record = \"!", 1)),
            ("a line left out", text.replacen("sequence = 5\n", "", 1)),
            ("an unknown entry", text.replacen("sequence = 5", "sequence = 5\nold = 1", 1)),
            ("conflict marks", format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> theirs\n")),
            ("the same table twice", format!("{text}{text}")),
            ("half of it", text[..text.len() / 3].to_owned()),
            ("no text", "\u{fffd}\0".to_owned()),
        ] {
            let known = base_of(&changed);
            assert_eq!(known.base, None, "{what}");
            assert!(known.doubt.is_some_and(|doubt| doubt.contains(PUBLISHED_FILE)), "{what}");
        }
        // Another name's record proves nothing of this one.
        let other = text.replacen("k51", "k52", 1);
        assert_eq!(base_of(&other).base, None);
        // An entry of what is signed that is wrong takes nothing else with it.
        let known = base_of(&text.replacen("sequence = 6", "sequence = 60", 1));
        assert_eq!((known.base, known.signed.len()), (Some(tree(5, "a")), 2));
    }
}
