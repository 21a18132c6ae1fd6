//! The protobuf of an IPNS record, field by field, so that trials can change
//! one thing of a record and keep the rest as it was signed.

use anyhow::{Context, Result, bail};

/// Field numbers of `IpnsEntry`.
pub const VALUE: u64 = 1;
pub const SIGNATURE_V1: u64 = 2;
pub const VALIDITY_TYPE: u64 = 3;
pub const VALIDITY: u64 = 4;
pub const SEQUENCE: u64 = 5;
pub const TTL: u64 = 6;
pub const PUBLIC_KEY: u64 = 7;
pub const SIGNATURE_V2: u64 = 8;
pub const DATA: u64 = 9;

#[derive(Debug, Clone)]
enum Content {
    Number(u64),
    Bytes(Vec<u8>),
}

/// A record taken apart.
#[derive(Debug, Clone)]
pub struct Entry(Vec<(u64, Content)>);

impl Entry {
    /// Takes a record apart.
    pub fn parse(mut bytes: &[u8]) -> Result<Self> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            let content = match tag & 7 {
                0 => Content::Number(varint(&mut bytes)?),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)?)?;
                    let (content, rest) =
                        bytes.split_at_checked(length).context("field longer than the record")?;
                    bytes = rest;
                    Content::Bytes(content.to_vec())
                }
                other => bail!("wire type {other} in an IPNS record"),
            };
            fields.push((tag >> 3, content));
        }
        Ok(Self(fields))
    }

    /// The record again.
    pub fn encode(&self) -> Vec<u8> {
        let mut record = Vec::new();
        let mut buffer = unsigned_varint::encode::u64_buffer();
        let mut put = |record: &mut Vec<u8>, number| {
            record.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
        };
        for (field, content) in &self.0 {
            match content {
                Content::Number(number) => {
                    put(&mut record, field << 3);
                    put(&mut record, *number);
                }
                Content::Bytes(bytes) => {
                    put(&mut record, field << 3 | 2);
                    put(&mut record, bytes.len() as u64);
                    record.extend_from_slice(bytes);
                }
            }
        }
        record
    }

    /// Only these fields.
    pub fn only(mut self, fields: &[u64]) -> Self {
        self.0.retain(|(field, _)| fields.contains(field));
        self
    }

    /// All but this field.
    pub fn without(mut self, field: u64) -> Self {
        self.0.retain(|(each, _)| *each != field);
        self
    }

    /// The field changed: a number one higher, the last byte of bytes flipped.
    pub fn changed(mut self, field: u64) -> Result<Self> {
        let (_, content) =
            self.0.iter_mut().find(|(each, _)| *each == field).context("no such field")?;
        match content {
            Content::Number(number) => *number += 1,
            Content::Bytes(bytes) => *bytes.last_mut().context("empty field")? ^= 1,
        }
        Ok(self)
    }

    /// With a further field.
    pub fn with_bytes(mut self, field: u64, bytes: Vec<u8>) -> Self {
        self.0.push((field, Content::Bytes(bytes)));
        self
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let (number, rest) = unsigned_varint::decode::u64(bytes)?;
    *bytes = rest;
    Ok(number)
}
