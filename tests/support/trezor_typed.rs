//! What a Trezor with a screen does with typed data, as its maker describes it
//! (`messages-ethereum-eip712.proto`) and EIP-712 hashes it: it asks for every struct and every
//! value, refuses what does not fit, and hashes what it was given.

use std::collections::BTreeMap;

use alloy_primitives::{B256, keccak256};

use super::trezor_wire::{Fields, bytes, number};

const UINT: u64 = 1;
const INT: u64 = 2;
const BYTES: u64 = 3;
const STRING: u64 = 4;
const BOOL: u64 = 5;
const ADDRESS: u64 = 6;
const ARRAY: u64 = 7;
const STRUCT: u64 = 8;

/// Sends a message, and gives its answer, whose kind is the next one.
type Ask<'a> = dyn FnMut(u16, &[u8]) -> Option<Fields> + 'a;

#[derive(Clone)]
struct Kind {
    kind: u64,
    size: Option<u64>,
    entry: Option<Box<Kind>>,
    name: String,
}

/// Typed data as it is asked for.
pub struct Typed<'a> {
    ask: &'a mut Ask<'a>,
    types: BTreeMap<String, Vec<(Kind, String)>>,
    /// The values of the message, as a person would have seen them.
    pub shown: Vec<Vec<u8>>,
}

impl<'a> Typed<'a> {
    pub fn new(ask: &'a mut Ask<'a>) -> Self {
        Self { ask, types: BTreeMap::new(), shown: Vec::new() }
    }

    /// What is signed; nothing where an answer does not fit.
    pub fn digest(&mut self, primary: &str) -> Option<B256> {
        self.collect("EIP712Domain")?;
        self.collect(primary)?;
        let domain = self.hash_struct("EIP712Domain", &[0])?;
        let message = self.hash_struct(primary, &[1])?;
        Some(keccak256([&[0x19, 0x01][..], &domain[..], &message[..]].concat()))
    }

    fn collect(&mut self, name: &str) -> Option<()> {
        let answer = (self.ask)(465, &bytes(1, name.as_bytes()))?;
        let member = |member: Vec<u8>| {
            let fields = Fields::parse(&member);
            Some((Kind::parse(&fields.bytes(1))?, String::from_utf8(fields.bytes(2)).ok()?))
        };
        let members: Vec<_> = answer.all(1).into_iter().map(member).collect::<Option<_>>()?;
        self.types.insert(name.to_owned(), members.clone());
        for (kind, _) in members {
            let inner = kind.entry.as_deref().unwrap_or(&kind);
            if inner.kind == STRUCT && !self.types.contains_key(&inner.name) {
                self.collect(&inner.name)?;
                if inner.size != Some(self.types[&inner.name].len() as u64) {
                    return None;
                }
            }
        }
        Some(())
    }

    /// `Mail(Person from,…)`, then the structs it needs by their names.
    fn definition(&self, name: &str) -> String {
        let mut needed = vec![name.to_owned()];
        let mut at = 0;
        while at < needed.len() {
            for (kind, _) in &self.types[&needed[at]] {
                let inner = kind.entry.as_deref().unwrap_or(kind);
                if inner.kind == STRUCT && !needed.contains(&inner.name) {
                    needed.push(inner.name.clone());
                }
            }
            at += 1;
        }
        needed[1..].sort();
        let fields = |name: &String| {
            let fields =
                self.types[name].iter().map(|(kind, name)| format!("{} {name}", kind.text()));
            format!("{name}({})", fields.collect::<Vec<_>>().join(","))
        };
        needed.iter().map(fields).collect()
    }

    fn hash_struct(&mut self, name: &str, place: &[u64]) -> Option<[u8; 32]> {
        let mut all = keccak256(self.definition(name)).to_vec();
        for (index, (kind, _)) in self.types[name].clone().iter().enumerate() {
            all.extend(self.encoded(kind, &[place, &[index as u64]].concat())?);
        }
        Some(keccak256(all).0)
    }

    fn encoded(&mut self, kind: &Kind, place: &[u64]) -> Option<[u8; 32]> {
        match kind.kind {
            STRUCT => self.hash_struct(&kind.name, place),
            ARRAY => {
                let length = match kind.size {
                    Some(size) => size,
                    None => {
                        let length = self.value(place)?;
                        u16::from_be_bytes(length.try_into().ok()?).into()
                    }
                };
                let entry = kind.entry.as_deref()?;
                let entries = (0..length)
                    .map(|index| self.encoded(entry, &[place, &[index]].concat()))
                    .collect::<Option<Vec<_>>>()?;
                Some(keccak256(entries.concat()).0)
            }
            _ => {
                let value = self.value(place)?;
                let word = kind.word(&value);
                self.shown.push(value);
                word
            }
        }
    }

    fn value(&mut self, place: &[u64]) -> Option<Vec<u8>> {
        let place: Vec<u8> = place.iter().flat_map(|step| number(1, *step)).collect();
        let answer = (self.ask)(467, &place)?;
        answer.has(1).then(|| answer.bytes(1))
    }
}

impl Kind {
    /// With the rules of the description: what each kind has, and what it has not.
    fn parse(body: &[u8]) -> Option<Self> {
        let fields = Fields::parse(body);
        let kind = *fields.numbers(1).first()?;
        let size = fields.numbers(2).first().copied();
        let entry = match fields.has(3) {
            true => Some(Box::new(Self::parse(&fields.bytes(3))?)),
            false => None,
        };
        let fits = match kind {
            UINT | INT => matches!(size, Some(1..=32)),
            BYTES => matches!(size, None | Some(1..=32)),
            STRING | BOOL | ADDRESS => size.is_none(),
            ARRAY => true,
            STRUCT => size.is_some(),
            _ => false,
        };
        let has_its_own = entry.is_some() == (kind == ARRAY) && fields.has(4) == (kind == STRUCT);
        let name = String::from_utf8(fields.bytes(4)).ok()?;
        (fits && has_its_own).then_some(Self { kind, size, entry, name })
    }

    fn text(&self) -> String {
        let size = |unit: u64| self.size.map_or_else(String::new, |size| (size * unit).to_string());
        match self.kind {
            UINT => format!("uint{}", size(8)),
            INT => format!("int{}", size(8)),
            BYTES => format!("bytes{}", size(1)),
            STRING => "string".to_owned(),
            BOOL => "bool".to_owned(),
            ADDRESS => "address".to_owned(),
            ARRAY => format!("{}[{}]", self.entry.as_ref().unwrap().text(), size(1)),
            _ => self.name.clone(),
        }
    }

    fn word(&self, value: &[u8]) -> Option<[u8; 32]> {
        if self.size.is_some_and(|size| size != value.len() as u64) {
            return None;
        }
        let mut word = [0; 32];
        match self.kind {
            STRING => {
                std::str::from_utf8(value).ok()?;
                return Some(keccak256(value).0);
            }
            BYTES if self.size.is_none() => return Some(keccak256(value).0),
            BYTES => word[..value.len()].copy_from_slice(value),
            BOOL if !matches!(value, [0 | 1]) => return None,
            ADDRESS if value.len() != 20 => return None,
            kind => {
                if kind == INT && value[0] & 0x80 != 0 {
                    word = [0xff; 32];
                }
                word[32 - value.len()..].copy_from_slice(value);
            }
        }
        Some(word)
    }
}
