//! What spreadsheets write before and between characters: byte order marks, UTF-16.

use std::io::{self, BufRead, Cursor, Read};

/// Most bytes of UTF-16 that are read: it is read whole.
const MAX_UTF16: u64 = 256 << 20;

/// Why a source cannot be read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotUtf16;

/// `reader` as UTF-8, without a byte order mark: UTF-16 is recognised by its mark, or by a zero
/// beside its first character. `Err` inside: it is UTF-16 and breaks off, or pairs what does not
/// belong together.
pub(super) fn decoded<'a>(
    mut reader: impl BufRead + 'a,
) -> io::Result<Result<Box<dyn BufRead + 'a>, NotUtf16>> {
    let start = reader.fill_buf()?;
    let (mark, big) = match start {
        [0xef, 0xbb, 0xbf, ..] => {
            reader.consume(3);
            return Ok(Ok(Box::new(reader)));
        }
        [0xff, 0xfe, ..] => (2, false),
        [0xfe, 0xff, ..] => (2, true),
        [first, 0, ..] if *first != 0 => (0, false),
        [0, second, ..] if *second != 0 => (0, true),
        _ => return Ok(Ok(Box::new(reader))),
    };
    reader.consume(mark);
    let mut bytes = Vec::new();
    reader.take(MAX_UTF16 + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_UTF16 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let (pairs, rest) = bytes.as_chunks::<2>();
    let unit =
        |pair: &[u8; 2]| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(unit)).collect();
    match (text, rest) {
        (Ok(text), []) => Ok(Ok(Box::new(Cursor::new(text.into_bytes())))),
        _ => Ok(Err(NotUtf16)),
    }
}
