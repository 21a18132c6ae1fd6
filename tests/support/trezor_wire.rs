//! How a Trezor's messages go: packets of 64 bytes, and the fields of protobuf.

use std::net::{SocketAddr, UdpSocket};

/// A message in packets.
pub fn packets(kind: u16, body: &[u8]) -> Vec<Vec<u8>> {
    let head = [b"##", &kind.to_be_bytes()[..], &(body.len() as u32).to_be_bytes(), body].concat();
    let packet = |part: &[u8]| {
        let mut packet = [b"?", part].concat();
        packet.resize(64, 0);
        packet
    };
    head.chunks(63).map(packet).collect()
}

/// The next message: who sent it, its kind, its body.
pub fn receive(socket: &UdpSocket) -> Option<(SocketAddr, u16, Vec<u8>)> {
    let mut packet = [0; 65];
    loop {
        let (read, peer) = socket.recv_from(&mut packet).ok()?;
        if read != 64 || packet[..3] != *b"?##" {
            continue;
        }
        let kind = u16::from_be_bytes([packet[3], packet[4]]);
        let length = u32::from_be_bytes(packet[5..9].try_into().unwrap()) as usize;
        let mut body = packet[9..64].to_vec();
        while body.len() < length {
            let (read, _) = socket.recv_from(&mut packet).ok()?;
            assert!(read == 64 && packet[0] == b'?', "the rest of a message");
            body.extend_from_slice(&packet[1..64]);
        }
        assert!(body[length..].iter().all(|byte| *byte == 0), "filled up with zeros");
        body.truncate(length);
        return Some((peer, kind, body));
    }
}

/// The fields of a message of protobuf, by their numbers.
pub struct Fields(Vec<(u64, Field)>);

pub enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Fields {
    pub fn parse(mut body: &[u8]) -> Self {
        let mut found = Vec::new();
        while !body.is_empty() {
            let tag = varint(&mut body);
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut body)),
                2 => {
                    let length = varint(&mut body) as usize;
                    let (bytes, rest) = body.split_at(length);
                    body = rest;
                    Field::Bytes(bytes.to_vec())
                }
                other => panic!("wire type {other}"),
            };
            found.push((tag >> 3, field));
        }
        Self(found)
    }

    pub fn has(&self, wanted: u64) -> bool {
        self.0.iter().any(|(number, _)| *number == wanted)
    }

    pub fn numbers(&self, wanted: u64) -> Vec<u64> {
        let of = self.0.iter().filter(|(number, _)| *number == wanted);
        of.filter_map(|(_, field)| match field {
            Field::Number(number) => Some(*number),
            Field::Bytes(_) => None,
        })
        .collect()
    }

    /// Every one of a field that is repeated.
    pub fn all(&self, wanted: u64) -> Vec<Vec<u8>> {
        let of = self.0.iter().filter(|(number, _)| *number == wanted);
        of.filter_map(|(_, field)| match field {
            Field::Bytes(bytes) => Some(bytes.clone()),
            Field::Number(_) => None,
        })
        .collect()
    }

    /// Empty where it is not there.
    pub fn bytes(&self, wanted: u64) -> Vec<u8> {
        let of = self.0.iter().find(|(number, _)| *number == wanted);
        match of {
            Some((_, Field::Bytes(bytes))) => bytes.clone(),
            _ => Vec::new(),
        }
    }
}

fn varint(body: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = body.split_first().expect("a whole number");
        *body = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

fn encoded(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A field that is a number.
pub fn number(field: u64, value: u64) -> Vec<u8> {
    [encoded(field << 3), encoded(value)].concat()
}

/// A field of bytes, or a text.
pub fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [encoded(field << 3 | 2), encoded(value.len() as u64), value.to_vec()].concat()
}
