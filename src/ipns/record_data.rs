//! The signed part of an IPNS record: a DAG-CBOR map, written in one order, read strictly.
//!
//! minicbor writes it but reads more than DAG-CBOR allows, hence the small reader here: shortest
//! heads, no indefinite lengths, no repeated keys, nothing after the map, tag 42 alone.

use cid::Cid;

use super::record_error::RecordError;

/// Deeper nesting in unknown fields is refused.
const MAX_DEPTH: usize = 32;

/// The five fields of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordData {
    pub value: Vec<u8>,
    pub validity: Vec<u8>,
    pub sequence: u64,
    /// Every writer sets it; a record without is read.
    pub ttl_ns: Option<u64>,
}

impl RecordData {
    /// Canonical form: keys by length, then bytes, which is TTL, Value, Sequence, Validity,
    /// ValidityType. Validity type is 0, end of life, the only one there is.
    pub fn encode(&self) -> Vec<u8> {
        let mut cbor = minicbor::Encoder::new(Vec::new());
        let entries = if self.ttl_ns.is_some() { 5 } else { 4 };
        cbor.map(entries)
            .and_then(|c| match self.ttl_ns {
                Some(ttl) => c.str("TTL")?.u64(ttl),
                None => Ok(c),
            })
            .and_then(|c| c.str("Value")?.bytes(&self.value))
            .and_then(|c| c.str("Sequence")?.u64(self.sequence))
            .and_then(|c| c.str("Validity")?.bytes(&self.validity))
            .and_then(|c| c.str("ValidityType")?.u64(0))
            .expect("writing to memory does not fail");
        cbor.into_writer()
    }

    /// # Errors
    /// [`RecordError::Data`] with the reason. Unknown keys are accepted, as boxo does.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut reader = Reader { rest: bytes };
        let data = reader.record().map_err(|reason| RecordError::Data(reason.into_owned()))?;
        if !reader.rest.is_empty() {
            let extra = reader.rest.len();
            return Err(RecordError::Data(format!("{extra} bytes follow the map")));
        }
        Ok(data)
    }
}

/// The value as text: a path, or what old records held, the bytes of a CID.
pub(super) fn value_text(value: &[u8]) -> Result<String, RecordError> {
    if let Ok(text) = std::str::from_utf8(value)
        && (text.is_empty() || text.starts_with('/'))
    {
        return Ok(text.to_owned());
    }
    match (Cid::try_from(value), std::str::from_utf8(value)) {
        (Ok(cid), _) => Ok(format!("/ipfs/{cid}")),
        (_, Ok(text)) => Ok(text.to_owned()),
        _ => Err(RecordError::Data("Value is neither text nor a CID".into())),
    }
}

type Reason = std::borrow::Cow<'static, str>;

/// Major types of CBOR (RFC 8949 §3.1).
const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn record(&mut self) -> Result<RecordData, Reason> {
        let (major, entries) = self.head()?;
        if major != MAP {
            return Err("it is not a map".into());
        }
        let (mut value, mut validity, mut kind, mut sequence, mut ttl_ns) =
            (None, None, None, None, None);
        let mut keys = std::collections::BTreeSet::new();
        for _ in 0..entries {
            let key = self.text("a key")?;
            if !keys.insert(key) {
                return Err(format!("key {key:?} is there twice").into());
            }
            match key {
                "Value" => value = Some(self.bytes("Value")?.to_vec()),
                "Validity" => validity = Some(self.bytes("Validity")?.to_vec()),
                "ValidityType" => kind = Some(self.number("ValidityType")?),
                "Sequence" => sequence = Some(self.number("Sequence")?),
                "TTL" => ttl_ns = Some(self.number("TTL")?),
                _ => self.skip(1)?,
            }
        }
        let missing = |key: &'static str| move || Reason::from(format!("{key} is missing"));
        match kind.ok_or_else(missing("ValidityType"))? {
            0 => {}
            other => return Err(format!("ValidityType {other} is not known, only 0").into()),
        }
        Ok(RecordData {
            value: value.ok_or_else(missing("Value"))?,
            validity: validity.ok_or_else(missing("Validity"))?,
            sequence: sequence.ok_or_else(missing("Sequence"))?,
            ttl_ns,
        })
    }

    /// Major type and argument of the next item, which must be in its shortest form.
    fn head(&mut self) -> Result<(u8, u64), Reason> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let (argument, least) = match info {
            0..=23 => return Ok((major, info.into())),
            24 => (self.take(1)?, 24),
            25 => (self.take(2)?, 1 << 8),
            26 => (self.take(4)?, 1 << 16),
            27 => (self.take(8)?, 1 << 32),
            _ => return Err("an item has no definite length".into()),
        };
        let argument = argument.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        // A float (major 7) of 8 bytes is no number to shorten.
        if argument < least && (major, info) != (7, 27) {
            return Err("a number is not in its shortest form".into());
        }
        Ok((major, argument))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Reason> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn text(&mut self, what: &str) -> Result<&'a str, Reason> {
        match self.head()? {
            (TEXT, length) => std::str::from_utf8(self.take(length)?)
                .map_err(|_| format!("{what} is not UTF-8").into()),
            _ => Err(format!("{what} is not text").into()),
        }
    }

    fn bytes(&mut self, what: &str) -> Result<&'a [u8], Reason> {
        match self.head()? {
            (BYTES, length) => self.take(length),
            _ => Err(format!("{what} is not bytes").into()),
        }
    }

    /// A number below 2^63: more is an error in boxo, too.
    fn number(&mut self, what: &str) -> Result<u64, Reason> {
        match self.head()? {
            (UINT, number) if i64::try_from(number).is_ok() => Ok(number),
            (UINT, number) => Err(format!("{what} {number} is not below 2^63").into()),
            _ => Err(format!("{what} is not a whole number").into()),
        }
    }

    /// Passes over one item of an unknown key, as strictly as over the others.
    fn skip(&mut self, depth: usize) -> Result<(), Reason> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested over {MAX_DEPTH} deep").into());
        }
        let first = self.rest.first().copied().unwrap_or_default();
        let (major, argument) = self.head()?;
        match major {
            UINT | NEGATIVE => Ok(()),
            BYTES => self.take(argument).map(|_| ()),
            TEXT => std::str::from_utf8(self.take(argument)?)
                .map(|_| ())
                .map_err(|_| "a text is not UTF-8".into()),
            ARRAY => (0..argument).try_for_each(|_| self.skip(depth + 1)),
            MAP => {
                let mut keys = std::collections::BTreeSet::new();
                (0..argument).try_for_each(|_| {
                    let key = self.text("a key")?;
                    if !keys.insert(key) {
                        return Err(format!("key {key:?} is there twice").into());
                    }
                    self.skip(depth + 1)
                })
            }
            TAG if argument == 42 => match self.bytes("a link")? {
                [0, cid @ ..] if Cid::try_from(cid).is_ok() => Ok(()),
                _ => Err("a link is not a CID".into()),
            },
            TAG => Err(format!("tag {argument} is not allowed").into()),
            // false, true, null, and floats of 64 bits.
            _ if matches!(first, 0xf4..=0xf6 | 0xfb) => Ok(()),
            _ => Err(format!("item 0x{first:02x} is not allowed").into()),
        }
    }
}
